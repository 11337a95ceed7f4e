"""Items that stay text until somebody looks."""

from __future__ import annotations

import copy
import json
import operator
import pickle
from typing import Any

import pytest

from persistence.attributes import Item
from persistence.wire_items import WireItems

ITEMS: tuple[Item, ...] = (
    {"id": {"S": 'ä }] \\ " x'}, "tags": {"SS": ["a", "b"]}},
    {"id": {"S": "2"}, "lines": {"L": [{"M": {"sku": {"S": "é"}}}]}},
    {"id": {"S": "3"}},
)
TEXT = json.dumps(ITEMS, ensure_ascii=False).encode()


class Wire:
    """Makes items of a text, and counts how often they are read."""

    def __init__(self) -> None:
        self.read: list[int] = []

    def items(self, items: tuple[Item, ...] = ITEMS, text: bytes | None = None) -> WireItems:
        made = json.dumps(items, ensure_ascii=False).encode() if text is None else text
        return WireItems(made, len(items), self._read, self._split)

    def _read(self, text: bytes) -> list[Item]:
        items: list[Item] = json.loads(text)
        self.read.append(len(items))
        return items

    @staticmethod
    def _split(text: bytes | memoryview) -> list[bytes]:
        return [json.dumps(item).encode() for item in json.loads(bytes(text))]


@pytest.fixture
def wire() -> Wire:
    return Wire()


class TestSequence:
    def test_is_equal_to_other_sequences_of_the_same_items(self, wire: Wire) -> None:
        assert wire.items() == ITEMS
        assert operator.eq(ITEMS, wire.items())
        assert wire.items() == list(ITEMS)
        assert wire.items() == wire.items()
        assert wire.items() != ITEMS[1:]
        assert wire.items() != "text"

    def test_gives_each_item_by_its_place(self, wire: Wire) -> None:
        for place in range(-3, 3):
            assert wire.items()[place] == ITEMS[place]
        with pytest.raises(IndexError):
            wire.items()[3]

    def test_gives_slices(self, wire: Wire) -> None:
        assert wire.items()[1:] == ITEMS[1:]
        assert wire.items()[::-1] == ITEMS[::-1]

    def test_can_be_gone_through_searched_and_reversed(self, wire: Wire) -> None:
        assert [*wire.items()] == [*ITEMS]
        assert [*reversed(wire.items())] == [*reversed(ITEMS)]
        assert ITEMS[1] in wire.items()
        assert wire.items().index(ITEMS[2]) == 2

    def test_can_be_copied_and_pickled(self, wire: Wire) -> None:
        assert copy.deepcopy(wire.items()) == ITEMS
        assert pickle.loads(pickle.dumps(wire.items())) == ITEMS

    def test_has_no_hash_as_it_holds_dicts(self, wire: Wire) -> None:
        with pytest.raises(TypeError):
            hash(wire.items())

    def test_does_not_show_what_is_stored(self, wire: Wire) -> None:
        assert repr(wire.items()) == "<WireItems: 3 items>"


class TestReading:
    def test_reads_nothing_to_be_counted(self, wire: Wire) -> None:
        items = wire.items()

        assert (len(items), bool(items), wire.read) == (3, True, [])

    def test_reads_one_item_where_one_is_looked_at(self, wire: Wire) -> None:
        items = wire.items()

        assert (items[0], items[2], wire.read) == (ITEMS[0], ITEMS[2], [1, 1])
        assert items.text is not None

    @pytest.mark.parametrize("size", [1, 4090, 4096, 5000, 20_000])
    def test_finds_the_end_of_the_first_item_wherever_it_is(self, wire: Wire, size: int) -> None:
        items: tuple[Any, ...] = ({"id": {"S": "é" * size}}, {"id": {"S": "2"}})

        assert wire.items(items)[0] == items[0]
        assert wire.read == [1]

    def test_reads_all_once_where_more_are_looked_at_and_lets_the_text_go(self, wire: Wire) -> None:
        items = wire.items()

        assert [*items] == [*ITEMS]
        assert [*items] == [*ITEMS]
        assert (items.text, wire.read, len(items)) == (None, [3], 3)
        assert items[1] is items[1]

    def test_takes_blanks_between(self, wire: Wire) -> None:
        items = wire.items(text=json.dumps(ITEMS, indent=2).encode())

        assert items[0] == ITEMS[0]
        assert items == ITEMS
