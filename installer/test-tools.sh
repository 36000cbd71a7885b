#!/bin/sh
# Installs the package managers that the guard's tests run, through npm's and pip's own clients, into a
# folder below the build folder. What is there already is left alone; the tests themselves need no network.
# usage: test-tools.sh FOLDER
set -eu

folder="${1:?usage: test-tools.sh FOLDER}"
mkdir -p "$folder"

say() { printf 'doorward: %s\n' "$*"; }

# Each in a folder of its own, marked once it is complete.
with_npm() {
  name="$1"; shift
  [ -e "$folder/$name/.complete" ] && return
  say "installing $* for the tests"
  rm -rf "${folder:?}/$name" && mkdir -p "$folder/$name"
  # npm takes a folder of the package's name in the working folder for the package itself.
  (cd / && npm install --prefix "$folder/$name" --no-audit --no-fund --no-update-notifier --loglevel=error "$@")
  touch "$folder/$name/.complete"
}

folder="$(cd "$folder" && pwd)"
with_npm npm-10 npm@10
with_npm npm-11 npm@11
with_npm npm-12 npm@12
with_npm pnpm pnpm@12
with_npm yarn yarn@1
with_npm berry @yarnpkg/cli-dist@4
with_npm bun bun@1

if [ ! -e "$folder/python/.complete" ]; then
  say "installing uv, poetry and pipx for the tests"
  rm -rf "$folder/python"
  # Debian's Python, which every user of the machine can run.
  /usr/bin/python3 -m venv "$folder/python"
  "$folder/python/bin/python" -m pip install --quiet --disable-pip-version-check uv poetry pipx
  touch "$folder/python/.complete"
fi
