#!/usr/bin/python3
"""Ctrl-C at any time leaves nothing half done: a command that changes a store is run once for each of its system calls
that changes or locks something, with a SIGINT (by strace) right after that one. Afterwards the store verifies, what it held is there as it was before or as it was
to become, and the same command, given again, comes to its end."""

import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

BUILD = pathlib.Path(os.environ.get("SESS_BUILD", "build")).resolve()
SESSCTL = BUILD / "bin" / "sessctl"
# After any other one the store is as it was before it.
CHANGING = {"flock", "write", "pwrite64", "pwritev", "ftruncate", "fallocate", "unlinkat", "unlink", "rename", "renameat", "renameat2",
            "link", "linkat", "mkdir", "mkdirat", "rmdir", "symlinkat", "chmod", "fchmod", "fchmodat", "fchown", "fchownat",
            "utimensat", "fsync", "fdatasync", "syncfs", "sync_file_range"}


def run(store, *arguments, tracer=(), **options):
    return subprocess.run([*tracer, SESSCTL, "--store", store, *arguments], text=True, capture_output=True, timeout=120,
                          **options)


def ok(store, *arguments, **options):
    finished = run(store, *arguments, **options)
    assert finished.returncode == 0, f"{arguments} ended with {finished.returncode}: {finished.stdout}{finished.stderr}"
    return finished.stdout


def keys(store):
    return {json.loads(line)["key"] for line in ok(store, "ls", "--json").splitlines()}


def values(store, key):
    return json.loads(ok(store, "show", "--json", key))["values"]


def record(store, key):
    return store / "shards" / key[:2] / key


def is_sound(store):
    """Damage and what wants a person; notes are about what puts itself right."""
    finished = run(store, "verify")
    assert finished.returncode == 0, f"verify ended with {finished.returncode}: {finished.stdout}{finished.stderr}"


def flip(file):
    with open(file, "r+b") as opened:
        opened.seek(-1, os.SEEK_END)
        last = opened.read(1)
        opened.seek(-1, os.SEEK_END)
        opened.write(bytes([last[0] ^ 1]))


def why_not():
    if os.environ.get("SAN"):
        return "the leak sanitizer cannot work under a tracer"
    if not shutil.which("strace"):
        return "there is no strace"
    if subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
        return "strace may not trace here"
    return None


class Interrupt(unittest.TestCase):
    def setUp(self):
        reason = why_not()
        if reason:
            print(f"SKIPPED: {reason}")
            self.skipTest(reason)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.store = self.folder / "store"

    def make(self, count=1, *options):
        """Initializes the store; answers the keys of so many sessions with the value n=1."""
        if not self.store.exists():
            ok(self.store, "init")
        return [json.loads(ok(self.store, "create", "--json", *options, "n=1"))["key"] for _ in range(count)]

    def log_in(self, *principals):
        """Makes a session of each."""
        def principal_key(name):  # FORMAT.md, "keys"
            secret = re.search(r"^principal ([0-9a-f]+)$", (self.store / "keys").read_text(), re.MULTILINE)
            return hashlib.blake2b(name.encode(), digest_size=20, key=bytes.fromhex(secret[1])).hexdigest()

        anonymous = self.make(len(principals))
        lines = []
        for line in map(json.loads, ok(self.store, "export").splitlines()):
            if line["type"] != "session":
                lines.append(line)
            elif line["key"] in anonymous:
                lines.append(line | {"principal": principal_key(principals[anonymous.index(line["key"])]), "kind": "authenticated"})
        lines[-1]["sessions"] = len(principals)
        ok(self.store, "rm", *anonymous)
        ok(self.store, "import", "-", input="\n".join(map(json.dumps, lines)))

    def calls(self, given):
        """Of a run to the end, from the first look at the store on: (name, how many of that name with this one). strace
        counts them for each process and thread by itself."""
        trace = self.folder / "trace"
        store = self.copy("traced")
        finished = run(store, *given(store), tracer=("strace", "-f", "-qq", "-o", trace))
        self.assertGreaterEqual(finished.returncode, 0, finished.stderr)
        count, chosen, is_at_store = collections.Counter(), {}, False
        for line in trace.read_text(errors="replace").splitlines():
            call = re.match(r"(\d+) +([a-z_0-9]+)\(", line)
            if not call:
                continue
            name = call[2]
            count[call[1], name] += 1
            is_at_store = is_at_store or (name != "execve" and str(store) in line)
            if is_at_store and (name in CHANGING or "O_CREAT" in line):
                chosen[name, count[call[1], name]] = True
        self.assertGreater(len(chosen), 2, trace.read_text(errors="replace"))
        return list(chosen)

    def copy(self, name):
        to = self.folder / name
        if self.store.exists():
            subprocess.run(["cp", "-a", self.store, to], check=True)
        return to

    def interrupt_everywhere(self, arguments, check):
        """`check`, given a store, throws unless all is well. Arguments that depend on the store come of a call with it."""
        def interrupt(call):
            name, number = call
            store = self.copy(f"{name}-{number}")
            tracer = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={name}:signal=INT:when={number}")
            finished = run(store, *given(store), tracer=tracer, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
            try:
                check(store)
            except (AssertionError, KeyError, OSError) as error:
                return finished.returncode, f"after {name} number {number}: {error}"
            shutil.rmtree(store)
            return finished.returncode, None

        given = arguments if callable(arguments) else lambda store: arguments
        calls = self.calls(given)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            outcomes = list(pool.map(interrupt, calls))
        wrong = [what for _, what in outcomes if what]
        if wrong:
            self.fail(f"{len(wrong)} of {len(calls)}: " + "\n".join(wrong[:5]))
        # It was interrupted indeed, but perhaps by the last calls.
        self.assertGreater(sum(code in (-signal.SIGINT, 128 + signal.SIGINT) for code, _ in outcomes), len(calls) / 2)

    def test_init(self):
        def check(store):
            ok(store, "init")
            ok(store, "create", "n=1")
            is_sound(store)
        self.interrupt_everywhere(["init"], check)

    def test_create(self):
        before = set(self.make())

        def check(store):
            is_sound(store)
            now = keys(store)
            assert now >= before and len(now) <= 2, now
            for key in now:
                assert values(store, key) == {"n": "1"}, values(store, key)
            ok(store, "gc")
        self.interrupt_everywhere(["create", "n=1"], check)

    def test_set(self):
        key, = self.make()
        ok(self.store, "set", key, "m=1")

        def check(store):
            is_sound(store)
            assert values(store, key) in ({"n": "1", "m": "1"}, {"n": "2", "m": "2"}), values(store, key)
            ok(store, "set", "--wait", "0", key, "n=2", "m=2")
            assert values(store, key) == {"n": "2", "m": "2"}
        ok(self.store, "set", key, "n=1")
        self.interrupt_everywhere(["set", key, "n=2", "m=2"], check)

    def test_unset(self):
        key, = self.make()
        ok(self.store, "set", key, "m=1", "o=1")

        def check(store):
            is_sound(store)
            assert values(store, key) in ({"n": "1", "m": "1", "o": "1"}, {"o": "1"}), values(store, key)
            ok(store, "unset", "--wait", "0", key, "n", "m")
            assert values(store, key) == {"o": "1"}
        self.interrupt_everywhere(["unset", key, "n", "m"], check)

    def test_touch(self):
        key, = self.make(1, "--idle", "60s")
        before = os.stat(record(self.store, key)).st_mtime_ns
        time.sleep(6.1)  # a renewal that gains less than a tenth is left out

        def check(store):
            is_sound(store)
            assert values(store, key) == {"n": "1"}, values(store, key)
            ok(store, "touch", key)
            assert os.stat(record(store, key)).st_mtime_ns >= before + 6 * 10**9
        self.interrupt_everywhere(["touch", key], check)

    def test_incr(self):
        key, = self.make()

        def check(store):
            is_sound(store)
            now = values(store, key)["n"]
            assert now in (5, 6), now
            assert ok(store, "incr", key, "n").strip() == str(now + 1)
        ok(self.store, "set", key, "n:=5")
        self.interrupt_everywhere(["incr", key, "n"], check)

    def test_rm(self):
        key, other = self.make(2)
        ok(self.store, "set", key, "n=2")

        def check(store):
            is_sound(store)
            assert other in keys(store)
            if key in keys(store):
                assert values(store, key) == {"n": "2"}, values(store, key)
                ok(store, "rm", key)
            ok(store, "gc")
            assert keys(store) == {other}
        self.interrupt_everywhere(["rm", key], check)

    def test_rm_of_a_selection(self):
        stay = set(self.make(2))
        self.log_in("ann", "bob")

        def check(store):
            is_sound(store)
            assert keys(store) >= stay
            ok(store, "rm", "--kind", "authenticated")
            assert keys(store) == stay
        self.interrupt_everywhere(["rm", "--kind", "authenticated"], check)

    def test_rm_of_a_principal(self):
        self.make()
        self.log_in("bob")
        stay = keys(self.store)
        self.log_in("ann", "ann", "ann")

        def check(store):
            is_sound(store)
            assert keys(store) >= stay
            ok(store, "rm", "--principal", "ann")
            assert keys(store) == stay
        self.interrupt_everywhere(["rm", "--principal", "ann"], check)

    def test_gc(self):
        stays = set(self.make(2))
        self.make(3, "--idle", "1ms")

        def check(store):
            assert keys(store) == stays, keys(store)
            is_sound(store)
            ok(store, "gc")
            assert len(list((store / "shards").glob("*/*"))) == len(stays)
        self.interrupt_everywhere(["gc"], check)

    def test_gc_that_gives_away(self):
        """What was removed has been given, perhaps twice."""
        stay = set(self.make(2))
        gone = set(self.make(3, "--idle", "1ms"))
        def taken(store):
            return store.with_name(store.name + "-taken")

        def check(store):
            assert keys(store) == stay
            removed = {key for key in gone if not record(store, key).exists()}
            told = {json.loads(line)["key"] for line in taken(store).read_text().splitlines()} if removed else set()
            assert removed <= told, f"{removed - told} were removed and not given"
            is_sound(store)
            ok(store, "gc")
            assert len(list((store / "shards").glob("*/*"))) == len(stay)
        self.interrupt_everywhere(lambda store: ["gc", "--on-expire", f"cat >>'{taken(store)}'"], check)

    def test_gc_that_sets_aside_and_purges(self):
        purged, moved, good = self.make(3)
        flip(record(self.store, purged))
        run(self.store, "gc")
        flip(record(self.store, moved))

        def kept(store):
            return {json.loads(line)["key"] for line in ok(store, "quarantine", "ls", "--json").splitlines()}

        def check(store):
            assert kept(store) | ({moved} if record(store, moved).exists() else set()) >= {moved}, kept(store)
            run(store, "gc", "--purge-quarantine", "1d")
            assert kept(store) >= {moved}
            is_sound(store)
            assert keys(store) == {good}
            time.sleep(0.02)  # what has just been set aside is not purged; times of files are behind by up to a tick
            ok(store, "gc", "--purge-quarantine", "0")
            assert not kept(store)
        self.interrupt_everywhere(["gc", "--purge-quarantine", "0"], check)

    def test_repair(self):
        restored, moved, good = self.make(3)
        ok(self.store, "set", restored, "n=2")
        for key in (restored, moved):
            flip(record(self.store, key))

        def check(store):
            run(store, "repair")
            is_sound(store)
            assert keys(store) == {restored, good}, keys(store)
            assert values(store, restored) == {"n": "1"}, values(store, restored)
            kept = [json.loads(line) for line in ok(store, "quarantine", "ls", "--json").splitlines()]
            assert {each["key"] for each in kept} == {restored, moved}, kept
        self.interrupt_everywhere(["repair", "--jobs", "1"], check)

    def test_quarantine_purge(self):
        moved, good = self.make(2)
        flip(record(self.store, moved))
        run(self.store, "repair")

        def check(store):
            is_sound(store)
            assert keys(store) == {good}
            ok(store, "quarantine", "purge", "--all", "--yes")
            assert not ok(store, "quarantine", "ls", "--json")
        self.interrupt_everywhere(["quarantine", "purge", "--all", "--yes"], check)

    def test_quarantine_restore(self):
        moved, good = self.make(2)
        flip(record(self.store, moved))
        run(self.store, "repair")
        file, = (self.store / "quarantine").glob(f"{moved}*")
        flip(file)  # as it was

        def check(store):
            is_sound(store)
            if moved not in keys(store):
                name = json.loads(ok(store, "quarantine", "ls", "--json"))["name"]
                ok(store, "quarantine", "restore", name, "--yes")
            assert keys(store) == {moved, good}
            assert values(store, moved) == {"n": "1"}
        name = json.loads(ok(self.store, "quarantine", "ls", "--json"))["name"]
        self.interrupt_everywhere(["quarantine", "restore", name, "--yes"], check)

    def test_import(self):
        lines = self.folder / "lines"
        here = self.make(3)
        lines.write_text(ok(self.store, "export"))
        for key in here[:2]:
            ok(self.store, "rm", key)

        def check(store):
            is_sound(store)
            assert here[2] in keys(store)
            ok(store, "import", lines)
            assert keys(store) == set(here)
            for key in here:
                assert values(store, key) == {"n": "1"}
        self.interrupt_everywhere(["import", lines], check)

    def test_rotate_keys(self):
        ok(self.store, "init")
        session_id = ok(self.store, "create", "n=1").strip()

        def check(store):
            is_sound(store)
            assert '"n"' in ok(store, "show", "--json", "--id", "-", input=session_id)
            later = ok(store, "create", "n=2").strip()
            assert '"n"' in ok(store, "show", "--json", "--id", "-", input=later)
        self.interrupt_everywhere(["rotate-keys"], check)


if __name__ == "__main__":
    unittest.main()
