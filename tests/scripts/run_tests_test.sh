#!/usr/bin/env bash
# What scripts/run-tests counts: each script of tests, also one that ran no test, and one that cannot be run.
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/scripts"
cp "$tree/scripts/run-tests" "$work/scripts"

# given NAME MODE: a script of the tests, from standard input; it is the only one.
given() {
  rm -rf "$work/tests"
  mkdir -p "$work/tests/some"
  cat >"$work/tests/some/$1"
  chmod "$2" "$work/tests/some/$1"
}

# counts LINE STATUS WORDS: of a run with what was given; WORDS stand somewhere in what it prints.
counts() {
  local status=0
  (cd "$work" && scripts/run-tests) >"$work/printed" 2>&1 || status=$?
  if [ "$(tail -n 1 "$work/printed")" != "$1" ] || [ "$status" -ne "$2" ] || ! grep -qF -- "$3" "$work/printed"; then
    printf 'wanted: %s, status %s, and "%s" in it; printed, with status %s:\n' "$1" "$2" "$3" "$status"
    cat "$work/printed"
    exit 1
  fi
}

unittest() {
  printf '#!/usr/bin/python3\nimport unittest\n\n\nclass Some(unittest.TestCase):\n'
  sed 's/^/    /'
  printf '\n\nif __name__ == "__main__":\n    unittest.main()\n'
}

given one_test.sh 755 <<<'#!/bin/sh'
counts '1 passed, 0 failed' 0 'some/one_test.sh'

given one_test.sh 755 <<<$'#!/bin/sh\nexit 3'
counts '0 passed, 1 failed' 1 'exit status 3'

given one_test.sh 755 <<<$'#!/bin/sh\necho SKIPPED: no such file system\nexit 77'
counts '0 passed, 0 failed, 1 skipped' 1 'SKIPPED: no such file system'

unittest <<<$'def test_a(self):\n    pass\n\ndef test_b(self):\n    self.fail()\n\ndef test_c(self):\n    self.skipTest("")' |
  given two_test.py 755
counts '1 passed, 1 failed, 1 skipped' 1 'some/two_test.py'

unittest <<<$'@classmethod\ndef setUpClass(cls):\n    print("SKIPPED: no browser", flush=True)\n    raise unittest.SkipTest("")\n\ndef test_a(self):\n    pass' |
  given class_test.py 755
counts '0 passed, 0 failed, 1 skipped' 1 'SKIPPED: no browser'

unittest <<<$'@classmethod\ndef setUpClass(cls):\n    raise OSError("broken")\n\ndef test_a(self):\n    pass' |
  given class_test.py 755
counts '0 passed, 1 failed' 1 'broken'

unittest <<<$'def tset_a(self):\n    pass' | given none_test.py 755
counts '0 passed, 1 failed' 1 'no tests'

given not_executable_test.py 644 <<<'#!/usr/bin/python3'
counts '0 passed, 1 failed' 1 'some/not_executable_test.py'

given not_executable_test.sh 644 <<<'#!/bin/sh'
counts '0 passed, 1 failed' 1 'it is not executable'

# What tests share is no test.
given helper.py 644 <<<'#!/usr/bin/python3'
counts '0 passed, 0 failed' 1 ''

# Two programs at a time, and a script beside them: each of these waits for the other.
mkfifo "$work/meeting"
program() {
  printf '#!/bin/sh\n%s\necho "[doctest] test cases: 1 | 1 passed | 0 failed | 0 skipped"\n' "$2" >"$work/$1"
  chmod 755 "$work/$1"
}
program first "echo met >'$work/meeting'"
program second "read -r word <'$work/meeting'"
rm -rf "$work/tests"
mkdir "$work/tests"
said=$(cd "$work" && TEST_JOBS=2 TEST_TIMEOUT=60 scripts/run-tests --show ./first ./second)
[ "$(tail -n 1 <<<"$said")" = '2 passed, 0 failed' ] || { printf '%s\n' "$said"; exit 1; }
[ "$(grep -c '^ok' <<<"$said")" -eq 2 ] || { printf '%s\n' "$said"; exit 1; }

given beside_test.sh 755 <<<"#!/bin/sh
echo met >'$work/meeting'"
said=$(cd "$work" && TEST_JOBS=2 TEST_TIMEOUT=60 scripts/run-tests ./second)
[ "$(tail -n 1 <<<"$said")" = '2 passed, 0 failed' ] || { printf '%s\n' "$said"; exit 1; }

# One at a time, in order, though nothing waits.
program first "echo first >>'$work/order'"
program second "echo second >>'$work/order'"
rm -rf "$work/tests"
mkdir "$work/tests"
(cd "$work" && TEST_JOBS=1 scripts/run-tests ./first ./second) >/dev/null
[ "$(tr '\n' ' ' <"$work/order")" = 'first second ' ] || { cat "$work/order"; exit 1; }

# What runs ends with it.
given endless_test.sh 755 <<<"#!/bin/sh
echo \$\$ >'$work/pid.new'
mv '$work/pid.new' '$work/pid'
exec sleep 1000"
(cd "$work" && exec scripts/run-tests) >/dev/null 2>&1 &
running=$!
until [ -e "$work/pid" ]; do kill -0 $running; done
kill -TERM $running
wait $running || true
for ((tries = 0; tries < 100000; tries++)); do kill -0 "$(cat "$work/pid")" 2>/dev/null || break; done
if kill -0 "$(cat "$work/pid")" 2>/dev/null; then
  echo 'a test goes on that nobody waits for'
  exit 1
fi
