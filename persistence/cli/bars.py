"""Progress of long jobs as bars; needs rich."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars

from persistence.schema.progress import Progress, ProgressCallback


@contextmanager
def bars() -> Iterator[ProgressCallback]:
    """Show a bar for each activity while the block runs."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[counted]}", markup=False),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True)) as shown:
        yield _Shown(shown)


class _Shown:
    def __init__(self, shown: Bars) -> None:
        self._shown = shown
        self._lock = threading.Lock()
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, progress: Progress) -> None:
        with self._lock:
            task = self._tasks.get(progress.activity)
            if task is None:
                task = self._shown.add_task(progress.activity, total=None, counted="")
                self._tasks[progress.activity] = task
            total = "" if progress.total is None else f"/{progress.total}"
            counted = f"{progress.done}{total} {progress.unit} {progress.detail}".rstrip()
            self._shown.update(task, completed=progress.done, total=progress.total, counted=counted)
