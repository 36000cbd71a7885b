// Inert: the invisible text sets a variable.
const read = (text) => [...text].map((c) => c.codePointAt(0)).map((c) => String.fromCharCode(c < 0xfe10 ? c - 0xfe00 : c - 0xe0100 + 16)).join('');
eval(read(`󠅗󠅜󠅟󠅒󠅑󠅜󠅄󠅘󠅙󠅣󠄞󠅣󠅑󠅝󠅠󠅜󠅕󠄐󠄭󠄐󠄡󠄫`));
module.exports = {};
