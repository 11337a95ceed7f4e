"""The folder in which fetched server software is kept, and the one safe way to fill it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CACHE_VARIABLE = "PERSISTENCE_CACHE"
"""The environment variable that names the cache folder."""


def cache_folder() -> Path:
    """Name the folder in which fetched servers are kept; it need not exist yet.

    Returns:
        `$PERSISTENCE_CACHE` if that is set, else `persistence-dynamodb` in the user's own cache folder
        (`$XDG_CACHE_HOME` or `~/.cache`; `~/Library/Caches` on macOS; `%LOCALAPPDATA%` on Windows).
    """
    named = os.environ.get(CACHE_VARIABLE)
    return Path(named).absolute() if named else _user_cache() / "persistence-dynamodb"


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")


def cached(name: str, fill: Callable[[Path], None]) -> Path:
    """Return the folder `name` of the cache, filled once, whole or not at all.

    Several processes may ask at once: one fills, the others wait for it. An interrupted fill leaves nothing
    behind that could be taken for a finished one.

    Args:
        name: The folder's name; it should hold the version of what is kept there.
        fill: Called with an empty folder, which becomes the cached one if it returns.

    Returns:
        The filled folder.

    Raises:
        OSError: The cache can't be written.
    """
    target = cache_folder() / name
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.with_name(f".{name}.lock")):
        if not target.is_dir():
            _fill_then_rename(target, fill)
    return target


def _fill_then_rename(target: Path, fill: Callable[[Path], None]) -> None:
    parent = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        folder = parent / "content"
        folder.mkdir()
        fill(folder)
        _rename_unless_there(folder, target)
    finally:
        shutil.rmtree(parent, ignore_errors=True)


def _rename_unless_there(folder: Path, target: Path) -> None:
    try:
        folder.replace(target)
    except OSError:
        if (
            not target.is_dir()
        ):  # where there is no lock, another process may have been quicker: its result is as good
            raise


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    if (
        sys.platform == "win32"
    ):  # the lock only saves a second download; the rename alone keeps the cache whole
        yield
        return
    import fcntl  # noqa: PLC0415  there is no such module on Windows

    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
