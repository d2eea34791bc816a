#!/usr/bin/python3
"""Two tabs of one browser share a session, and two browsers a user: what one does, the other says in words, and nothing
that was sent before a logout is done after it."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from browser import BrowserTest

TOLD_OF_LOGOUT = "You were logged out, perhaps in another tab. Log in again."
# The second, while the session from before the login can still be read.
TOLD_OF_END = ("You were logged out: on another device, or because the session had expired. Log in again.",
               "Your session has ended. Log in again.")


def tabs_of_ann(visitor):
    one = visitor.open("/fcgi/")
    one.log_in("ann")
    other = visitor.open("/fcgi/")
    other.shows("#user", "ann")
    return one, other


class Tabs(BrowserTest):
    """With tokens."""

    def test_a_login_in_one_tab_is_said_in_the_other(self):
        visitor = self.visitor()
        one, other = visitor.open("/fcgi/"), visitor.open("/fcgi/")
        one.log_in("ann")
        other.shows("#status", "You are now logged in as ann: in another tab.")
        other.shows("#user", "ann")

    def tabs_of_ann_one_deaf(self):
        """The second hears nothing from now on."""
        one, other = tabs_of_ann(self.visitor())
        other.hold("*/fcgi/info").wait()
        return one, other

    def is_not_sent_again(self, tab, path, words):
        """A form that was refused, once: the page says why, and nothing of it is done."""
        tab.shows("#error", words)
        self.assertEqual([status for status, _ in tab.answers(path)], [403])

    def test_a_form_with_the_token_from_before_a_new_login_of_the_same_user_works(self):
        one, other = self.tabs_of_ann_one_deaf()
        one.log_out()
        one.log_in("ann")
        other.expect(403)
        other.click("#visit button")
        other.shows("#visits", "1")
        self.assertEqual([status for status, _ in other.answers("/fcgi/visit")], [403, 200])
        self.assertEqual(other.text("#error"), "")
        one.reload()
        one.shows("#visits", "1")

    def test_a_form_is_not_sent_for_who_has_logged_in_since_the_page_showed_nobody(self):
        visitor = self.visitor()
        one, other = visitor.open("/fcgi/"), visitor.open("/fcgi/")
        # The other tab hears nothing of the login before its form is sent.
        other.hold("*/fcgi/info").wait()
        one.log_in("ann")
        other.expect(403)
        other.click("#visit button")
        self.is_not_sent_again(other, "/fcgi/visit", "You are now logged in as ann: in another tab. Nothing was sent.")
        other.shows("#user", "ann")
        other.shows("#visits", "0")
        # Pressed again, by who has read that, it is for ann.
        other.click("#visit button")
        other.shows("#visits", "1")
        self.assertEqual(other.text("#error"), "")
        one.reload()
        one.shows("#user", "ann")
        one.shows("#visits", "1")

    def test_a_logout_everywhere_for_ann_does_not_log_out_bob(self):
        elsewhere = self.visitor().open("/fcgi/")
        elsewhere.log_in("bob")
        one, other = self.tabs_of_ann_one_deaf()
        one.log_out()
        one.log_in("bob")
        other.expect(403)
        other.click("#logout-everywhere button")
        self.is_not_sent_again(other, "/fcgi/logout-everywhere",
                               "You are now logged in as bob: in another tab. Nothing was sent.")
        other.shows("#user", "bob")
        for tab in (one, elsewhere):
            tab.reload()
            self.assertEqual(tab.text("#user"), "bob")

    def test_a_logout_is_not_sent_again_by_itself_even_for_the_same_user(self):
        one, other = self.tabs_of_ann_one_deaf()
        one.log_out()
        one.log_in("ann")
        other.expect(403)
        other.click("#logout button")
        self.is_not_sent_again(other, "/fcgi/logout",
                               "You have logged in again since, in another tab. Nothing was sent; press it again if you mean that.")
        one.reload()
        self.assertEqual(one.text("#user"), "ann")
        other.log_out()
        other.shows("#user", "nobody")

    def test_a_form_sent_by_a_tab_that_has_not_heard_of_the_logout_is_not_done(self):
        one, other = self.tabs_of_ann_one_deaf()
        one.send("#cart-add", item="tea")
        one.shows("#cart", "1 × tea")
        one.log_out()
        other.expect(403)
        other.send("#cart-add", item="milk")
        self.is_not_sent_again(other, "/fcgi/cart/add", f"{TOLD_OF_LOGOUT} Nothing was sent.")
        other.shows("#user", "nobody")
        self.assertEqual(other.text("#cart-empty"), "Nothing is in it yet.")
        # Pressed again, by who has read that, it is for nobody.
        other.click("#cart-add button")
        other.shows("#cart", "1 × milk")
        # Logged in again, ann has a new session: the logout has ended hers for good.
        one.log_in("ann")
        one.shows("#cart", "1 × milk")

    def test_a_logout_in_one_tab_is_said_in_the_other(self):
        visitor = self.visitor()
        one, other = tabs_of_ann(visitor)
        one.log_out()
        other.shows("#status", TOLD_OF_LOGOUT)
        other.shows("#user", "nobody")
        self.assertNotIn("__Host-sid-auth", visitor.cookies())

    def is_told_of_end(self, tab):
        tab.expect(409)
        tab.until(lambda: tab.text("#status") in TOLD_OF_END, f"#status: one of {TOLD_OF_END}")
        tab.shows("#user", "nobody")

    def test_logout_of_all_others_leaves_this_one(self):
        here, there = self.visitor(), self.visitor()
        one, other = here.open("/fcgi/"), there.open("/fcgi/")
        one.log_in("ann")
        other.log_in("ann")
        # Of another user, who stays.
        bob = self.visitor().open("/fcgi/")
        bob.log_in("bob")
        one.reload()
        one.until(lambda: len(one.text("#logins").splitlines()) > 1, "both logins")
        one.click("#logout-others button")
        one.shows("#notice", "All other logins have been ended.")
        self.is_told_of_end(other)
        one.until(lambda: len(one.text("#logins").splitlines()) == 1, "one login")
        one.reload()
        self.assertEqual(one.text("#user"), "ann")
        bob.reload()
        self.assertEqual(bob.text("#user"), "bob")

    def test_a_tab_that_was_told_of_its_end_is_not_told_of_another(self):
        here, there = self.visitor(), self.visitor()
        one, other = here.open("/fcgi/"), there.open("/fcgi/")
        one.log_in("ann")
        other.log_in("ann")
        other.click("#visit button")
        other.shows("#visits", "1")
        one.click("#logout-everywhere button")
        self.is_told_of_end(other)
        told = other.text("#status")
        # As when the session from before the login cannot be read any more.
        other.ask("Network.deleteCookies", name="__Host-sid", url=self.site.url)
        other.shows("#polls", "1")
        self.assertEqual(other.text("#status"), told)

    def test_logout_everywhere_ends_all(self):
        here, there = self.visitor(), self.visitor()
        one, other = here.open("/fcgi/"), there.open("/fcgi/")
        one.log_in("ann")
        other.log_in("ann")
        one.click("#logout-everywhere button")
        one.shows("#notice", "You are logged out everywhere.")
        one.shows("#user", "nobody")
        self.assertNotIn("__Host-sid-auth", here.cookies())
        self.is_told_of_end(other)
        other.expect(403)  # its token is the one from before
        other.log_in("ann")
        other.reload()
        self.assertEqual(other.text("#user"), "ann")


class TabsAtOnce(BrowserTest):
    """With requests that the site's gate holds, so that they are under way at once."""

    settings = {"gate": True}

    def send_to_gate(self, tab, path, label, form, **fields):
        held = tab.hold(f"*/fcgi{path}")
        tab.send(form, **fields)
        held.wait()
        held.let_go(label)
        return self.gate.hold(label, "save")

    def test_carts_of_two_tabs_add_up_when_both_add_at_once(self):
        visitor = self.visitor()
        one = visitor.open("/fcgi/")
        one.send("#cart-add", item="tea")
        one.shows("#cart", "1 × tea")
        other = visitor.open("/fcgi/")
        first = self.send_to_gate(one, "/cart/add", "cart-one", "#cart-add", item="tea")
        second = self.send_to_gate(other, "/cart/add", "cart-other", "#cart-add", item="tea")
        self.gate.let_go("cart-one", first)
        self.gate.let_go("cart-other", second)
        for tab in (one, other):
            tab.shows("#notice", "It is in the cart.")
            tab.shows("#cart", "3 × tea")

    def test_what_was_sent_before_a_logout_is_not_done_after_it(self):
        visitor = self.visitor()
        one, other = tabs_of_ann(visitor)
        before = {name: cookie["value"] for name, cookie in visitor.cookies().items()}
        standing = self.send_to_gate(other, "/cart/add", "late-cart", "#cart-add", item="tea")
        one.log_out()
        other.expect(409)
        self.gate.let_go("late-cart", standing)
        other.shows("#error", "You were logged out while this was under way. Nothing was changed.")
        other.shows("#user", "nobody")
        for tab in (one, other):
            tab.reload()
            self.assertEqual(tab.text("#user"), "nobody")
            self.assertEqual(tab.text("#cart-empty"), "Nothing is in it yet.")
        # Nor for somebody who still has the cookies from before the logout.
        asker = visitor.open("/fcgi/plain")
        for name, value in before.items():
            asker.ask("Network.setCookie", name=name, value=value, url=self.site.url, path="/", secure=True, httpOnly=True)
        self.assertEqual({name: visitor.cookies()[name]["value"] for name in before}, before)
        asker.go("/fcgi/me")
        found = json.loads(asker.text("body"))
        self.assertEqual((found["user"], found["cart"]), (None, {}))
        one.log_in("ann")
        self.assertEqual(one.text("#cart-empty"), "Nothing is in it yet.")


if __name__ == "__main__":
    unittest.main()
