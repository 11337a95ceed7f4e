"""Which writes go into one request."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from persistence.attributes import Item, item_size
from persistence.bulk.batching import batches, sent_size
from persistence.bulk.writes import BulkWrite, WritePlanner
from persistence.mapping import mapping_of
from persistence.operations import PutItem
from persistence.operations.writes import held_item
from persistence.store import Limits
from persistence.stores.memory import MemoryStore
from persistence.unit_of_work import UnitOfWork
from persistence.written_items import WrittenItem
from tests.semantics.model import Setting, SettingMapping

SETTINGS = mapping_of(SettingMapping)
PLANNER = WritePlanner(SETTINGS, UnitOfWork(MemoryStore()).policies, Limits(), overwrite=False)


def save(number: int, value: str = "v") -> BulkWrite[Setting]:
    write = PLANNER.plan("save", Setting(f"s{number:03d}", value))
    assert write is not None
    return write


def sizes(writes: list[BulkWrite[Setting]], limits: Limits) -> list[int]:
    return [len(batch) for batch in batches(writes, limits)]


def test_part_by_number() -> None:
    """As many as a request takes, in order."""
    writes = [save(number) for number in range(60)]

    parted = batches(writes, Limits())

    assert [len(batch) for batch in parted] == [25, 25, 10]
    assert [write for batch in parted for write in batch] == writes


def test_part_by_bytes() -> None:
    """No request is over its limit; one write alone is never parted."""
    writes = [save(number, "x" * 1000) for number in range(6)]

    assert sizes(writes, Limits(batch_bytes=2700)) == [2, 2, 2]
    assert sizes(writes, Limits(batch_bytes=500)) == [1] * 6


def test_part_nothing() -> None:
    assert batches([], Limits()) == []


ITEMS: list[Item] = [
    {"id": {"S": "plain"}},
    {"id": {"S": "\x01" * 50}},
    {"id": {"S": "ä€😀" * 30}},
    {"list": {"L": [{"N": "1"}] * 100}},
    {"bytes": {"B": b"\x00\xff" * 100}, "set": {"BS": [b"a", b"b"]}, "map": {"M": {"deep": {"NULL": True}}}},
    {"numbers": {"NS": ["1", "-1.5", "1E+100"]}, "flag": {"BOOL": False}},
]


def test_weighed_writes_are_never_taken_for_less_than_they_are() -> None:
    """What was weighed for its commit need not be looked at again, however little a number weighs."""
    value = "\x01" * 90

    write = save(1, value)
    sent = len(json.dumps(write.planned.encoded))

    assert write.planned.weight is not None
    assert sizes([write] * 2, Limits(batch_bytes=2 * sent)) == [1, 1]
    assert 32 * item_size({"n": {"N": "1" + 37 * "0"}}) >= len('{"n":{"N":""}},') + 38


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: next(iter(item)))
def test_bound_what_is_sent(item: Item) -> None:
    """The cheap bound is never below the bytes of the request, and over it they are counted."""

    def as_text(content: Any) -> str:
        return base64.b64encode(content).decode()

    exact = len(json.dumps(item, default=as_text))

    assert sent_size(item, 10_000_000) >= exact
    assert sent_size(item, 0) == exact


def test_bound_what_is_sent_of_texts() -> None:
    """Others may write what is text, with spaces, such as botocore where somebody looks at its parameters."""
    planner = WritePlanner(
        SETTINGS, UnitOfWork(MemoryStore()).policies, Limits(), overwrite=False, texts=True
    )
    write = planner.plan("save", Setting("s1", "v"))
    assert write is not None
    put = write.part_of_a_batch()
    assert isinstance(put, PutItem)
    held = held_item(put)
    assert isinstance(held, WrittenItem)
    counted = 2 * (len(json.dumps(json.loads(held.text or ""))) + 100)

    assert sizes([write] * 2, Limits(batch_bytes=counted)) == [2]
    assert sizes([write] * 2, Limits(batch_bytes=counted - 1)) == [1, 1]
    assert held.text is not None


def test_know_that_more_is_sent_than_stored() -> None:
    """Of a list of small numbers each takes three times the bytes."""
    item: Item = {"list": {"L": [{"N": "1"}] * 1000}}

    assert sent_size(item, 0) > 3 * item_size(item)
