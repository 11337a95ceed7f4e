"""Progress that several threads make."""

from __future__ import annotations

import threading

from persistence.schema.progress import Progress, ProgressCallback, ignored


class Reporter:
    """Counts what is done, and tells a callback, one call at a time.

    Args:
        activity: what is being done.
        callback: whom to tell; what it raises ends the job.
        total: how many items there are, as far as is known.
        done: how many are done already.
    """

    def __init__(
        self, activity: str, callback: ProgressCallback | None, total: int | None = None, done: int = 0
    ) -> None:
        self._activity = activity
        self._callback = callback or ignored
        self._total = total
        self._done = done
        self._lock = threading.Lock()

    def add(self, items: int, detail: str = "") -> None:
        """Tell that some more items are done."""
        with self._lock:
            self._done += items
            total = None if self._total is None else max(self._total, self._done)
            self._callback(Progress(self._activity, self._done, total, detail=detail))
