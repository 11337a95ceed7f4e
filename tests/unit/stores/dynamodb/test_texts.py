"""The text of writes: byte for byte what `json` writes of their parameters, or none."""

from __future__ import annotations

import json
from base64 import b64encode
from collections import OrderedDict
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import persistence.expressions as trees
from persistence.expressions import Path, Set, Value, equals
from persistence.operations import (
    BatchWriteItems,
    ConditionCheck,
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    TransactWrite,
    UpdateItem,
)
from persistence.stores.dynamodb import item_texts, requests
from persistence.stores.dynamodb.item_texts import NotAsSentError, item_text
from persistence.stores.dynamodb.texts import text_of
from persistence.table import Table

TABLE = Table("orders", partition="id")
KEY = {"id": {"S": "1"}}
FREE = trees.AttributeNotExists(Path.of("id"))


class Tag(str, Enum):  # noqa: UP042  # formatted, it is no text
    TEXT = "S"


def as_json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), default=lambda binary: b64encode(binary).decode())


texts = st.text(st.characters(exclude_categories=())) | st.sampled_from(
    ["a'b", '"', "{x}", "%s", "\\N{DASH}"]
)
scalars: st.SearchStrategy[Any] = st.one_of(
    st.builds(lambda text: {"S": text}, texts),
    st.builds(lambda number: {"N": str(number)}, st.integers()),
    st.builds(lambda binary: {"B": binary}, st.binary()),
    st.builds(lambda flag: {"BOOL": flag}, st.booleans()),
    st.just({"NULL": True}),
    st.builds(lambda members: {"SS": sorted(members, key=repr)}, st.sets(texts, min_size=1)),
    st.builds(lambda members: {"BS": sorted(members, key=repr)}, st.sets(st.binary(), min_size=1)),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.builds(lambda parts: {"L": parts}, st.lists(inner, max_size=4)),
        st.builds(lambda parts: {"M": parts}, st.dictionaries(texts, inner, max_size=4)),
    ),
    max_leaves=12,
)
items = st.dictionaries(texts, values, max_size=6)


def written_often(item: Any) -> list[str]:
    """Write an item until, and after, a function is made for it."""
    return [item_text(item) for _ in range(item_texts.SIGHTINGS + 2)]


class TestItems:
    @settings(max_examples=40)
    @given(items)
    def test_are_written_as_json_writes_them(self, item: Any) -> None:
        """At first, and by the function that is made for their names."""
        assert set(written_often(item)) == {as_json(item)}

    @settings(max_examples=40)
    @given(items, items)
    def test_of_the_same_names_and_other_types_are_written_too(self, item: Any, other: Any) -> None:
        """What a function was not made for is written the plain way."""
        alike = dict(zip(item, other.values(), strict=False))
        alike |= {name: value for name, value in item.items() if name not in alike}
        written_often(item)

        assert item_text(alike) == as_json(alike)

    @pytest.mark.parametrize("known", [True, False])
    @pytest.mark.parametrize(
        "value",
        [
            {"S": 1},
            {"N": 1},
            {"B": "text"},
            {"BOOL": 1},
            {"NULL": "true"},
            {"L": ({"S": "a"},)},
            {"L": [{"S": 1}]},
            {"L": [{"M": {"a": {"N": 1}}}]},
            {"L": [{"M": {"a": {"S": "a"}}, "S": "a"}]},
            {"L": ["M"]},
            {"M": OrderedDict(a={"S": "a"})},
            {"M": {"a": {"S": None}}},
            {"M": {1: {"S": "a"}}},
            {"SS": {"a"}},
            {"SS": ["b", "a"]},
            {"NS": [1]},
            {"BS": ["a"]},
            {"S": "a", "N": "1"},
            {"X": "a"},
            {},
            "S",
            None,
        ],
    )
    def test_in_another_form_are_refused(self, value: Any, *, known: bool) -> None:
        """Others convert them, or say what is wrong; whatever was written before under their names."""
        usual = {"S": "a"} if not isinstance(value, dict) or len(value) != 1 else _usual(*value)
        if known:
            written_often({"a": usual})

        with pytest.raises(NotAsSentError):
            item_text({"a": value})

    def test_whose_tags_are_no_plain_texts_are_written_by_their_texts(self) -> None:
        """As `json` writes members of enums that are texts."""
        item = {"tagged by an enum": {Tag.TEXT: "a"}}

        assert set(written_often(item)) == {'{"tagged by an enum":{"S":"a"}}'}

    def test_of_ever_new_names_are_not_kept(self) -> None:
        """Maps may have any keys: what is known of them stays bounded."""
        for number in range(3 * item_texts.KEPT):
            assert item_text({f"name {number}": {"S": "a"}}) == f'{{"name {number}":{{"S":"a"}}}}'

        for kept in (item_texts.seen, item_texts.writers):
            assert len(kept) <= item_texts.KEPT

    def test_deep_ones_are_refused_in_the_time_of_their_size(self) -> None:
        """Each level tries to write what lies below only once."""
        value: Any = {"S": 1}
        for depth in range(60):
            value = {"M": {"a": {"S" if depth % 2 else "N": "1"}, "b": value, "c": {"S": "x"}}}

        for _ in range(item_texts.SIGHTINGS + 2):
            with pytest.raises(NotAsSentError):
                item_text({"deep": value})


def _usual(tag: Any) -> Any:
    contents: dict[str, Any] = {
        "B": b"",
        "BOOL": True,
        "NULL": True,
        "L": [{"M": {"a": {"S": "a"}}}],
        "M": {"a": {"S": "a"}},
        "SS": ["a"],
        "NS": ["1"],
        "BS": [b""],
    }
    return {tag: contents.get(tag, "1")} if tag in (*contents, "S", "N") else {"S": "a"}


STATUS = Path.of("status")
ACTIONS = (Set(STATUS, Value({"S": "sh%pped"})), trees.Remove(Path.of("note", "x")))
IS_OPEN = equals(STATUS, {"S": 'ope"n'})

WRITES: list[Any] = [
    PutItem(TABLE, {**KEY, "total": {"N": "1"}}),
    PutItem(TABLE, KEY, FREE, item_on_failure=True),
    PutItem(TABLE, KEY, FREE & IS_OPEN),
    PutItem(TABLE, KEY, trees.AttributeExists(Path.of("a", "b"))),
    UpdateItem(TABLE, KEY, ACTIONS),
    UpdateItem(TABLE, KEY, ACTIONS, IS_OPEN, item_on_failure=True),
    UpdateItem(TABLE, KEY, ACTIONS, trees.AttributeExists(Path.of("id")), item_on_failure=True),
    DeleteItem(TABLE, KEY),
    DeleteItem(TABLE, KEY, IS_OPEN, item_on_failure=True),
    DeleteItem(TABLE, KEY, equals(Path.of("Key"), {"S": '"Key":{}'})),
]
SINGLE: list[Any] = [
    PutItem(TABLE, KEY, FREE, returning="old"),
    UpdateItem(TABLE, KEY, ACTIONS, IS_OPEN, returning="updated_new"),
    UpdateItem(TABLE, KEY, ()),
    DeleteItem(TABLE, KEY, returning="old"),
]


def parameters_of(operation: Operation[Any]) -> dict[str, Any]:
    makers: dict[type, Any] = {
        PutItem: requests.put_item,
        UpdateItem: requests.update_item,
        DeleteItem: requests.delete_item,
        TransactWrite: requests.transact_write,
        BatchWriteItems: requests.batch_write,
    }
    made: dict[str, Any] = makers[type(operation)](operation)
    return made


class TestWrites:
    @pytest.mark.parametrize("write", [*WRITES, *SINGLE], ids=repr)
    def test_have_the_text_of_their_parameters(self, write: Any) -> None:
        """So that it makes no difference which of the two is sent."""
        expected = as_json(parameters_of(write))  # also has its expressions written, whose text is kept

        assert [text_of(write) for _ in range(3)] == [expected] * 3

    @pytest.mark.parametrize("write", [*WRITES, ConditionCheck(TABLE, KEY, FREE)], ids=repr)
    def test_have_it_in_transactions(self, write: Any) -> None:
        """Beside others, in their order."""
        other = PutItem(TABLE, {"id": {"S": "2"}}, FREE)
        transaction = TransactWrite((other, write, DeleteItem(TABLE, {"id": {"S": "3"}})), "a token")

        assert as_json(parameters_of(transaction)) == text_of(transaction)

    @pytest.mark.parametrize("among", ["adds", "plain puts"])
    def test_have_it_among_those_that_are_nearly_alike(self, among: str) -> None:
        """Where most are puts of one kind, the others are none of them all the same."""
        other = Table("others", partition="id")
        usual: tuple[Any, ...] = (FREE,) if among == "adds" else ()
        puts = [
            PutItem(TABLE, {"id": {"S": "1"}}, *usual),
            PutItem(TABLE, {"id": {"S": "2"}, "a": {"N": "1"}}, *usual),
            PutItem(other, {"id": {"S": "2"}}, *usual),
            PutItem(other, {"id": {"S": "3"}}, trees.AttributeNotExists(Path.of("other"))),
            PutItem(other, {"id": {"S": "4"}}, FREE, item_on_failure=True),
            PutItem(other, {"id": {"S": "5"}}, FREE & IS_OPEN),
            PutItem(other, {"id": {"S": "6"}}, FREE, item_on_failure=True),
            PutItem(other, {"id": {"S": "7"}}, FREE),
            PutItem(TABLE, {"id": {"S": "8"}}, FREE),
            PutItem(TABLE, {"id": {"S": "9"}}),
        ]
        transaction = TransactWrite(tuple(puts), "a token")

        assert as_json(parameters_of(transaction)) == text_of(transaction)

    def test_that_ask_for_an_answer_have_none_in_transactions(self) -> None:
        """Also behind one that they are like but for that: it is refused."""
        asking = PutItem(TABLE, {"id": {"S": "2"}}, FREE, returning="old")

        assert text_of(TransactWrite((PutItem(TABLE, KEY, FREE), asking), "a token")) is None

    def test_have_it_in_batches(self) -> None:
        """By their tables."""
        other = Table("others", partition="id")
        batch = BatchWriteItems(
            (
                PutItem(TABLE, KEY),
                DeleteItem(other, KEY),
                PutItem(TABLE, {"id": {"S": "ü"}, "a": {"B": b"a"}}),
            )
        )

        assert as_json(parameters_of(batch)) == text_of(batch)

    @pytest.mark.parametrize("held", ["1", "2"])
    def test_keep_no_contents(self, held: str) -> None:
        """Frames are made without keys, items and values."""
        write = UpdateItem(TABLE, {"id": {"S": held}}, (Set(STATUS, Value({"S": held})),), IS_OPEN)
        parameters = parameters_of(write)

        assert text_of(write) == as_json(parameters)

    @pytest.mark.parametrize(
        "operation",
        [
            GetItem(TABLE, KEY),
            TransactWrite((), "token"),
            TransactWrite((PutItem(TABLE, KEY),), None),
            TransactWrite((PutItem(TABLE, KEY),), ""),
            TransactWrite((PutItem(TABLE, KEY), DeleteItem(TABLE, KEY)), "token"),
            TransactWrite((PutItem(TABLE, KEY, returning="old"),), "token"),
            TransactWrite((UpdateItem(TABLE, KEY, ()),), "token"),
            TransactWrite((UpdateItem(TABLE, KEY, (), FREE),), "token"),
            BatchWriteItems(()),
            BatchWriteItems((PutItem(TABLE, KEY), DeleteItem(TABLE, KEY))),
            BatchWriteItems((PutItem(TABLE, KEY, FREE),)),
            BatchWriteItems((PutItem(TABLE, KEY, returning="old"),)),
            BatchWriteItems((UpdateItem(TABLE, KEY, (Set(STATUS, Value({"S": "x"})),)),)),  # type: ignore[arg-type]
            PutItem(TABLE, {"id": {"S": 1}}),
            PutItem(TABLE, OrderedDict(KEY)),
            PutItem(TABLE, {**KEY, "tags": {"SS": ["b", "a"]}}),
            UpdateItem(TABLE, KEY, (Set(STATUS, Value({"SS": []})),)),
        ],
        ids=repr,
    )
    def test_that_are_unusual_have_none(self, operation: Operation[Any]) -> None:
        """Their parameters are made, settled or refused as ever."""
        assert text_of(operation) is None
