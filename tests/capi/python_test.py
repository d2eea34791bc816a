#!/usr/bin/env python3
"""tools/bindings/sess.py against the library that was built: sessions, requests, threads, and errors."""
import os
import sys
import tempfile
import threading

build = os.environ.get("SESS_BUILD", "build")
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
if os.environ.get("SAN"):
    print("not under a sanitizer: its run-time would have to be loaded first")
    sys.exit(77)
library = os.path.realpath(os.path.join(root, build, "lib"))
if os.environ.get("LD_LIBRARY_PATH", "").split(":")[0] != library:
    # The loader reads it once, when the program begins.
    os.environ["LD_LIBRARY_PATH"] = library
    os.execv(sys.executable, [sys.executable] + sys.argv)
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(root, "tools", "bindings"))

import sess  # noqa: E402  pylint: disable=wrong-import-position


def raised(kind, work):
    try:
        work()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def cookie_of(request, cookie):
    for name, value in request.headers:
        if name == "Set-Cookie" and "Max-Age=0" not in value:
            cookie = value.split(";")[0]
    return cookie


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "store")
    assert "store" in str(raised(sess.Error, lambda: sess.Store(path)))
    raised(TypeError, lambda: sess.Store(path, nonsense=1))
    store = sess.Store(path, create=True)

    # Every type, there and back.
    values = {"none": None, "yes": True, "int": -2**63, "real": 0.5, "text": "a\0é", "empty": "", "bytes": b"\xff\0"}
    session = store.create(values)
    seen = {}
    store.update(session, lambda editor: seen.update({name: editor[name] for name in editor.names()}))
    assert seen == values, seen
    assert all(type(seen[name]) is type(values[name]) for name in values)

    # Threads lose nothing; what a change raises rolls back.
    store.update(session, lambda editor: editor.__setitem__("n", 0))

    def count(editor):
        editor["n"] = editor["n"] + 1

    threads = [threading.Thread(target=lambda: [store.update(session, count) for _ in range(100)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    def spoil(editor):
        editor["n"] = 0
        raise ZeroDivisionError

    raised(ZeroDivisionError, lambda: store.update(session, spoil))
    store.update(session, lambda editor: seen.update(n=editor["n"]))
    assert seen["n"] == 400, seen

    # What is refused.
    raised(TypeError, lambda: store.create({"a": object()}))
    raised(OverflowError, lambda: store.create({"a": 2**63}))
    raised(KeyError, lambda: store.update(session, lambda editor: editor["nothing"]))
    assert raised(sess.Outcome, lambda: store.destroy("nonsense")).status == sess.ABSENT
    assert raised(sess.Outcome, lambda: store.update("nonsense", count)).status == sess.ABSENT
    assert "wanted integer" in str(raised(sess.Error, lambda: store.update(session, lambda e: e.add("text"))))
    store.destroy(session)
    assert raised(sess.Outcome, lambda: store.destroy(session)).status == sess.ABSENT
    store.gc()

    # Requests: a session, a conflict, a login, a token, a logout.
    cookies = sess.Cookies(secure=False)
    raised(sess.Error, lambda: sess.Cookies(max_age=1_000_000_000))
    raised(OverflowError, lambda: sess.Cookies(max_age=2**64 + 60))
    raised(ValueError, lambda: sess.Cookies(path="/a\0b"))
    raised(TypeError, lambda: sess.Cookies(colour="red"))
    cookie = None
    for visit in range(1, 4):
        request = sess.Request(store, cookies, cookie)
        while request.start():
            request["visits"] = (request.get("visits") or 0) + 1
            assert request["visits"] == visit
        assert len(request.headers) == (1 if visit == 1 else 0)
        cookie = cookie_of(request, cookie)
    turns = 0
    request = sess.Request(store, cookies, cookie)
    while request.start():
        turns += 1
        request["visits"] = request["visits"] * 2
        if turns == 1:
            other = sess.Request(store, cookies, cookie)
            while other.start(sess.LOCKED):
                other.add("visits", 2)
    assert turns == 2
    raised(sess.Error, lambda: request.get("visits"))
    request = sess.Request(store, cookies, cookie)
    while request.start():
        assert request.principal is None
        assert request["visits"] == 10
        # C would take the half before a zero byte for all of it, and ctypes what fits of a number.
        raised(ValueError, lambda: request.authenticate("admin\0evil"))
        raised(ValueError, lambda: request.__setitem__("n\0n", 1))
        raised(OverflowError, lambda: request.add("visits", 2**64))
        assert request.principal is None and not request.csrf_check("\0")
        request["text"] = "a\0b"
        assert request["text"] == "a\0b"
        request.authenticate("ann")
        page = "<" + request.csrf_token() + ">"
    assert ("Cache-Control", "no-store") in request.headers
    token = request.complete(page)[1:-1]
    assert len(token) == 86
    anonymous, cookie = cookie, cookie_of(request, cookie)
    assert cookie.startswith("sid-auth=")
    request = sess.Request(store, cookies, anonymous)
    while request.start(sess.SNAPSHOT):
        assert request.principal is None and not request.csrf_check(token)
    request = sess.Request(store, cookies, cookie)
    while request.start():
        assert request.principal == "ann" and request.csrf_check(token) and "visits" in request
        request.logout()
    request = sess.Request(store, cookies, cookie)
    while request.start():
        assert request.principal is None
print("python: ok")
