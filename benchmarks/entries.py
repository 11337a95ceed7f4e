"""Many small items in one partition: what queries read. A partition's name is the number of its items."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from benchmarks.contenders import handwritten
from benchmarks.shapes import SIMPLE, Simple
from persistence import Key, MappingSchema
from persistence.attributes import Item

ENTRIES = 100_000
"""How many items a scan finds."""

AGES = 9
"""How many different ages they have, one after the other; all are stored in as many bytes."""

_YOUNGEST = 21


class EntryMapping(MappingSchema[Simple]):
    class Meta:
        table = "entries"
        key = Key("name", "id")


def entry_id(number: int) -> str:
    """Give the sort key of an entry, by its place in the partition."""
    return f"c-{number:06}"


def number_of(entry_id: str) -> int:
    """Give the place of an entry in its partition."""
    return int(entry_id.removeprefix("c-"))


def entry(partition: str, number: int) -> Simple:
    """Make one entry."""
    return replace(SIMPLE, id=entry_id(number), name=partition, age=_YOUNGEST + number % AGES)


def items(count: int) -> Iterator[Item]:
    """Make the items of a partition."""
    encode = handwritten.CODECS["simple"].encode
    return (encode(entry(str(count), number)) for number in range(count))
