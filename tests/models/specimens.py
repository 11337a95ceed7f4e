"""Entities that have something of every kind, and few values of each, so that what is compared meets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from persistence import Key, MappingSchema, Table, fields

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Status(Enum):
    """A word that is stored by its value."""

    OPEN = "open"
    PAID = "paid"
    SENT = "sent"


@dataclass
class Address:
    """Stored as a map."""

    city: str
    floor: int | None = None


@dataclass
class Line:
    """Stored as an element of a list."""

    sku: str
    quantity: int = 1


@dataclass
class Specimen:
    """Has something of every kind; many may be absent."""

    id: str
    number: int
    name: str | None = None
    size: str | None = None
    count: int | None = None
    total: Decimal = Decimal(0)
    ratio: float | None = None
    flag: bool | None = None
    moment: datetime | None = None
    status: Status | None = None
    uid: UUID | None = None
    content: bytes | None = None
    tags: set[str] = field(default_factory=set)
    marks: set[Decimal] = field(default_factory=set)
    grades: list[int] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    address: Address | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    version: int = 0


class SpecimenMapping(MappingSchema[Specimen]):
    class Meta:
        table = "specimens"
        key = Key("id", "number")

    total = fields.Decimal(data_key="the total")
    version = fields.Version()


SHARED = Table("shared-specimens", partition="PK", sort="SK")


class SharedSpecimenMapping(MappingSchema[Specimen]):
    """The same entities, in a table of several types and by templates."""

    class Meta:
        table = SHARED
        key = Key("SPECIMEN#{id}", "NUMBER#{number:03d}")

    version = fields.Version()


# No empty ones: AWS takes them, the DynamoDB Local that is tested against does not.
TEXTS = st.sampled_from(["a", "ab", "b", "A", "é", "\uffff", "\U00010000", "open", "NULL"])
WHOLE = st.sampled_from([0, 1, 2, 3, 10, -3, 10**20])
DECIMALS = st.sampled_from(
    [Decimal(text) for text in ("0", "-0.0", "1", "1.0", "1E+1", "10", "0.1", "2.50", "-3", "1E-20", "1E+20")]
)
FLOATS = st.sampled_from([0.0, 0.1, 1.0, 2.5, -3.0, 1e20, 1e-7])
MOMENTS = st.sampled_from([NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=1)])
CONTENTS = st.sampled_from([b"\x00", b"a", b"ab", b"\xff"])
STATUSES = st.sampled_from(Status)
UIDS = st.sampled_from([UUID(int=1), UUID(int=2), UUID(int=2**127)])
FLAGS = st.booleans()
MEMBERS = st.sampled_from(["a", "b", "ab"])
LINES = st.builds(Line, st.sampled_from(["a", "b"]), WHOLE)
ADDRESSES = st.builds(Address, TEXTS, st.none() | WHOLE)
PLAIN: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    FLAGS,
    TEXTS,
    WHOLE,
    st.lists(WHOLE, max_size=2),
    st.fixed_dictionaries({"in": st.sampled_from(["a", 1])}),
)
EXTRAS = st.dictionaries(st.sampled_from(["k", "l.m", "#n"]), PLAIN, max_size=2)

CONTENT: Mapping[str, st.SearchStrategy[Any]] = {
    "name": st.none() | TEXTS,
    "size": st.none() | TEXTS,
    "count": st.none() | WHOLE,
    "total": DECIMALS,
    "ratio": st.none() | FLOATS,
    "flag": st.none() | FLAGS,
    "moment": st.none() | MOMENTS,
    "status": st.none() | STATUSES,
    "uid": st.none() | UIDS,
    "content": st.none() | CONTENTS,
    "tags": st.sets(MEMBERS, max_size=2),
    "marks": st.sets(DECIMALS, max_size=2),
    "grades": st.lists(WHOLE, max_size=3),
    "lines": st.lists(LINES, max_size=2),
    "address": st.none() | ADDRESSES,
    "extra": EXTRAS,
}
"""Field -> its values; of the key and the version there is more to be said."""


def contents() -> st.SearchStrategy[dict[str, Any]]:
    """Give the arguments of a specimen, all but its key."""
    return st.fixed_dictionaries(dict(CONTENT))
