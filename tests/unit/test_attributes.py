"""Attribute values: sizes, numbers and equality as the service has them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.attributes import (
    NumberRefused,
    canonical_number,
    item_size,
    number_text,
    same,
    surely_fits,
    value_size,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBER = st.integers(-(10**37), 10**37).map(str) | st.decimals(-1000, 1000, places=5).map(str)
SCALARS = (
    TEXT.map(lambda text: {"S": text})
    | NUMBER.map(lambda number: {"N": number})
    | st.binary(max_size=20).map(lambda content: {"B": content})
    | st.booleans().map(lambda truth: {"BOOL": truth})
    | st.just({"NULL": True})
    | st.lists(TEXT, min_size=1, max_size=4).map(lambda texts: {"SS": texts})
    | st.lists(NUMBER, min_size=1, max_size=4).map(lambda numbers: {"NS": numbers})
    | st.lists(st.binary(max_size=9), min_size=1, max_size=4).map(lambda contents: {"BS": contents})
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4).map(lambda parts: {"L": parts})
        | st.dictionaries(TEXT, inner, max_size=4).map(lambda parts: {"M": parts})
    ),
    max_leaves=12,
)
ITEMS = st.dictionaries(TEXT, VALUES, max_size=5)


class TestSizes:
    @pytest.mark.parametrize(
        ("value", "size"),
        [
            ({"S": "abc"}, 3),
            ({"S": "é"}, 2),
            ({"N": "1"}, 2),
            ({"N": "123"}, 3),
            ({"N": "-123"}, 4),
            ({"N": "1200"}, 2),
            ({"N": "1.5"}, 3),
            ({"N": "-3.14159"}, 6),
            ({"N": "100.5"}, 4),
            ({"N": "0.00015"}, 2),
            ({"N": "1E-100"}, 2),
            ({"N": "-0"}, 1),
            ({"B": b"12345"}, 5),
            ({"BOOL": False}, 1),
            ({"NULL": True}, 1),
            ({"SS": ["a", "bc"]}, 3),
            ({"L": [{"S": "a"}, {"NULL": True}]}, 3 + 2 + 2),
            ({"M": {"ab": {"S": "c"}}}, 3 + 1 + 2 + 1),
        ],
    )
    def test_are_counted_as_the_service_does(self, value: dict[str, Any], size: int) -> None:
        """Developer guide, "DynamoDB item sizes and formats"."""
        assert value_size(value) == size

    @given(ITEMS)
    def test_are_never_above_what_surely_fits(self, item: dict[str, Any]) -> None:
        """The quick answer may be a cautious no, never a wrong yes."""
        assert not surely_fits(item, item_size(item) - 1)


class TestNumbers:
    @pytest.mark.parametrize(
        ("given_text", "canonical"),
        [("-0", "0"), ("1.50", "1.5"), ("1E3", "1000"), ("+5", "5"), ("1e-3", "0.001"), ("100", "100")],
    )
    def test_have_one_text(self, given_text: str, canonical: str) -> None:
        """The text that the service returns: never scientific, no zeros at the end."""
        assert canonical_number(given_text) == canonical

    @pytest.mark.parametrize("number", [Decimal("NaN"), Decimal("1E126"), Decimal("1E-131"), 10**126, 2**130])
    def test_that_can_not_be_held_are_refused(self, number: int | Decimal) -> None:
        """38 digits, magnitudes from 1E-130 to 9.9E+125."""
        with pytest.raises(NumberRefused):
            number_text(number)


class TestSameness:
    @pytest.mark.parametrize(
        ("one", "other", "expected"),
        [
            ({"N": "1"}, {"N": "1.0"}, True),
            ({"NS": ["1", "2"]}, {"NS": ["2.0", "1"]}, True),
            ({"L": [{"SS": ["a", "b"]}]}, {"L": [{"SS": ["b", "a"]}]}, True),
            ({"M": {"a": {"N": "1"}, "b": {"S": "x"}}}, {"M": {"b": {"S": "x"}, "a": {"N": "1E0"}}}, True),
            ({"S": "1"}, {"N": "1"}, False),
            ({"BOOL": True}, {"N": "1"}, False),
            ({"S": ""}, None, False),
            (None, None, True),
        ],
    )
    def test_is_as_stored(
        self, one: dict[str, Any] | None, other: dict[str, Any] | None, expected: bool
    ) -> None:
        """Numbers by value, sets without order, types apart."""
        assert same(one, other) is expected
