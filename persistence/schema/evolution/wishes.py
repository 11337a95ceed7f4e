"""What users ask of a copy or a backfill, and how it is to be run."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from persistence.errors import QueryError
from persistence.schema.base import Schema
from persistence.schema.checkpoints import Checkpoint
from persistence.schema.progress import ProgressCallback

Transform = Callable[[dict[str, Any]], dict[str, Any] | None]
"""Gets a copy of an item as tagged attribute values, and gives what is stored instead; None leaves it out."""

Convert = Callable[[Any], Any]
"""Gets an entity of the source, and gives one of the target; None leaves it out."""

MOST_SEGMENTS = 1_000_000
MOST_ITEMS = 100_000


@dataclass(frozen=True, slots=True)
class Wish:
    """What `SchemaService.evolve` was asked for; see there."""

    source: Schema | str
    target: Schema | str | None = None
    backup: str | None = None
    copy: bool = True
    transform: Transform | None = None
    convert: Convert | None = None


@dataclass(frozen=True, slots=True)
class Conduct:
    """How a job is to be run.

    Attributes:
        segments: in how many parts at a time the source is read.
        batch_size: how many items of a segment are read at a time, and done before that is kept.
        write_units: capacity units that may be written per second; None for no limit.
        dry_run: whether nothing is written.
        checkpoint: the file that keeps how far it is; None for memory only.
        progress: told how far it is.
    """

    segments: int
    batch_size: int
    write_units: float | None
    dry_run: bool
    checkpoint: str | os.PathLike[str] | None
    progress: ProgressCallback | None

    def __post_init__(self) -> None:
        _check_number("segments", self.segments, MOST_SEGMENTS)
        _check_number("batch_size", self.batch_size, MOST_ITEMS)

    def checkpoint_of(self, identity: Mapping[str, Any]) -> Checkpoint:
        """Open the checkpoint of a job; a dry run neither reads nor leaves one."""
        path = None if self.dry_run else self.checkpoint
        return Checkpoint(path, {**identity, "segments": self.segments})


def _check_number(name: str, value: object, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise QueryError(f"{name} is a whole number from 1 to {most:,}, not {value!r}")
