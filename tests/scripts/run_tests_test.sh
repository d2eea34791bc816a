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
