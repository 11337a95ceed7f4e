"""Bulks: many writes that need not happen as a whole, in batches and side by side."""

from persistence.bulk.asynchronous import AsyncBulk
from persistence.bulk.sync import Bulk
from persistence.bulk.tally import BulkProgress
from persistence.bulk.writes import removal_paths
from persistence.errors import BulkFailure, BulkReport

__all__ = ["AsyncBulk", "Bulk", "BulkFailure", "BulkProgress", "BulkReport", "removal_paths"]
