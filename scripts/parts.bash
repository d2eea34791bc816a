# Runs a task in parts and adds up what they count: sourced by .ci/run and scripts/proof, not run. The caller says
# `set -euo pipefail`, calls `part` for each, and `sum_of_parts` at the end.
# shellcheck shell=bash

parts_log=$(mktemp)
trap 'rm -f "$parts_log"' EXIT
parts_passed=0
parts_failed=0
parts_skipped=0

# part NAME COMMAND...: runs one part, shows it, and adds its last line to the totals. A part without a count (it did not
# compile, or ran nothing) counts as one failure, and as one skipped if its status is 77.
part() {
  local name=$1 status=0 start=$SECONDS counts ok bad left_out
  shift
  printf '\n==== %s\n' "$name"
  "$@" 2>&1 | tee "$parts_log" || status=$?
  counts=$(grep -aE '^[0-9]+ passed, [0-9]+ failed' "$parts_log" | tail -n 1 | tr -cs '0-9' ' ') || counts=
  read -r ok bad left_out _ <<<"$counts" || true
  ok=${ok:-0}
  bad=${bad:-0}
  if [ "$status" -eq 77 ]; then
    left_out=1
  elif [ "$bad" -eq 0 ] && { [ "$status" -ne 0 ] || [ "$ok" -eq 0 ]; }; then
    bad=1
  fi
  parts_passed=$((parts_passed + ok))
  parts_failed=$((parts_failed + bad))
  parts_skipped=$((parts_skipped + ${left_out:-0}))
  printf '==== %s: %s, %d s\n' "$name" "$([ "$bad" -eq 0 ] && echo ok || echo failed)" "$((SECONDS - start))"
}

# preparation NAME COMMAND...: runs what counts nothing; its failure counts as one.
preparation() {
  printf '\n==== %s\n' "$1"
  if ! "${@:2}"; then
    parts_failed=$((parts_failed + 1))
    printf '==== %s: failed\n' "$1"
  fi
}

# sum_of_parts: the last line, `N passed, N failed`, and `, N skipped` if there are any. Status 0 only if something ran
# and nothing failed.
sum_of_parts() {
  printf '\n%d passed, %d failed' "$parts_passed" "$parts_failed"
  if [ "$parts_skipped" -gt 0 ]; then printf ', %d skipped' "$parts_skipped"; fi
  printf '\n'
  [ "$parts_failed" -eq 0 ] && [ "$parts_passed" -gt 0 ]
}
