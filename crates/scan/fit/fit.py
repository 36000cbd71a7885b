#!/usr/bin/env python3
"""Fits assets/rules/weights.toml: how much each fact about files that run together tells of malware.

  doorward-scan-worker --facts PACKAGE... >malicious.jsonl     (and the same for benign packages)
  fit.py --malicious malicious.jsonl --benign benign.jsonl [--lone lone.jsonl] [--write assets/rules/weights.toml]

With --lone, more benign packages that hold one file each, taken from larger ones: they teach that little code is no
crime. They count for less; one in a hundred of them may reach the malicious threshold, one in twelve the other.

Each line is one package: the facts of every group of its files that run together. A malicious package counts
by its heaviest group, a benign one by all of them. Packages are split in two by the hash of their line's key (or
path); only one half is learned from, the other tells how well. Nothing of a package is stored but weights of facts.
Logistic regression by projected gradient: no weight is below zero, so that no fact ever excuses another.
"""
import argparse, collections, hashlib, json, math

# What a package says of itself only adds to what its code does: anybody can write a description.
SHAPE = ("package.", "text.")
MOST_OF_SHAPE = 1.2
# Honest names are near each other, too.
MOST_OF_NAME = 0.8
SHAPE_IN_ALL = 3.0
# What honest set-up scripts and libraries do as well tells little even where few of the samples show it.
PLAIN = {"Fetch", "Send", "Spawn", "Eval", "Decode", "Decrypt", "HomeFolder", "Downloader", "TemporaryFile", "AppendFile",
         "MakeExecutable", "InstallOverride", "PackageInstall", "Blob", "PagesHost", "Identity", "EnvironmentKey", "TlsOff",
         "Detach", "Confesses", "NodeInline", "PythonInline", "PipeToShell", "Upload", "Publish", "EvalFile", "DropsFetched", "SendsFile"}
MOST_OF_PLAIN = 1.2
MOST = 5.0
RAREST = 4
# How many malicious packages one false alarm is worth.
COST_OF_ALARM = 25.0
COST_OF_LONE_ALARM = 6.0


def half(package):
    name = package.get("key") or package["path"].rsplit("/", 1)[-1]
    return hashlib.sha256(name.encode()).digest()[0] % 2


def read(path, cost=COST_OF_ALARM):
    with open(path) as lines:
        packages = [json.loads(line) for line in lines]
    for package in packages:
        groups = [frozenset(name for name in group if not name.startswith("aside.")) for group in package["groups"]]
        package["groups"] = list({group for group in groups if any(not name.startswith(SHAPE) for name in group)})
        package["half"] = half(package)
        package["cost"] = cost
    return packages


def weight_of(group, weights):
    shape = sum(weights.get(name, 0.0) for name in group if name.startswith(SHAPE))
    return min(shape, SHAPE_IN_ALL) + sum(weights.get(name, 0.0) for name in group if not name.startswith(SHAPE))


def heaviest(package, weights):
    return max(package["groups"], key=lambda group: weight_of(group, weights), default=frozenset())


def learn(malicious, benign, rounds=14, steps=60):
    seen = collections.Counter(name for package in malicious for name in set().union(*package["groups"], frozenset()))
    names = [name for name, count in seen.items() if count >= RAREST]
    weights = {name: 0.3 for name in names}
    bias = -3.0
    squares = {name: 1e-6 for name in names}
    for _ in range(rounds):
        rows = [(heaviest(package, weights), 1.0, 1.0) for package in malicious if package["groups"]]
        for package in benign:
            hard = sorted(package["groups"], key=lambda group: -weight_of(group, weights))[:6]
            rows += [(group, 0.0, package["cost"] if index == 0 else 1.0) for index, group in enumerate(hard)]
        rows = [([name for name in group if name in weights], label, cost) for group, label, cost in rows]
        total = sum(cost for _, _, cost in rows)
        for _ in range(steps):
            gradient, bias_gradient = collections.defaultdict(float), 0.0
            for group, label, cost in rows:
                shape = [name for name in group if name.startswith(SHAPE)]
                deeds = [name for name in group if not name.startswith(SHAPE)]
                in_shape = sum(weights[name] for name in shape)
                sum_ = bias + min(in_shape, SHAPE_IN_ALL) + sum(weights[name] for name in deeds)
                error = cost * (1 / (1 + math.exp(-max(-30, min(30, sum_)))) - label)
                bias_gradient += error
                for name in deeds if in_shape > SHAPE_IN_ALL else group:
                    gradient[name] += error
            for name in names:
                slope = gradient[name] / total + 2e-5 * weights[name] + 3e-5
                squares[name] += slope * slope
                weight = weights[name] - 0.35 * slope / math.sqrt(squares[name])
                weights[name] = min(max(weight, 0.0), limit(name))
            bias -= 0.5 * bias_gradient / total
    return weights


def limit(name):
    if name.startswith(SHAPE):
        return MOST_OF_NAME if name.split(".", 1)[1][0].isupper() else MOST_OF_SHAPE
    return MOST_OF_PLAIN if name.split(".", 1)[1] in PLAIN else MOST


def share(packages, weights, least):
    over = [package for package in packages if weight_of(heaviest(package, weights), weights) >= least]
    return over, len(over) / max(1, len(packages))


def threshold(benign, weights, allowed):
    """The least sum that no more than this share of the benign packages reach."""
    sums = sorted((weight_of(heaviest(package, weights), weights) for package in benign), reverse=True)
    return sums[int(len(sums) * allowed)] if sums else 0.0


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--malicious", required=True)
    ask.add_argument("--benign", required=True)
    ask.add_argument("--lone")
    ask.add_argument("--benign-half", action="store_true", help="hold half of the benign packages back, too")
    ask.add_argument("--write")
    args = ask.parse_args()
    malicious, benign = read(args.malicious), read(args.benign)
    lone = read(args.lone, COST_OF_LONE_ALARM) if args.lone else []
    learned = [package for package in malicious if package["half"] == 0]
    innocent = benign + lone
    if args.benign_half:
        innocent = [package for package in innocent if package["half"] == 0]
    weights = learn(learned, innocent)
    bad = max(threshold(benign, weights, 0.0) + 0.5, threshold(lone, weights, 0.01))
    doubtful = max(threshold(benign, weights, 0.005) + 0.1, threshold(lone, weights, 0.08), bad / 2)
    for side in (0, 1):
        label = ("learned from", "held back")[side]
        evil = [package for package in malicious if package["half"] == side]
        good = [package for package in benign if package["half"] == side]
        print(f"{label}: malicious {share(evil, weights, bad)[1]:.1%}, suspicious or worse "
              f"{share(evil, weights, doubtful)[1]:.1%} of {len(evil)}; benign suspicious or worse "
              f"{len(share(good, weights, doubtful)[0])} of {len(good)}")
    for least, label in ((bad, "malicious"), (doubtful, "suspicious or worse")) if lone else ():
        print(f"single files called {label}: {len(share(lone, weights, least)[0])} of {len(lone)}")
    for package in sorted(benign, key=lambda p: -weight_of(heaviest(p, weights), weights))[:15]:
        group = heaviest(package, weights)
        parts = sorted(((round(weights.get(name, 0), 1), name) for name in group if weights.get(name, 0) > 0), reverse=True)
        print(f"{weight_of(group, weights):6.1f} {package['path'].rsplit('/', 1)[-1][:40]:40} {parts[:7]}")
    if args.write:
        with open(args.write, "w") as out:
            out.write("# How much each fact tells of malware, fitted by crates/scan/fit/fit.py. A group of files that run\n"
                      "# together is suspicious or malicious where the sum of its facts reaches these.\n")
            out.write(f"suspicious = {doubtful:.2f}\nmalicious = {bad:.2f}\nmost_of_shape = {SHAPE_IN_ALL}\n\n[weights]\n")
            for name in sorted(weights):
                if weights[name] >= 0.05:
                    out.write(f'"{name}" = {weights[name]:.2f}\n')


if __name__ == "__main__":
    main()
