"""Bulks: many writes that need not happen as a whole, in batches and side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.bulk.asynchronous import AsyncBulk
    from persistence.bulk.sync import Bulk
    from persistence.bulk.tally import BulkProgress
    from persistence.bulk.writes import removal_paths
    from persistence.errors import BulkFailure, BulkReport

__all__ = ["AsyncBulk", "Bulk", "BulkFailure", "BulkProgress", "BulkReport", "removal_paths"]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.errors": ("BulkFailure", "BulkReport"),
        "persistence.bulk.asynchronous": ("AsyncBulk",),
        "persistence.bulk.sync": ("Bulk",),
        "persistence.bulk.tally": ("BulkProgress",),
        "persistence.bulk.writes": ("removal_paths",),
    },
)
