#!/usr/bin/python3
"""Workers behind each web server: recycled, killed, told to stop while they are at something. What was confirmed is in the
session, and nothing that was not sent is."""

import collections
import json
import os
import pathlib
import pwd
import signal
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import store_files
from gate import PATIENCE, Gate, Held, in_background, wait_until
from site_server import CGI, FASTCGI, SERVERS, Browser, Site


def facts(browser, program):
    """What the site says of the visitor."""
    answer = browser.get(f"{program}/me")
    if answer.status != 200:
        raise RuntimeError(f"{browser.site.server}{program}: {answer}")
    return json.loads(answer.body)


def wait_for_worker(site, program):
    """Until the server has one again, after one was killed: it may be starting it just now."""
    wait_until(lambda: Browser(site).get(f"{program}/me").status < 500, f"{site.server}{program} answers nobody")


def visits(browser, program):
    return facts(browser, program)["visits"]


def user(browser, program):
    return facts(browser, program)["user"]


def visitor(site, program):
    """Somebody who has just logged in."""
    browser = Browser(site)
    browser.post(f"{program}/visit")
    answer = browser.post(f"{program}/login", "user=ann&password=apples")
    if answer.status != 200:
        raise RuntimeError(f"{site.server}{program}: no login: {answer}")
    return browser


class Newcomers:
    """Visitors who ask each program again and again, each time by a new connection, until the end of a `with`."""

    def __init__(self, site):
        self.site = site
        self.answers = {program: [] for program in (*CGI[site.server], *FASTCGI)}  # status, or what went wrong
        self._end = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(program,), daemon=True) for program in self.answers]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, program):
        while not self._end.is_set():
            try:
                self.answers[program].append(Browser(self.site).get(f"{program}/me").status)
            except OSError as error:
                self.answers[program].append(repr(error))

    def wait_for_more(self):
        """Until each program has been asked, and has answered, from now on."""
        enough = {program: len(answers) + 2 for program, answers in self.answers.items()}
        wait_until(lambda: all(len(self.answers[program]) >= enough[program] for program in enough), "nobody is answered")

    def counts(self):
        return {program: collections.Counter(answers) for program, answers in self.answers.items()}


class Workers(unittest.TestCase):
    def each_server(self, work, **options):
        for server in SERVERS:
            with self.subTest(server=server), Site(server, gate=True, **options) as site:
                work(site)

    def each_program(self, work):
        """With a gate: behind each server, each way of running programs."""

        def each(site):
            with Gate(site.gate_path) as gate:
                for program in (*CGI[site.server], *FASTCGI):
                    with self.subTest(server=site.server, program=program):
                        work(site, gate, program)

        self.each_server(each)

    def assert_in_order(self, site):
        self.assertEqual(store_files.locked(site.place / "store"), [])
        self.assertEqual(store_files.leftovers(site.place / "store"), [])
        self.assertEqual(site.sessctl("ls", check=False).returncode, 0)

    def hold_visits(self, site, gate):
        programs = (*CGI[site.server], *FASTCGI)
        return [Held(gate, visitor(site, program), program, "visit", "save") for program in programs]

    def assert_kept(self, held):
        for request in held:
            with self.subTest(program=request.program):
                self.assertEqual(visits(request.browser, request.program), 2)
                self.assertEqual(user(request.browser, request.program), "ann")

    def test_a_graceful_stop_answers_what_is_in_flight(self):
        def stop(site):
            with Gate(site.gate_path) as gate:
                held = self.hold_visits(site, gate)
                program_in_c = None
                if CGI[site.server]:
                    # It waits for the lock that another program holds.
                    locked = visitor(site, "/cgi")
                    held.append(Held(gate, locked, "/cgi", "report", "save"))
                    program_in_c = in_background(locked.copy().post, "/counter/reserve")
                    wait_until(lambda: site.workers("counter.cgi"), "no program in C")
                site.tell_to_stop()
                site.wait_until_stopping()
                answers = {request.label: request.let_go().status for request in held}
                if program_in_c:
                    answers["counter-reserve"] = program_in_c().status
                self.assertEqual(set(answers.values()), {200}, answers)
            self.assertEqual(site.stop(), 0)
            self.assertEqual(site.workers(), [])
            self.assert_in_order(site)
            site.start()
            self.assert_kept([request for request in held if request.label.endswith("visit")])

        self.each_server(stop, DEMO_LOCK_TIMEOUT=PATIENCE * 1000)

    def test_a_reload_answers_what_is_in_flight_and_loses_no_login(self):
        def reload(site):
            with Gate(site.gate_path) as gate, Newcomers(site) as newcomers:
                held = self.hold_visits(site, gate)
                newcomers.wait_for_more()
                site.reload()
                answers = {request.label: request.let_go().status for request in held}
                self.assertEqual(set(answers.values()), {200}, answers)
                newcomers.wait_for_more()
            self.assert_kept(held)
            self.assert_in_order(site)
            print(f"{site.server}: {newcomers.counts()}", flush=True)
            for program, counts in newcomers.counts().items():
                # Apache starts the daemons of mod_cgid and mod_fcgid again, and may lose what they are just asked.
                if site.server != "apache" or program == "/fcgi":
                    with self.subTest(program=program):
                        self.assertEqual(set(counts), {200})

        self.each_server(reload)

    def test_a_worker_killed_under_its_lock_leaves_the_old_version_and_no_lock(self):
        def kill(site, gate, program):
            browser = visitor(site, program)
            request = Held(gate, browser, program, "report", "save")
            self.assertTrue(store_files.locked(site.place / "store"))
            self.assertIn(request.kill().status, range(500, 600))
            wait_for_worker(site, program)
            answer = browser.post(f"{program}/report")
            self.assertEqual((answer.status, json.loads(answer.body)), (200, {"reports": 1}))
            self.assertEqual(user(browser, program), "ann")
            self.assert_in_order(site)

        self.each_program(kill)

    def test_a_worker_killed_after_its_commit_leaves_the_new_version(self):
        def kill(site, gate, program):
            browser = visitor(site, program)
            request = Held(gate, browser, program, "report", "send")
            self.assertIn(request.kill().status, range(500, 600))
            wait_for_worker(site, program)
            answer = browser.post(f"{program}/report")
            self.assertEqual((answer.status, json.loads(answer.body)), (200, {"reports": 2}))
            self.assert_in_order(site)

        self.each_program(kill)

    def test_the_store_is_one_users_and_another_user_is_told_whose(self):
        if os.getuid() != 0:
            print("SKIPPED: another user than the store's: only root can be one", flush=True)
            self.skipTest("only root can run programs as another user than the store's")

        def ask(site):
            store = site.place / "store"
            for program in FASTCGI:
                visitor(site, program)
            owner = pwd.getpwnam("www-data").pw_uid
            self.assertEqual(store_files.not_private(store, owner), [])
            for other in ("nobody", "root"):
                for program in ("site.cgi", "counter.cgi"):
                    command = ["runuser", "-u", other, "--", "env", f"DEMO_STORE={store}", "REQUEST_METHOD=GET",
                               "PATH_INFO=/me", site.place / "bin" / program]
                    done = subprocess.run(command, capture_output=True, text=True)
                    whose = f"it belongs to user {owner} and this process runs as user {pwd.getpwnam(other).pw_uid}"
                    with self.subTest(user=other, program=program):
                        self.assertNotEqual(done.returncode, 0)
                        self.assertEqual(done.stdout, "")
                        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
                        self.assertIn(whose, done.stderr)
            self.assertEqual(store_files.not_private(store, owner), [])
            self.assert_in_order(site)

        self.each_server(ask)

    def test_recycled_workers_lose_no_request(self):
        def recycle(site):
            browser = Browser(site)
            browser.post("/fcgi/visit")
            before = site.workers()
            answers = []

            def visit(number):
                mine = browser.copy()
                for turn in range(100):
                    answers.append(mine.post(f"{FASTCGI[(number + turn) % 2]}/visit").status)

            threads = [threading.Thread(target=visit, args=(number,)) for number in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            counts = {status: answers.count(status) for status in set(answers)}
            recycled = set(before) - set(site.workers())
            print(f"{site.server}: recycled {len(recycled)} of {len(before)} workers; {counts}", flush=True)
            self.assertEqual(counts, {200: 800})
            self.assertGreater(len(recycled), 0, "nobody was recycled")
            self.assertEqual(visits(browser, "/fcgi"), 801)

        self.each_server(recycle, recycle=20, DEMO_WAITER_LIMIT=0, DEMO_LOCK_TIMEOUT=PATIENCE * 1000)


if __name__ == "__main__":
    unittest.main()
