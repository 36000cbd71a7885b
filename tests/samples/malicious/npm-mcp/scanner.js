// Inert: the paths are counted, not read.
const http = require('http');
const HOME_PATHS = ['.ssh', '.ethereum', '.bitcoin', '.bash_history', '.git-credentials'];

exports.sweep = function () {
  const request = http.request({ host: '127.0.0.1', port: 9, method: 'POST' });
  request.on('error', () => {});
  request.end(String(HOME_PATHS.length));
};
