#!/usr/bin/python3
"""Visitors for as long as one likes, while workers are killed, recycled and reloaded, and sessions swept in three ways.
SOAK_SECONDS for each server (default 40; LONG=1: half an hour in all); SEED repeats what visitors do, not the order."""

import collections
import json
import os
import pathlib
import pwd
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import store_files
from books import Books
from gate import wait_until
from site_server import PATIENCE, Site
from visitors import Visitor

SERVERS = ("lighttpd", "nginx")
SECONDS = float(os.environ.get("SOAK_SECONDS", 900 if os.environ.get("LONG") else 40))
SEED = int(os.environ.get("SEED", random.randrange(1 << 32)))
VISITORS = 6
IDLE_TIMEOUT = 12  # of a session, in seconds
GC_INTERVAL = 1  # between two sweeps of a worker's thread, in seconds
THREADS = 8  # of a worker at /fcgi (tools/demo/servers); one at /prefork has one
# How much the steady worker's memory may grow between the end of the warm-up and the end, in KiB. Measured: 32 to 104, in
# runs of 10 seconds and of ten minutes alike, which is the allocator's. The steady worker answers a third of all requests,
# some 400 a second: a leak of 64 bytes a request is found by a run of a minute, and one of 1 KiB by any.
MEMORY_GROWTH = 1024

STEADY = {
    "lighttpd": 'fastcgi.server += ("/steady" => (("socket" => "{}", "check-local" => "disable")))\n',
    "nginx": "location ~ ^/steady(/|$) {{\n  fastcgi_pass unix:{};\n}}\n",
}


class SteadyWorker:
    """A process of the site that is neither killed nor recycled nor reloaded."""

    def __init__(self, site):
        self.site, self.path = site, site.work / "steady.sock"
        more = site.place / "etc" / "more"
        more.mkdir(parents=True)
        (more / "steady.conf").write_text(STEADY[site.server].format(self.path))

    def start(self):
        environment = dict(line.split("=", 1) for line in (self.site.place / "etc" / "environment").read_text().splitlines()
                           if "=" in line and not line.startswith("#"))
        del environment["DEMO_REQUEST_LIMIT"]
        owner = pwd.getpwuid((self.site.place / "store").stat().st_uid)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(self.path))
            os.chown(self.path, owner.pw_uid, owner.pw_gid)
            os.chmod(self.path, 0o600)
            listener.listen(1024)
            other = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
            self.process = subprocess.Popen([self.site.place / "bin" / "site.fcgi"], stdin=listener,
                                            env={**environment, "DEMO_THREADS": "4"}, **other)

    def sample(self):
        """Descriptors and KiB of memory, with no request under way. The sweeping thread has descriptors of its own while it
        sweeps, which on a busy machine lasts longer than any number of looks: the fewest that are seen in the time of
        several sweeps are those that stay."""
        folder = pathlib.Path(f"/proc/{self.process.pid}")
        until = time.monotonic() + 4 * GC_INTERVAL
        descriptors = sys.maxsize
        while time.monotonic() < until:
            descriptors = min(descriptors, len(os.listdir(folder / "fd")))
        memory = next(line for line in (folder / "status").read_text().splitlines() if line.startswith("VmRSS"))
        return descriptors, int(memory.split()[1])

    def stop(self):
        self.process.terminate()
        return self.process.wait(60)


class Disturber:
    """Does something again and again in a thread, until the end of a `with`."""

    def __init__(self, work, seconds):
        self.done = 0
        self._work, self._seconds = work, seconds
        self._end = threading.Event()
        self._errors = []
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        try:
            while not self._end.wait(self._seconds):
                self.done += bool(self._work())
        except Exception as error:
            self._errors.append(error)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()
        if self._errors:
            raise self._errors[0]


def visit(site, books, programs, seconds, name):
    until = time.monotonic() + seconds
    visitors = [Visitor(site, books, programs, SEED, f"{name}{number}", IDLE_TIMEOUT) for number in range(VISITORS)]
    threads = [thread for visitor in visitors for thread in visitor.threads(until)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def audit_counts(log):
    return collections.Counter(json.loads(line)["event"] for line in log.read_text().splitlines() if line)


class Soak(unittest.TestCase):
    def soak(self, server):
        books, chance = Books(), random.Random(SEED)
        with tempfile.TemporaryDirectory() as folder:
            audit = pathlib.Path(folder) / "audit"
            if os.getuid() == 0:
                os.chown(folder, pwd.getpwnam("www-data").pw_uid, -1)
            # What the site refuses by itself is backpressure_test's: here whoever waits is served.
            settings = {"DEMO_GC_INTERVAL": GC_INTERVAL, "DEMO_IDLE_TIMEOUT": IDLE_TIMEOUT, "DEMO_AUDIT": audit,
                        "DEMO_WAITER_LIMIT": 0, "DEMO_LOCK_TIMEOUT": PATIENCE * 1000}
            # A gate at which nobody stops: tokens are not asked for, and captchas told.
            site = Site(server, gate=True, recycle=500, **settings)
            steady = SteadyWorker(site)
            with site:
                steady.start()
                summary = self.disturb(site, steady, books, chance)
                self.tell(server, books, summary)
                self.assertEqual(steady.stop(), 0)
                self.settle(site, summary)
            summary["events"] = dict(audit_counts(audit))
        self.tell(server, books, summary)
        self.assertEqual(books.faults, {}, books.examples)
        self.assertLessEqual(set(books.answers), {200, 307, 409, 500, 502, 503, "none"})
        self.assertEqual(books.refused["/steady"], 0, books.refusals)
        # Only for what was done to the workers: each kill takes with it what a worker is at.
        self.assertLessEqual(sum(books.refused.values()), (summary["kills"] + summary["reloads"]) * THREADS, books.refused)
        for name in ("logins", "logouts", "captchas", "expired, asked for", "checks"):
            self.assertGreater(books.done[name], 0, name)
        for name in ("kills", "reloads", "sweeps"):
            self.assertGreater(summary[name], 0, name)
        self.assertGreater(summary["events"]["expired"], 0)
        self.assertNotIn("quarantined", summary["events"])
        self.assertEqual(summary["descriptors"][1], summary["descriptors"][0])
        self.assertLess(summary["KiB"][1] - summary["KiB"][0], MEMORY_GROWTH)

    def disturb(self, site, steady, books, chance):
        programs = ["/fcgi", "/prefork", "/steady"]
        samples = []

        def kill():
            workers = [process for process in site.workers() if process != steady.process.pid]
            if not workers:
                return False
            try:
                os.kill(chance.choice(workers), signal.SIGKILL)
            except ProcessLookupError:
                return False
            return True

        def sweep():
            done = site.sessctl("gc", check=False)
            if done.returncode not in (0, 75):  # 75: another sweeper is at work
                raise RuntimeError(f"sessctl gc: {done}")
            return done.returncode == 0

        def reload():
            site.reload()
            return True

        with Disturber(kill, 2) as kills, Disturber(reload, 5) as reloads, Disturber(sweep, 1) as sweeps:
            for name, seconds in (("warm-up", 0.4 * SECONDS), ("visitor", 0.6 * SECONDS)):
                visit(site, books, programs, seconds, name)
                samples.append(steady.sample())
        return {"kills": kills.done, "reloads": reloads.done, "sweeps": sweeps.done,
                "descriptors": [each[0] for each in samples], "KiB": [each[1] for each in samples]}

    def settle(self, site, summary):
        """What is left, when all is quiet."""
        store = site.place / "store"

        def agree():
            swept = json.loads(site.sessctl("gc", "--json").stdout)
            listed = site.sessctl("ls", "--json").stdout.splitlines()
            counted = json.loads(site.sessctl("stats", "--json").stdout)
            records = len(store_files.records(store))
            summary["records left"], summary["sessions left"] = records, counted["sessions"]
            self.assertTrue(swept["complete"])
            self.assertEqual((swept["errors"], swept["unreadable"], counted["unreadable"]), (0, 0, 0))
            # Records that say what has become of an ID are no sessions. One may expire in between; then all agree the
            # next time.
            return swept["examined"] - swept["expired"] == records and len(listed) == counted["sessions"] <= records

        wait_until(lambda: site.sessctl("gc", check=False).returncode == 0, "another sweeper does not end")
        site.stop()
        wait_until(agree, "sessctl gc, ls and stats and the directory do not agree")
        self.assertEqual(site.workers(), [])
        self.assertEqual(store_files.locked(store), [])
        # A sweep leaves those alone that may be of a commit under way, by their age.
        summary["temporary files"] = len(store_files.leftovers(store))
        self.assertLessEqual(summary["temporary files"], summary["kills"])

    def tell(self, name, books, summary):
        print(f"{name}: {SECONDS:g} s, SEED={SEED}: {dict(books.done)}; answers {dict(books.answers)}; {summary}; "
              f"refused {dict(books.refused)} {books.refusals}; faults {dict(books.faults)} {books.examples}", flush=True)

    def test_nothing_confirmed_is_lost_under_lighttpd(self):
        self.soak("lighttpd")

    def test_nothing_confirmed_is_lost_under_nginx(self):
        self.soak("nginx")

    def test_the_same_books_find_what_a_naive_store_loses(self):
        books, wanted = Books(), {"lost update", "captcha lost", "wrong logout", "logout undone"}
        with Site("nginx", naive=True, gate=True) as site:
            for turn in range(20):
                visit(site, books, ["/naive-fcgi"], 3, f"naive{turn}-")
                if wanted <= set(books.faults):
                    break
        self.tell("naive", books, {})
        self.assertLessEqual(wanted, set(books.faults))


if __name__ == "__main__":
    unittest.main()
