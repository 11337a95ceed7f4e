"""Items are admitted in one form, with one size, however they are written and whichever walk admits them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.attributes import AttributeValue, Item, canonical_number, item_size
from persistence.stores.validation.refused import ItemTooBig, Refused
from persistence.stores.validation.values import admit

NUMBERS = st.one_of(
    st.sampled_from(["0", "-0", "1.50", "1E3", "-0.001", "007", "1E-130", "9" * 38, "-9.9E+125"]),
    st.integers(-(10**38) + 1, 10**38 - 1).map(str),
)
TEXTS = st.one_of(st.sampled_from(["", "ä", "\U0001f600", "plain"]), st.text(max_size=9))
SCALARS: st.SearchStrategy[AttributeValue] = st.one_of(
    TEXTS.map(lambda text: {"S": text}),
    NUMBERS.map(lambda text: {"N": text}),
    st.booleans().map(lambda truth: {"BOOL": truth}),
    st.just({"NULL": True}),
    st.binary(max_size=5).map(lambda content: {"B": content}),
    st.lists(TEXTS, min_size=1, max_size=3, unique=True).map(lambda members: {"SS": members}),
    st.lists(NUMBERS, min_size=1, max_size=3, unique_by=canonical_number).map(
        lambda members: {"NS": members}
    ),
    st.lists(st.binary(max_size=3), min_size=1, max_size=3, unique=True).map(lambda members: {"BS": members}),
)
NAMES = st.one_of(st.sampled_from(["a", "b", "ä"]), st.text(min_size=1, max_size=5))
VALUES: st.SearchStrategy[AttributeValue] = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: {"L": parts}),
        st.dictionaries(NAMES, inner, max_size=3).map(lambda parts: {"M": parts}),
    ),
    max_leaves=8,
)
ITEMS = st.dictionaries(NAMES, VALUES, max_size=6)


class Colour(StrEnum):
    RED = "red"


class Named(str, Enum):  # noqa: UP042  # its text is not its content
    RED = "red"


class Own(dict[str, Any]):
    """A dict of a class of its own."""

    def copy(self) -> Own:
        return self


def canonical(value: Mapping[str, Any]) -> AttributeValue:
    ((tag, content),) = value.items()
    match tag:
        case "N":
            return {tag: canonical_number(content)}
        case "NS":
            return {tag: list(map(canonical_number, content))}
        case "L":
            return {tag: [canonical(part) for part in content]}
        case "M":
            return {tag: {name: canonical(part) for name, part in content.items()}}
        case _:
            return {tag: content}


def unusually(value: AttributeValue) -> Any:
    """Write a value with types that no codec gives, but that stand for the same."""
    ((tag, content),) = value.items()
    if tag == "M":
        content = MappingProxyType({name: unusually(part) for name, part in content.items()})
    elif tag == "L":
        content = tuple(map(unusually, content))
    elif tag == "B":
        content = bytearray(content)
    return MappingProxyType({tag: content})


@given(ITEMS)
def test_an_item_is_kept_in_canonical_form_with_its_size(item: Item) -> None:
    record = admit(item)

    assert record.item == {name: canonical(value) for name, value in item.items()}
    assert record.size == item_size(record.item)


@given(ITEMS)
def test_what_is_written_in_other_types_is_kept_alike(item: Item) -> None:
    assert admit({name: unusually(value) for name, value in item.items()}) == admit(item)


@given(ITEMS)
def test_a_copy_shares_no_part_that_can_change(item: Item) -> None:
    record = admit(item)
    copy = record.copy()

    assert copy == record.item
    assert changeable(copy).isdisjoint(changeable(record.item))
    assert changeable(record.item).isdisjoint(changeable(item))


def changeable(part: object) -> set[int]:
    if isinstance(part, dict):
        return {id(part)}.union(*map(changeable, part.values()))
    if isinstance(part, list):
        return {id(part)}.union(*map(changeable, part))
    return set()


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"S": Colour.RED}, {"S": "red"}),
        ({"S": Named.RED}, {"S": "red"}),
        ({"M": {"c": {"S": Named.RED}}}, {"M": {"c": {"S": "red"}}}),
        ({"SS": [Named.RED]}, {"SS": ["red"]}),
        (Own({"S": "red"}), {"S": "red"}),
        ({"M": Own({"c": {"S": "red"}})}, {"M": {"c": {"S": "red"}}}),
    ],
)
def test_nothing_of_the_callers_classes_is_kept(value: Any, kept: AttributeValue) -> None:
    found = admit({"a": value}).item["a"]

    assert found == kept
    assert type(found) is dict
    assert "Named" not in repr(found)
    assert "Colour" not in repr(found)


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"S": 1}, "a"),
        ({"S": "\ud83d"}, "a"),
        ({"N": 1}, "a"),
        ({"N": "x"}, "a"),
        ({"N": "1" * 39}, "a"),
        ({"BOOL": 1}, "a"),
        ({"NULL": False}, "a"),
        ({"S": "x", "N": "1"}, "a"),
        ({}, "a"),
        ("S", "a"),
        (["S"], "a"),
        (None, "a"),
        ({"X": "x"}, "a"),
        ({"SS": []}, "a"),
        ({"SS": ["x", "x"]}, "a"),
        ({"NS": ["1", "1.0"]}, "a"),
        ({"M": [("b", {"S": "x"})]}, "a"),
        ({"M": {"": {"S": "x"}}}, "a"),
        ({"M": {"b": {"L": [{"S": "x"}, {"S": None}]}}}, "a.b[1]"),
        ({"L": {"b": {"S": "x"}}}, "a"),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(value: Any, place: str) -> None:
    with pytest.raises(Refused) as refused:
        admit({"fine": {"S": "x"}, "a": value})

    assert refused.value.place == place


@pytest.mark.parametrize("tag", ["L", "M"])
@pytest.mark.parametrize(("depth", "fits"), [(31, True), (32, False)])
def test_documents_nest_32_levels(tag: str, depth: int, fits: bool) -> None:
    value: Any = {"S": "x"}
    for _ in range(depth):
        value = {"L": [value]} if tag == "L" else {"M": {"m": value}}

    if fits:
        assert admit({"a": value}).item == {"a": value}
    else:
        with pytest.raises(Refused, match="Nesting Levels"):
            admit({"a": value})


def test_the_limit_is_of_all_bytes() -> None:
    item: Item = {"ä": {"M": {"n": {"N": "123"}, "t": {"S": "ä"}}}}

    assert admit(item, 14).size == item_size(item) == 14
    with pytest.raises(ItemTooBig):
        admit(item, 13)
