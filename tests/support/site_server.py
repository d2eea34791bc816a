"""The demo site behind a real web server, and what tests ask of it: requests, and a browser's cookies. Requests are held at the
gate of gate.py."""

import collections
import http.client
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from gate import PATIENCE, Gate, in_background, wait_until

__all__ = ["BUILD", "CGI", "FASTCGI", "PATIENCE", "SERVERS", "Browser", "Gate", "Site", "in_background", "wait_until"]

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SESS_BUILD", ROOT / "build")).resolve()
SERVERS = ("lighttpd", "nginx", "apache")
# What the site is reached by behind each of them (tools/demo/servers/README.md).
CGI = {"lighttpd": ("/cgi",), "nginx": (), "apache": ("/cgi",)}
FASTCGI = ("/fcgi", "/prefork")
RELOAD = {"lighttpd": signal.SIGUSR1, "nginx": signal.SIGHUP, "apache": signal.SIGUSR1}

Answer = collections.namedtuple("Answer", "status headers body")


class Site:
    """Serves the demo site until the end of a `with`. Settings are those of tools/demo/README.md."""

    def __init__(self, server, *, tls=False, naive=False, gate=False, recycle=None, **settings):
        self.server = server
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="libsess-"))
        self.work.chmod(0o755)
        self.place = self.work / "site"
        self.gate_path = self.place / "run" / "gate"
        self._command = [ROOT / "tools/demo/serve", "--server", server, "--place", self.place]
        if tls:
            self._command.append("--tls")
        if naive:
            self._command += ["--naive", self.work / "naive"]
        if gate:
            settings["DEMO_GATE"] = self.gate_path
        if recycle:
            self._command += ["--recycle", recycle]
        for name, value in settings.items():
            self._command += ["--set", f"{name}={value}"]
        self._process = None
        self.url = None
        self.port = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, error, trace):
        self.stop()
        if kind is not None:
            print(f"---- {self.server}: {error}\n{self.logs()}")
        shutil.rmtree(self.work, ignore_errors=True)

    def start(self):
        # Nothing is left behind whatever happens: it has a group of its own, and is told to stop when this program dies.
        # The kernel tells it when the thread that started it ends, so that must be the one that lives longest.
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("a site is started by the main thread: it stops with the thread that started it")
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "--", *(str(word) for word in self._command)],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env={**os.environ, "SESS_BUILD": str(BUILD)},
        )
        line = self._process.stdout.readline()
        if not line.startswith("ready "):
            raise RuntimeError(f"{self.server} does not start: {line}\n{self.logs()}")
        self.url = line.split()[1]
        self.port = int(self.url.rstrip("/").rsplit(":", 1)[1])

    def tell_to_stop(self):
        """Gracefully: requests under way are answered first. Does not wait."""
        self._process.terminate()

    def wait_until_stopping(self):
        """Returns when the server takes nobody new in."""

        def refuses():
            if self.server == "apache":  # its daemons keep the listening socket until they end
                return "shutting down gracefully" in self.logs()
            try:
                socket.create_connection(("127.0.0.1", self.port), PATIENCE).close()
            except ConnectionRefusedError:
                return True
            return False

        wait_until(refuses, f"{self.server} does not stop")

    def reload(self):
        """Has the server read its configuration again, gracefully; returns as soon as it has begun to."""
        server = self.server_process()
        log = self.place / "log" / "server.log"
        begun = log.stat().st_size
        before = children(server)
        os.kill(server, RELOAD[self.server])
        if self.server == "lighttpd":  # one process
            wait_until(lambda: b"graceful shutdown" in log.read_bytes()[begun:], "lighttpd does not reload")
        elif self.server == "apache":
            wait_until(lambda: b"SIGUSR1 received" in log.read_bytes()[begun:], "apache does not reload")
        else:
            wait_until(lambda: children(server) - before, f"{self.server} does not reload")

    def stop(self):
        """Stops, if it runs; answers what the script that serves ended with."""
        if self._process is None:
            return None
        self._process.terminate()
        try:
            status = self._process.wait(PATIENCE)
        finally:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self._process.stdout.close()
            self._process = None
        return status

    def logs(self):
        found = sorted(self.place.glob("log/*"))
        return "\n".join(f"{file}:\n{file.read_text(errors='replace')[-3000:]}" for file in found)

    def server_process(self):
        return int((self.place / "run" / "server.pid").read_text())

    def workers(self, name="site.fcgi"):
        """Process IDs of those that run this program."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                program = os.readlink(entry / "exe")
            except OSError:
                continue
            if program.removesuffix(" (deleted)") == str(self.place / "bin" / name):
                found.append(int(entry.name))
        return sorted(found)

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def sessctl(self, *arguments, check=True):
        """Runs sessctl as the store's owner."""
        store = self.place / "store"
        command = [str(self.place / "bin" / "sessctl"), "--store", str(store), *arguments]
        owner = pwd.getpwuid(store.stat().st_uid).pw_name
        if os.getuid() == 0:
            command = ["runuser", "-u", owner, "--", *command]
        return subprocess.run(command, check=check, capture_output=True, text=True)


class Browser:
    """One visitor: cookies, and a connection for each request. One request at a time."""

    def __init__(self, site, cookies=None):
        self.site = site
        self.cookies = dict(cookies or {})

    def ask(self, method, path, body=None, gate=None):
        headers = {"Connection": "close"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = body or ""
        if gate:
            headers["X-Gate"] = gate
        connection = self.site.connect()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, response.read().decode(errors="replace"))
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";", 1)[0].split("=", 1)
            if "max-age=0" in line.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return answer

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, body="", **options):
        return self.ask("POST", path, body, **options)

    def copy(self):
        return Browser(self.site, self.cookies)


def children(process):
    return set(pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split())
