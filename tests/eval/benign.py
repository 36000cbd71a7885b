"""Gathers ordinary packages with npm, pip and cargo; nothing of them is run."""

import pathlib
import subprocess
import sys

LISTS = pathlib.Path(__file__).parent / "benign"


def names(ecosystem):
    return (LISTS / f"{ecosystem}.txt").read_text().split()


def run(command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def npm(folder):
    """An install tree."""
    tree = folder / "npm"
    tree.mkdir(parents=True, exist_ok=True)
    (tree / "package.json").write_text('{"name":"eval","version":"1.0.0","private":true}')
    if not (tree / "node_modules/.package-lock.json").exists():
        run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--legacy-peer-deps", *names("npm")], cwd=tree)
    return tree


def pypi(folder):
    """A site-packages folder of wheels."""
    tree = folder / "pypi/site-packages"
    if not tree.exists():
        draft = folder / "pypi/draft"
        # Whatever a package depends on and that counts is on the list itself, so nothing has to agree on versions.
        options = ["--quiet", "--only-binary=:all:", "--no-deps", "--target", draft]
        run([sys.executable, "-m", "pip", "install", *options, *names("pypi")])
        draft.rename(tree)
    return tree


def cargo(folder):
    """A folder of crates, as `cargo vendor` lays them out."""
    tree = folder / "cargo/vendor"
    if not tree.exists():
        project = folder / "cargo"
        (project / "src").mkdir(parents=True, exist_ok=True)
        (project / "src/lib.rs").write_text("")
        dependencies = "".join(f'{name} = "*"\n' for name in names("cargo"))
        (project / "Cargo.toml").write_text(
            f'[package]\nname = "eval"\nversion = "0.0.0"\nedition = "2021"\n[dependencies]\n{dependencies}[workspace]\n'
        )
        run(["cargo", "vendor", "--quiet", tree], cwd=project)
    return tree


GATHER = {"npm": npm, "pypi": pypi, "cargo": cargo}
