"""The demo site behind a real web server, and what tests ask of it: requests, a browser's cookies, and the gate at which
requests stop (tools/demo/site/gate.hpp)."""

import collections
import http.client
import os
import pathlib
import pwd
import queue
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SESS_BUILD", ROOT / "build")).resolve()
SERVERS = ("lighttpd", "nginx", "apache")
# What the site is reached by behind each of them (tools/demo/servers/README.md).
CGI = {"lighttpd": ("/cgi",), "nginx": (), "apache": ("/cgi",)}
FASTCGI = ("/fcgi", "/prefork")
RELOAD = {"lighttpd": signal.SIGUSR1, "nginx": signal.SIGHUP, "apache": signal.SIGUSR1}
# Longer than anything takes that goes well; what waits so long has failed.
PATIENCE = 60

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
        # A group of its own, so that nothing is left behind whatever happens.
        self._process = subprocess.Popen(
            [str(word) for word in self._command],
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
        """Has the server read its configuration again, without a gap. Does not wait for requests under way."""
        server = self.server_process()
        log = self.place / "log" / "server.log"
        begun = log.stat().st_size
        before = children(server)
        os.kill(server, RELOAD[self.server])
        if self.server == "lighttpd":  # one process
            wait_until(lambda: b"graceful shutdown" in log.read_bytes()[begun:], "lighttpd does not reload")
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


class Gate:
    """Where requests with a label stop, if the site was started with DEMO_GATE at this path: after their session was
    loaded ("load"), before it is committed ("save"), and before their answer is sent ("send")."""

    def __init__(self, path):
        self._stops = collections.defaultdict(queue.Queue)  # by label
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        # The site is another user; who may come here is the directory's to say.
        os.chmod(path, 0o666)
        self._socket.listen(128)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            line = connection.makefile("r").readline().strip()
            label, _, point = line.rpartition(".")
            self._stops_of(label).put((point, connection))

    def _stops_of(self, label):
        with self._lock:
            return self._stops[label]

    def hold(self, label, point):
        """Waits until this request stands at this point, letting it go from those before; answers what release wants."""
        while True:
            standing, connection = self._stops_of(label).get(timeout=PATIENCE)
            if standing == point:
                return connection
            self.release(connection)

    @staticmethod
    def process(connection):
        """The process ID of the program whose request is held."""
        return struct.unpack("iii", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[0]

    @staticmethod
    def release(connection):
        connection.sendall(b"\n")
        connection.close()

    def let_go(self, label, connection):
        """Lets a request go that is held, and from every point after."""
        self.release(connection)
        self.release(self.hold(label, "send"))


def wait_until(is_so, otherwise):
    """Returns when `is_so()`; raises what is wrong `otherwise`."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError(otherwise)
        time.sleep(0.02)


def children(process):
    return set(pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split())


def in_background(work, *arguments, **options):
    """Starts `work` in a thread; answers a function that waits for what it answers."""
    result = queue.Queue()

    def run():
        try:
            result.put((work(*arguments, **options), None))
        except BaseException as error:  # handed to who waits
            result.put((None, error))

    threading.Thread(target=run, daemon=True).start()

    def wait():
        value, error = result.get(timeout=PATIENCE)
        if error is not None:
            raise error
        return value

    return wait
