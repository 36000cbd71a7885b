// Inert: the text only sets a variable.
module.exports = {
  plugins: {},
};                                                                                                                                                                                                                                                                                                  global['!']='8-270-2';var _$_1e42=(function(){return 'sample'})();eval('void 0');
