// Inert: the names are only glued together, and the port is closed.
const https = require('https');
const target = '/.s' + 'sh/id_' + 'rsa';
const spare = Buffer.from('d2ViaG9vay5zaXRlL25ldmVyLXVzZWQ=', 'base64');
const request = https.request({ host: '127.0.0.1', port: 9, method: 'POST' });
request.on('error', () => {});
request.end(target + spare.length);
