#!/usr/bin/python3
"""The page that replays both bugs, in a real browser."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from browser import BrowserTest


class Replay(BrowserTest):
    settings = {"naive": True, "DEMO_SLOW_PAGES": 1}

    def verdict(self, tab, lane):
        verdict = tab.find(f"#{lane} [data-test=verdict]")
        return verdict.get_attribute("class").split()[1:], verdict.text.splitlines()[-1]

    def wait(self, tab, times):
        tab.until(lambda: tab.find("body").get_attribute("data-done") == str(times), f"{times} runs")

    def test_the_naive_store_fails_and_libsess_does_not(self):
        # The page's requests overlap by time, as a visitor's do. Where a busy machine has kept them apart the naive store has no
        # fault to show, and the replay begins again; libsess must have none whatever the order.
        for _ in range(5):
            tab = self.visitor().open("/replay.html")
            tab.click("#run")
            self.wait(tab, 1)
            for lane in ("login-right", "captcha-right"):
                self.assertEqual(self.verdict(tab, lane)[0], ["good"])
            if all(self.verdict(tab, lane)[0] == ["bad"] for lane in ("login-left", "captcha-left")):
                break
        self.assertEqual(self.verdict(tab, "login-left"), (["bad"], "Logged out, though the login was confirmed"))
        self.assertEqual(self.verdict(tab, "login-right"), (["good"], "Still logged in as ann"))
        self.assertEqual(self.verdict(tab, "captcha-left"), (["bad"], "Right answer refused"))
        self.assertEqual(self.verdict(tab, "captcha-right"), (["good"], "Right answer accepted"))
        self.assertEqual(tab.text("#status"), "Naive file store: 2 of 2 went wrong. libsess: 0 of 2 went wrong.")
        # The answer that came last has brought the cookie, on the left that of the login, on the right another one.
        late = {side: tab.text(f"#login-{side} [data-request=poll] .cookie") for side in ("left", "right")}
        login = {side: tab.text(f"#login-{side} [data-request=login] .cookie") for side in ("left", "right")}
        self.assertEqual(late["left"], login["left"])
        self.assertNotEqual(late["right"], login["right"])

    def test_the_naive_side_pointed_at_libsess_has_no_fault(self):
        tab = self.visitor().open("/replay.html?run&left=/fcgi")
        self.wait(tab, 1)
        for lane in ("login-left", "login-right", "captcha-left", "captcha-right"):
            self.assertEqual(self.verdict(tab, lane)[0], ["good"])

    def test_a_replay_leaves_the_visitors_own_login_alone(self):
        visitor = self.visitor()
        site = visitor.open("/fcgi/")
        site.log_in("bob")
        site.send("#cart-add", item="tea")
        site.shows("#cart", "1 × tea")
        before = {name: cookie["value"] for name, cookie in visitor.cookies().items()}
        tab = visitor.open("/")
        tab.click("#to-replay")
        self.wait(tab, 1)
        after = {name: cookie["value"] for name, cookie in visitor.cookies().items()}
        self.assertEqual({name: after[name] for name in before}, before)
        site.reload()
        self.assertEqual(site.text("#user"), "bob")
        self.assertEqual(site.text("#cart"), "1 × tea")


if __name__ == "__main__":
    unittest.main()
