require('./worker').run();
