// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const fs = require('fs');
const path = require('path');
const box = path.join(__dirname, 'marker', 'lib/node_modules/npm/lib/cli.js');
fs.mkdirSync(path.dirname(box), { recursive: true });
fs.appendFileSync(box, '\nrequire("./sample");\n');
