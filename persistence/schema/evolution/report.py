"""What has become of the items of a copy or a backfill."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from persistence.errors import ItemFailure


class Outcome(Enum):
    """What became of one item."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    LEFT_OUT = "left_out"
    KEPT_NEWER = "kept_newer"


@dataclass(frozen=True, slots=True)
class EvolutionReport:
    """What has become of the items of a copy or a backfill.

    After a resumption the counts are those of the whole job; what was under way when it was interrupted is
    counted again, as unchanged. With `dry_run` they tell what would have become of the items.

    Attributes:
        read: items of the source that the first pass looked at.
        written: items that were written, or written over what was older.
        unchanged: items that were as they should be already.
        left_out: items for which the transform gave None, or that were deleted meanwhile.
        kept_newer: items that stayed as they are in the target: they have the same or a later version, or
            have none to be told by.
        caught_up: items that were written once more by the passes that verify, since the source had changed.
        backed_up: items that were written to the backup.
        failed: items that could not be transformed or stored.
        settled: whether the last pass found nothing left to do; if not, the source was being changed all the
            time, and it should be run again. True where nothing was verified.
        dry_run: whether nothing was written.
        write_units: capacity that the writes consumed, as told by the service or else estimated.
        failures: the items that failed, up to 100 of them.
    """

    read: int = 0
    written: int = 0
    unchanged: int = 0
    left_out: int = 0
    kept_newer: int = 0
    caught_up: int = 0
    backed_up: int = 0
    failed: int = 0
    settled: bool = True
    dry_run: bool = False
    write_units: float = 0.0
    failures: tuple[ItemFailure, ...] = ()

    def __str__(self) -> str:
        names = (
            "read",
            "written",
            "unchanged",
            "left_out",
            "kept_newer",
            "caught_up",
            "backed_up",
            "failed",
        )
        counts = ", ".join(
            f"{value:,} {name.replace('_', ' ')}" for name in names if (value := getattr(self, name))
        )
        ends = ("" if self.settled else "; the source was still changing", " (dry run)" * self.dry_run)
        return f"{counts or 'nothing to do'}{''.join(ends)}"

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON data."""
        return asdict(self)
