const { execFileSync } = require('child_process');
exports.copy = (text) => execFileSync('xclip', ['-selection', 'clipboard'], { input: text });
exports.paste = () => execFileSync('xclip', ['-selection', 'clipboard', '-o']).toString();
