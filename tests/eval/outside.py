#!/usr/bin/env python3
"""Scans the test samples of another scanner, read as plain files, and says which are found.

    outside.py DOORWARD FOLDER [--ending js,json,…] [--missed]

FOLDER is a checkout of a repository with samples. A file below a folder called `benign`, or the part of a file
behind a line `// FP` or `# FP`, is a negative case; every other sample is a positive one. A case counts as found
where any finding is told. Nothing is run, and nothing of the samples is kept.
"""
import argparse
import json
import re
import subprocess
import tempfile
from pathlib import Path

SAMPLE = re.compile(r"(^|[./_-])test\.[^./]+$|/tests/analyzer/sourcecode/|/resources/test/", re.I)
PART = re.compile(r"^\s*(?://|#|--|/\*)\s*(TP|FP)\b", re.M)


def cases(folder, endings):
    """Yields (name, ending, text, positive) of every sample."""
    for path in sorted(folder.rglob("*")):
        shown = "/" + path.relative_to(folder).as_posix()
        if not path.is_file() or path.suffix.lstrip(".") not in endings or not SAMPLE.search(shown):
            continue
        if path.name.startswith("test_") and "/resources/" not in shown:
            continue
        text = path.read_text(errors="replace")
        marks = list(PART.finditer(text))
        if not marks:
            yield shown, path.suffix, text, "/benign/" not in shown
            continue
        for mark, following in zip(marks, marks[1:] + [None]):
            part = text[mark.end() : following.start() if following else len(text)]
            yield f"{shown} {mark[1]}", path.suffix, part, mark[1] == "TP"


def lay_out(root, number, ending, text):
    """Writes one case as a package of its own."""
    package = root / f"case-{number}"
    package.mkdir()
    if ending == ".json":
        (package / "package.json").write_text(text)
    elif ending == ".py":
        (package / "PKG-INFO").write_text(f"Metadata-Version: 2.1\nName: case-{number}\nVersion: 1.0\n")
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
