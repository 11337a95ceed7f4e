"""Which partitions of which tables and indexes an operation works on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from persistence.attributes import Item, normalised_key, number_text
from persistence.operations import Operation, PutItem, QueryPage
from persistence.stores.layers.facts import ItemAction, actions_in
from persistence.stores.layers.wording import shown
from persistence.table import GlobalIndex, Table

Place = tuple[str, str | None]
"""A table's name, and that of an index or None for the table itself."""

PartitionKey = tuple[str, str | Decimal | bytes]
"""A partition key's type tag and content, equal where DynamoDB's keys are."""

Partition = tuple[Place, PartitionKey]


def partitions_of(request: Operation[Any] | ItemAction) -> Iterator[Partition]:
    """Give the partitions that a request works on, once for each item that it names.

    Of a put also those of the global indexes that the item goes into. Which indexes another write changes is
    not to be seen from outside; scans have no partition.
    """
    if isinstance(request, QueryPage):
        condition = request.key_condition
        yield from _of_key(request.table, request.index, dict((condition.partition, *condition.also)))
    elif isinstance(request, Operation):
        for action in actions_in(request):
            yield from _of_action(action)
    else:
        yield from _of_action(request)


def _of_action(action: ItemAction) -> Iterator[Partition]:
    if not isinstance(action, PutItem):
        yield from _of_key(action.table, None, action.key)
        return
    yield from _of_key(action.table, None, action.item)
    for index in action.table.indexes:
        if isinstance(index, GlobalIndex):
            yield from _of_key(action.table, index.name, action.item)


def _of_key(table: Table, index: str | None, item: Item) -> Iterator[Partition]:
    names = table.index_key(index).partitions
    if item.keys() >= set(names):
        yield (table.name, index), _joined(normalised_key(item, names))


def _joined(parts: Sequence[PartitionKey]) -> PartitionKey:
    """Give a partition key of several attributes as one text."""
    if len(parts) == 1:
        return parts[0]
    return "S", " + ".join(map(key_in_words, parts))


def key_in_words(key: PartitionKey) -> str:
    """Write a partition key for people."""
    tag, content = key
    return shown({tag: _canonical(content)})


def key_hash(key: PartitionKey, salt: bytes) -> str:
    """Give eight characters that stand for a partition key, and do not tell it.

    Args:
        key: the key.
        salt: what makes the same key another one elsewhere; up to 64 bytes.
    """
    tag, content = key
    plain = _canonical(content)
    data = plain if isinstance(plain, bytes) else plain.encode()
    return hashlib.blake2b(tag.encode() + data, digest_size=4, key=salt).hexdigest()


def _canonical(content: str | Decimal | bytes) -> str | bytes:
    return number_text(content) if isinstance(content, Decimal) else content
