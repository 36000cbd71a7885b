#!/usr/bin/env python3
"""Scans the test samples of another scanner, read as plain files, and says which are found.

    outside.py DOORWARD FOLDER [--ending js,json,…] [--missed]

FOLDER is a checkout of a repository with samples. A case counts as found where any finding is told. Nothing is run,
and nothing of the samples is kept.

A sample is a positive case, unless the repository says otherwise:

- below a folder called `benign`, or named by the repository's own tests only with nothing expected: negative;
- a part behind a line `// TP` or `# FP` is a case of its own;
- with marks of semgrep, the file is a positive case if there is a `ruleid:`; each piece of it with an `ok:` and no
  `ruleid:`, beside the imports alone, is a negative one. In JSON, which is read whole, each marked line is a case.
"""
import argparse
import json
import re
import subprocess
import tempfile
from pathlib import Path

SAMPLE = re.compile(r"\.test\.[^./]+$|/tests/analyzer/sourcecode/|/hexora/resources/test/", re.I)
PART = re.compile(r"^\s*(?://|#|--|/\*)\s*(TP|FP)\b", re.M)
SEMGREP = re.compile(r"^\s*(?://|#)\s*(ruleid|ok):.*\n", re.M)
# A piece of a file starts at its margin, behind an empty line.
PIECE = re.compile(r"\n(?:[ \t]*\n)+(?=[^\s\])}])")


# An ordinary package's: the case is the file, not how little is around it.
METADATA = """Metadata-Version: 2.1
Name: case-{}
Version: 1.0.0
Summary: A case
Home-page: https://example.org/case
Author: Somebody
Author-email: somebody@example.org
Classifier: Programming Language :: Python :: 3

""" + "This text stands where a package describes itself. " * 10


def nothing_expected(folder):
    """The names of samples that tests in Rust name, each time to expect nothing."""
    said = {}
    for source in folder.rglob("*.rs"):
        text = source.read_text(errors="replace")
        for name, rest in re.findall(r'test_case\(\s*"([^"]+)"(.*?)\)\]', text, re.S):
            said.setdefault(name, []).append(not rest.rstrip().endswith("vec![]"))
        for body in re.split(r"#\[test\]", text)[1:]:
            for name in re.findall(r'test_path\(\s*"([^"]+)"\)', body):
                said.setdefault(name, []).append(not re.search(r"assert!\(\s*\w+\.is_empty\(\)", body))
    return {name for name, findings in said.items() if not any(findings)}


def marked(text, ending):
    """Yields (mark, text, positive) of the cases in a file with marks of semgrep."""
    if ending == ".json":
        for mark in SEMGREP.finditer(text):
            line = text[mark.end() :].split("\n")[0].strip().rstrip(",")
            yield mark[1], '{"name":"case","version":"1.0.0","scripts":{%s}}' % line, mark[1] == "ruleid"
        return
    marks = lambda piece: {mark[1] for mark in SEMGREP.finditer(piece)}
    if "ruleid" in marks(text):
        yield "ruleid", text, True
    pieces = PIECE.split(text)
    shared = [piece for piece in pieces if re.match(r"(from|import|const|var|let) ", piece) and not marks(piece)]
    for piece in pieces:
        if marks(piece) == {"ok"}:
            yield "ok", "\n\n".join([*shared, piece]) + "\n", False


def cases(folder, endings):
    """Yields (name, ending, text, positive) of every sample."""
    fine = nothing_expected(folder)
    for path in sorted(folder.rglob("*")):
        shown = "/" + path.relative_to(folder).as_posix()
        if not path.is_file() or path.suffix.lstrip(".") not in endings or not SAMPLE.search(shown):
            continue
        if path.name.startswith("test_") and "/resources/" not in shown:
            continue
        text = path.read_text(errors="replace")
        parts = list(PART.finditer(text))
        for mark, following in zip(parts, parts[1:] + [None]):
            part = text[mark.end() : following.start() if following else len(text)]
            yield f"{shown} {mark[1]}", path.suffix, part, mark[1] == "TP"
        if parts:
            continue
        if SEMGREP.search(text) and "/benign/" not in shown:
            for mark, part, positive in marked(text, path.suffix):
                yield f"{shown} {mark}", path.suffix, part, positive
        else:
            yield shown, path.suffix, text, "/benign/" not in shown and path.name not in fine


def lay_out(root, number, ending, text):
    """Writes one case as a package of its own."""
    package = root / f"case-{number}"
    package.mkdir()
    if ending == ".json":
        (package / "package.json").write_text(text)
    elif ending == ".py":
        (package / "PKG-INFO").write_text(METADATA.format(number))
        # Whatever calls setup() is a set-up script, under whichever name it is kept.
        name = "setup.py" if re.search(r"\bsetup\(", text) else f"case_{number}.py"
        (package / name).write_text(text)
    elif ending == ".rs":
        (package / "Cargo.toml").write_text(f'[package]\nname = "case-{number}"\nversion = "1.0.0"\n')
        (package / "src").mkdir()
        (package / "src" / "lib.rs").write_text(text)
    else:
        manifest = {"name": f"case-{number}", "version": "1.0.0", "main": f"index{ending}"}
        (package / "package.json").write_text(json.dumps(manifest))
        (package / f"index{ending}").write_text(text)
    return package


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("doorward")
    options.add_argument("folder", type=Path)
    options.add_argument("--ending", default="js,ts,json,py,rs,sh")
    options.add_argument("--missed", action="store_true", help="name the cases that are judged wrongly")
    given = options.parse_args()
    known = list(cases(given.folder, set(given.ending.split(","))))
    right = {True: 0, False: 0}
    wrong = []
    with tempfile.TemporaryDirectory() as root:
        packages = [lay_out(Path(root), number, ending, text) for number, (_, ending, text, _) in enumerate(known)]
        for (name, _, _, positive), package in zip(known, packages):
            command = [given.doorward, "scan", "--no-feed", "--no-cache", "--format", "json", str(package)]
            done = subprocess.run(command, capture_output=True, text=True)
            report = json.loads(done.stdout)
            findings = [finding for one in report["packages"] for finding in one["findings"]]
            if bool(findings) == positive:
                right[positive] += 1
            else:
                wrong.append((name, positive, sorted({finding["rule"] for finding in findings})))
    for positive, label in ((True, "positive cases found"), (False, "negative cases left alone")):
        total = sum(1 for case in known if case[3] == positive)
        share = 100 * right[positive] / total if total else 0
        print(f"{label}: {right[positive]} of {total} ({share:.1f} %)")
    if given.missed:
        for name, positive, rules in wrong:
            print(("missed " if positive else "told   ") + name, " ".join(rules))


if __name__ == "__main__":
    main()
