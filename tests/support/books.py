"""Books on what visitors have sent and what was confirmed to them, by session."""

import collections
import threading
import time


class Session:
    """What is known of one session."""

    def __init__(self, before=None):
        # The site may have carried what was in the session before: surely, if that was alive; and if it was not, what is in
        # its successor, which others have made meanwhile, so that these have one book of what was sent.
        self.before = before
        self.is_carried = before is not None and not before.ended
        self.sent = before.sent if before and before.ended else collections.Counter()  # less what was surely not done
        self.confirmed = collections.Counter()
        self.user = None
        self.ended = False  # perhaps: nothing is expected of it any more
        self.begun = self.renewed = self.heard_of = time.monotonic()

    def end(self):
        """With those that it came from: a request with one of their cookies, sent long ago, may begin anew."""
        session = self
        while session:
            session.ended = True
            session = session.before

    def history(self):
        """What the books know, for whoever has to find out what went wrong."""
        mine = (f"begun {time.monotonic() - self.begun:.3f} s ago{', ended' if self.ended else ''}, user {self.user}, "
                f"sent {dict(self.sent)}, confirmed {dict(self.confirmed)}")
        return mine + (f"; from [{self.before.history()}]{', carried' if self.is_carried else ''}" if self.before else "")

    def least(self):
        return self.confirmed + (self.before.least() if self.is_carried else collections.Counter())

    def most(self):
        return self.sent + (self.before.most() if self.before else collections.Counter())


class Books:
    """Of all visitors."""

    def __init__(self):
        self.lock = threading.Lock()
        self.answers = collections.Counter()
        self.refused = collections.Counter()  # by program: answers that say nothing of what was done
        self.refusals = {}  # the beginning of what was said, once of each kind
        self.faults = collections.Counter()
        self.examples = {}
        self.done = collections.Counter()

    def fault(self, kind, example):
        with self.lock:
            self.faults[kind] += 1
            self.examples.setdefault(kind, example)

    def answered(self, program, answer, said=None):
        """Counts what came back: an answer, or none."""
        self.count("requests")
        status = answer.status if answer else "none"
        with self.lock:
            self.answers[status] += 1
            if status == "none" or status >= 500:
                self.refused[program] += 1
                self.refusals.setdefault((program, status), (said or answer.body)[:200])

    def count(self, name):
        with self.lock:
            self.done[name] += 1
