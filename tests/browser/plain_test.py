#!/usr/bin/python3
"""A browser that runs no scripts, and one that keeps no cookies either: the forms work by themselves."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from browser import BrowserTest


class WithoutScripts(BrowserTest):
    def test_login_visits_cart_and_logout_work_by_forms(self):
        visitor = self.visitor()
        tab = visitor.open("/fcgi/", scripts=False)
        tab.click("#visit button")
        tab.shows("#notice", "Counted.")
        tab.send("#login", user="ann", password="bananas")
        tab.shows("#notice", "There is no such user, or the password is another one.")
        self.assertEqual(tab.text("#user"), "nobody")
        tab.log_in("ann")
        tab.shows("#notice", "Welcome, ann.")
        self.assertEqual(tab.text("#visits"), "1")
        tab.send("#cart-add", item="tea")
        tab.shows("#cart", "1 × tea")
        tab.send("#captcha-check", answer="1")
        tab.shows("#notice", "Those were not the digits; here are others.")
        tab.log_out()
        self.assertEqual(tab.text("#user"), "nobody")
        self.assertNotIn("__Host-sid-auth", visitor.cookies())

    def test_logout_everywhere_works_by_its_form(self):
        one = self.visitor().open("/fcgi/", scripts=False)
        other = self.visitor().open("/fcgi/", scripts=False)
        one.log_in("ann")
        other.log_in("ann")
        one.click("#logout-everywhere button")
        one.shows("#user", "nobody")
        other.expect(409)  # of the captcha, while the session from before the login can still be read
        other.reload()
        other.shows("#user", "nobody")

    def test_a_form_with_the_token_from_before_a_login_is_refused_with_a_sentence(self):
        visitor = self.visitor()
        one, other = visitor.open("/fcgi/", scripts=False), visitor.open("/fcgi/", scripts=False)
        one.log_in("ann")
        other.expect(403)
        other.click("#visit button")
        other.shows("body", "This form has expired, or was not sent by this site. Please load the page again.")
        one.reload()
        self.assertEqual(one.text("#visits"), "0")

    def test_the_plain_page_counts_by_its_cookie(self):
        visitor = self.visitor()
        tab = visitor.open("/fcgi/plain", scripts=False)
        for count in range(1, 4):
            tab.click("#visit button")
            tab.shows("#visits", f"Visits: {count}")
        self.assertEqual(tab.driver().current_url, self.site.url + "fcgi/plain")


class WithoutCookies(BrowserTest):
    cookies = False

    def test_the_plain_page_counts_by_its_links(self):
        visitor = self.visitor()
        tab = visitor.open("/fcgi/plain", scripts=False)
        for count in range(1, 4):
            tab.click("#visit button")
            tab.shows("#visits", f"Visits: {count}")
        tab.click("main a")
        tab.shows("#visits", "Visits: 3")
        self.assertEqual(visitor.cookies(), {})
        self.assertIn("session=", tab.driver().current_url)
        # Nobody else is told the address: it has the session in it.
        tab.click("nav a[href='/fcgi/']")
        tab.shows("#user", "nobody")


if __name__ == "__main__":
    unittest.main()
