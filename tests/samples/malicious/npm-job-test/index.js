require('./server/auth');
