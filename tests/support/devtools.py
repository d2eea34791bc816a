"""Chromium's DevTools protocol, for what WebDriver cannot do: contexts of their own, cookies as they are stored, requests
that are held, and everything that a page complains of. https://chromedevtools.github.io/devtools-protocol/"""

import json
import queue
import socket
import threading
import urllib.request

from wsproto import ConnectionType, WSConnection
from wsproto.events import CloseConnection, Ping, Request, TextMessage

# Longer than anything takes that goes well; what waits so long has failed.
PATIENCE = 30


class DevTools:
    """One connection to the browser. Questions may be asked by any thread; events are handed to who listens to their
    session by the thread that reads, which must not wait, so a listener may `tell` and must not `ask`."""

    def __init__(self, address):
        with urllib.request.urlopen(f"http://{address}/json/version", timeout=PATIENCE) as answer:
            url = json.load(answer)["webSocketDebuggerUrl"]
        host, _, port = address.partition(":")
        self._socket = socket.create_connection((host, int(port)), PATIENCE)
        self._socket.settimeout(None)
        self._web_socket = WSConnection(ConnectionType.CLIENT)
        self._lock = threading.Lock()
        self._number = 0
        self._answers = {}
        self._listeners = {}
        self._is_open = threading.Event()
        self._send(Request(host=address, target=url.split(address, 1)[1]))
        threading.Thread(target=self._read, daemon=True).start()
        if not self._is_open.wait(PATIENCE):
            raise RuntimeError("the browser takes no connection for DevTools")

    def close(self):
        self._socket.close()

    def listen(self, session, listener):
        """`listener(method, params)` gets the events of this session."""
        self._listeners[session] = listener

    def ask(self, method, session=None, **params):
        """Waits for the answer, and raises what is an error."""
        answer = self._start(method, session, params).get(timeout=PATIENCE)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def tell(self, method, session=None, **params):
        """Does not wait for the answer."""
        self._start(method, session, params)

    def _start(self, method, session, params):
        answer = queue.Queue()
        with self._lock:
            self._number += 1
            number = self._number
            self._answers[number] = answer
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        self._send(TextMessage(json.dumps(message)))
        return answer

    def _send(self, event):
        with self._lock:
            self._socket.sendall(self._web_socket.send(event))

    def _read(self):
        text = ""
        while True:
            try:
                received = self._socket.recv(1 << 16)
            except OSError:
                return
            if not received:
                return
            with self._lock:
                self._web_socket.receive_data(received)
                events = list(self._web_socket.events())
            for event in events:
                if isinstance(event, TextMessage):
                    text += event.data
                    if event.message_finished:
                        self._take(json.loads(text))
                        text = ""
                elif isinstance(event, Ping):
                    self._send(event.response())
                elif isinstance(event, CloseConnection):
                    return
                else:
                    self._is_open.set()

    def _take(self, message):
        if "id" in message:
            self._answers.pop(message["id"]).put(message)
            return
        listener = self._listeners.get(message.get("sessionId"))
        if listener:
            listener(message["method"], message["params"])
