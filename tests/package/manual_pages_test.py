#!/usr/bin/env python3
"""The manual pages have every command, every option and every word that --help has."""

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


if __name__ == "__main__":
    unittest.main()
