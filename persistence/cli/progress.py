"""Progress of long jobs on stderr: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from persistence.schema.progress import Progress, ProgressCallback

LINE_EVERY = 10.0
"""Seconds between two lines about one activity, where nobody looks at a bar."""


@contextmanager
def shown_progress() -> Iterator[ProgressCallback]:
    """Show progress while the block runs.

    Yields:
        What is told of each step; any thread may call it.
    """
    if sys.stderr.isatty():
        with import_module("persistence.cli.bars").bars() as show:
            yield show
    else:
        yield Lines(lambda text: print(text, file=sys.stderr, flush=True))


class Lines:
    """Writes a line when something else begins, when it ends, and now and then in between.

    Args:
        write: writes a line.
        clock: gives seconds that only grow.
    """

    def __init__(self, write: Callable[[str], Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._write = write
        self._clock = clock
        self._lock = threading.Lock()
        self._activity: str | None = None
        self._written_at = 0.0

    def __call__(self, progress: Progress) -> None:
        """Take note of a step."""
        with self._lock:
            ended = progress.total is not None and progress.done >= progress.total
            due = self._clock() - self._written_at >= LINE_EVERY
            if progress.activity != self._activity or ended or due:
                self._activity, self._written_at = progress.activity, self._clock()
                self._write(line_of(progress))


def line_of(progress: Progress) -> str:
    """Write a step as a line, such as `copy: 120 of 4609 items (segment 3)`."""
    total = "" if progress.total is None else f" of {progress.total}"
    detail = f" ({progress.detail})" if progress.detail else ""
    return f"{progress.activity}: {progress.done}{total} {progress.unit}{detail}"
