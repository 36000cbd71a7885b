// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const { exec } = require('child_process');
if (process.platform === 'linux') exec('sh preinstall.sh');
