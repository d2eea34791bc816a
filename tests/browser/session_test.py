#!/usr/bin/python3
"""The page that shows visitors their own session, live: and nothing that anybody could use."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from browser import BrowserTest


class SessionPage(BrowserTest):
    settings = {"gate": True}  # so that the captcha's digits are known

    def fact(self, tab, name):
        return tab.text(f"dd[data-fact='{name}']")

    def test_it_shows_the_key_and_a_version_that_rises_with_a_visit_in_another_tab(self):
        visitor = self.visitor()
        other = visitor.open("/fcgi/")
        other.hold("*/fcgi/info")  # so that nothing but the visit makes a version
        other.log_in("ann")
        tab = visitor.open("/fcgi/session")
        tab.shows("dd[data-fact='Logged in']", "ann")
        key = self.fact(tab, "Key")
        listed = self.site.sessctl("ls", "--full", "--json").stdout
        self.assertRegex(key, "^[0-9a-f]{40}$")
        self.assertIn(key, listed)
        # Notices, and what the page itself has set in motion, are done with.
        version = int(self.fact(tab, "Version"))
        other.click("#visit button")
        other.shows("#visits", "1")
        tab.until(lambda: int(self.fact(tab, "Version")) > version, f"a version above {version}")
        tab.until(lambda: "visits new" in tab.text("#versions"), "what the version has changed")
        self.assertIn("visits", tab.text("#values"))
        tab.until(lambda: "POST /visit" in tab.text("#timings"), "how long the visit took")
        self.assertEqual(self.fact(tab, "Key"), key)

    def test_its_own_button_counts_a_visit(self):
        tab = self.visitor().open("/fcgi/session")
        tab.shows("#status", "You have no session. It begins with the first thing that is written to it: count a visit.")
        tab.click("#count")
        tab.shows("#status", "Live: asked each second.")
        self.assertIn("visits", tab.text("#values"))

    def test_it_never_has_the_id_nor_the_digits(self):
        visitor = self.visitor()
        site = visitor.open("/fcgi/")
        _, headers = site.answered("/fcgi/captcha", 0)
        site.log_in("ann")
        digits = headers["x-demo-captcha"]
        tab = visitor.open("/fcgi/session")
        tab.until(lambda: "captcha" in tab.text("#values"), "the captcha's name")
        everything = tab.driver().page_source + tab.run("return (await fetch('/fcgi/session.json')).text()")
        self.assertIn('"captcha"', everything)
        self.assertEqual(len(digits), 5)
        for name in ("__Host-sid", "__Host-sid-auth"):
            self.assertNotIn(visitor.cookies()[name]["value"], everything)
        values = tab.run("return (await (await fetch('/fcgi/session.json')).json()).session.values")
        self.assertEqual([value for value in values if value["name"] == "captcha" and "value" in value], [])
        self.assertNotIn(digits, tab.text("#values"))


class SessionPageWithTokens(BrowserTest):
    def test_its_button_counts_no_visit_for_somebody_else_than_it_shows(self):
        visitor = self.visitor()
        site = visitor.open("/fcgi/")
        site.log_in("ann")
        tab = visitor.open("/fcgi/session")
        tab.shows("dd[data-fact='Logged in']", "ann")
        held = tab.hold("*/fcgi/session.json")
        held.wait()  # it hears nothing of what follows
        site.log_out()
        site.log_in("bob")
        tab.expect(403)
        tab.click("#count")
        tab.shows("#status", "You are now logged in as bob: in another tab. Nothing was sent.")
        self.assertEqual([status for status, _ in tab.answers("/fcgi/visit")], [403])
        held.let_go()
        tab.shows("dd[data-fact='Logged in']", "bob")
        self.assertIn("Nothing was sent.", tab.text("#status"))
        tab.click("#count")
        tab.until(lambda: "visits" in tab.text("#values"), "the visit")
        site.reload()
        self.assertEqual((site.text("#user"), site.text("#visits")), ("bob", "1"))


if __name__ == "__main__":
    unittest.main()
