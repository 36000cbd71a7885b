module.exports = ['👩‍💻', '❤️', '👨‍👩‍👧‍👦'];
