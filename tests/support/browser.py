"""A real browser: headless Chromium with Debian's ChromeDriver. One process for all tests of a file; each visitor has a
context of its own (cookies, cache, storage), as a private window has, and as many tabs as they like.

WebDriver does what a person does: looks, clicks, types. DevTools (devtools.py) does what a person cannot: holds
requests so that their order is decided, reads the cookies as they are stored, and notes what pages complain of."""

import base64
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from devtools import DevTools
from site_server import Gate, Site
from tab import Tab

SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-proxy-server",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    # Each window has pages of the browser's own for its address field, in two processes more, which nobody looks at here.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup",
    # A tab that another one covers goes on polling.
    "--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
)


class Certificate:
    """One for all sites of a run, for localhost, signed by nobody."""

    def __init__(self, folder):
        self.key = folder / "key.pem"
        self.certificate = folder / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost", "-keyout", self.key, "-out", self.certificate],
            check=True, capture_output=True)

    def hash(self):
        """Of the public key, as --ignore-certificate-errors-spki-list takes it."""
        public = ["openssl", "x509", "-in", self.certificate, "-noout", "-pubkey"]
        pem = subprocess.run(public, check=True, capture_output=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"], input=pem, check=True, capture_output=True)
        return base64.b64encode(hashlib.sha256(der.stdout).digest()).decode()


class Chromium:
    """The browser's process, and the certificate that it trusts."""

    def __init__(self, *, cookies=True):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="libsess-browser-"))
        self._certificate = Certificate(self._folder)
        # A proxy of the machine is for other hosts, and the driver would ask it for this one.
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            del os.environ[name]
        options = webdriver.ChromeOptions()
        # What ends this program ends the driver, and with it the browser.
        options.binary_location = self._ends_with_its_parent("chromium", "KILL")
        # Pages that hold a picture back are there as soon as their HTML is.
        options.page_load_strategy = "eager"
        for switch in SWITCHES:
            options.add_argument(switch)
        # This one key is trusted, so the connection is without fault to the browser: Secure and __Host- cookies are
        # real, and answers are cached as they would be for users. With acceptInsecureCerts they are not: Chromium
        # keeps nothing that came with a certificate error, and no test could find a missing no-store.
        options.add_argument(f"--ignore-certificate-errors-spki-list={self._certificate.hash()}")
        if not cookies:
            options.add_experimental_option("prefs", {"profile.default_content_setting_values.cookies": 2})
        options.add_argument(f"--user-data-dir={self._folder / 'profile'}")
        driver = self._ends_with_its_parent("chromedriver", "TERM")
        self.driver = webdriver.Chrome(service=Service(driver), options=options)
        self.devtools = DevTools(self.driver.capabilities["goog:chromeOptions"]["debuggerAddress"])

    def _ends_with_its_parent(self, name, signal):
        """A command that becomes this program, which gets this signal when who has started it dies."""
        script = self._folder / name
        script.write_text(f'#!/bin/sh\nexec setpriv --pdeathsig {signal} -- /usr/bin/{name} "$@"\n')
        script.chmod(0o755)
        return str(script)

    def quit(self):
        self.devtools.close()
        self.driver.quit()
        shutil.rmtree(self._folder, ignore_errors=True)

    def site(self, server="nginx", **settings):
        """A site on HTTPS whose key this browser trusts; not started yet."""
        site = Site(server, tls=True, **settings)
        folder = site.place / "tls"
        folder.mkdir(parents=True, mode=0o700)
        site.place.chmod(0o755)
        shutil.copy(self._certificate.key, folder)
        shutil.copy(self._certificate.certificate, folder)
        return site


class Visitor:
    """Somebody with a browser of their own, until the end of a `with`."""

    def __init__(self, chromium, site):
        self.chromium = chromium
        self.site = site
        self.tabs = []
        self._context = chromium.devtools.ask("Target.createBrowserContext")["browserContextId"]

    def close(self):
        self.chromium.devtools.ask("Target.disposeBrowserContext", browserContextId=self._context)

    def open(self, path, **options):
        """A new tab that shows this page."""
        tab = Tab(self.chromium, self.site, self._context, **options)
        self.tabs.append(tab)
        tab.go(path)
        return tab

    def cookies(self):
        """By name, as the browser has stored them."""
        answer = self.chromium.devtools.ask("Storage.getCookies", browserContextId=self._context)
        return {cookie["name"]: cookie for cookie in answer["cookies"]}

    def complaints(self):
        return [complaint for tab in self.tabs for complaint in tab.complaints()]


class BrowserTest(unittest.TestCase):
    """A file's tests: `chromium` for all, and `site` if the class says which server it wants. At the end of each test no
    page may have complained: nothing in the console but refusals that the test expects, no violation of a policy, and
    no request to another origin."""

    server = "nginx"  # None: a test starts its sites itself
    settings = {}
    cookies = True  # the browser keeps them
    chromium = None
    site = None
    gate = None  # of a class whose settings have one

    @classmethod
    def setUpClass(cls):
        cls.chromium = Chromium(cookies=cls.cookies)
        cls.addClassCleanup(cls.chromium.quit)
        if cls.server:
            cls.site = cls.enterClassContext(cls.chromium.site(cls.server, **cls.settings))
        if cls.settings.get("gate"):
            cls.gate = cls.enterClassContext(Gate(cls.site.gate_path))

    def visitor(self, site=None):
        visitor = Visitor(self.chromium, site or self.site)
        self.addCleanup(visitor.close)
        self.addCleanup(lambda: self.assertEqual(visitor.complaints(), []))
        return visitor
