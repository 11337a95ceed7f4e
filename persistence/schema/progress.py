"""How far a long job is: what progress callbacks get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a long job is.

    Attributes:
        activity: what is being done, such as "create index 'by-customer'" or "copy".
        done: how much of it.
        total: how much there is, as far as is known; an estimate where it is counted in items.
        unit: what is counted, such as "items", "steps" or "seconds".
        detail: what is worth saying beside, such as a status.
    """

    activity: str
    done: int
    total: int | None = None
    unit: str = "items"
    detail: str = ""


ProgressCallback = Callable[[Progress], None]
"""Called with each step; what it raises ends the job, which can be resumed."""


def ignored(progress: Progress) -> None:
    """Take no notice of progress."""
