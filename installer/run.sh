#!/bin/sh
# Runs the daemon as root and the app as the user from a checkout, until Ctrl-C; nothing stays behind.
# usage: run.sh FOLDER-WITH-THE-PROGRAMS
#   DOORWARD_SOCKET      where the daemon listens (default: /run/doorward/doorwardd.sock)
#   DOORWARD_RUN_CONFIG  a file with further lines for the daemon's configuration
set -eu

bin="$(cd "${1:?usage: run.sh FOLDER-WITH-THE-PROGRAMS}" && pwd)"
here="$(cd "$(dirname "$0")" && pwd)"
socket="${DOORWARD_SOCKET:-/run/doorward/doorwardd.sock}"
export DOORWARD_SOCKET="$socket"
folder="$(dirname "$socket")"
config="$folder/make-run.toml"
pid_file="$folder/make-run.pid"
policy=/usr/share/polkit-1/actions/org.doorward.policy
installed_policy=""
fronts=""

say() { printf 'doorward: %s\n' "$*"; }
fail() { printf 'doorward: %s\nhint: %s\n' "$1" "$2" >&2 && exit 1; }

for program in doorwardd doorward doorward-app doorward-scan-worker; do
  [ -x "$bin/$program" ] || fail "$bin/$program is missing" "build it with: cargo build --workspace"
done

as_root=""
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "the guard needs root and sudo is not installed" "run make run as root"
  say "the guard runs as root; sudo may ask for your password"
  sudo -v
  as_root="sudo -n"
fi

if "$bin/doorward" status >/dev/null 2>&1; then
  fail "a daemon is running already" "stop it with: sudo systemctl stop doorwardd"
fi

# shellcheck disable=SC2016 # for the inner shell
daemon_runs() { $as_root sh -c '[ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null' sh "$pid_file"; }

clean_up() {
  trap - EXIT
  trap '' INT TERM HUP
  for front in $fronts; do
    kill -TERM "$front" 2>/dev/null || true
  done
  if daemon_runs; then
    # shellcheck disable=SC2016 # for the inner shell
    $as_root sh -c 'kill -TERM "$(cat "$1")" 2>/dev/null' sh "$pid_file" || true
  fi
  wait || true
  $as_root rm -f "$config" "$pid_file"
  [ -z "$installed_policy" ] || $as_root rm -f "$policy"
  say "stopped; nothing is left running"
}
trap clean_up EXIT
trap 'exit 0' INT TERM HUP

$as_root install -d -m 0755 "$folder"
{
  printf 'socket = "%s"\nclients = ["%s", "%s"]\n' "$socket" "$bin/doorward-app" "$bin/doorward"
  [ -z "${DOORWARD_RUN_CONFIG:-}" ] || cat "$DOORWARD_RUN_CONFIG"
} | $as_root tee "$config" >/dev/null
if [ -d "$(dirname "$policy")" ] && [ ! -e "$policy" ]; then
  if $as_root install -m 0644 "$here/linux/org.doorward.policy" "$policy"; then
    installed_policy=yes
  elif [ ! -e "$policy" ]; then # or else somebody installed it at the same moment
    fail "$policy cannot be written" "without it nobody could consent to lasting rules"
  fi
fi

# In a shell of the user's own: sudo belongs to root at times, and then one cannot ask whether it is there.
{
  # shellcheck disable=SC2016 # for the inner shell
  $as_root sh -c 'echo $$ >"$1"; exec "$2" --config "$3"' sh "$pid_file" "$bin/doorwardd" "$config" >/dev/null ||
    exit "$?"
} &
daemon=$!
deadline=$(($(date +%s) + 30))
until "$bin/doorward" status >/dev/null 2>&1; do
  kill -0 "$daemon" 2>/dev/null || {
    wait "$daemon" && code=0 || code=$?
    fail "the daemon ended with exit code $code; what it said is above" "see README.md, Requirements"
  }
  [ "$(date +%s)" -lt "$deadline" ] || fail "the daemon is not ready after 30 s" "see what it said above"
  sleep 0.1
done
say "the guard is running; try in another terminal: $bin/doorward drill"

if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
  "$bin/doorward-app" &
  fronts="$!"
else
  say "there is no display, so no window and no tray; alerts and new packages appear here (Ctrl-C ends)"
  "$bin/doorward" projects watch &
  fronts="$!"
  "$bin/doorward" events --follow --limit 0 &
  fronts="$fronts $!"
fi
# shellcheck disable=SC2086 # one word per process
wait $fronts || true
