// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.
require('http').get('http://127.0.0.1:9/').on('error', () => {});
