#!/usr/bin/python3
"""One slow request under its session's lock, and many that want the same session: as many wait as the configurations say
(DEMO_WAITER_LIMIT), the others are answered 503 at once, and workers are free for other visitors. Behind each server, by
each way of running programs."""

import json
import pathlib
import queue
import re
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from gate import PATIENCE, Gate, Held, in_background
from site_server import CGI, FASTCGI, SERVERS, Browser, Site

# What the configurations set.
LIMIT = 2
LOCK_TIMEOUT = 5000  # milliseconds: less than servers give requests under way when they are told to stop
CROWD = 24
CONNECTIONS = 16
# A page that locks its session, and what says how often it was done. The program in C has no gate: what holds the lock is
# always the C++ site's report.
PAGES = {"/cgi": "report", "/fcgi": "report", "/prefork": "report", "/counter": "reserve"}
APPLES = 3

POST = """
wrk.method = "POST"
wrk.headers["Cookie"] = "{cookie}"
wrk.body = "again=1"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
local answers = {{}}
function setup(thread) thread_of_all = thread end
function init() counts = "" seen = {{}} end
function response(status)
  seen[status] = (seen[status] or 0) + 1
  counts = ""
  for key, value in pairs(seen) do counts = counts .. key .. "=" .. value .. " " end
end
function done() io.write("answers: " .. thread_of_all:get("counts") .. "\\n") end
"""


class Crowd:
    """Many requests of one visitor at once, and what they are answered as the answers come."""

    def __init__(self, browser, address):
        self.answers = queue.Queue()
        self.threads = [threading.Thread(target=self._ask, args=(browser.copy(), address)) for _ in range(CROWD)]
        for thread in self.threads:
            thread.start()

    def _ask(self, browser, address):
        self.answers.put(browser.post(address))

    def take(self, number):
        return [self.answers.get(timeout=PATIENCE) for _ in range(number)]


class Backpressure(unittest.TestCase):
    def each_program(self, work):
        for server in SERVERS:
            with Site(server, gate=True, DEMO_LOCK_TIMEOUT=PATIENCE * 1000) as site:
                with Gate(site.gate_path) as gate:
                    for program in (*CGI[server], *FASTCGI, *("/counter" for _ in CGI[server])):
                        with self.subTest(server=server, program=program):
                            work(site, gate, program)

    def slow_request(self, site, gate, program):
        """A visitor one of whose requests is held under the lock."""
        browser = Browser(site)
        browser.post(f"{program}/visit")
        holder = "/cgi" if program == "/counter" else program
        return browser, Held(gate, browser, holder, "report", "save")

    def done(self, browser, program):
        """How often the page of this program has been done, as the session has it."""
        if program == "/counter":
            answer = browser.post("/counter/reserve")
            left = json.loads(answer.body)["apples"] + 1 if answer.status == 200 else 0
            return APPLES - left
        return json.loads(browser.post(f"{program}/report").body)["reports"] - 1

    def test_programs_have_both_limits_however_they_are_started(self):
        for server in SERVERS:
            with Site(server, gate=True) as site, Gate(site.gate_path) as gate:
                for program in (*CGI[server], *FASTCGI):
                    with self.subTest(server=server, program=program):
                        held = Held(gate, Browser(site), program, "visit", "save")
                        environment = pathlib.Path(f"/proc/{gate.process(held.connection)}/environ").read_text().split("\0")
                        self.assertEqual(environment.count(f"DEMO_WAITER_LIMIT={LIMIT}"), 1)
                        self.assertEqual(environment.count(f"DEMO_LOCK_TIMEOUT={LOCK_TIMEOUT}"), 1)
                        self.assertEqual(held.let_go().status, 200)

    def test_as_many_wait_as_the_limit_says_and_the_others_are_told_to_come_again(self):
        def ask(site, gate, program):
            browser, slow = self.slow_request(site, gate, program)
            crowd = Crowd(browser, f"{program}/{PAGES[program]}")
            turned_away = crowd.take(CROWD - LIMIT)
            self.assertEqual({answer.status for answer in turned_away}, {503})
            for answer in turned_away:
                self.assertGreater(int(answer.headers["Retry-After"]), 0)
            # All that can be said of those who wait: they have no answer. Workers are free meanwhile.
            other = Browser(site)
            self.assertEqual([other.post(f"{program}/visit").status for _ in range(8)], [200] * 8)
            self.assertTrue(crowd.answers.empty())
            self.assertEqual(slow.let_go().status, 200)
            self.assertEqual([answer.status for answer in crowd.take(LIMIT)], [200] * LIMIT)
            for thread in crowd.threads:
                thread.join()
            self.assertEqual(self.done(browser, program), LIMIT if program == "/counter" else 1 + LIMIT)

        self.each_program(ask)

    def test_a_storm_on_one_session_leaves_other_visitors_their_workers(self):
        def ask(site, gate, program):
            browser, slow = self.slow_request(site, gate, program)
            cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
            script = site.work / "storm.lua"
            script.write_text(POST.format(cookie=cookie))
            command = ["wrk", "-t1", f"-c{CONNECTIONS}", "-d2s", "--timeout", "60s", "-s", script,
                       f"{site.url}{program[1:]}/{PAGES[program]}"]
            storm = in_background(subprocess.run, command, capture_output=True, text=True)
            other = Browser(site)
            self.assertEqual([other.post(f"{program}/visit").status for _ in range(50)], [200] * 50)
            told = storm().stdout
            answers = {int(status): int(count) for status, count in re.findall(r"(\d+)=(\d+)", told.split("answers:")[-1])}
            print(f"{site.server}{program}: {answers}", flush=True)
            # Nobody else gets the session while it is held.
            self.assertEqual(set(answers), {503}, told)
            self.assertEqual(slow.let_go().status, 200)
            # The clients have gone; what had been sent for them, waiting for the lock or for a worker, is done or not.
            done = self.done(browser, program) + (program == "/counter")
            self.assertIn(done, range(1, 2 + CONNECTIONS))

        self.each_program(ask)

    def test_without_a_limit_the_same_takes_all_workers(self):
        """The counter-example, with the four processes of one thread. All four stand at the gate or wait for the lock, so
        another visitor's request comes to the gate after the slow one has left it."""
        settings = {"DEMO_WAITER_LIMIT": 0, "DEMO_LOCK_TIMEOUT": PATIENCE * 1000}
        with Site("nginx", gate=True, **settings) as site, Gate(site.gate_path) as gate:
            browser, slow = self.slow_request(site, gate, "/prefork")
            # Each is at its commit, which wants the lock, as soon as it leaves this point.
            waiting = [Held(gate, browser, "/prefork", "visit", "save", label=f"visit{number}") for number in range(3)]
            for request in waiting:
                gate.release(request.connection)
            other = in_background(Browser(site).post, "/prefork/visit", gate="other")
            slow.go_on("send")
            for request in waiting:
                request.connection = gate.hold(request.label, "send")
            # Four workers, four requests that stand here.
            self.assertEqual(gate.arrived("other"), 0)
            for request in (slow, *waiting):
                gate.release(request.connection)
                self.assertEqual(request.answer().status, 200)
            gate.let_go("other", gate.hold("other", "load"))
            self.assertEqual(other().status, 200)


if __name__ == "__main__":
    unittest.main()
