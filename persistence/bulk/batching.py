"""Which writes go into one request: as many as it takes, by number and by bytes."""

from __future__ import annotations

import base64
import json
import marshal
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from persistence.attributes import Item
from persistence.bulk.writes import BulkWrite
from persistence.operations import PutItem
from persistence.operations.writes import held_item
from persistence.store import Limits
from persistence.written_items import WrittenItem

T = TypeVar("T")

_LONGEST_ESCAPE = 6
"""Bytes of JSON that one byte becomes at most, such as a control character: `\\u0001`."""

_LONGEST_BYTE = 32
"""Bytes of JSON that one byte of an item becomes at most, as the service counts its size.

Of a number that counts as one digit, and so as 2 bytes, 38 may be written, most of them zeros.
"""

_AROUND_EACH = 100
"""Bytes around an item, such as `{"PutRequest":{"Item":...}}`, and its share of the rest of the request."""


def batches(writes: Sequence[BulkWrite[T]], limits: Limits) -> list[Sequence[BulkWrite[T]]]:
    """Part writes into requests.

    What counts is the size of the request (API reference, BatchWriteItem: 16 MB), which is more than that of
    the items: of a list of small numbers each takes 3 bytes in the table, and 10 on its way there.
    """
    share, most = limits.batch_bytes // limits.batch_writes, limits.batch_writes
    if _are_small(writes, share - _AROUND_EACH):
        return [writes[first : first + most] for first in range(0, len(writes), most)]
    return [*_parted_by_size(writes, limits, share)]


def _are_small(writes: Sequence[BulkWrite[Any]], share: int) -> bool:
    """Tell whether all were weighed, and none takes more than its share of a request."""
    weights = [weight for write in writes if (weight := write.planned.weight) is not None]
    return len(weights) == len(writes) and _LONGEST_BYTE * max(weights, default=0) <= share


def _parted_by_size(writes: Iterable[BulkWrite[T]], limits: Limits, share: int) -> list[list[BulkWrite[T]]]:
    parted: list[list[BulkWrite[T]]] = []
    room = 0
    for write in writes:
        size = _size(write, share - _AROUND_EACH) + _AROUND_EACH
        if not parted or len(parted[-1]) == limits.batch_writes or size > room:
            parted.append([])
            room = limits.batch_bytes
        parted[-1].append(write)
        room -= size
    return parted


def _size(write: BulkWrite[Any], share: int) -> int:
    weight = write.planned.weight
    if weight is not None and _LONGEST_BYTE * weight <= share:
        return _LONGEST_BYTE * weight
    part = write.part_of_a_batch()
    held = held_item(part) if isinstance(part, PutItem) else part.key
    if isinstance(held, WrittenItem):
        text = held.text
        return sent_size(held.item, share) if text is None else _spaced_size(text)
    return sent_size(held, share)


def _spaced_size(text: str) -> int:
    """Give a bound of the bytes of a JSON text where it is written with spaces, as botocore does."""
    return len(text) + text.count(",") + text.count(":")


def sent_size(item: Item, enough: int) -> int:
    """Give a bound of the bytes that an item takes in a request; an exact one if it is over `enough`.

    marshal writes each name, tag and text in full, with more bytes around it than JSON has.
    """
    bound = _LONGEST_ESCAPE * len(marshal.dumps(item, 2))
    return bound if bound <= enough else len(json.dumps(item, default=_as_text))


def _as_text(content: Any) -> str:
    return base64.b64encode(content).decode()
