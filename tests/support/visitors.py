"""Visitors with books. Each is a browser with several tabs, threads that share its cookies, and keeps books on every
session that it has had: what was sent, what was confirmed. Every answer is held against them, while other tabs write."""

import json
import random
import threading
import time

from books import Session
from site_server import Browser

TABS = 3
# The session that a request is about, where the browser has several cookies.
COOKIES = ("sid-auth", "sid", "naive")


def cookie_in(cookies):
    return next((cookies[name] for name in COOKIES if name in cookies), None)


class Visitor:
    def __init__(self, site, books, programs, seed, name, idle_timeout):
        self.site, self.books, self.programs, self.idle_timeout = site, books, programs, idle_timeout
        self.random = random.Random(f"{seed}/{name}")
        self.name = name
        self.user, self.password = self.random.choice([("ann", "apples"), ("bob", "bananas")])
        self.lock = threading.Lock()  # of all that follows
        self.cookies = {}
        self.sessions = {}
        self.left = []  # cookies of sessions that nobody uses any more, and since when
        self.logged_out = []  # those of sessions that were logged out

    # ---- requests ------------------------------------------------------------------------------------------------

    def ask(self, method, page, body="", counter=None, cookies=None, ends=False):
        """Sends one request, again where the site says so, which `ends` the session or not; answers it, and the session that
        it was about; None for the answer if nobody knows what has become of it."""
        for _ in range(8):
            browser = Browser(self.site)
            with self.lock:
                browser.cookies = dict(self.cookies if cookies is None else cookies)
                cookie = cookie_in(browser.cookies)
                session = self.sessions.get(cookie)
                least = session.least() if session else {}
                if session and counter:
                    session.sent[counter] += 1
                if session and ends:  # whatever the browser had a moment ago: another tab may have changed that
                    session.end()
                user = session.user if session else None
            begun = time.monotonic()
            program = self.random.choice(self.programs)
            try:
                answer = browser.ask(method, program + page, body or None)
                self.books.answered(program, answer)
            except OSError as error:
                answer = None
                self.books.answered(program, None, repr(error))
            if session:
                session.heard_of = time.monotonic()
            if answer is None or answer.status >= 500:
                return None, session
            if answer.status != 200:  # not done: a new ID is on its way, or the session has ended
                with self.lock:
                    if session and counter:
                        session.sent[counter] -= 1
                    if cookies is None:
                        self.put_cookies(answer)
                if answer.status == 307:
                    continue
                return answer, session
            return answer, self.take(answer, browser, cookie, session, counter, least, user, begun, cookies is None, page)
        return None, session

    def take(self, answer, browser, cookie, session, counter, least, user, begun, is_browser, page):
        """Puts what an answer says into the books."""
        lines = answer.headers.get_all("Set-Cookie") or []
        named = cookie_in(dict(line.split(";", 1)[0].split("=", 1) for line in lines if "max-age=0" not in line.lower()))
        with self.lock:
            if is_browser:
                self.put_cookies(answer)
            if named and named != cookie:  # a new session
                if session and counter:
                    session.sent[counter] -= 1
                if named not in self.sessions:
                    if session and begun - session.renewed > 0.7 * self.idle_timeout:
                        session.end()
                    self.sessions[named] = Session(session)
                before, session = session, self.sessions[named]
                least = {}
                if before is None or before.ended:
                    user = None
                if counter:
                    session.sent[counter] += 1
            if session is None:
                return None
            if counter:
                session.confirmed[counter] += 1
            if begun - session.renewed > 0.7 * self.idle_timeout:
                session.ended = True
            if page != "/info":  # which renews nothing
                session.renewed = max(session.renewed, begun)
            if not session.ended and page in ("/me", "/info"):
                self.check(page, json.loads(answer.body), session, least, user)
        return session

    def put_cookies(self, answer):
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, value = line.split(";", 1)[0].split("=", 1)
            if "max-age=0" in line.lower():
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value

    def check(self, page, facts, session, least, user):
        most = session.most()
        values = {"visits": facts["visits"], "polls": facts["polls"]}
        values |= {f"cart:{item}": number for item, number in facts["cart"].items()}
        self.books.count("checks")
        for name in set(values) | set(least):
            value = values.get(name, 0)
            if value < least.get(name, 0):
                self.books.fault("lost update", f"{self.name}: {page}: {name} is {value}, {least[name]} were confirmed: "
                                                f"{session.history()}")
            if value > most.get(name, 0):
                self.books.fault("wrong data", f"{self.name}: {name} is {value}, {most.get(name, 0)} were sent")
        if user and facts["user"] != user:
            self.books.fault("wrong logout", f"{self.name}: {page}: {user} is {facts['user']}: {session.history()}")
        if facts["user"] not in (None, self.user):
            self.books.fault("wrong data", f"{self.name}: {self.user} is {facts['user']}")

    # ---- what tabs do --------------------------------------------------------------------------------------------

    def tab(self, until):
        while time.monotonic() < until:
            kind = self.random.random()
            if kind < 0.5:
                self.ask("GET", "/info", counter="polls")
            elif kind < 0.7:
                self.ask("POST", "/visit", counter="visits")
            elif kind < 0.85:
                item = f"{self.name}-{self.random.randrange(4)}"
                self.ask("POST", "/cart/add", f"item={item}", counter=f"cart:{item}")
            else:
                self.ask("GET", "/me")

    def captcha(self):
        answer, session = self.ask("GET", "/captcha")
        if answer is None or answer.status != 200:
            return
        code = answer.headers["X-Demo-Captcha"]
        answer, same = self.ask("POST", "/captcha/check", f"answer={code}")
        if answer is None or answer.status != 200 or same is None or same is not session or same.ended:
            return
        self.books.count("captchas")
        if not json.loads(answer.body)["right"]:
            self.books.fault("captcha lost", f"{self.name}: the right answer was wrong")

    def login(self):
        answer, session = self.ask("POST", "/login", f"user={self.user}&password={self.password}")
        if answer is None or answer.status != 200 or session is None:
            # Perhaps there is a login that nobody here knows.
            self.leave([session])
            return False
        with self.lock:
            session.user = self.user
        self.books.count("logins")
        return True

    def leave(self, sessions):
        """Forgets all cookies; sessions that are ended, perhaps, are not looked at again."""
        with self.lock:
            for session in sessions:
                if session:
                    session.end()
            self.cookies = {}

    def logout(self):
        with self.lock:
            old = dict(self.cookies)
            ended = [self.sessions[cookie] for cookie in old.values() if cookie in self.sessions]
            for session in ended:
                session.end()
        for _ in range(20):
            answer, _session = self.ask("POST", "/logout", cookies=old)
            if answer and answer.status == 200:
                break
        else:
            return self.leave([])
        self.leave([])
        self.books.count("logouts")
        self.logged_out.append(old)
        self.look_for_undone(old)

    def look_for_undone(self, old):
        answer, _session = self.ask("GET", "/me", cookies=old)
        if answer and answer.status == 200 and json.loads(answer.body)["user"]:
            self.books.fault("logout undone", f"{self.name}: the old cookie is {answer.body}")

    def go_away(self):
        """Leaves a session to its idle timeout."""
        with self.lock:
            cookies, self.cookies = self.cookies, {}
            session = self.sessions.get(cookie_in(cookies))
            if session:
                session.end()
                self.left.append((cookies, session))

    def look_for_expired(self):
        logged_out, self.logged_out = self.logged_out, []
        for old in logged_out:  # once more, after all that was under way then
            self.look_for_undone(old)
        with self.lock:
            over = [each for each in self.left if time.monotonic() - each[1].heard_of > 1.5 * self.idle_timeout]
            self.left = [each for each in self.left if each not in over]
        for cookies, _session in over:
            answer, _same = self.ask("GET", "/me", cookies=cookies)
            self.books.count("expired, asked for")
            if answer and answer.status == 200 and json.loads(answer.body)["user"]:
                self.books.fault("expired session is back", f"{self.name}: {answer.body}")

    def live(self, until):
        """The first tab: one life after the other."""
        while time.monotonic() < until:
            self.look_for_expired()
            self.ask("POST", "/visit", counter="visits")
            if self.random.random() < 0.3:  # an expired cookie, with which all tabs come, and this one to log in
                self.ask("POST", "/demo/expire", ends=True)
            logged_in = self.login()
            for _ in range(self.random.randrange(10, 60)):
                if time.monotonic() > until or not logged_in:
                    break
                self.captcha() if self.random.random() < 0.3 else self.ask("GET", "/me")
            self.go_away() if self.random.random() < 0.4 else self.logout()

    def threads(self, until):
        work = [self.live] + [self.tab] * (TABS - 1)
        return [threading.Thread(target=self.until_its_end, args=(each, until), daemon=True) for each in work]

    def until_its_end(self, work, until):
        """An answer that cannot be read, say, must not end the checking and nothing else."""
        try:
            work(until)
        except Exception as error:
            self.books.fault("visitor died", f"{self.name}: {error!r}")
