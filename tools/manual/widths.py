#!/usr/bin/env python3
"""Gives the columns of tables widths that fit an 80-column terminal: reads standard input, writes standard output.

Of Markdown: pandoc takes relative widths from the numbers of dashes below a table's head, if it is told that all tables
are wide (--columns=1). A column gets what its longest word needs, for tbl(1) cannot break one, and the rest goes to those
that have more to say. Of the manual page that pandoc makes of it: it has a table's columns take 70 characters together, and
forgets what is between them; and there long names get places where they may be broken (groff(7), "\\:")."""

import re
import sys

LINE = 70  # what man leaves of 80 columns, with its indent and margins
GAP = 3  # between two columns (tbl(1))


# Where a name may be broken: behind a sign between two of its parts, but not in a number, and before a capital.
BREAK = re.compile(r"(?<=[A-Za-z)\]])(?:::|[/_.,=&|]|-|\\-)(?=[\w(<\\])|(?<=[a-z])(?=[A-Z])")


def cells(row):
    """Without the empty ones outside; a "\\|" separates none."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip())[1:-1]]


def plain(text):
    return re.sub(r"[`*\\]|\]\([^)]*\)", "", text)


def parts(text):
    """What cannot be broken."""
    return BREAK.sub(lambda found: found.group() + " ", plain(text)).split()


def widths(rows):
    columns = list(zip(*rows))
    longest_word = [max((len(part) for cell in column for part in parts(cell)), default=1) for column in columns]
    longest_cell = [max(len(plain(cell)) for cell in column) for column in columns]
    room = LINE - GAP * (len(columns) - 1) - sum(longest_word)
    given = list(longest_word)
    # The modest first: each gets what it wants, or as much as those that are left.
    wishes = sorted((cell - word, at) for at, (cell, word) in enumerate(zip(longest_cell, longest_word)))
    for left, (wish, at) in zip(range(len(wishes), 0, -1), wishes):
        share = min(wish, max(0, room) // left)
        given[at] += share
        room -= share
    return given


def with_widths(table):
    rows = [cells(line) for line in table if not re.fullmatch(r"\|[\s|:-]+\|\n?", line)]
    if len(rows) < 2 or len({len(row) for row in rows}) != 1:
        return table
    dashes = "| " + " | ".join("-" * max(3, width) for width in widths(rows)) + " |\n"
    return [table[0], dashes, *table[2:]]


def with_gaps(line):
    """Of a page: "lw(35.0n) lw(35.0n)." is the format of a table (tbl(1))."""
    count = line.count("lw(")
    room = LINE - GAP * (count - 1)
    return re.sub(r"lw\(([\d.]+)n\)", lambda found: f"lw({float(found.group(1)) * room / 70:.1f}n)", line)


def main():
    table, is_code, is_cell = [], False, False
    for line in [*sys.stdin, ""]:
        if line.startswith("lw("):
            line = with_gaps(line)
        if line == "T{\n" or line.endswith("@T{\n") or line == "T}\n":
            is_cell = line != "T}\n"
        elif is_cell and not line.startswith("."):
            line = BREAK.sub(lambda found: found.group() + r"\:", line)
        if line.startswith("|") and not is_code:
            table.append(line)
            continue
        sys.stdout.writelines(with_widths(table) if len(table) > 2 else table)
        table = []
        is_code ^= line.startswith("```")
        sys.stdout.write(line)


if __name__ == "__main__":
    main()
