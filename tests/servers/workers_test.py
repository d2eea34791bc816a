#!/usr/bin/python3
"""Workers behind each web server: recycled, killed, told to stop while they are at something. What was confirmed is in the
session, and nothing that was not sent is."""

import json
import os
import pathlib
import signal
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from site_server import FASTCGI, SERVERS, Browser, Gate, Site, in_background


def visits(browser, program):
    return json.loads(browser.get(f"{program}/me").body)["visits"]


class Workers(unittest.TestCase):
    def each_server(self, work, **options):
        for server in SERVERS:
            with self.subTest(server=server), Site(server, gate=True, **options) as site:
                work(site)

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
            print(f"{site.server}: recycled {len(set(before) - set(site.workers()))} of {len(before)} workers; {counts}")
            self.assertEqual(counts, {200: 800})
            self.assertEqual(visits(browser, "/fcgi"), 801)

        self.each_server(recycle, recycle=20)


if __name__ == "__main__":
    unittest.main()
