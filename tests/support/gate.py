"""What tests decide the order of requests with: the gate at which requests to the demo site stop, and threads and
conditions that are waited for."""

import collections
import os
import queue
import signal
import socket
import struct
import threading
import time

# Longer than anything takes that goes well; what waits so long has failed. Less than the site's gate holds a request
# (tools/demo/site/gate.cpp), so that none goes on by itself while a test still waits for the other.
PATIENCE = 60


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

    def arrived(self, label):
        """How many stand at the gate with this label, and are not held yet."""
        return self._stops_of(label).qsize()

    def let_go(self, label, connection):
        """Lets a request go that is held, and from every point after."""
        self.release(connection)
        self.release(self.hold(label, "send"))


class Held:
    """A request of a visitor that stands at the gate."""

    def __init__(self, gate, browser, program, page, point, label=None):
        self.gate, self.browser, self.program = gate, browser, program
        self.label = label or f"{program[1:]}-{page}"
        self.answer = in_background(browser.copy().post, f"{program}/{page}", gate=self.label)
        self.connection = gate.hold(self.label, point)

    def go_on(self, point):
        """To a later point, and no further."""
        self.gate.release(self.connection)
        self.connection = self.gate.hold(self.label, point)

    def let_go(self):
        self.gate.let_go(self.label, self.connection)
        return self.answer()

    def kill(self):
        """The program that is at it."""
        os.kill(self.gate.process(self.connection), signal.SIGKILL)
        self.connection.close()
        return self.answer()


def wait_until(is_so, otherwise):
    """Returns when `is_so()`; raises what is wrong `otherwise`."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        if time.monotonic() > until:
            raise TimeoutError(otherwise)
        time.sleep(0.02)


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
