#!/usr/bin/env bash
# What bare.bash's own_system leaves behind is nothing: no process, folder or control group, whether the test in it ends,
# fails or is told to stop while it waits for ever.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/installed/bare.bash
source tests/installed/bare.bash

# As a test: one that starts another process, and says on descriptor 3 what it has.
if [ "$#" -gt 0 ]; then
  own_system "$@"
  mount -t tmpfs tmpfs "$work"
  touch "$work/file"
  if [ -n "$cgroup" ]; then mkdir "$cgroup/below"; fi
  setsid sleep infinity &
  printf '%s\n' "$work" "$cgroup" >&3
  case $1 in
    end) exit 0 ;;
    fail) fail 'as it was told to' ;;
    wait) sleep infinity ;;
  esac
fi

# try HOW STATUS: every process of it has the pipe open.
try() {
  local how=$1 status=0 folder group end=0
  exec 4< <(exec 3>&1 >/dev/null && exec "$0" "$how" 2>/dev/null)
  local process=$!
  if ! { read -r -t 60 folder && read -r -t 60 group; } <&4; then skip "own_system is not to be had: $("$0" end 3>&1)"; fi
  [ "$how" != wait ] || kill -TERM "$process"
  wait "$process" || status=$?
  [ "$status" -eq "$2" ] || fail "$how: it ends with $status"
  read -r -t 60 <&4 || end=$?
  [ "$end" -eq 1 ] || fail "$how: a process is left" # over 128: no end of the pipe came
  [ ! -e "$folder" ] || fail "$how: $folder is left"
  [ -z "$group" ] || [ ! -e "$group" ] || fail "$how: $group is left"
  exec 4<&-
}
try end 0
try fail 1
try wait 143
echo 'own_system_test: ok'
