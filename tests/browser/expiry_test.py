#!/usr/bin/python3
"""A session that has expired under an open page: the page says so in words, and one can go on."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from browser import BrowserTest


class Expiry(BrowserTest):
    # A replay may end its session at once, which saves a wait.
    settings = {"gate": True}

    def expire(self, tab):
        tab.run("await fetch('/fcgi/demo/expire', { method: 'POST' })")

    def logged_in(self):
        """A page whose login is past the grace of the session that it came from: the anonymous cookie says nothing."""
        tab = self.visitor().open("/fcgi/")
        tab.log_in("ann")
        tab.ask("Network.deleteCookies", name="__Host-sid", url=self.site.url)
        return tab

    def test_a_page_says_that_its_login_has_expired_and_a_new_login_works(self):
        tab = self.logged_in()
        self.expire(tab)
        tab.shows("#status", "Your session has expired. Log in again.")
        tab.shows("#user", "nobody")
        tab.log_in("ann")
        self.assertEqual(tab.text("#status"), "")
        tab.reload()
        self.assertEqual(tab.text("#user"), "ann")

    def test_a_page_says_that_what_was_in_an_expired_session_is_gone(self):
        tab = self.visitor().open("/fcgi/")
        tab.send("#cart-add", item="tea")
        tab.shows("#cart", "1 × tea")
        # So that the page has seen more polls than a new session has.
        polls = len(tab.answers("/fcgi/info"))
        tab.answered("/fcgi/info", polls + 1)
        self.expire(tab)
        tab.shows("#status", "Your session has expired, and what was in it is gone.")
        tab.shows("#cart-empty", "Nothing is in it yet.")
        tab.send("#cart-add", item="milk")
        tab.shows("#cart", "1 × milk")

    def test_a_form_of_a_login_that_has_expired_is_done_for_nobody_and_the_page_says_so(self):
        tab = self.logged_in()
        poll = tab.hold("*/fcgi/info")
        poll.wait()
        self.expire(tab)
        tab.send("#cart-add", item="tea")
        tab.shows("#cart", "1 × tea")
        poll.let_go()
        tab.shows("#status", "Your session has expired. Log in again.")
        tab.shows("#user", "nobody")
        tab.shows("#cart", "1 × tea")


if __name__ == "__main__":
    unittest.main()
