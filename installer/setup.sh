#!/bin/sh
# Installs the system packages that building, running, testing or measuring needs and this machine
# lacks. It lists them first; where it is not root it uses sudo.
# usage: setup.sh run|test|bench
set -eu

purpose="${1:?usage: setup.sh run|test|bench}"

build="build-essential pkg-config git libwebkit2gtk-4.1-dev"
run="$build dbus"
# A window without a screen, a session bus with keyring and notifications, and the programs whose
# ordinary work the guard must not disturb.
test="$run xvfb xauth webkit2gtk-driver dbus-x11 gnome-keyring libsecret-tools dunst xdotool imagemagick
  fonts-dejavu-core at-spi2-core libglib2.0-bin openssh-client openssh-server awscli python3-venv
  python3-pip python3-setuptools python3-wheel shellcheck desktop-file-utils appstream libxml2-utils
  systemd util-linux procps busybox cpio rsync sudo e2fsprogs btrfs-progs bubblewrap strace gnupg vim ripgrep
  borgbackup plocate rpm"
# Programs that may come from elsewhere under the same name.
command -v docker >/dev/null || test="$test docker.io"
command -v kubectl >/dev/null || test="$test kubernetes-client"
command -v chromium >/dev/null || test="$test chromium"
bench="$build dbus xvfb python3-venv ripgrep"

case "$purpose" in
  run) wanted="$run" ;;
  test) wanted="$test" ;;
  bench) wanted="$bench" ;;
  *) echo "setup.sh: $purpose: not one of run, test, bench" >&2 && exit 2 ;;
esac

say() { printf 'doorward: %s\n' "$*"; }
fail() { printf 'doorward: %s\nhint: %s\n' "$1" "$2" >&2 && exit 1; }

command -v cargo >/dev/null || fail "cargo is not installed" "install Rust 1.95 or newer, for example with rustup"
command -v node >/dev/null || fail "node is not installed" "install Node.js 20.19 or newer, with npm"
command -v npm >/dev/null || fail "npm is not installed" "install Node.js 20.19 or newer, with npm"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "node $(node --version) is too old" "install Node.js 20.19 or newer"

if ! command -v dpkg-query >/dev/null; then
  say "this is neither Debian nor Ubuntu; install by hand what corresponds to:"
  # shellcheck disable=SC2086 # one word per package
  printf '  %s\n' $wanted
  exit 0
fi

missing=""
for package in $wanted; do
  state="$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)"
  [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

say "these system packages are missing and will be installed:"
# shellcheck disable=SC2086 # one word per package
printf '  %s\n' $missing

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "installing packages needs root" "run as root: apt-get install$missing"
  as_root="sudo"
fi

$as_root apt-get update -qq
available=""
for package in $missing; do
  if apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]'; then
    available="$available $package"
  else
    say "$package is not offered for this system; what needs it will say so"
  fi
done
# A server that comes with a package need not start: the tests start their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 0755 "$policy"
  trap '$as_root rm -f "$policy"' EXIT
fi
# shellcheck disable=SC2086 # one word per package
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $available
