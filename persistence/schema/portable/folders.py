"""Folders of backups: which one may be written to, by one process at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from persistence.errors import FolderInUse

if sys.platform != "win32":
    import fcntl

MANIFEST = "manifest.json"
PROGRESS = "export.json"
DATA = "data"
UNFINISHED = ".unfinished"
"""What the name of a file ends with that is being written."""

_OURS = {MANIFEST, PROGRESS, DATA, f"{MANIFEST}.new", f"{PROGRESS}.new"}


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make a folder, and keep other exports out of it within the block.

    A process that is killed holds nothing any more. Where the system has no such locks, nothing is held.

    Raises:
        FolderInUse: another process is writing to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if sys.platform == "win32":
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(str(folder), "another export is writing to it at this moment") from None
        except OSError:
            pass  # a file system without locks
        yield
    finally:
        os.close(descriptor)


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds something that an export did not begin.

    Raises:
        FolderInUse: it holds a complete backup, or files of somebody else.
    """
    found = {entry.name for entry in folder.iterdir()}
    if PROGRESS in found:
        return
    if MANIFEST in found:
        raise FolderInUse(str(folder), "it holds a complete backup; name another folder for a new one")
    if not found <= _OURS or (DATA in found and any((folder / DATA).iterdir())):
        raise FolderInUse(str(folder), "it is not empty, and holds no export that was begun")
