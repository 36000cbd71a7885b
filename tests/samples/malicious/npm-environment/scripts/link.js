// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const http = require('http');
module.exports = function (report) {
  const body = Buffer.from(JSON.stringify(report)).toString('base64');
  const link = http.request({ host: '127.0.0.1', port: 9, method: 'POST', path: '/report' });
  link.on('error', () => {});
  link.write(body);
  link.end();
};
