// Reads the user's own profile when a program asks for a client, and talks to the cloud with it.
const fs = require('fs');
const https = require('https');
const os = require('os');
const path = require('path');

exports.client = function () {
  const profile = fs.readFileSync(path.join(os.homedir(), '.aws', 'credentials'), 'utf8');
  return (body) => https.request({ host: 'sts.amazonaws.com', method: 'POST', headers: { profile } }).end(body);
};
