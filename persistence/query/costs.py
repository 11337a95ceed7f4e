"""What reading costs, as far as it can be told before: requests and read units.

A read unit is an item of up to 4 KB, strongly consistent, or two of them eventually. A query or scan adds
up what it reads and rounds once a page of at most 1 MB (developer guide, "Read and write capacity").
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from math import ceil

UNIT_BYTES = 4096
PAGE_BYTES = 1024 * 1024

_WEIGHT = 16
"""About how many of the last samples make the mean."""

_PAGES = 16
"""Of so many pages a sample each is taken at first, and of one in so many later."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a query is expected to read.

    Attributes:
        items: how many items; None where only reading tells.
        item_bytes: their mean size, from what was read before; None before anything was read.
        requests: how many requests; None where only reading tells.
        read_units: what that costs; None where only reading tells.
        page_units: what a full page of 1 MB costs.
        fetch_units: what each item costs besides, where an index does not hold all that is wanted.
    """

    items: int | None = None
    item_bytes: int | None = None
    requests: int | None = None
    read_units: float | None = None
    page_units: float = PAGE_BYTES / UNIT_BYTES / 2
    fetch_units: float = 0.0

    def __str__(self) -> str:
        size = (
            f"items of about {self.item_bytes} bytes, as read before"
            if self.item_bytes is not None
            else "item sizes unknown, taken for at most 4 KB"
        )
        if self.items is None:
            fetched = f", and {self.fetch_units:g} for each item that is fetched" if self.fetch_units else ""
            return (
                f"as many requests as there are pages of 1 MB, each {self.page_units:g} read units{fetched}; "
                f"{size}"
            )
        return f"{self.items} item(s), {self.requests} request(s), {self.read_units:g} read unit(s); {size}"


NOTHING_KNOWN = Expected()


def expected_of_keys(keys: int, per_request: int, item_bytes: int | None, *, consistent: bool) -> Expected:
    """Tell what it costs to read items by their keys; each is rounded up by itself.

    Args:
        keys: how many.
        per_request: how many a request takes.
        item_bytes: their mean size, if known.
        consistent: whether reads are strongly consistent.
    """
    units = keys * ceil((item_bytes or 1) / UNIT_BYTES) * _factor(consistent=consistent)
    return Expected(keys, item_bytes, ceil(keys / per_request), units, _page_units(consistent=consistent))


def expected_of_pages(
    items: int | None,
    item_bytes: int | None,
    *,
    consistent: bool,
    fetching: bool = False,
    per_request: int | None = None,
) -> Expected:
    """Tell what it costs to read items of a partition, table or index.

    Args:
        items: how many are read at most; None for an unknown number.
        item_bytes: their mean size, if known.
        consistent: whether reads are strongly consistent.
        fetching: whether each item is then read from the table.
        per_request: how many of them a request fetches; None where the service does it at once.
    """
    page_units, factor = _page_units(consistent=consistent), _factor(consistent=consistent)
    fetch_units = ceil((item_bytes or 1) / UNIT_BYTES) * factor if fetching else 0.0
    if items is None:
        return Expected(None, item_bytes, None, None, page_units, fetch_units)
    size = items * (item_bytes or UNIT_BYTES)
    units = ceil(size / UNIT_BYTES) * factor + items * fetch_units
    requests = ceil(size / PAGE_BYTES) + (ceil(items / per_request) if fetching and per_request else 0)
    return Expected(items, item_bytes, requests, units, page_units, fetch_units)


def _factor(*, consistent: bool) -> float:
    return 1.0 if consistent else 0.5


def _page_units(*, consistent: bool) -> float:
    return PAGE_BYTES / UNIT_BYTES * _factor(consistent=consistent)


class ItemSizes:
    """The mean size of the items of one type, from samples."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mean: float | None = None
        self._pages = 0

    def count_page(self) -> bool:
        """Count a page, and tell whether a sample is to be taken of it; of later pages seldom."""
        self._pages += 1
        return self._pages <= _PAGES or self._pages % _PAGES == 0

    @property
    def mean(self) -> int | None:
        """Bytes; None before anything was read."""
        return None if self._mean is None else round(self._mean)

    def note(self, size: int) -> None:
        """Take in the size of an item in bytes."""
        with self._lock:
            self._mean = size if self._mean is None else self._mean + (size - self._mean) / _WEIGHT
