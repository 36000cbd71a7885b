const fs = require('fs');
exports.memory = () => fs.readFileSync('/proc/self/statm', 'utf8');
exports.cpu = () => fs.readFileSync('/proc/stat', 'utf8');
exports.maps = () => fs.readFileSync('/proc/self/maps', 'utf8');
