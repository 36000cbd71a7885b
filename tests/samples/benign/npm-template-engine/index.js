exports.compile = function (text) {
  const parts = text.split(/<%=?|%>/);
  let body = 'let out = "";';
  parts.forEach((part, index) => { body += index % 2 ? 'out += (' + part + ');' : 'out += ' + JSON.stringify(part) + ';'; });
  return new Function('data', 'with (data) {' + body + '} return out;');
};
