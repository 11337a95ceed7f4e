"""Advice: what the library tells its user unasked, each kind with a code and a page of its own.

A page, `docs/advice/<code>.md` with `-` in place of `_`, says what a code means, what to do about it and when
to ignore it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from persistence.events import event_log

CODES: Mapping[str, str] = MappingProxyType(
    {
        "scan": "a query reads a whole table or index, because no key serves its condition",
        "scan_of_all_tenants": "a scan of a table that is scoped to tenants reads the items of all of them",
        "index_would_help": "an index on the attributes that a query compares would spare most of its reads",
        "filter_discards": "most of what a query reads is dropped by its filter, and paid for",
        "sparse_index": "an index that holds only the wanted items would replace a filter",
        "projection_would_help": "an index lacks attributes that a query needs, which then cost a read each",
        "consistent_not_needed": "strongly consistent queries cost twice as much as eventual ones",
        "sorted_in_memory": "results are read and kept as a whole, to be sorted by what no key sorts by",
        "page_size": "the pages of a query are much smaller or larger than what is used of them",
        "hot_partition": "one partition key takes most of the traffic of a table or index",
        "item_near_limit": "an item is close to the 400 KB that an item may have",
        "predicate_unprotected": "a serializable unit does not notice entities that come to match a query",
        "read_timeout": "the client waits for an answer longer than a commit's deadline",
        "cursor_key_missing": "cursors are signed with a key of this process, and end with it",
        "cursor_key_short": "the key that cursors are signed with is short enough to be guessed",
    }
)
"""Code -> what it means, in one line."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Something that could be done better.

    Attributes:
        code: one of `CODES`.
        text: what was found, with names and counts, without keys and values.
        remedy: what to do about it, where that is known.
    """

    code: str
    text: str
    remedy: str | None = None

    @property
    def page(self) -> str:
        """The page of the documentation about it, such as "advice/filter-discards"."""
        return f"advice/{self.code.replace('_', '-')}"

    def __str__(self) -> str:
        found = f"{self.code}: {self.text}"
        return f"{found}; {self.remedy}" if self.remedy else found


def advise(advice: Advice, **facts: Any) -> None:
    """Log the event `advice.given` with an advice's code.

    Args:
        advice: the advice; its texts are not logged.
        facts: names of entity types, tables and indexes, counts, durations; never keys or values.
    """
    event_log().warning("advice.given", code=advice.code, **facts)
