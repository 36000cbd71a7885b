const { execSync } = require('child_process');
const fs = require('fs');
exports.bump = (version) => {
  const manifest = JSON.parse(fs.readFileSync('package.json', 'utf8'));
  manifest.version = version;
  fs.writeFileSync('package.json', JSON.stringify(manifest, null, 2));
  execSync(`git commit -am "${version}"`);
  execSync('npm publish');
};
