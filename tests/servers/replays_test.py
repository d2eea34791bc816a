#!/usr/bin/python3
"""What goes wrong with sessions, replayed behind each web server: by each way that it runs programs, by two ways at once,
and, for increments, by C++ and C programs at once. libsess has no fault, and the naive store has each of them."""

import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from site_server import BUILD, PATIENCE, Site

# Two lanes have four requests at the gate at a time, which is as many as there are processes of one thread.
PROGRAMS = {
    "lighttpd": ["--naive=/naive-cgi+/naive-fcgi",
                 "--libsess=/cgi+/fcgi+/prefork+/counter", "--libsess=/prefork", "--libsess=/fcgi"],
    "nginx": ["--naive=/naive-fcgi", "--libsess=/fcgi+/prefork", "--libsess=/prefork", "--libsess=/fcgi"],
    "apache": ["--naive=/naive-cgi+/naive-fcgi",
               "--libsess=/cgi+/fcgi+/prefork+/counter", "--libsess=/prefork", "--libsess=/fcgi", "--no-keep-alive"],
}


class Replays(unittest.TestCase):
    def replay(self, server):
        # Every request is to be answered, however many come at once with one session.
        settings = {"DEMO_WAITER_LIMIT": 0, "DEMO_LOCK_TIMEOUT": PATIENCE * 1000}
        with Site(server, naive=True, gate=True, **settings) as site:
            command = [BUILD / "demo/replay", f"--port={site.port}", f"--gate={site.gate_path}", "--lanes=2"]
            # 48 of a timeline for each program, which is the largest number of cases that one has.
            done = subprocess.run([*command, "--replays=96", "--crowds=12", *PROGRAMS[server]], capture_output=True, text=True)
            print(f"==== {server}\n{done.stdout}{done.stderr}", flush=True)
            self.assertEqual(done.returncode, 0, f"behind {server}")

    def test_no_order_has_a_fault_behind_lighttpd(self):
        self.replay("lighttpd")

    def test_no_order_has_a_fault_behind_nginx(self):
        self.replay("nginx")

    def test_no_order_has_a_fault_behind_apache(self):
        self.replay("apache")


if __name__ == "__main__":
    unittest.main()
