module.exports = () => 'sample';
