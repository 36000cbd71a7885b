#!/usr/bin/env python3
"""Measures the scanner on ordinary packages and, where there is a clone of them, on real malicious ones.

  eval.py --doorward target/release/doorward [--work target/eval] [--only npm,pypi,cargo,malware]
          [--malware REPO.git] [--sample 400] [--seed 1] [--rivals 60] [--misses]
"""

import argparse
import collections
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import benign
import malware
import rivals

WORST = ("malicious", "suspicious")


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--doorward", type=pathlib.Path, required=True)
    ask.add_argument("--work", type=pathlib.Path, default=pathlib.Path("target/eval"))
    ask.add_argument("--only", default="npm,pypi,cargo,malware")
    ask.add_argument("--malware", help="a bare clone of lxyeternal/pypi_malregistry")
    ask.add_argument("--sample", type=int, default=400, help="clusters of malware")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--rivals", type=int, default=60, help="packages a rival reads; 0 leaves the rivals out")
    ask.add_argument("--misses", action="store_true", help="name the malware that was not called malicious")
    args = ask.parse_args()
    work = args.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    args.doorward = args.doorward.resolve()
    parts = args.only.split(",")
    others = rivals.Rivals(work) if args.rivals else None
    for ecosystem in (part for part in parts if part in benign.GATHER):
        ordinary(args, ecosystem, benign.GATHER[ecosystem](work), others)
    if "malware" in parts:
        if args.malware:
            malicious(args, others)
        else:
            print("malware: not measured; name a bare clone with --malware (make eval MALWARE=…)")


def scan(doorward, paths):
    """The report of one scan without list and memory, CPU seconds, and the largest process in bytes."""
    command = [doorward, "scan", "--format", "json", "--no-feed", "--no-cache", *paths]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=out, stderr=errors)
        # What this one process and those it waited for used; the clients that gathered packages do not count.
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if process.returncode not in (0, 1):
            sys.exit(f"doorward scan failed ({process.returncode}): {errors.read()[-2000:].decode(errors='replace')}")
        return json.load(out), used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def ordinary(args, ecosystem, tree, others):
    report, seconds, largest = scan(args.doorward, [tree])
    packages = report["packages"]
    counts = collections.Counter(package["verdict"] for package in packages)
    size = report["summary"]["bytes"] / 1e6
    print(f"{ecosystem}: {len(packages)} ordinary packages, {size:.0f} MB")
    print(f"  doorward  malicious {share(counts['malicious'], len(packages))}", end="")
    print(f"  suspicious or worse {share(sum(counts[verdict] for verdict in WORST), len(packages))}", end="")
    print(f"  {size / seconds:.0f} MB/s a core, largest process {largest / 1e6:.0f} MB")
    for package in packages:
        if package["verdict"] in WORST:
            rules = ", ".join(dict.fromkeys(finding["rule"] for finding in package["findings"]))
            print(f"    {package['verdict']:10} {package['name']} {package['version']}: {rules}")
    if others and ecosystem == "npm":
        folders = [package["path"] for package in packages if pathlib.Path(package["path"]).is_dir()]
        beside("GuardDog 3.2.0", others.guarddog("NPM", rivals.some(folders, args.rivals)), rivals.GUARDDOG_THRESHOLD)
    if others and ecosystem == "pypi":
        top = [str(path) for path in tree.iterdir() if (path / "__init__.py").exists()]
        chosen = rivals.some(top, args.rivals)
        beside("GuardDog 3.2.0", others.guarddog("PYPI", chosen), rivals.GUARDDOG_THRESHOLD)
        beside("hexora 0.3.2", others.hexora(chosen), rivals.HEXORA_THRESHOLD)


def beside(name, results, threshold):
    flagged = [result for result in results if (result["score"] or 0) >= threshold]
    seconds = sum(result["cpu"] for result in results)
    speed = sum(result.get("bytes", 0) for result in results) / 1e6 / seconds if seconds else 0
    print(f"  {name}  {threshold} or more {share(len(flagged), len(results))}", end="")
    print(f"  {speed:.1f} MB/s a core" if speed else f"  {seconds:.1f} CPU s")


def malicious(args, others):
    objects = malware.Objects(args.malware)
    clusters, chosen = malware.sample(objects, args.sample, args.seed)
    with malware.laid_out(objects, chosen) as files:
        verdicts = {}
        paths = sorted(files)
        for start in range(0, len(paths), 200):
            report, _, _ = scan(args.doorward, paths[start : start + 200])
            verdicts |= {package["path"]: package["verdict"] for package in report["packages"]}
        total = len(paths)
        counts = collections.Counter(verdicts.get(path, "not reported") for path in paths)
        print(f"malware: {total} of {clusters} clusters of PyPI malware, calibration half, content only")
        print(f"  doorward  malicious {share(counts['malicious'], total)}", end="")
        print(f"  suspicious or worse {share(sum(counts[verdict] for verdict in WORST), total)}  {dict(counts)}")
        if args.misses:
            for path in paths:
                if verdicts.get(path) != "malicious":
                    print(f"    {verdicts.get(path, 'not reported'):12} {files[path]}")
        if others:
            beside("hexora 0.3.2", others.hexora(paths), rivals.HEXORA_THRESHOLD)


def share(part, whole):
    return f"{part} of {whole} ({part / whole:.1%})" if whole else "0 of 0"


if __name__ == "__main__":
    main()
