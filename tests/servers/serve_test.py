#!/usr/bin/python3
"""The script that serves the demo site: what it says is true, and it leaves nothing behind."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from gate import wait_until
from site_server import BUILD, ROOT, SERVERS, Site

# Says that it listens where it was told to, and does not: somebody else does, until one has asked.
IMPOSTOR = """#!/usr/bin/python3
import pathlib, re, socket, subprocess, sys
port = re.search(r"listen 127.0.0.1:([0-9]+)", pathlib.Path("{place}/etc/listen.conf").read_text())[1]
other = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1]))); print(flush=True); s.accept()"
process = subprocess.Popen([sys.executable, "-c", other, port], stdout=subprocess.PIPE)
process.stdout.read(1)
process.wait()
"""

# A test that hangs, and the process ID of the script that serves.
HANGING = """
import sys, time
sys.path.insert(0, "{support}")
from site_server import Site
site = Site("{server}", naive=True)
with site:
    print(site.work, flush=True)
    time.sleep(3600)
"""


def processes_about(place):
    """Of everybody whose command line names this directory."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if entry.name.isdigit() and str(place) in words:
            found[int(entry.name)] = words
    return found


class Serve(unittest.TestCase):
    def folder(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="libsess-"))
        folder.chmod(0o755)
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        return folder

    def serve(self, script, folder, *arguments, **environment):
        return subprocess.run([script, "--place", folder / "site", *arguments], capture_output=True, text=True,
                              env={**os.environ, "SESS_BUILD": str(BUILD), **environment})

    def test_nobody_else_who_answers_at_the_port_makes_it_ready(self):
        folder = self.folder()
        server = folder / "path" / "nginx"
        server.parent.mkdir()
        server.write_text(IMPOSTOR.format(place=folder / "site"))
        server.chmod(0o755)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        done = self.serve(ROOT / "tools/demo/serve", folder, "--server", "nginx", "--port", str(port),
                          PATH=f"{server.parent}:{os.environ['PATH']}")
        self.assertEqual(done.stdout, "")
        self.assertIn("nginx does not start", done.stderr)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(processes_about(folder), {})

    def test_a_configuration_that_has_no_limit_of_requests_is_not_served_with_one(self):
        for file, server in (("environment", "nginx"), ("apache/site.conf", "apache")):
            with self.subTest(server=server):
                folder = self.folder()
                shutil.copytree(ROOT / "tools/demo", folder / "demo")
                configuration = folder / "demo/servers" / file
                text = configuration.read_text().replace("DEMO_REQUEST_LIMIT=", "# ").replace("FcgidMaxRequests", "# ")
                configuration.write_text(text)
                done = self.serve(folder / "demo/serve", folder, "--server", server, "--recycle", "20")
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn("has no line", done.stderr)

    def test_a_test_that_is_killed_leaves_no_process_behind(self):
        for server in SERVERS:
            for killed_by in (signal.SIGKILL, signal.SIGTERM):
                with self.subTest(server=server, signal=killed_by):
                    program = HANGING.format(support=pathlib.Path(__file__).resolve().parents[1] / "support", server=server)
                    hanging = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
                    with hanging:
                        place = hanging.stdout.readline().strip()
                        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
                        self.assertGreater(len(processes_about(place)), 3)
                        hanging.send_signal(killed_by)
                    try:
                        wait_until(lambda: not processes_about(place), "processes are left")
                    finally:
                        for process in processes_about(place):
                            os.kill(process, signal.SIGKILL)

    def test_it_stops_when_told_in_the_midst_of_a_reload(self):
        for server in SERVERS:
            for _ in range(5):
                with self.subTest(server=server), Site(server) as site:
                    site.reload()
                    self.assertEqual(site.stop(), 0)


if __name__ == "__main__":
    unittest.main()
