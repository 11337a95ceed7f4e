"""Items are admitted in one form, with one size, however they are written and whichever walk admits them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.attributes import ITEM_SIZE_LIMIT, AttributeValue, Item, canonical_number, item_size
from persistence.stores.validation.record import Record
from persistence.stores.validation.refused import ItemTooBig, Refused
from persistence.stores.validation.usual_values import has_usual_parts, is_canonical
from persistence.stores.validation.values import admit, admit_changed, check_value, packed

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
    unusual, usual = admit({name: unusually(value) for name, value in item.items()}), admit(item)

    assert (unusual.item, unusual.size) == (usual.item, usual.size)


@given(ITEMS)
def test_a_copy_shares_no_part_that_can_change(item: Item) -> None:
    record = admit(item)
    copy = record.copy()

    assert copy == record.item
    assert changeable(copy).isdisjoint(changeable(record.item))
    assert changeable(record.item).isdisjoint(changeable(item))


def seen(record: Record) -> tuple[Item, int]:
    return record.copy(), record.size


@given(VALUES)
def test_a_value_that_is_usual_is_one_that_is_admitted(value: AttributeValue) -> None:
    check_value(value)
    check_value(unusually(value))

    assert has_usual_parts(canonical(value)) == is_packable(canonical(value))


@given(ITEMS, ITEMS, st.sets(NAMES))
def test_what_an_update_left_alone_is_not_admitted_again(before: Item, given: Item, gone: set[str]) -> None:
    for old in (admit(before), packed(before, ITEM_SIZE_LIMIT) or admit(before)):
        after = {name: value for name, value in {**old.item, **given}.items() if name not in gone}

        record, whole = admit_changed(after, old, ITEM_SIZE_LIMIT), admit(after)

        assert list(record.item.items()) == list(whole.item.items())
        assert record.size == whole.size
        assert record.copy() == whole.item
        assert changeable(record.copy()).isdisjoint(changeable(record.item))


@given(ITEMS, st.integers(0, 40), st.sampled_from([{"N": "x"}, {"SS": []}, {"S": 1}, {}, None]))
def test_what_an_update_made_wrong_is_refused_alike(before: Item, limit: int, wrong: Any) -> None:
    old = admit(before)
    after = {"fine": {"L": [{"S": "x"}]}, **old.item, **({} if wrong is None else {"wrong": wrong})}

    expected = outcome(lambda: admit(after, limit))

    assert outcome(lambda: admit_changed(after, old, limit)) == expected


def outcome(admitted: Callable[[], Record]) -> object:
    try:
        return seen(admitted())
    except Refused as refused:
        return type(refused), str(refused)


class TestPacked:
    """An item is kept packed where it has the form of a table already, and no reader can tell."""

    @given(ITEMS)
    def test_is_the_same_as_one_that_is_admitted(self, item: Item) -> None:
        record = packed(item, ITEM_SIZE_LIMIT)

        assert record is None or seen(record) == seen(admit(item))

    @given(ITEMS)
    def test_needs_the_canonical_form(self, item: Item) -> None:
        form = {name: canonical(value) for name, value in item.items()}

        record = packed(form, ITEM_SIZE_LIMIT)

        assert (record is not None) == all(map(is_packable, form.values()))
        assert record is None or seen(record) == (form, item_size(form))
        if form != item:
            assert packed(item, ITEM_SIZE_LIMIT) is None

    @given(ITEMS)
    def test_takes_nothing_of_other_types(self, item: Item) -> None:
        other = {name: unusually(value) for name, value in item.items()}

        assert not other or packed(other, ITEM_SIZE_LIMIT) is None

    @given(ITEMS)
    def test_gives_each_reader_parts_of_his_own(self, item: Item) -> None:
        record = packed(item, ITEM_SIZE_LIMIT)

        if record is not None:
            copies = [record.copy(), record.copy(), record.item, record.copy()]
            parts = [changeable(each) for each in (item, *copies)]
            assert sum(map(len, parts)) == len(set().union(*parts))
            assert all(copy == item for copy in copies)

    def test_makes_two_of_a_part_that_stands_twice(self) -> None:
        part = {"L": [{"S": "x"}]}
        record = packed({"a": part, "b": part}, ITEM_SIZE_LIMIT)

        assert record is not None
        copy = record.copy()
        assert copy == {"a": part, "b": part}
        assert copy["a"] is not copy["b"]
        assert copy["a"]["L"] is not copy["b"]["L"]

    def test_has_the_limit_of_all_bytes(self) -> None:
        item: Item = {"ä": {"M": {"n": {"N": "123"}, "t": {"S": "ä"}}}}

        assert packed(item, 14) is not None
        with pytest.raises(ItemTooBig):
            packed(item, 13)

    @pytest.mark.parametrize("depth", [30, 31, 32, 100])
    @pytest.mark.parametrize("tag", ["L", "M"])
    def test_nests_32_levels(self, tag: str, depth: int) -> None:
        value: Any = {"S": "x"}
        for _ in range(depth):
            value = {"L": [value]} if tag == "L" else {"M": {"m": value}}

        assert (packed({"a": value}, ITEM_SIZE_LIMIT) is not None) == (depth < 32)


def is_packable(value: AttributeValue) -> bool:
    ((tag, content),) = value.items()
    if tag in ("NS", "BS"):
        return False
    if tag == "N":
        return is_canonical(content) is not None
    if tag == "L":
        return all(map(is_packable, content))
    return tag != "M" or all(map(is_packable, content.values()))


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
    assert packed({"fine": {"S": "x"}, "a": value}, ITEM_SIZE_LIMIT) is None
    assert not has_usual_parts(value)
    with pytest.raises(Refused):
        check_value({"L": [{"M": {"b": value}}]})


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
