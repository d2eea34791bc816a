#!/usr/bin/env python3
"""Writes the manual pages of sessctl's commands from what they print for --help, as Markdown for pandoc.

    commands.py SESSCTL FOLDER

sessctl.1.md has what `sessctl --help` says, and sessctl-COMMAND.1.md one command each. Nothing stands here that is said
there: a page cannot be out of date."""

import pathlib
import re
import subprocess
import sys


def escaped(text):
    """Text that means nothing to Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>()#+.!|~$^@'\"-])", r"\\\1", text)


def paragraphs(text):
    return [block.split("\n") for block in re.split(r"\n\n+", text.strip("\n"))]


def is_literal(lines):
    return all(line.startswith("  ") for line in lines)


def literal(lines):
    return "\n".join("    " + line[2:] for line in lines)


def options(text):
    """(option, what it does) of the lines below "Options:"; what goes on in the next line stands in a column of its own."""
    found = []
    for line in text.split("\n"):
        begin = re.match(r"  (-\S.*?)(?:  +(.*))?$", line)
        if begin:
            found.append([begin[1].replace(",", ", "), begin[2] or ""])
        else:
            found[-1][1] += " " + line.strip()
    return found


def head(name, what):
    return f"% {name.upper()}(1) libsess | Session stores\n\n# NAME\n\n{name} \\- {escaped(what)}\n\n"


def page(sessctl, command, what):
    text = subprocess.run([sessctl, command, "--help"], check=True, capture_output=True, text=True).stdout
    before, rest = text.split("\nOptions:\n", 1)
    usage = re.search(r"^Usage: (.*)$", before, re.MULTILINE)[1]
    listed, _, rest = rest.partition("\n\n")
    out = head(f"sessctl-{command}", what) + f"# SYNOPSIS\n\n    {usage}\n\n# DESCRIPTION\n\n"
    status, examples = [], []
    for lines in paragraphs(rest):
        if is_literal(lines):
            examples.append(literal(lines))
        elif lines[0].startswith("Exit codes: "):
            status.append(escaped(" ".join(lines)))
        elif lines != [""]:
            out += escaped(" ".join(lines)) + "\n\n"
    out += "# OPTIONS\n\n"
    for option, does in options(listed):
        out += f"**{escaped(option)}**\n:   {escaped(does.strip())}\n\n"
    for title, parts in (("EXIT STATUS", status), ("EXAMPLES", examples)):
        if parts:
            out += f"# {title}\n\n" + "\n\n".join(parts) + "\n\n"
    return out + "# SEE ALSO\n\n**sessctl**(1), **sess-store**(5), **sess-protocol**(7)\n"


def overview(text, commands):
    out = head("sessctl", "look into session stores of libsess and change them")
    usage = re.search(r"^Usage: (.*)$", text, re.MULTILINE)[1]
    out += f"# SYNOPSIS\n\n    {usage}\n\n# DESCRIPTION\n\n"
    before, after = text.split("\nCommands:\n", 1)
    for lines in paragraphs(before)[1:]:
        out += escaped(" ".join(lines)) + "\n\n"
    listed, _, rest = after.partition("\n\n")
    status = ""
    for lines in paragraphs(rest):
        if lines[0].startswith("Exit codes: "):
            status = escaped(" ".join(lines))
        else:
            out += escaped(" ".join(lines)) + "\n\n"
    out += "# COMMANDS\n\n"
    for command, what in commands:
        out += f"**sessctl\\-{escaped(command)}**(1)\n:   {escaped(what[0].upper() + what[1:])}.\n\n"
    return out + f"# EXIT STATUS\n\n{status}\n\n# SEE ALSO\n\n**sess-store**(5), **sess-protocol**(7)\n"


def main():
    sessctl, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    text = subprocess.run([sessctl, "--help"], check=True, capture_output=True, text=True).stdout
    commands = re.findall(r"^  ([a-z-]+)  +(.+)$", text.split("\nCommands:\n", 1)[1].split("\n\n", 1)[0], re.MULTILINE)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sessctl.1.md").write_text(overview(text, commands))
    for command, what in commands:
        (folder / f"sessctl-{command}.1.md").write_text(page(sessctl, command, what))


main()
