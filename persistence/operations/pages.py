"""Operations that read the pages of queries and scans, and their answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import persistence.expressions as expressions
from persistence.attributes import Item
from persistence.expressions import Path
from persistence.operations.items import Capacity, Operation
from persistence.table import Table
from persistence.wire_items import Grammar


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a query or scan.

    Attributes:
        items: what matched; empty when only a count was asked for. It may be empty although more follows. The
            items of a large page may be read when one of them is looked at.
        last_key: where the next page starts; only None means that nothing follows.
        count: number of items that matched.
        scanned_count: number of items that were read before the filter.
    """

    items: Sequence[Item]
    last_key: Item | None
    count: int
    scanned_count: int
    capacity: Capacity = ()


@dataclass(frozen=True, slots=True)
class QueryPage(Operation[Page]):
    """Read one page of the items of one partition of a table or index, in sort key order.

    Attributes:
        index: name of the index, or None for the table itself.
        filter: applied after reading; what it drops is paid for all the same.
        projection: the paths wanted; None for all that the table or index holds.
        limit: how many items to read at most, before the filter; None for as many as a page holds (1 MB).
        start: the `last_key` of the page before.
        count_only: give the counts but no items.
        whole: give all attributes: a local index fetches from the table what it does not hold, at the price
            of reading the items; a global one must hold them. A filter sees what the index holds all the
            same. Not together with `projection` or `count_only`.
        grammar: takes the items apart in the text of an answer, for who makes entities of them and wants no
            dicts; it changes nothing of what is asked or answered.
    """

    table: Table
    key_condition: expressions.KeyCondition
    index: str | None = None
    filter: expressions.Condition | None = None
    projection: tuple[Path, ...] | None = None
    descending: bool = False
    limit: int | None = None
    start: Item | None = None
    consistent: bool = False
    count_only: bool = False
    whole: bool = False
    grammar: Grammar | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class ScanPage(Operation[Page]):
    """Read one page of a whole table or index, in no particular order.

    Attributes:
        segment, segments: which part of how many, for parallel scans; both or neither.
        (the others as in `QueryPage`)
    """

    table: Table
    index: str | None = None
    filter: expressions.Condition | None = None
    projection: tuple[Path, ...] | None = None
    limit: int | None = None
    start: Item | None = None
    consistent: bool = False
    count_only: bool = False
    segment: int | None = None
    segments: int | None = None
    whole: bool = False
    grammar: Grammar | None = field(default=None, repr=False, compare=False)
