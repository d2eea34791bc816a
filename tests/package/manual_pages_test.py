#!/usr/bin/env python3
"""The manual pages have every command, every option and every word that --help has; and so do completion and README."""

import os
import pathlib
import re
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SESSCTL = pathlib.Path(os.environ.get("SESS_BUILD", ROOT / "build")).resolve() / "bin" / "sessctl"


def said_by(*arguments):
    return subprocess.run([SESSCTL, *arguments], check=True, capture_output=True, text=True).stdout


def words(text):
    """Without what is Markdown's, and without what stands for a headline in one place and not in the other."""
    plain = re.sub(r"\\(.)", r"\1", text).replace("**", "")
    return re.findall(r"[A-Za-z0-9_:/.=<>'\"|-]{3,}", plain)


class ManualPages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        subprocess.run(["python3", ROOT / "tools" / "manual" / "commands.py", SESSCTL, self.folder], check=True)
        self.commands = re.findall(r"^  ([a-z-]+)  ", said_by("--help").split("Commands:\n")[1].split("\n\n")[0], re.M)

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
                options = re.findall(r"^  (?:-h,)?(--[a-z-]+)", said, re.M)
                self.assertGreater(len(options), 0)
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

    def options_of(self, command):
        return set(re.findall(r"^  (?:-h,)?(--[a-z-]+)", said_by(command, "--help"), re.M))

    def test_completion_offers_the_same(self):
        def offered(*words):
            return {line.split("\t")[0] for line in said_by("completion", "words", "--", *words).splitlines()}

        self.assertEqual(offered(""), {*self.commands, "help"})
        for command in self.commands:
            with self.subTest(command):
                self.assertEqual(offered(command, "--"), self.options_of(command))

    def test_readme_has_a_row_for_each_command_with_its_options_and_no_others(self):
        readme = (ROOT / "tools" / "sessctl" / "README.md").read_text()
        rows = re.findall(r"^\| (`.*?) \| .*? \| .*? \|$", readme.split("| --- | --- | --- |\n", 1)[1].split("\n\n")[0], re.M)
        everywhere = {"--store", "--json", "--color", "--help"}
        selection = set(re.findall(r"`(--[a-z-]+)", readme.split("**SELECTION**")[1].split("`rm` looks again")[0]))
        told = {}
        for row in rows:
            command = re.match(r"`([a-z-]+)", row).group(1)
            found = told.setdefault(command, set())
            found.update(re.findall(r"--[a-z-]+", row))
            if "SELECTION" in row:
                found.update(selection)
            if "SESSION" in row:
                found.add("--id")
        self.assertEqual(set(told), set(self.commands))
        for command in self.commands:
            with self.subTest(command):
                options = self.options_of(command) - everywhere
                self.assertEqual(options - told[command], set(), "README has them not")
                self.assertEqual(told[command] - options - {"--id"}, set(), "the command has them not")


if __name__ == "__main__":
    unittest.main()
