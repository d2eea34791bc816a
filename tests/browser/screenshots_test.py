#!/usr/bin/python3
"""Every page fits a phone and a desk, in light and in dark. SESS_SCREENSHOTS names a folder for pictures of them."""

import base64
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from browser import BrowserTest

SCREENS = {"phone": (360, 740, True), "desktop": (1280, 800, False)}
SCHEMES = ("light", "dark")
PAGES = {"start": "/", "site": "/fcgi/", "session": "/fcgi/session", "plain": "/fcgi/plain", "replay": "/replay.html?run"}
# What WCAG 2.1 wants between text and ground.
CONTRAST = 4.5
# Of what is read, wherever text stands in an element of its own; its ground is the first one below that is not clear.
MEASURE = """
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = colour => numbers(colour).slice(0, 3).map(part => part / 255)
    .map(part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [.2126, .7152, .0722][place], 0);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((numbers(colour)[3] ?? 1) > 0) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const faint = [];
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const [one, other] = [light(getComputedStyle(element).color), light(ground(element))].sort((a, b) => b - a);
    const contrast = (one + .05) / (other + .05);
    if (contrast < given[0]) faint.push(`${contrast.toFixed(2)} ${element.tagName} ${element.textContent.trim()}`);
  }
  return faint;
"""


class Screens(BrowserTest):
    settings = {"naive": True, "DEMO_SLOW_PAGES": 1}

    def is_ready(self, tab, name):
        if name == "session":
            tab.shows("dd[data-fact='Logged in']", "ann")
        elif name == "replay":
            tab.until(lambda: tab.find("body").get_attribute("data-done") == "1", "a run")
        elif name == "site":
            tab.until(lambda: tab.text("#logins"), "the logins")
            tab.until(lambda: tab.run("return document.querySelector('#captcha').complete"), "the picture")

    def keep(self, tab, name):
        folder = os.environ.get("SESS_SCREENSHOTS")
        if not folder:
            return
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        picture = tab.ask("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        pathlib.Path(folder, f"{name}.png").write_bytes(base64.b64decode(picture))

    def test_pages_fit_and_can_be_read_on_every_screen(self):
        visitor = self.visitor()
        site = visitor.open("/fcgi/")
        site.log_in("ann")
        site.send("#cart-add", item="tea")
        site.shows("#cart", "1 × tea")
        for name, page in PAGES.items():
            tab = visitor.open(page)
            self.is_ready(tab, name)
            for screen, (width, height, mobile) in SCREENS.items():
                tab.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)
                for scheme in SCHEMES:
                    with self.subTest(page=name, screen=screen, scheme=scheme):
                        tab.ask("Emulation.setEmulatedMedia", features=[
                            {"name": "prefers-color-scheme", "value": scheme},
                            # Colours that are on their way to others would be measured.
                            {"name": "prefers-reduced-motion", "value": "reduce"}])
                        self.keep(tab, f"{name}-{screen}-{scheme}")
                        self.assertLessEqual(tab.run("return document.documentElement.scrollWidth"), width)
                        self.assertEqual(tab.run(MEASURE, CONTRAST), [])


if __name__ == "__main__":
    unittest.main()
