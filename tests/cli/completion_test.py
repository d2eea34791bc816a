#!/usr/bin/env python3
"""What the shells offer for a line that is not finished, asked of bash, zsh and fish themselves. What they offer of
commands and options is compared with the help in tests/package/manual_pages_test.py."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import completion  # noqa: E402


def sessctl(*arguments, **options):
    return subprocess.run([completion.program(), *arguments], capture_output=True, text=True, **options)


class Scripts(unittest.TestCase):
    def test_a_shell_for_which_there_is_no_script_is_refused(self):
        for arguments in ([], ["tcsh"], ["bash", "x"], ["bash", "--json"]):
            with self.subTest(arguments):
                finished = sessctl("completion", *arguments)
                self.assertEqual((finished.returncode, finished.stdout), (64, ""))
                self.assertEqual(finished.stderr.count("\n"), 1)

    def test_each_script_is_one_its_shell_can_read(self):
        for shell in completion.SHELLS:
            with self.subTest(shell.name):
                shell.or_skip()
                finished = subprocess.run([shell.name, "-n"], input=shell.printed(), capture_output=True, text=True)
                self.assertEqual((finished.returncode, finished.stderr), (0, ""))

    def test_words_are_offered_without_a_store_and_for_lines_that_mean_nothing(self):
        for words in ([], [""], ["nope", ""], ["--nope", "--"], ["--store"], ["--store", "/nope", "show", ""], ["=", "=", "="],
                      ["show", "--", "-x"], ["ls", "--kind=x", "--kind", "y", "z"], ["set", "\n", "--id", "-", "\t"]):
            with self.subTest(words):
                finished = sessctl("completion", "words", "--", *words, env={})
                self.assertEqual((finished.returncode, finished.stderr), (0, ""))


def tree(folder):
    return {path: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino, path.stat().st_mode)
            for path in folder.rglob("*") if path.is_file()}


class Looks(unittest.TestCase):
    """Somebody presses a key, perhaps to see what has happened to a store."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.store = pathlib.Path(folder.name) / "store"
        sessctl("--store", self.store, "init")

    def words(self, *words):
        finished = sessctl("completion", "words", "--", "--store", self.store, *words)
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))
        return finished.stdout

    def records(self):
        return [path for path in (self.store / "shards").rglob("*") if path.is_file() and not path.name.endswith(("-", "+"))]

    def test_what_is_damaged_stays_as_it_is(self):
        for _ in range(2):
            sessctl("--store", self.store, "create", "v=1")
        keys = sessctl("--store", self.store, "ls", "--columns", "key", "--full").stdout.splitlines()[1:]
        self.assertEqual(len(keys), 2)
        # One has the version before beside it, and one has not.
        sessctl("--store", self.store, "set", keys[0], "v=2")
        sessctl("--store", self.store, "set", keys[0], "v=3")
        for record in self.records():
            content = record.read_bytes()
            record.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        before = tree(self.store)
        for key in keys:
            for words in (["show", ""], ["show", key[:4]], ["rm", key[:1]], ["get", key, ""], ["set", key[:8], ""],
                          ["watch", ""], ["quarantine", "show", ""]):
                with self.subTest(words):
                    self.assertEqual(self.words(*words), ":continues\n" if words[0] == "set" else "")
        self.assertEqual(tree(self.store), before)

    def test_a_pipe_in_place_of_a_file_keeps_nobody_waiting(self):
        sessctl("--store", self.store, "create", "v=1")
        key = self.records()[0]
        key.unlink()
        os.mkfifo(key)
        self.assertEqual(self.words("show", ""), "")

    def test_a_file_in_the_working_directory_is_not_run(self):
        place = self.store.parent / "somebody's"
        place.mkdir()
        planted = place / "sessctl"
        planted.write_text("#!/bin/sh\ntouch planted\n")
        planted.chmod(0o755)
        for shell_class in completion.SHELLS:
            with self.subTest(shell_class.name):
                shell_class.or_skip()
                shell = shell_class()
                self.addCleanup(shell.close)
                shell.environment["HOME"] = str(place)
                answer = shell.answers([["./sessctl", "tou"]])
                self.assertFalse((place / "planted").exists(), answer)


class OfferedBy:
    """Each test puts all its lines to one shell."""

    @classmethod
    def setUpClass(cls):
        cls.shell_class.or_skip()
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        cls.place = pathlib.Path(cls.folder.name).resolve()
        # A store is one user's; the tests run as root, too.
        cls.store = cls.place / "store"
        cls.made(sessctl("--store", cls.store, "init"))
        cls.made(sessctl("--store", cls.store, "create", "--", "user=ann", "cart.items=3", "odd name=1", "-dash=1",
                         "$(id)=1"))
        cls.key = cls.made(sessctl("--store", cls.store, "ls", "--columns", "key", "--full")).splitlines()[1]
        cls.made(sessctl("--store", cls.store, "create", "--sealed", "secret=1"))
        keys = cls.made(sessctl("--store", cls.store, "ls", "--columns", "key", "--full")).splitlines()[1:]
        cls.other = next(key for key in keys if key != cls.key)
        (cls.place / "two words").mkdir()
        (cls.place / "file").touch()
        cls.shell = cls.shell_class({"SESS_STORE": str(cls.store)})
        cls.addClassCleanup(cls.shell.close)

    @staticmethod
    def made(finished):
        assert finished.returncode == 0, finished.stderr
        return finished.stdout

    def check(self, *cases):
        """(words, what is offered): exactly these."""
        answers = self.shell.all_offered([words.split(" ") if isinstance(words, str) else words for words, _ in cases])
        for (words, expected), answer in zip(cases, answers):
            with self.subTest(words):
                self.assertEqual(set(answer), set(expected))

    def test_names_of_commands_wherever_the_store_stands(self):
        self.check(("tou", ["touch"]), ("--store /srv/rm rotate", ["rotate-keys"]), ("help rotate", ["rotate-keys"]),
                   ("nope ", []), ("hel", ["help"]), ("touch tou", []))

    def test_options_as_each_command_has_them(self):
        self.check(("set --re", ["--renew"]), ("show --re", []), ("--store x gc --dry", ["--dry-run"]), ("--v", ["--version"]),
                   ("show -- --js", []), ("ls --sealed --se", []), ("gc --store=x --sto", ["--stores"]))

    def test_arguments_of_which_there_are_only_some(self):
        columns = ["key", "kind", "age", "idle-left", "size", "generation", "created", "deadline", "sealed", "state"]
        self.check(("quarantine re", ["restore"]), ("quarantine --store show p", ["purge"]),
                   ("--store x quarantine --json ", ["ls", "purge", "restore", "show"]), ("quarantine ls ", []),
                   ("completion ", ["bash", "zsh", "fish"]), ("completion bash ", []),
                   ("gc --color ", ["always", "auto", "never"]), ("ls --kind ", ["anonymous", "authenticated"]),
                   ("ls --kind=au", ["authenticated"]), ("ls --kind=", ["anonymous", "authenticated"]),
                   ("ls --state ", ["all", "expired", "live", "superseded", "unreadable"]),
                   ("import --php-handler php_b", ["php_binary"]), ("ls --sort si", ["size"]), ("ls --sort ", columns),
                   ("ls --columns ", columns), ("ls --columns id", ["idle-left"]), ("ls --columns key,size,a", ["key,size,age"]),
                   ("ls --columns=key,size,a", ["key,size,age"]), ("ls --columns size,s", ["size,sealed", "size,state"]),
                   ("ls --limit ", []), ("set --wait ", []), ("ls --principal ", []))
        # As ls knows them.
        for column in columns:
            self.assertEqual(sessctl("--store", self.store, "ls", "--sort", column).returncode, 0)
        told = sessctl("--store", self.store, "ls", "--sort", "nope").stderr
        self.assertEqual(told.count(",") + 1, len(columns))

    def test_keys_of_sessions(self):
        both = [self.key, self.other]
        elsewhere = ["--store", "/nope", "show", ""]
        self.check(("show ", both), (f"show {self.key[:6]}", [self.key]), (f"rm {self.key} ", [self.other]), ("show xyz", []),
                   (f"show {self.key} ", []), ("export --after ", both), ("watch ", both), ("touch --id - ", []), ("ls ", []),
                   (elsewhere, []), (["--store", str(self.store), "touch", ""], both),
                   ([f"--store={self.store}", "touch", ""], both))

    def test_names_of_values(self):
        self.check((f"get {self.key} ", ["user", "cart.items"]), (f"unset {self.key} user ca", ["cart.items"]),
                   (f"set {self.key[:8]} --renew u", ["user="]), (f"incr {self.key} ca", ["cart.items"]),
                   (f"get {self.other} ", []), (f"get {self.key} user ", []), (f"set {self.key} user=a", []), ("create ", []))

    def test_directories_and_files(self):
        at = str(self.place)
        # zsh offers the last part of a path alone, and fish a directory with its slash.
        def last(answer):
            return {word.rstrip("/").rsplit("/", 1)[-1].replace("\\", "") for word in answer}

        cases = ((["--store", at + "/s"], {"store"}), (["ls", "--store", at + "/two"], {"two words"}),
                 ([f"--store={at}/s"], {"store"}), (["gc", at + "/"], {"store", "two words"}),
                 (["import", at + "/"], {"store", "two words", "file"}), (["gc", "--stores", at + "/f"], {"file"}),
                 (["import", "--php", at + "/f"], {"file"}), (["gc", "--on-expire", "mkfif"], {"mkfifo"}),
                 (["ls", at + "/"], set()))
        for (words, expected), answer in zip(cases, self.shell.all_offered([words for words, _ in cases])):
            with self.subTest(words):
                self.assertEqual(last(answer), expected)

    def test_what_is_said_about_them(self):
        if self.shell.name == "bash":
            return  # has no room for it
        touch, renew, key = self.shell.all_offered([["tou"], ["set", "--re"], ["show", self.key[:6]]])
        self.assertEqual(touch, {"touch": "renew the deadline of a session"})
        self.assertEqual(renew, {"--renew": "Renew the session's deadline as well"})
        self.assertRegex(key[self.key], r"^anonymous, [0-9]+[smh] old$")


class OfferedByBash(OfferedBy, unittest.TestCase):
    shell_class = completion.Bash


class OfferedByZsh(OfferedBy, unittest.TestCase):
    shell_class = completion.Zsh


class OfferedByFish(OfferedBy, unittest.TestCase):
    shell_class = completion.Fish


if __name__ == "__main__":
    unittest.main()
