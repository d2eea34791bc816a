#!/usr/bin/python3
"""Who owns what of a site that root starts: nothing that root writes lies where another user could put a link in its way."""

import os
import pathlib
import pwd
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import store_files
from gate import Gate
from site_server import CGI, FASTCGI, SERVERS, Browser, Site

OWNER = "www-data"
# Beside the store. In these no root writes: sockets are made by the programs that listen there, and the buffers of requests by
# the servers' processes, which are this user's too.
OWNED = {
    "lighttpd": {"run/sockets", "run/uploads"},
    "nginx": {"run/sockets", "run/body", "run/fastcgi", "run/proxy", "run/scgi", "run/uwsgi"},
    "apache": {"run/sockets", "run/fcgid"},
}


class Owners(unittest.TestCase):
    def setUp(self):
        if os.getuid() != 0:
            print("SKIPPED: who owns what of a site: only root can start it as another user", flush=True)
            self.skipTest("only root can start a site as another user")

    def test_no_directory_in_which_root_writes_is_another_users(self):
        owner = pwd.getpwnam(OWNER).pw_uid
        for server in SERVERS:
            with self.subTest(server=server), Site(server, naive=True, gate=True) as site:
                with Gate(site.gate_path):
                    for program in (*CGI[server], *FASTCGI):
                        # Long enough to be buffered in a file.
                        self.assertEqual(Browser(site).post(f"{program}/visit", "x=" + 500_000 * "y").status, 200)
                site.reload()
                while_up = store_files.files(site.place)
                self.assertEqual(site.stop(), 0)
                found = {**while_up, **store_files.files(site.place)}
                folders = {name for name, status in found.items() if stat.S_ISDIR(status.st_mode)}
                others = {name for name in folders if found[name].st_uid != 0 and not f"{name}/".startswith("store/")}
                self.assertEqual(others, OWNED[server])
                self.assertEqual({found[name].st_uid for name in others}, {owner})
                self.assertEqual({stat.S_IMODE(found[name].st_mode) for name in others}, {0o700})
                # By name, of root in a folder that is another's.
                self.assertEqual([name for name, status in found.items() if status.st_uid == 0
                                  and name and found[os.path.dirname(name)].st_uid != 0], [])
                open_to_others = [name for name in folders if found[name].st_mode & (stat.S_IWGRP | stat.S_IWOTH)]
                self.assertEqual(open_to_others, [])

    def test_root_starts_no_workers_as_root(self):
        workers = pathlib.Path(__file__).resolve().parents[2] / "tools/demo/servers/workers"
        done = subprocess.run([workers, "site", "2", "8", "site.fcgi"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("not as root", done.stderr)


if __name__ == "__main__":
    unittest.main()
