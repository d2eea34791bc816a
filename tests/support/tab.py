"""A tab of a visitor's browser (browser.py): what is seen and done in it, and what is decided about its requests."""

import fnmatch
import queue
import urllib.parse

from selenium.common.exceptions import StaleElementReferenceException, TimeoutException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from devtools import PATIENCE

USERS = {"ann": "apples", "bob": "bananas"}


class Held:
    """Requests to an address stand in the browser before they are sent, until they are let go. A request gets its
    cookies when it goes."""

    def __init__(self, tab, pattern):
        self._tab = tab
        self.pattern = pattern
        self.standing = queue.Queue()
        self.ended = False

    def wait(self):
        """Until one stands here."""
        request = self.standing.get(timeout=PATIENCE)
        self.standing.put(request)

    def let_go(self, label=None):
        """One that stands here, and all later ones; with a label it stops at the site's gate."""
        self.ended = True
        request = self.standing.get(timeout=PATIENCE)
        self._tab.send_on(request, label)
        while not self.standing.empty():
            self._tab.send_on(self.standing.get())


class Tab:
    def __init__(self, chromium, site, context, *, scripts=True):
        self._driver = chromium.driver
        self._devtools = chromium.devtools
        self._site = site
        self._target = self._devtools.ask("Target.createTarget", url="about:blank", browserContextId=context,
                                          newWindow=True)["targetId"]
        self._session = self._devtools.ask("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        self._held = []
        self._complaints = []
        self._expected = set()
        self.urls = []
        self._answers = []
        self._devtools.listen(self._session, self._take)
        for domain in ("Page", "Network", "Runtime", "Log", "Audits"):
            self.ask(f"{domain}.enable")
        if not scripts:
            self.ask("Emulation.setScriptExecutionDisabled", value=True)

    def ask(self, method, **params):
        return self._devtools.ask(method, self._session, **params)

    # ---- looking ----

    def driver(self):
        """WebDriver, looking at this tab."""
        if self._driver.current_window_handle != self._target:
            self._driver.switch_to.window(self._target)
        return self._driver

    def find(self, selector):
        return self.driver().find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """As it is seen: empty if it is hidden."""
        return self.find(selector).text

    def until(self, condition, what):
        """Waits; `condition` is asked again and again until it answers something true, which is the answer."""

        def ask(_):
            try:
                return condition()
            except StaleElementReferenceException:  # the page has changed under our eyes
                return None

        try:
            return WebDriverWait(self.driver(), PATIENCE, 0.05).until(ask)
        except TimeoutException:
            raise AssertionError(f"not seen within {PATIENCE} s: {what}\n{self.text('body')}") from None

    def shows(self, selector, text):
        """Waits until this is what is to be read there."""
        self.until(lambda: self.text(selector) == text, f"{selector}: {text}")

    # ---- doing ----

    def go(self, path):
        self.driver().get(urllib.parse.urljoin(self._site.url, path))

    def reload(self):
        self.driver().refresh()

    def back(self):
        self.driver().back()

    def operate(self, selector, work):
        """On an element, as soon as it is to be seen: the page may still be on its way."""

        def once_seen():
            element = self.find(selector)
            if not element.is_displayed():
                return False
            work(element)
            return True

        self.until(once_seen, selector)

    def click(self, selector):
        self.operate(selector, lambda element: element.click())

    def fill(self, selector, text):
        def type_in(field):
            field.clear()
            field.send_keys(text)

        self.operate(selector, type_in)

    def keys(self, *keys):
        """To whatever has the focus."""
        ActionChains(self.driver()).send_keys(*keys).perform()

    def send(self, form, **fields):
        """Fills a form of the page in and presses its button."""
        for field, text in fields.items():
            self.fill(f"{form} [name={field}]", text)
        self.click(f"{form} button")

    def log_in(self, user="ann"):
        self.send("#login", user=user, password=USERS[user])
        self.shows("#user", user)

    def log_out(self):
        self.click("#logout button")
        self.shows("#notice", "You are logged out.")

    def run(self, script, *arguments):
        """A function's body, which may await."""
        return self.driver().execute_script(f"return (async (...given) => {{ {script} }})(...arguments)", *arguments)

    # ---- requests ----

    def hold(self, pattern):
        if not self._held:
            self.ask("Fetch.enable", patterns=[{"urlPattern": "*", "requestStage": "Request"}])
        held = Held(self, pattern)
        self._held.append(held)
        return held

    def send_on(self, paused, label=None):
        more = {}
        if label:
            headers = {**paused["request"]["headers"], "X-Gate": label}
            more["headers"] = [{"name": name, "value": value} for name, value in headers.items()]
        self._devtools.tell("Fetch.continueRequest", self._session, requestId=paused["requestId"], **more)

    def answers(self, path):
        """To requests for this path (all that have come): status and headers, these by names in lower case."""
        return [(status, headers) for answered, status, headers in list(self._answers) if answered == path]

    def answered(self, path, more_than):
        """Waits until so many answers have come; answers the last one."""
        return self.until(lambda: self.answers(path)[more_than:], f"an answer to {path}")[-1]

    # ---- complaints ----

    def expect(self, *statuses):
        """Answers with these statuses are no fault: the test wants them."""
        self._expected.update(statuses)

    def forgive(self):
        """Forgets what this tab has complained of so far."""
        self._complaints.clear()
        self.urls.clear()

    def complaints(self):
        found = [text for status, text in self._complaints if status not in self._expected]
        return found + [f"request to another origin: {url}" for url in self.urls
                        if not url.startswith((self._site.url, "about:", "data:"))]

    def _take(self, method, params):
        if method == "Fetch.requestPaused":
            address = params["request"]["url"]
            for held in self._held:
                if not held.ended and fnmatch.fnmatch(address, held.pattern):
                    held.standing.put(params)
                    return
            self.send_on(params)
        elif method == "Network.requestWillBeSent":
            self.urls.append(params["request"]["url"])
        elif method == "Network.responseReceived":
            response = params["response"]
            headers = {name.lower(): value for name, value in response["headers"].items()}
            self._answers.append((urllib.parse.urlparse(response["url"]).path, response["status"], headers))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("warning", "error"):
            entry = params["entry"]
            status = next((int(word) for word in entry["text"].split() if word.isdigit()), None)
            self._complaints.append((status, f"{entry['level']}: {entry['text']} {entry.get('url', '')}"))
        elif method == "Runtime.consoleAPICalled":
            self._complaints.append((None, f"console.{params['type']}: {params['args']}"))
        elif method == "Runtime.exceptionThrown":
            self._complaints.append((None, f"exception: {params['exceptionDetails']}"))
        elif method == "Audits.issueAdded" and params["issue"]["code"] != "PerformanceIssue":
            self._complaints.append((None, f"issue: {params['issue']}"))
