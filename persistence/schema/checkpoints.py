"""Where a long job stands, in a file, so that it goes on there after it was interrupted."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from persistence.errors import CheckpointMismatch
from persistence.schema.durable import replace_file

FORMAT = 1


class Checkpoint:
    """The state of a job in a file, which is replaced as a whole or not at all.

    Any number of threads may save parts of it.

    Args:
        path: the file; None keeps the state in memory only.
        job: what identifies the job, as JSON data: a checkpoint of another job is refused.

    Raises:
        CheckpointMismatch: the file is of another job, or is no checkpoint, or can't be written.
    """

    def __init__(self, path: str | os.PathLike[str] | None, job: Mapping[str, Any]) -> None:
        self._path = None if path is None else Path(path)
        self._job = json.loads(json.dumps(job))
        self._lock = threading.Lock()
        self._parts: dict[str, Any] = self._read()

    def part(self, name: str) -> Any:
        """Give the state of a part of the job; None if it has none."""
        with self._lock:
            return self._parts.get(name)

    def save(self, name: str, state: Any) -> None:
        """Keep the state of a part of the job, as JSON data, durably.

        Args:
            name: which part, such as a segment.
            state: what it needs to go on.
        """
        with self._lock:
            self._parts[name] = state
            self._write()

    def clear(self) -> None:
        """Forget everything, and remove the file: the job is done."""
        with self._lock:
            self._parts = {}
            if self._path is not None:
                self._path.unlink(missing_ok=True)

    def _read(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        if not os.access(self._path.parent, os.W_OK | os.X_OK):
            folder = "can't be written to" if self._path.parent.is_dir() else "is not there"
            raise CheckpointMismatch(str(self._path), f"its folder {folder}")
        if not self._path.exists():
            return {}
        if not self._path.is_file():
            raise CheckpointMismatch(str(self._path), "it is no file")
        try:
            content = json.loads(self._path.read_text("utf-8"))
            version, job, parts = content["format"], dict(content["job"]), dict(content["parts"])
        except OSError as unreadable:
            raise CheckpointMismatch(
                str(self._path), f"it can't be read: {unreadable.strerror}"
            ) from unreadable
        except (ValueError, KeyError, TypeError) as damage:
            raise CheckpointMismatch(str(self._path), "it is no checkpoint of this library") from damage
        if version != FORMAT:
            raise CheckpointMismatch(str(self._path), f"it is of format {version!r}, known is {FORMAT}")
        if job != self._job:
            other = sorted(name for name in {*job, *self._job} if job.get(name) != self._job.get(name))
            raise CheckpointMismatch(
                str(self._path), f"it is of another job, which differs in {', '.join(other)}"
            )
        return parts

    def _write(self) -> None:
        if self._path is None:
            return
        content = json.dumps({"format": FORMAT, "job": self._job, "parts": self._parts})
        replace_file(self._path, content.encode())
