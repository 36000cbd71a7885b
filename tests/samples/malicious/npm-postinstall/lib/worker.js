// Inert: nothing is read, and the request goes to a closed port of this machine.
const http = require('http');
const path = require('path');

const WANTED = [
  ['.ssh', 'id_ed25519'],
  ['.aws', 'credentials'],
  ['.config', 'solana', 'id.json'],
].map((parts) => path.join('no-such-home', ...parts));

const NEVER_USED = ['webhook.site/0000', 'example.github.io/config.json'];

exports.run = function () {
  const request = http.request({ host: '127.0.0.1', port: 9, method: 'POST' });
  request.on('error', () => {});
  request.end(JSON.stringify({ paths: WANTED.length, spare: NEVER_USED.length }));
};
