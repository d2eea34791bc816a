#!/usr/bin/python3
"""One visitor's way through the site, in a real browser, over TLS, behind each web server: what is seen, and the cookies as
the browser has stored them."""

import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from browser import BrowserTest
from site_server import CGI

ANONYMOUS = "__Host-sid"
AUTHENTICATED = "__Host-sid-auth"
MONTH = 30 * 24 * 3600


class Journey(BrowserTest):
    server = None

    def stored(self, visitor, name):
        """The cookie, which has every attribute of a session's that a browser keeps."""
        cookie = visitor.cookies()[name]
        self.assertTrue(cookie["secure"])
        self.assertTrue(cookie["httpOnly"])
        self.assertEqual(cookie["sameSite"], "Lax")
        self.assertEqual(cookie["path"], "/")
        # Host-only: one with a Domain attribute is stored with a leading dot.
        self.assertEqual(cookie["domain"], "localhost")
        self.assertAlmostEqual(cookie["expires"] - time.time(), MONTH, delta=300)
        return cookie

    def travel(self, site, program):
        visitor = self.visitor(site)
        tab = visitor.open(f"{program}/")
        self.assertEqual(tab.text("#user"), "nobody")

        tab.click("#visit button")
        tab.shows("#visits", "1")
        anonymous = self.stored(visitor, ANONYMOUS)
        self.assertNotIn(AUTHENTICATED, visitor.cookies())

        tab.log_in("ann")
        tab.shows("#notice", "Welcome, ann.")
        tab.shows("#visits", "1")
        authenticated = self.stored(visitor, AUTHENTICATED)
        self.assertNotEqual(authenticated["value"], anonymous["value"])
        self.assertEqual(tab.run("return document.cookie"), "")

        tab.send("#cart-add", item="tea")
        tab.shows("#cart", "1 × tea")
        tab.send("#cart-add", item="<b>milk</b>")
        tab.shows("#cart", "1 × <b>milk</b>\n1 × tea")
        tab.reload()
        tab.shows("#user", "ann")
        tab.shows("#cart", "1 × <b>milk</b>\n1 × tea")
        polls = int(tab.text("#polls"))
        tab.until(lambda: int(tab.text("#polls")) > polls, "another poll")
        self.assertEqual(self.stored(visitor, AUTHENTICATED)["value"], authenticated["value"])

        tab.log_out()
        tab.shows("#user", "nobody")
        self.assertNotIn(AUTHENTICATED, visitor.cookies())
        tab.reload()
        tab.shows("#user", "nobody")
        tab.shows("#visits", "0")

    def behind(self, server):
        site = self.enterContext(self.chromium.site(server))
        for program in ("/fcgi",) + CGI[server]:
            with self.subTest(program=program):
                self.travel(site, program)

    def test_a_visitor_shops_and_logs_in_and_out_behind_lighttpd(self):
        self.behind("lighttpd")

    def test_a_visitor_shops_and_logs_in_and_out_behind_nginx(self):
        self.behind("nginx")

    def test_a_visitor_shops_and_logs_in_and_out_behind_apache(self):
        self.behind("apache")


if __name__ == "__main__":
    unittest.main()
