const { exec, execFile } = require('child_process');
exports.git = (...args) => new Promise((done, fail) => execFile('git', args, (error, out) => (error ? fail(error) : done(out))));
exports.run = (line) => exec(line, { env: { ...process.env, LANG: 'C' } });
