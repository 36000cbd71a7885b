// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.
require('./diagnostic-report');
