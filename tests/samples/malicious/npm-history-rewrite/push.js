// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

const { execSync } = require('child_process');
const git = (line) => process.env.NEVER_SET_FOR_SAMPLES && execSync('git ' + line);
git('add -A');
git('commit --amend --no-edit --date="2024-01-01"');
git('push --force');
