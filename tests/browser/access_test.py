#!/usr/bin/python3
"""Keys alone, names for what one can fill in and press, and pages of which a browser has nothing to complain."""

import pathlib
import sys
import unittest

from selenium.webdriver.common.keys import Keys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from browser import BrowserTest

PAGES = ("/", "/fcgi/", "/fcgi/session", "/fcgi/plain", "/replay.html", "/naive-fcgi/")
# Roles of what a person operates.
OPERATED = {"button", "link", "textbox", "searchbox", "checkbox", "combobox", "spinbutton"}


class Access(BrowserTest):
    settings = {"naive": True, "DEMO_SLOW_PAGES": 1}

    def focus(self, tab):
        """What has it: the name that a screen reader says."""
        return tab.driver().switch_to.active_element.accessible_name

    def tab_to(self, tab, name):
        for _ in range(40):
            if self.focus(tab) == name:
                return
            tab.keys(Keys.TAB)
        self.fail(f"no key leads to '{name}'")

    def test_one_logs_in_counts_and_logs_out_with_keys_alone(self):
        tab = self.visitor().open("/fcgi/")
        tab.keys(Keys.TAB)
        self.assertEqual(self.focus(tab), "Skip to the content")
        self.assertTrue(tab.find(".skip").location["y"] >= 0, "the skip link is not to be seen")
        tab.keys(Keys.ENTER)
        tab.until(lambda: tab.driver().switch_to.active_element.get_attribute("id") == "main", "the focus in main")
        tab.keys(Keys.TAB)
        self.assertEqual(self.focus(tab), "User")
        tab.keys("ann", Keys.TAB)
        self.assertEqual(self.focus(tab), "Password")
        tab.keys("apples", Keys.ENTER)
        tab.shows("#user", "ann")
        # The form has gone; the focus is at what stands in its place.
        tab.until(lambda: self.focus(tab) == "Log out", "the focus at Log out")
        self.tab_to(tab, "Count one more")
        tab.keys(Keys.SPACE)
        tab.shows("#visits", "1")
        self.tab_to(tab, "Item")
        tab.keys("tea", Keys.ENTER)
        tab.shows("#cart", "1 × tea")
        tab.find("#logout button").send_keys(Keys.ENTER)
        tab.shows("#notice", "You are logged out.")
        tab.until(lambda: self.focus(tab) == "User", "the focus at User")

    def test_one_replays_with_keys_alone(self):
        tab = self.visitor().open("/replay.html")
        self.tab_to(tab, "Run both")
        tab.keys(Keys.ENTER)
        tab.until(lambda: tab.find("body").get_attribute("data-done") == "1", "a run")
        self.assertEqual(self.focus(tab), "Run again")

    def test_whatever_one_can_operate_has_a_name(self):
        visitor = self.visitor()
        visitor.open("/fcgi/").log_in("ann")
        for page in PAGES:
            tab = visitor.open(page)
            nodes = tab.ask("Accessibility.getFullAXTree")["nodes"]
            found = [node for node in nodes if not node["ignored"] and node["role"]["value"] in OPERATED]
            self.assertGreater(len(found), 5)
            nameless = [node for node in found if not node.get("name", {}).get("value", "").strip()]
            self.assertEqual(nameless, [], page)
            pictures = [node for node in nodes if not node["ignored"] and node["role"]["value"] in ("image", "img")]
            self.assertEqual([node for node in pictures if not node["name"]["value"]], [], page)
            headings = tab.driver().find_elements("css selector", "h1")
            self.assertEqual(len(headings), 1, page)

    def test_no_page_has_a_fault_in_the_console(self):
        """visitor() looks for complaints at the end of every test; here are all pages, for nobody and for a user."""
        visitor = self.visitor()
        for user in (None, "ann"):
            site = visitor.open("/fcgi/")
            if user:
                site.log_in(user)
            for page in PAGES:
                tab = visitor.open(page)
                tab.until(lambda: tab.run("return document.readyState") == "complete", "all of the page")
            polls = len(site.answers("/fcgi/info"))
            site.answered("/fcgi/info", polls)

    def test_what_a_page_complains_of_is_found(self):
        """The instrument itself: a script, a picture and an error that pages do not have."""
        tab = self.visitor().open("/")
        tab.run("document.body.insertAdjacentHTML('beforeend', '<p onclick=\"1\"><img src=\"https://example.org/\">')")
        tab.run("console.error('a fault')")
        tab.run("await fetch('/nothing')")
        tab.until(lambda: len(tab.complaints()) >= 4, "complaints")
        found = "\n".join(tab.complaints())
        for text in ("inline event handler", "https://example.org/", "a fault", "404"):
            self.assertIn(text, found)
        tab.forgive()


if __name__ == "__main__":
    unittest.main()
