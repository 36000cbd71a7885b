module.exports = () => 'sample';
require('./test/data');
