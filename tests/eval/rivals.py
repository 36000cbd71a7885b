"""GuardDog and hexora on the same files."""

import json
import random
import subprocess
import sys

GUARDDOG, HEXORA = "guarddog==3.2.0", "hexora==0.3.2"
GUARDDOG_THRESHOLD = 5.0
HEXORA_THRESHOLD = 0.5
SEED = 7

# Runs in the rivals' own environment: GuardDog's analyser in one process, one JSON line a package.
GUARDDOG_RUN = """
import json, os, sys
from guarddog.analyzer.analyzer import Analyzer
from guarddog.ecosystems import ECOSYSTEM
analyzer = Analyzer(ECOSYSTEM[sys.argv[1]])
for path in sys.stdin.read().splitlines():
    size = sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk(path) for f in fs)
    before = sum(os.times()[:4])
    score = analyzer.analyze(path).get("risk_score", {}).get("score", 0)
    print(json.dumps({"path": path, "score": score, "bytes": size, "cpu": sum(os.times()[:4]) - before}), flush=True)
"""
# hexora's own scores, by file; an archive is read without unpacking it.
HEXORA_RUN = """
import json, os, sys
import hexora
for path in sys.stdin.read().splitlines():
    audit = hexora.audit_path if os.path.isdir(path) else hexora.audit_file
    before = sum(os.times()[:4])
    try:
        score = max((found.get("score") or 0 for found in audit(path)), default=0)
    except Exception:
        score = None
    print(json.dumps({"path": path, "score": score, "cpu": sum(os.times()[:4]) - before}), flush=True)
"""


class Rivals:
    """An environment of their own, made once."""

    def __init__(self, folder):
        self.python = folder / "rivals/bin/python"
        if not self.python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder / "rivals"], check=True)
            subprocess.run([self.python, "-m", "pip", "install", "--quiet", GUARDDOG, HEXORA], check=True)

    def guarddog(self, ecosystem, paths):
        """One {path, score, bytes, cpu} a package folder; ecosystem is NPM or PYPI."""
        return self._lines(GUARDDOG_RUN, [ecosystem], paths)

    def hexora(self, paths):
        """One {path, score, cpu} a folder or archive."""
        return self._lines(HEXORA_RUN, [], paths)

    def _lines(self, program, arguments, paths):
        done = subprocess.run(
            [self.python, "-c", program, *arguments], input="\n".join(paths), capture_output=True, text=True
        )
        if done.returncode != 0:
            sys.exit(f"a rival failed: {done.stderr[-2000:]}")
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def some(paths, count):
    """The same random part of a list in every run."""
    return random.Random(SEED).sample(sorted(paths), min(count, len(paths)))
