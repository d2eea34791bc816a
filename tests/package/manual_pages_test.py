#!/usr/bin/env python3
"""What says something about sessctl's commands says the same: the list of `sessctl --help`, the help of each command, the
manual pages, tools/sessctl/README.md, and what bash, zsh and fish complete."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))
import completion  # noqa: E402

SESSCTL = pathlib.Path(os.environ.get("SESS_BUILD", ROOT / "build")).resolve() / "bin" / "sessctl"


def said_by(*arguments):
    return subprocess.run([SESSCTL, *arguments], check=True, capture_output=True, text=True).stdout


def words(text):
    """Without what is Markdown's, and without what stands for a headline in one place and not in the other."""
    plain = re.sub(r"\\(.)", r"\1", text).replace("**", "")
    return re.findall(r"[A-Za-z0-9_:/.=<>'\"|-]{3,}", plain)


def all_commands():
    listed = said_by("--help").split("Commands:\n")[1].split("\n\n")[0]
    return dict(re.findall(r"^  ([a-z-]+)  +(.+)$", listed, re.M))


def options_of(command):
    """Long and short ones."""
    listed = said_by(command, "--help").split("\nOptions:\n")[1].split("\n\n")[0]
    return re.findall(r"^  (?:(-[a-z]),)?(--[a-z-]+)", listed, re.M)


class ManualPages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        subprocess.run(["python3", ROOT / "tools" / "manual" / "commands.py", SESSCTL, self.folder], check=True)
        self.commands = all_commands()

    def test_there_is_a_page_for_each_command_and_no_other(self):
        self.assertGreater(len(self.commands), 20)
        self.assertEqual({page.name for page in self.folder.iterdir()},
                         {"sessctl.1.md"} | {f"sessctl-{command}.1.md" for command in self.commands})
        overview = (self.folder / "sessctl.1.md").read_text().replace("\\", "")
        for command in self.commands:
            self.assertIn(f"**sessctl-{command}**(1)", overview)

    def test_each_page_has_all_options_and_all_words_of_help(self):
        for command in self.commands:
            with self.subTest(command):
                said = said_by(command, "--help")
                page = (self.folder / f"sessctl-{command}.1.md").read_text()
                options = [long for _, long in options_of(command)]
                self.assertGreater(len(options), 2)
                listed = re.findall(r"^\*\*(?:-h, )?(--[a-z-]+)", page.replace("\\", ""), re.M)
                self.assertEqual(listed, options)
                there = words(page)
                for word in words(said.split("\n", 1)[1]):
                    if word.rstrip(":.,") not in ("Usage", "Options", "-h,--help", "--help"):
                        self.assertIn(word, there)

    def test_a_terminal_shows_each_page_without_a_warning(self):
        pages = self.folder / "pages"
        subprocess.run([ROOT / "scripts" / "manual", SESSCTL, pages], check=True)
        self.assertGreater(len(list(pages.iterdir())), 25)
        for page in pages.iterdir():
            for width in ("80", "120"):
                with self.subTest(page.name, width=width):
                    said = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], check=True,
                                          env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": width},
                                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True).stderr
                    # Of paper: see tools/debian/sessctl.lintian-overrides.
                    said = re.sub(r"warning: page \d+: table text block will not fit on one page\n", "", said)
                    self.assertEqual(said, "")


class Library(unittest.TestCase):
    """libsess(3), which is written by hand."""

    def setUp(self):
        self.page = (ROOT / "tools" / "manual" / "libsess.md").read_text()
        self.headers = {str(path.relative_to(ROOT / "include")): path.read_text()
                        for path in (ROOT / "include").rglob("*") if path.suffix in (".h", ".hpp")}

    def test_it_names_every_header_and_no_other(self):
        self.assertEqual(set(re.findall(r"\\<(sess/[a-z_/.]+)\\>", self.page)), set(self.headers))

    def test_what_it_names_is_there(self):
        everything = "\n".join(self.headers.values())
        names = re.findall(r"`([A-Za-z_:]+)(?:\(\))?`", self.page)
        self.assertGreater(len(names), 80)
        for name in names:
            with self.subTest(name):
                if name == "SESS_STORE":
                    continue
                for part in name.split("::"):
                    self.assertRegex(everything, rf"\b{part}\b")
        # Every outcome and every exception is told of.
        outcomes = re.search(r"enum class Outcome.*?\{(.*?)\};", self.headers["sess/result.hpp"], re.S).group(1)
        for name in re.findall(r"^  (\w+),", outcomes, re.M):
            self.assertIn(f"`{name}`", self.page)
        for name in re.findall(r"class SESS_API (\w+)", self.headers["sess/error.hpp"]):
            self.assertTrue(f"`{name}`" in self.page or f"`sess::{name}`" in self.page, name)


class Completions(unittest.TestCase):
    def check(self, shell_class):
        shell_class.or_skip()
        shell = shell_class()
        self.addCleanup(shell.close)
        commands = all_commands()
        lines = [[""], ["-"], ["help", ""], *([command, "-"] for command in commands)]
        first, options, behind_help, *of_commands = shell.all_offered(lines)
        has_summaries = shell.name != "bash"
        self.assertEqual(set(first), {*commands, "help"})
        self.assertEqual(set(behind_help), set(commands))
        # These stand before a command, as the usage lines of main.cpp say.
        self.assertEqual(set(options), {"-h", "--help", "--version", "--store"})
        for command, offered in zip(commands, of_commands):
            with self.subTest(command):
                self.assertEqual(set(offered), {name for names in options_of(command) for name in names if name})
                if has_summaries:
                    self.assertEqual(first[command], commands[command])
                    said = " ".join(said_by(command, "--help").split())
                    for option, summary in offered.items():
                        self.assertIn(summary, said)
                        self.assertGreater(len(summary), 3, option)

    def test_bash_completes_every_command_and_option(self):
        self.check(completion.Bash)

    def test_zsh_completes_every_command_and_option(self):
        self.check(completion.Zsh)

    def test_fish_completes_every_command_and_option(self):
        self.check(completion.Fish)


class Readme(unittest.TestCase):
    def setUp(self):
        self.text = (ROOT / "tools" / "sessctl" / "README.md").read_text()
        table = self.text.split("| command | prints |")[1].split("\n\n")[0]
        # A row may show several forms of a command, and a command may have several rows.
        self.shown = {}
        for row in re.findall(r"^\| (`.*?) \|", table.replace("\\|", "/"), re.M):
            for form in re.findall(r"`([^`]+)`", row):
                if re.match(r"[a-z-]+\b", form):
                    self.shown.setdefault(re.match(r"[a-z-]+", form)[0], []).append(form)

    def test_it_shows_every_command_and_no_other(self):
        self.assertEqual(set(self.shown), set(all_commands()))

    def test_it_shows_every_option_and_no_other(self):
        # These are said of all commands at once.
        of_all = {"--store", "--json", "--color", "--help"}
        of_sessions = {"--id"}
        selection = {long for _, long in options_of("export")} - {"--after"} - of_all
        for command, forms in self.shown.items():
            with self.subTest(command):
                shown = set(re.findall(r"--[a-z-]+", " ".join(forms)))
                if "SELECTION" in " ".join(forms):
                    shown |= selection
                there = {long for _, long in options_of(command)} - of_all - of_sessions
                self.assertEqual(shown, there)
        for option in of_all | of_sessions | selection:
            self.assertRegex(self.text, rf"`{option}[ `]")


if __name__ == "__main__":
    unittest.main()
