"""That the contenders do the same work, so that their times can be compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.agreement import Disagreement, canonical, check_codec
from benchmarks.contenders import handwritten, ours
from benchmarks.contenders.wire import WireCodec
from benchmarks.shapes import ENTITIES, SIMPLE
from benchmarks.suites.codec import codecs
from persistence.attributes import Item

SHAPES = tuple(ENTITIES)


@pytest.mark.parametrize("shape", SHAPES)
class TestContenders:
    @pytest.mark.parametrize("name", tuple(codecs()))
    def test_make_the_same_item_and_get_the_entity_back(self, name: str, shape: str) -> None:
        expected = handwritten.CODECS[shape].encode(ENTITIES[shape])

        check_codec(name, shape, codecs()[name][shape], ENTITIES[shape], expected)

    def test_of_ours_make_the_very_item_that_is_written_by_hand(self, shape: str) -> None:
        """Not only one that means the same: moments, numbers and the order of sets are alike."""
        expected = handwritten.CODECS[shape].encode(ENTITIES[shape])

        check_codec("ours", shape, ours.CODECS[shape], ENTITIES[shape], expected, exact=True)

    def test_take_the_fast_way(self, shape: str) -> None:
        """Else the sure one would be measured: the generated source does it all, with nothing behind it."""
        source = codecs()["persistence"][shape].encode.__globals__
        fast = {**source, "sure_encode": None, "sure_decode": None}
        exec(ours.MAPPINGS[shape].codec.source, fast)

        item = fast["encode"](ENTITIES[shape])

        assert fast["decode"](item) == ENTITIES[shape]


class TestDisagreement:
    def test_names_contender_shape_and_attributes_where_the_item_differs(self) -> None:
        forgetful = WireCodec(lambda _: {"id": {"S": "other"}}, lambda _: SIMPLE)
        expected = {"id": {"S": "c-1"}, "age": {"N": "36"}}

        with pytest.raises(Disagreement) as raised:
            check_codec("forgetful", "simple", forgetful, SIMPLE, expected)

        assert str(raised.value) == "forgetful does not agree on simple: id, age differ"

    def test_is_found_where_an_item_that_means_the_same_is_not_enough(self) -> None:
        hand = handwritten.CODECS["simple"]
        expected = hand.encode(SIMPLE)
        other_text = {**expected, "created_at": {"S": SIMPLE.created_at.isoformat()}}
        peer = WireCodec(lambda _: other_text, hand.decode)

        check_codec("peer", "simple", peer, SIMPLE, expected)
        with pytest.raises(Disagreement) as raised:
            check_codec("peer", "simple", peer, SIMPLE, expected, exact=True)

        assert raised.value.attributes == ("created_at",)

    def test_is_found_where_the_entity_does_not_come_back(self) -> None:
        hand = handwritten.CODECS["simple"]
        older = WireCodec(hand.encode, lambda item: replace(hand.decode(item), age=99))

        with pytest.raises(Disagreement) as raised:
            check_codec("older", "simple", older, SIMPLE, hand.encode(SIMPLE))

        assert raised.value.attributes == ("age",)


class TestCanonical:
    def test_is_equal_for_items_that_mean_the_same(self) -> None:
        """A moment has many texts, and a set no order."""
        one: Item = {"at": {"S": "2026-01-02T03:04:05.000006Z"}, "tags": {"SS": ["a", "b"]}}
        other: Item = {"at": {"S": "2026-01-02T04:04:05.000006+0100"}, "tags": {"SS": ["b", "a"]}}

        assert canonical(one) == canonical(other)

    def test_differs_where_the_meaning_does(self) -> None:
        one: Item = {"lines": {"L": [{"M": {"sku": {"S": "a"}}}]}}
        other: Item = {"lines": {"L": [{"M": {"sku": {"S": "b"}}}]}}

        assert canonical(one) != canonical(other)
