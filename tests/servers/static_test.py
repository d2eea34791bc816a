#!/usr/bin/python3
"""What each web server says of the demo's static files: who may frame them, and what they are. A page's own policy is in a
meta element, where a browser ignores frame-ancestors."""

import contextlib
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from site_server import CGI, FASTCGI, SERVERS, Browser, Site

TYPES = {
    "/": "text/html; charset=utf-8",
    "/replay.html": "text/html; charset=utf-8",
    "/assets/demo.css": "text/css; charset=utf-8",
    "/assets/site.js": "text/javascript; charset=utf-8",
    "/assets/icon.svg": "image/svg+xml",
    "/favicon.ico": "image/x-icon",
}
# The longest body of a request, in bytes.
MOST = 1 << 20
HEADERS = {
    "Content-Security-Policy": ["frame-ancestors 'none'"],
    "X-Content-Type-Options": ["nosniff"],
    "Referrer-Policy": ["same-origin"],
}


class Static(unittest.TestCase):
    def test_static_files_cannot_be_framed_and_are_what_they_say(self):
        for server in SERVERS:
            with Site(server) as site:
                for path, kind in TYPES.items():
                    with self.subTest(server=server, path=path):
                        answer = Browser(site).get(path)
                        self.assertEqual(answer.status, 200)
                        self.assertEqual(answer.headers["Content-Type"].lower(), kind)
                        self.assertEqual({name: answer.headers.get_all(name) for name in HEADERS}, HEADERS)
                with self.subTest(server=server, path="no such file"):
                    answer = Browser(site).get("/nothing.html")
                    self.assertEqual(answer.status, 404)
                    self.assertEqual({name: answer.headers.get_all(name) for name in HEADERS}, HEADERS)

    def test_programs_have_one_policy_and_that_is_their_own(self):
        for server in SERVERS:
            with Site(server) as site:
                for program in CGI[server] + FASTCGI:
                    with self.subTest(server=server, program=program):
                        headers = Browser(site).get(f"{program}/").headers
                        policy, = headers.get_all("Content-Security-Policy")
                        self.assertTrue(policy.startswith("default-src 'none'"), policy)
                        self.assertTrue(policy.endswith("frame-ancestors 'none'"), policy)
                        self.assertEqual(headers.get_all("X-Content-Type-Options"), ["nosniff"])

    def test_an_address_that_only_begins_like_a_programs_is_nobodys(self):
        for server in SERVERS:
            with Site(server, naive=True) as site:
                # What an editor or an administrator leaves.
                for backup in ("site.cgi.bak", "counter.cgi.bak", "naive.cgi.bak"):
                    (site.place / "bin" / backup).write_text("not for visitors\n")
                for program in ("/cgi", "/counter", "/fcgi", "/prefork", "/naive-cgi", "/naive-fcgi"):
                    for path in (f"{program}x", f"{program}x/me", f"{program}.bak"):
                        with self.subTest(server=server, path=path):
                            answer = Browser(site).get(path)
                            self.assertEqual(answer.status, 404)
                            self.assertEqual({name: answer.headers.get_all(name) for name in HEADERS}, HEADERS)

    def test_a_body_that_is_too_long_is_refused(self):
        for server in SERVERS:
            with Site(server, gate=True) as site:
                for program in CGI[server] + FASTCGI:
                    # mod_fcgid has no better word.
                    refused = 500 if (server, program) == ("apache", "/prefork") else 413
                    for length, status in ((MOST, 200), (MOST + 1, refused), (20 * MOST, refused)):
                        with self.subTest(server=server, program=program, length=length):
                            self.assertEqual(self.post(site, f"{program}/visit", length), status)

    def post(self, site, path, length):
        """The status that a body of this length gets; a server need not read one that is too long."""
        with contextlib.closing(site.connect()) as connection:
            connection.putrequest("POST", path)
            connection.putheader("Content-Type", "application/x-www-form-urlencoded")
            connection.putheader("Content-Length", str(length))
            connection.putheader("Connection", "close")
            connection.endheaders()
            try:
                connection.send(b"x" * length)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return connection.getresponse().status

    def test_a_server_without_cgi_says_so_without_an_error(self):
        for server in SERVERS:
            with self.subTest(server=server), Site(server) as site:
                self.assertEqual(Browser(site).get("/cgi/health").status, 200 if CGI[server] else 204)


if __name__ == "__main__":
    unittest.main()
