#!/usr/bin/python3
"""The two races that libsess exists to end, in a real browser: the page polls by itself, a person logs in or answers the
captcha, and the site's gate decides which answer comes last. The same steps on the naive store go wrong, so the steps are
those that matter."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from browser import BrowserTest


class Races(BrowserTest):
    settings = {"gate": True, "naive": True}

    def expired_with_poll(self, program, label):
        """A page whose session has expired, and whose poll, sent since, stands at the gate with what it has read."""
        visitor = self.visitor()
        tab = visitor.open(f"{program}/")
        tab.click("#visit button")
        tab.shows("#visits", "1")
        poll = tab.hold(f"*{program}/info")
        poll.wait()
        tab.run(f"await fetch('{program}/demo/expire', {{ method: 'POST' }})")
        poll.let_go(label)
        return visitor, tab, self.gate.hold(label, "load")

    def stays(self, tab, user):
        """After a reload and more polls, all of which are answered."""
        tab.reload()
        for _ in range(2):
            polls = len(tab.answers("/fcgi/info"))
            tab.answered("/fcgi/info", polls)
        tab.shows("#user", user)
        tab.reload()
        self.assertEqual(tab.text("#user"), user)

    def test_a_login_stays_when_the_answer_of_an_older_poll_comes_last(self):
        visitor, tab, poll = self.expired_with_poll("/fcgi", "late-poll")
        before = visitor.cookies()
        tab.log_in("ann")
        login = visitor.cookies()["__Host-sid-auth"]["value"]
        polls = len(tab.answers("/fcgi/info"))
        self.gate.let_go("late-poll", poll)
        tab.answered("/fcgi/info", polls)
        # The late answer has brought a cookie, as it does in the naive store: but not the login's.
        after = visitor.cookies()
        self.assertNotEqual(after["__Host-sid"]["value"], before["__Host-sid"]["value"])
        self.assertEqual(after["__Host-sid-auth"]["value"], login)
        self.stays(tab, "ann")

    def test_a_login_stays_when_its_answer_comes_after_that_of_a_poll(self):
        visitor, tab, poll = self.expired_with_poll("/fcgi", "early-poll")
        form = tab.hold("*/fcgi/login")
        tab.send("#login", user="ann", password="apples")
        form.wait()
        form.let_go("late-login")
        login = self.gate.hold("late-login", "send")
        polls = len(tab.answers("/fcgi/info"))
        self.gate.let_go("early-poll", poll)
        tab.answered("/fcgi/info", polls)
        self.assertEqual(tab.text("#user"), "nobody")
        self.gate.release(login)
        tab.shows("#user", "ann")
        tab.shows("#notice", "Welcome, ann.")
        self.assertIn("__Host-sid-auth", visitor.cookies())
        self.stays(tab, "ann")

    def test_the_naive_store_loses_the_login_in_the_same_browser(self):
        _, tab, poll = self.expired_with_poll("/naive-fcgi", "naive-poll")
        tab.log_in("ann")
        polls = len(tab.answers("/naive-fcgi/info"))
        self.gate.let_go("naive-poll", poll)
        tab.answered("/naive-fcgi/info", polls)
        tab.reload()
        self.assertEqual(tab.text("#user"), "nobody")

    def new_captcha_beside_poll(self, program, label):
        """A page that has loaded another captcha while a poll was under way that had begun before; answers its digits."""
        tab = self.visitor().open(f"{program}/")
        tab.click("#visit button")
        tab.shows("#visits", "1")
        tab.answered(f"{program}/captcha", 0)
        held = tab.hold(f"*{program}/info")
        held.wait()
        held.let_go(label)
        poll = self.gate.hold(label, "load")
        pictures = len(tab.answers(f"{program}/captcha"))
        tab.send("#captcha-check", answer="wrong")
        tab.shows("#right", "Wrong; here are other digits")
        _, headers = tab.answered(f"{program}/captcha", pictures)
        return tab, poll, headers["x-demo-captcha"]

    def test_the_right_digits_are_right_after_a_poll_that_began_before_the_picture(self):
        tab, poll, digits = self.new_captcha_beside_poll("/fcgi", "captcha-poll")
        polls = len(tab.answers("/fcgi/info"))
        self.gate.let_go("captcha-poll", poll)
        tab.answered("/fcgi/info", polls)
        tab.send("#captcha-check", answer=digits)
        tab.shows("#right", "Right")

    def test_the_right_digits_are_right_once(self):
        tab = self.visitor().open("/fcgi/")
        tab.click("#visit button")
        tab.shows("#visits", "1")
        _, headers = tab.answered("/fcgi/captcha", 0)
        # Asked for by the page after each answer; digits that nobody has replaced must be wrong all the same.
        pictures = tab.hold("*/fcgi/captcha[?]*")
        tab.send("#captcha-check", answer=headers["x-demo-captcha"])
        tab.shows("#right", "Right")
        pictures.wait()
        tab.send("#captcha-check", answer=headers["x-demo-captcha"])
        tab.shows("#right", "Wrong; here are other digits")

    def test_the_right_digits_are_right_while_a_poll_is_still_under_way(self):
        tab, poll, digits = self.new_captcha_beside_poll("/fcgi", "slow-poll")
        tab.send("#captcha-check", answer=digits)
        tab.shows("#right", "Right")
        self.gate.let_go("slow-poll", poll)

    def test_the_right_digits_are_right_while_another_picture_loads(self):
        """In another tab, which has read the session and not yet committed its own code."""
        visitor = self.visitor()
        tab = visitor.open("/fcgi/")
        tab.click("#visit button")
        tab.shows("#visits", "1")
        _, headers = tab.answered("/fcgi/captcha", 0)
        other = visitor.open("/fcgi/plain")
        picture = other.hold("*/fcgi/captcha")
        other.go("/fcgi/")
        picture.wait()
        picture.let_go("slow-picture")
        standing = self.gate.hold("slow-picture", "save")
        tab.send("#captcha-check", answer=headers["x-demo-captcha"])
        tab.shows("#right", "Right")
        self.gate.let_go("slow-picture", standing)

    def test_the_naive_store_refuses_the_right_digits_in_the_same_browser(self):
        tab, poll, digits = self.new_captcha_beside_poll("/naive-fcgi", "naive-captcha")
        polls = len(tab.answers("/naive-fcgi/info"))
        self.gate.let_go("naive-captcha", poll)
        tab.answered("/naive-fcgi/info", polls)
        tab.send("#captcha-check", answer=digits)
        tab.shows("#right", "Wrong; here are other digits")


if __name__ == "__main__":
    unittest.main()
