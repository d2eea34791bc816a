"""What there is in the directory of a store, looked at from outside: files that nobody needs any more, files that are
locked, and who may read them."""

import os
import pathlib
import re
import stat

# src/format/names.cpp. A spare, "~", is the previous version of a session, and stays.
RECORD = re.compile(r"[0-9a-f]{40}")
SPARE = re.compile(r"[0-9a-f]{40}~")


def in_shards(store):
    return {str(file.relative_to(store)): file.name for file in (pathlib.Path(store) / "shards").glob("*/*")}


def records(store):
    """The files of sessions, and of what has become of an ID."""
    return [path for path, name in in_shards(store).items() if RECORD.fullmatch(name)]


def leftovers(store):
    """What is in the shards beside records and their spares: temporary files of commits that were cut short."""
    found = in_shards(store).items()
    return sorted(path for path, name in found if not RECORD.fullmatch(name) and not SPARE.fullmatch(name))


def locked(store):
    """The files of the store on which somebody holds a lock just now."""
    # "1: FLOCK  ADVISORY  WRITE 17662 08:01:131084 0 EOF"
    lines = [line.split() for line in pathlib.Path("/proc/locks").read_text().splitlines()]
    held = {int(line[5].rsplit(":", 1)[1]) for line in lines if line[1] != "->"}
    return sorted(name for name, status in files(store).items() if status.st_ino in held)


def files(store):
    """Each name below the store, and the store itself (""), with its status; what vanishes meanwhile is left out."""
    found = {"": os.lstat(store)}
    for folder, folders, names in os.walk(store):
        for name in folders + names:
            path = os.path.join(folder, name)
            try:
                found[os.path.relpath(path, store)] = os.lstat(path)
            except FileNotFoundError:
                pass
    return found


def not_private(store, owner):
    """The names that somebody else than this user may read, write or enter."""
    return sorted(
        name
        for name, status in files(store).items()
        if status.st_uid != owner or stat.S_IMODE(status.st_mode) != (0o700 if stat.S_ISDIR(status.st_mode) else 0o600)
    )
