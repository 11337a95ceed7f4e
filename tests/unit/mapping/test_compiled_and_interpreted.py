"""Random entities of random mappings: they survive, and the compiled way agrees with marshmallow's fields."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mapping.random_entities import HINTS, SETTINGS, WRONG, mappings, outcome


class TestEachHint:
    @pytest.mark.parametrize("hint", list(HINTS), ids=str)
    def test_gives_one_item_by_both_ways_and_survives(self, hint: Any) -> None:
        """Compiled and interpreted agree on the item, and each reads what the other wrote."""
        compiled, interpreted = mappings(hint)

        @SETTINGS
        @given(HINTS[hint])
        def check(value: Any) -> None:
            entity = compiled.entity_type("1", value)
            item = compiled.codec.encode(entity)
            assert interpreted.codec.encode(entity) == item
            assert compiled.codec.snapshot(entity) == item
            assert compiled.codec.decode(item) == entity
            assert interpreted.codec.decode(item) == entity

        check()

    @pytest.mark.parametrize("hint", list(HINTS), ids=str)
    def test_reads_nothing_that_the_sure_way_would_refuse(self, hint: Any) -> None:
        """Whatever is stored: the fast way gives the same value as the sure one, or the same error."""
        compiled, _ = mappings(hint)

        @SETTINGS
        @given(st.sampled_from(WRONG))
        def check(stored: Any) -> None:
            item = {"id": {"S": "1"}, "f0": stored}
            assert outcome(compiled.codec.decode, item) == outcome(compiled._sure.decode, item)

        check()


class TestRandomMappings:
    @SETTINGS
    @given(st.data(), st.lists(st.sampled_from(list(HINTS)), min_size=1, max_size=6), st.booleans())
    def test_survive(self, data: st.DataObject, hints: list[Any], frozen: bool) -> None:
        compiled, interpreted = mappings(*hints, frozen=frozen)
        entity = compiled.entity_type("1", *(data.draw(HINTS[hint]) for hint in hints))

        item = compiled.codec.encode(entity)

        assert is_plain(item)
        assert interpreted.codec.encode(entity) == item
        assert compiled.codec.decode(item) == interpreted.codec.decode(item) == entity
        assert compiled.codec.encode(compiled.codec.decode(item)) == item


def is_plain(stored: Any) -> bool:
    """Tell whether an item is made of what its request is made of: no tuples, no sets; sets in order."""
    match stored:
        case {"NS": [*members]}:
            return members == sorted(members, key=Decimal)
        case {"SS": [*members]} | {"BS": [*members]}:
            return members == sorted(members)
        case dict():
            return type(stored) is dict and all(map(is_plain, stored.values()))
        case list():
            return type(stored) is list and all(map(is_plain, stored))
        case _:
            return type(stored) in (str, bytes, bool)
