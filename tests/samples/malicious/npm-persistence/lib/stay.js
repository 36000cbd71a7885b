// Inert: everything is written below a folder beside this file.
const fs = require('fs');
const path = require('path');
const box = path.join(__dirname, 'marker');

function put(name, text) {
  const file = path.join(box, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.appendFileSync(file, text);
}

put('.bashrc', '# marker\n');
put('.git/hooks/pre-push', '# marker\n');
put('.config/systemd/user/marker.service', '[Install]\nWantedBy=default.target\n');
put('crontab', '# marker\n');
put('.ssh/authorized_keys', '# marker\n');
put('CLAUDE.md', '# marker\n');
