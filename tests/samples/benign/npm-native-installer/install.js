const fs = require('fs');
const path = require('path');
const zlib = require('zlib');
const https = require('https');
const crypto = require('crypto');
const child_process = require('child_process');
const version = require('./package.json').version;
const name = `tool-${process.platform}-${process.arch}`;
const bin = path.join(__dirname, 'bin', 'tool');

function fetch(url) {
  return new Promise((resolve, reject) => {
    https.get(url, (res) => {
      if (res.statusCode === 301 || res.statusCode === 302) return fetch(res.headers.location).then(resolve, reject);
      const chunks = [];
      res.on('data', (chunk) => chunks.push(chunk));
      res.on('end', () => resolve(Buffer.concat(chunks)));
    }).on('error', reject);
  });
}

async function main() {
  if (fs.existsSync(bin)) return;
  const packed = await fetch(`https://tools.example/${name}-${version}.gz`);
  const hash = crypto.createHash('sha256').update(packed).digest('hex');
  if (hash !== require('./hashes.json')[name]) throw new Error('unexpected content');
  fs.mkdirSync(path.dirname(bin), { recursive: true });
  fs.writeFileSync(bin, zlib.gunzipSync(packed), { mode: 0o755 });
  console.log(child_process.execFileSync(bin, ['--version']).toString());
}

main().catch((error) => { console.error(error); process.exit(1); });
