#!/bin/bash
# An ordinary developer's day, as the developer: the guard watches, somebody answers its questions.
#
# Expects HOME (made up), SSH_PORT (a server that lets this user in), ORIGIN (a repository on it), INDEX (a package
# index in a folder) and TOOLS (the Rust tool chain's programs). Every step prints `step NAME ok`, or `step NAME absent`
# where the program is not installed; anything that fails ends the day.
set -euo pipefail
cd "$HOME"
export GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@localhost GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@localhost

name=""
step() { name="$1"; }
ok() { echo "step $name ok"; }
absent() { echo "step $name absent"; }
have() { command -v "$1" >/dev/null; }
trap 'echo "step $name failed" >&2' ERR

step "shell start-up"
bash -l -i -c 'history >/dev/null; exit' </dev/null 2>/dev/null
script -qec 'bash -l -i' /dev/null <<<$'history | tail -n 1\nexit' >/dev/null
ok

step "git over ssh"
git clone -q "ssh://$USER@127.0.0.1:$SSH_PORT$ORIGIN" shop
echo 'console.log("shop")' >shop/index.js
git -C shop add -A && git -C shop commit -qm "Open the shop" && git -C shop push -q origin HEAD
git -C shop pull -q && git -C shop log --oneline >/dev/null && git -C shop status --short
ok

step "git over http with stored credentials"
git config --global credential.helper store
printf 'protocol=http\nhost=127.0.0.1:9\nusername=ada\npassword=made-up\n\n' | git credential approve
ok

step "ssh-agent"
eval "$(ssh-agent -s)" >/dev/null
ssh-add -q .ssh/id_ed25519 && ssh-add -l >/dev/null
ssh -p "$SSH_PORT" "$USER@127.0.0.1" true
git -C shop fetch -q
kill "$SSH_AGENT_PID"
ok

step "gpg"
export GNUPGHOME="$HOME/.gnupg"
gpg -q --batch --passphrase '' --quick-generate-key 'Ada <ada@localhost>' ed25519 sign never 2>/dev/null
gpg -q --batch --clearsign -o signed.txt shop/index.js && gpg -q --verify signed.txt 2>/dev/null
git -C shop -c user.signingkey=ada@localhost commit -q --allow-empty -S -m "Sign the shop"
gpgconf --kill gpg-agent
ok

step "npm publish --dry-run"
(cd shop && npm init -y >/dev/null)
(cd shop && npm publish --dry-run --ignore-scripts >/dev/null 2>&1)
(cd shop && npm install --no-audit --no-fund --offline >/dev/null)
ok

step "docker"
if have docker; then
  docker logout 127.0.0.1:5000 >/dev/null 2>&1 && docker context ls >/dev/null
  ok
else absent; fi

step "kubectl"
if have kubectl; then
  kubectl config get-contexts >/dev/null && kubectl config view >/dev/null
  ! kubectl get pods --request-timeout=1s >/dev/null 2>&1
  ok
else absent; fi

step "cargo publish --dry-run"
export CARGO_HOME="$HOME/.cargo" PATH="$TOOLS:$PATH"
cargo new -q --vcs none --lib till
(cd till && cargo publish -q --dry-run --no-verify --allow-dirty --registry local 2>/dev/null)
ok

step "aws"
aws configure list >/dev/null
! AWS_MAX_ATTEMPTS=1 aws sts get-caller-identity --region local --endpoint-url http://127.0.0.1:9 --cli-connect-timeout 1 2>/dev/null
ok

step "browser"
if have chromium; then
  profile="$HOME/.config/chromium"
  # The second start finds what the first one wrote.
  for _ in first second; do
    chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --user-data-dir="$profile" \
      about:blank >/dev/null 2>&1 &
    for _ in $(seq 100); do
      if test -e "$profile/Default/Cookies" && test -e "$profile/Default/Login Data"; then break; fi
      sleep 0.2
    done
    sleep 1
    kill $! && wait $! || true
  done
  test -e "$profile/Default/Login Data"
  ok
else absent; fi

step "editor"
script -qec "vim -u NONE -i $HOME/.viminfo -c 'normal Gofinis' -c wq shop/index.js" /dev/null >/dev/null
script -qec "vim -u NONE -i $HOME/.viminfo -c q shop/index.js" /dev/null >/dev/null
ok

step "search"
rg -q shop "$HOME" && grep -rq finis shop
find "$HOME" -name '*.js' >/dev/null && du -s "$HOME" >/dev/null
ok

step "indexer"
if have /usr/sbin/updatedb.plocate; then
  /usr/sbin/updatedb.plocate -l 0 -U "$HOME" -o locate.db --prunepaths '' && plocate -d locate.db index.js >/dev/null
  ok
else absent; fi

step "backup with tar"
tar -czf /tmp/day-$$.tgz -C "$HOME" --exclude=./toolchain . && rm /tmp/day-$$.tgz
ok

step "backup with borg"
if have borg; then
  export BORG_BASE_DIR="$HOME/borg-state" BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
  borg init -e none backup && borg create backup::day .ssh .aws .config shop .npmrc
  ok
else absent; fi
