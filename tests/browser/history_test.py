#!/usr/bin/python3
"""Back, forward and reload, without scripts, which would put right what a cache has got wrong: no page of a user is shown
after their logout, and no form is sent twice."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from browser import BrowserTest


class History(BrowserTest):
    def open(self):
        return self.visitor().open("/fcgi/", scripts=False)

    def test_back_after_a_logout_shows_no_page_of_the_user(self):
        tab = self.open()
        tab.log_in("ann")
        tab.send("#cart-add", item="secret tea")
        tab.shows("#cart", "1 × secret tea")
        tab.click("nav a[href='/fcgi/plain']")
        tab.shows("#visits", "Visits: 0")
        tab.click("nav a[href='/fcgi/']")
        tab.log_out()
        for _ in range(3):
            tab.back()
            self.assertNotIn("ann.", tab.text("body"))
            self.assertNotIn("secret tea", tab.text("body"))

    def test_back_after_a_login_shows_that_one_is_logged_in(self):
        tab = self.open()
        tab.click("nav a[href='/fcgi/plain']")
        tab.shows("#visits", "Visits: 0")
        tab.click("nav a[href='/fcgi/']")
        tab.log_in("ann")
        tab.click("nav a[href='/fcgi/plain']")
        tab.shows("#visits", "Visits: 0")
        tab.back()
        self.assertEqual(tab.text("#user"), "ann")

    def test_no_form_is_sent_twice_by_reload_or_back(self):
        tab = self.open()
        tab.click("#visit button")
        tab.shows("#visits", "1")
        tab.reload()
        self.assertEqual(tab.text("#visits"), "1")
        tab.log_in("ann")
        tab.shows("#notice", "Welcome, ann.")
        tab.reload()
        self.assertEqual(tab.text("#user"), "ann")
        self.assertEqual(tab.text("#notice"), "")
        tab.log_out()
        tab.reload()
        self.assertEqual(tab.text("#user"), "nobody")
        tab.back()
        tab.reload()
        self.assertEqual(tab.text("#user"), "nobody")
        self.assertEqual(tab.text("#visits"), "0")


if __name__ == "__main__":
    unittest.main()
