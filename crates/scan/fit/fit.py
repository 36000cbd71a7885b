#!/usr/bin/env python3
"""Fits assets/rules/weights.toml: how much each fact about files that run together tells of malware.

  doorward-scan-worker --facts PACKAGE... >malicious.jsonl     (and the same for benign packages)
  fit.py --malicious malicious.jsonl --benign benign.jsonl [--write assets/rules/weights.toml]

Each line is one package: the facts of every group of its files that run together. A malicious package counts
by its heaviest group, a benign one by all of them. How well it tells is measured by cross-validation: the packages
are split in four by their names, and each quarter is judged by what was learned from the other three. The thresholds
come from there, too. The weights that are written are learned from all. Nothing of a package is stored but weights.
Logistic regression by projected gradient: no weight is below zero, so that no fact ever excuses another, and none
reaches a threshold alone.
"""
import argparse, collections, hashlib, json, math, re
from concurrent.futures import ProcessPoolExecutor

# What a package says of itself only adds to what its code does: anybody can write a description.
SHAPE = ("package.", "text.")
MOST_OF_SHAPE = 1.2
# Honest names are near each other, too, and honest files hold pictures.
MOST_OF_NAME = 0.8
MOST_OF_TEXTURE = 0.8
SHAPE_IN_ALL = 2.5
# What a little package does that says nothing of itself counts for more, but one deed of it never reaches the end.
OF_A_KIND = ("bare.", "unlicensed.")
MOST_OF_A_KIND = 0.6
# What honest set-up scripts and libraries do as well tells little even where few of the samples show it.
PLAIN = {"Fetch", "Send", "Spawn", "Eval", "Decode", "Decrypt", "HomeFolder", "Downloader", "TemporaryFile", "AppendFile",
         "MakeExecutable", "InstallOverride", "PackageInstall", "Blob", "PagesHost", "Identity", "EnvironmentKey", "TlsOff",
         "Detach", "Confesses", "NodeInline", "PythonInline", "PipeToShell", "Upload", "Publish", "DropsFetched", "SendsFile"}
MOST_OF_PLAIN = 1.2
MOST = 2.0
RAREST = 4
# How many malicious packages one false alarm is worth.
COST_OF_ALARM = 6.0
FOLDS = 4
# The share of ordinary packages, not learned from, that may reach the thresholds.
CALLED_MALICIOUS = 0.0003
CALLED_SUSPICIOUS = 0.005
# How much higher the thresholds stand where much code is loaded, as in `weigh.rs`.
LARGE = 1.25


def fold(package):
    """A quarter, the same for every version of a package."""
    name = package.get("name", "").split("/")[0] or package["path"].rsplit("/", 1)[-1].split("-")[0]
    return hashlib.sha256(re.sub(r"[-_.]+", "-", name).lower().encode()).digest()[0] % FOLDS


def read(path):
    with open(path) as lines:
        packages = [json.loads(line) for line in lines]
    for package in packages:
        groups = [frozenset(name for name in group if not name.startswith("aside.")) for group in package["groups"]]
        package["groups"] = list({group for group in groups if any(not name.startswith(SHAPE) for name in group)})
        package["fold"] = fold(package)
    return packages


def weight_of(group, weights):
    shape = sum(weights.get(name, 0.0) for name in group if name.startswith(SHAPE))
    return min(shape, SHAPE_IN_ALL) + sum(weights.get(name, 0.0) for name in group if not name.startswith(SHAPE))


def told(group, weights):
    """The sum of a group beside the thresholds."""
    installs = any(name.startswith("install.") and weights.get(name) for name in group)
    return weight_of(group, weights) / (1.0 if installs or "package.small" in group else LARGE)


def heaviest(package, weights):
    return max(package["groups"], key=lambda group: weight_of(group, weights), default=frozenset())


def learn(malicious, benign, rounds=14, steps=60):
    seen = collections.Counter(name for package in malicious for name in set().union(*package["groups"], frozenset()))
    names = [name for name, count in seen.items() if count >= RAREST]
    weights, known = {name: 0.3 for name in names}, frozenset(names)
    bias = -3.0
    squares = {name: 1e-6 for name in names}
    for _ in range(rounds):
        rows = [(heaviest(package, weights), 1.0, 1.0) for package in malicious if package["groups"]]
        for package in benign:
            hard = sorted(package["groups"], key=lambda group: -weight_of(group, weights))[:6]
            rows += [(group, 0.0, COST_OF_ALARM if index == 0 else 1.0) for index, group in enumerate(hard)]
        alike = collections.Counter()
        for group, label, cost in rows:
            alike[group & known, label] += cost
        rows = [([name for name in group if name.startswith(SHAPE)], [name for name in group if not name.startswith(SHAPE)],
                 label, cost) for (group, label), cost in alike.items()]
        total = sum(alike.values())
        for _ in range(steps):
            gradient, bias_gradient = collections.defaultdict(float), 0.0
            for shape, deeds, label, cost in rows:
                in_shape = sum(weights[name] for name in shape)
                sum_ = bias + min(in_shape, SHAPE_IN_ALL) + sum(weights[name] for name in deeds)
                error = cost * (1 / (1 + math.exp(-max(-30, min(30, sum_)))) - label)
                bias_gradient += error
                for name in deeds if in_shape > SHAPE_IN_ALL else shape + deeds:
                    gradient[name] += error
            for name in names:
                slope = gradient[name] / total + 2e-5 * weights[name] + 3e-5
                squares[name] += slope * slope
                weight = weights[name] - 0.35 * slope / math.sqrt(squares[name])
                weights[name] = min(max(weight, 0.0), limit(name))
            bias -= 0.5 * bias_gradient / total
    return weights


def limit(name):
    if name.startswith(OF_A_KIND):
        return MOST_OF_A_KIND
    if name.startswith("text."):
        return MOST_OF_TEXTURE
    if name.startswith(SHAPE):
        return MOST_OF_NAME if name.split(".", 1)[1][0].isupper() else MOST_OF_SHAPE
    return MOST_OF_PLAIN if name.split(".", 1)[1] in PLAIN else MOST


def judged(packages):
    """The sum of each (malicious, benign) package by weights that were not learned from its quarter."""
    malicious, benign, number = packages
    weights = learn(*([package for package in part if package["fold"] != number] for part in (malicious, benign)))
    return [[(told(heaviest(package, weights), weights), package) for package in part if package["fold"] == number]
            for part in (malicious, benign)]


def threshold(pairs, allowed):
    """The least sum that no more than this share reaches."""
    sums = sorted((value for value, _ in pairs), reverse=True)
    return sums[int(len(sums) * allowed)] + 0.01 if sums else 0.0


def share(sums, least):
    return f"{sum(value >= least for value in sums)} of {len(sums)} ({sum(value >= least for value in sums) / len(sums):.1%})"


def main():
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--malicious", required=True)
    ask.add_argument("--benign", required=True, nargs="+")
    ask.add_argument("--write")
    args = ask.parse_args()
    malicious, benign = read(args.malicious), [package for path in args.benign for package in read(path)]
    with ProcessPoolExecutor(2) as executor:
        quarters = list(executor.map(judged, [(malicious, benign, number) for number in range(FOLDS)]))
    evil, good = ([pair for quarter in quarters for pair in quarter[part]] for part in range(2))
    bad, doubtful = threshold(good, CALLED_MALICIOUS), threshold(good, CALLED_SUSPICIOUS)
    for label, least in (("malicious", bad), ("suspicious or worse", doubtful)):
        print(f"{label} from {least:.2f} on, by weights alone and none learned from the judged quarter: malware "
              f"{share([value for value, _ in evil], least)}, ordinary {share([value for value, _ in good], least)}")
    for value, package in sorted(good, key=lambda pair: -pair[0])[:20]:
        print(f"{value:6.1f} {package['path'].rsplit('/', 1)[-1]}")
    weights = learn(malicious, benign)
    sums = [told(heaviest(package, weights), weights) for package in benign]
    print(f"with the weights learned from all, malicious from {bad:.2f} on, ordinary: malicious {share(sums, bad)}, "
          f"suspicious or worse {share(sums, doubtful)}")
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
