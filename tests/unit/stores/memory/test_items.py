"""Single items: written, read, updated and deleted, with the service's validation."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.attributes import AttributeValue, Item
from persistence.errors import ConditionFailed, InvalidRequest, ItemTooLarge
from persistence.expressions import (
    AttributeExists,
    AttributeNotExists,
    Between,
    Compare,
    Condition,
    Discard,
    In,
    Path,
    Remove,
    Set,
    Value,
)
from persistence.operations import (
    ConsumedCapacity,
    DeleteItem,
    GetItem,
    ItemResult,
    Operation,
    PutItem,
    UpdateItem,
    WriteResult,
)
from persistence.stores.memory import MemoryStore
from persistence.table import GlobalIndex, Key, LocalIndex, Table

ORDERS = Table("orders", "id")
LINES = Table(
    "lines",
    "order",
    "number",
    types={"number": "N"},
    indexes=(GlobalIndex("by-sku", Key("sku", "price")), LocalIndex("by-colour", "colour")),
)
KEY: Item = {"id": {"S": "1"}}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


def stored(store: MemoryStore, key: Item = KEY, table: Table = ORDERS) -> Item | None:
    return store.perform(GetItem(table, key, consistent=True)).item


class TestPut:
    def test_replaces_the_whole_item(self, store: MemoryStore) -> None:
        store.perform(PutItem(ORDERS, {**KEY, "a": {"S": "x"}}))

        store.perform(PutItem(ORDERS, {**KEY, "b": {"S": "y"}}))

        assert stored(store) == {**KEY, "b": {"S": "y"}}

    def test_shares_nothing_with_the_caller(self, store: MemoryStore) -> None:
        """What the caller does to its item before or after a read changes nothing in the store."""
        item: Item = {**KEY, "m": {"M": {"l": {"L": [{"SS": ["a"]}]}}}, "s": {"S": "x"}}
        store.perform(PutItem(ORDERS, item))

        item["m"]["M"]["l"]["L"].append({"S": "mine"})
        answer = stored(store)
        assert answer is not None
        answer["m"]["M"]["l"]["L"][0]["SS"].append("mine")
        answer["s"]["S"] = "mine"

        assert stored(store) == {**KEY, "m": {"M": {"l": {"L": [{"SS": ["a"]}]}}}, "s": {"S": "x"}}

    @pytest.mark.parametrize(
        ("given", "kept"),
        [("-0", "0"), ("1.50", "1.5"), ("1E3", "1000"), ("+5", "5"), ("007", "7"), ("-0.10", "-0.1")],
    )
    def test_makes_numbers_canonical(self, store: MemoryStore, given: str, kept: str) -> None:
        store.perform(PutItem(ORDERS, {**KEY, "n": {"N": given}, "l": {"L": [{"NS": [given]}]}}))

        assert stored(store) == {**KEY, "n": {"N": kept}, "l": {"L": [{"NS": [kept]}]}}

    def test_takes_equal_numbers_for_one_key(self, store: MemoryStore) -> None:
        store.perform(PutItem(LINES, {"order": {"S": "o"}, "number": {"N": "1000"}}))

        found = stored(store, {"order": {"S": "o"}, "number": {"N": "1E3"}}, LINES)

        assert found == {"order": {"S": "o"}, "number": {"N": "1000"}}

    def test_accepts_empty_strings_outside_keys(self, store: MemoryStore) -> None:
        item: Item = {**KEY, "s": {"S": ""}, "b": {"B": b""}, "ss": {"SS": ["a", ""]}}

        store.perform(PutItem(ORDERS, item))

        assert stored(store) == item

    def test_returns_the_old_item_if_asked(self, store: MemoryStore) -> None:
        store.perform(PutItem(ORDERS, {**KEY, "a": {"N": "1"}}))

        found = store.perform(PutItem(ORDERS, KEY, returning="old"))

        assert found == WriteResult({**KEY, "a": {"N": "1"}}, (ConsumedCapacity("orders", write_units=1.0),))

    @pytest.mark.parametrize(
        ("value", "message"),
        [
            ({}, "must contain exactly one of the supported datatypes"),
            ({"S": "x", "N": "1"}, "more than one datatypes"),
            ({"X": "x"}, "unknown datatype"),
            ({"S": 5}, "Expected str under type tag S, found int"),
            ({"N": 5}, "Expected a number as str"),
            ({"BOOL": 1}, "Expected bool"),
            ({"NULL": False}, "must have the value of true"),
            ({"B": "text"}, "Expected bytes"),
            ({"L": {}}, "Expected list"),
            ({"M": []}, "Expected dict"),
            ("text", "Expected a tagged attribute value"),
            ({"SS": []}, "An string set  may not be empty"),
            ({"NS": []}, "An number set  may not be empty"),
            ({"BS": []}, "Binary sets should not be empty"),
            ({"SS": ["a", "a"]}, "contains duplicates"),
            ({"NS": ["1", "1.0"]}, "contains duplicates"),
            ({"BS": [b"a", b"a"]}, "contains duplicates"),
            ({"SS": ["a", 1]}, "Expected str under type tag S"),
            ({"N": "NaN"}, "cannot be converted to a numeric value"),
            ({"N": "1_000"}, "cannot be converted to a numeric value"),
            ({"N": "1" * 39}, "more than 38 significant digits"),
            ({"N": "1E126"}, "Number overflow"),
            ({"N": "1E-131"}, "Number underflow"),
            ({"M": {"a": {"L": [{"N": "x"}]}}}, r"attribute 'v\.a\[0\]'"),
        ],
    )
    def test_refuses_malformed_values(self, store: MemoryStore, value: Any, message: str) -> None:
        with pytest.raises(InvalidRequest, match=message):
            store.perform(PutItem(ORDERS, {**KEY, "v": value}))

    def test_says_nothing_of_values(self, store: MemoryStore) -> None:
        with pytest.raises(InvalidRequest) as caught:
            store.perform(PutItem(ORDERS, {**KEY, "v": {"SS": ["secret", "secret"]}}))

        assert "secret" not in str(caught.value)
        assert (caught.value.operation, caught.value.table) == ("PutItem", "orders")

    def test_takes_31_levels_below_an_attribute_and_no_more(self, store: MemoryStore) -> None:
        def nested(levels: int) -> AttributeValue:
            return {"L": [nested(levels - 1)]} if levels else {"S": "x"}

        store.perform(PutItem(ORDERS, {**KEY, "v": nested(31)}))

        with pytest.raises(InvalidRequest, match="Nesting Levels have exceeded supported limits"):
            store.perform(PutItem(ORDERS, {**KEY, "v": nested(32)}))

    def test_takes_409600_bytes_and_no_more(self, store: MemoryStore) -> None:
        fitting = "x" * (409_600 - len("id" + "1" + "v"))

        store.perform(PutItem(ORDERS, {**KEY, "v": {"S": fitting}}))

        with pytest.raises(ItemTooLarge, match="exceeded the maximum allowed size"):
            store.perform(PutItem(ORDERS, {**KEY, "v": {"S": fitting + "x"}}))

    @pytest.mark.parametrize("name", ["", "x" * 65_536])
    def test_refuses_attribute_names_of_impossible_lengths(self, store: MemoryStore, name: str) -> None:
        with pytest.raises(InvalidRequest, match=r"[Aa]ttribute name"):
            store.perform(PutItem(ORDERS, {**KEY, name: {"S": "x"}}))


class TestKeys:
    @pytest.mark.parametrize(
        ("key", "message"),
        [
            ({"order": {"S": "o"}}, "does not match the schema"),
            ({"order": {"S": "o"}, "number": {"S": "1"}}, "does not match the schema"),
            ({"order": {"S": "o"}, "number": {"N": "1"}, "x": {"S": "x"}}, "does not match the schema"),
            ({"order": {"S": ""}, "number": {"N": "1"}}, "cannot contain an empty string"),
            ({"order": {"S": "é" * 1025}, "number": {"N": "1"}}, "limit of 2048 bytes"),
            ({"order": {"S": "o"}, "number": {"N": "one"}}, "numeric value"),
        ],
    )
    def test_are_checked_by_every_operation(self, store: MemoryStore, key: Item, message: str) -> None:
        operations: tuple[Operation[Any], ...] = (
            GetItem(LINES, key),
            DeleteItem(LINES, key),
            UpdateItem(LINES, key, ()),
        )
        for operation in operations:
            with pytest.raises(InvalidRequest, match=message):
                store.perform(operation)

    @pytest.mark.parametrize(
        ("item", "message"),
        [
            ({"order": {"S": "o"}}, "Missing the key number in the item"),
            (
                {"order": {"S": "o"}, "number": {"S": "1"}},
                "Type mismatch for key number expected: N actual: S",
            ),
            ({"order": {"S": ""}, "number": {"N": "1"}}, "empty string value. Key: order"),
            ({"order": {"S": "x" * 2049}, "number": {"N": "1"}}, "Size of hashkey"),
        ],
    )
    def test_are_checked_within_an_item(self, store: MemoryStore, item: Item, message: str) -> None:
        with pytest.raises(InvalidRequest, match=message):
            store.perform(PutItem(LINES, item))

    @pytest.mark.parametrize(
        ("name", "value", "message"),
        [
            ("sku", {"N": "1"}, "Type mismatch for Index Key sku Expected: S Actual: N IndexName: by-sku"),
            ("sku", {"NULL": True}, "Actual: NULL"),
            ("sku", {"S": ""}, "IndexName: by-sku, IndexKey: sku"),
            ("sku", {"S": "x" * 2049}, "Size of hashkey has exceeded"),
            ("colour", {"S": "x" * 1025}, "Size of rangekey has exceeded"),
        ],
    )
    def test_of_indexes_refuse_the_write_of_the_table(
        self, store: MemoryStore, name: str, value: AttributeValue, message: str
    ) -> None:
        key: Item = {"order": {"S": "o"}, "number": {"N": "1"}}

        with pytest.raises(InvalidRequest, match=message):
            store.perform(PutItem(LINES, {**key, name: value}))
        with pytest.raises(InvalidRequest, match=message):
            store.perform(UpdateItem(LINES, key, (Set(Path.of(name), Value(value)),)))

        assert stored(store, key, LINES) is None

    def test_takes_a_bytearray_for_a_binary_key(self, store: MemoryStore) -> None:
        """As an item with one is stored, it is found by one."""
        table = Table("files", "id", types={"id": "B"})
        asked = {"id": {"B": bytearray(b"x")}}
        store.perform(PutItem(table, asked))

        assert stored(store, asked, table) == stored(store, {"id": {"B": b"x"}}, table) == {"id": {"B": b"x"}}


class TestConditions:
    def test_guard_a_write(self, store: MemoryStore) -> None:
        store.perform(PutItem(ORDERS, {**KEY, "a": {"N": "1"}}))

        with pytest.raises(ConditionFailed) as caught:
            store.perform(PutItem(ORDERS, KEY, AttributeNotExists(Path.of("id"))))

        assert caught.value.found is None
        assert stored(store) == {**KEY, "a": {"N": "1"}}

    def test_pass_on_the_stored_item_if_asked(self, store: MemoryStore) -> None:
        store.perform(PutItem(ORDERS, {**KEY, "a": {"N": "1"}}))
        refused = DeleteItem(ORDERS, KEY, AttributeNotExists(Path.of("id")), item_on_failure=True)

        with pytest.raises(ConditionFailed) as caught:
            store.perform(refused)

        assert caught.value.found == {**KEY, "a": {"N": "1"}}

    @pytest.mark.parametrize(
        ("condition", "message"),
        [
            (
                Compare("<", Path.of("a"), Value({"BOOL": True})),
                "operator or function: <, operand type: BOOL",
            ),
            (Between(Path.of("a"), Value({"N": "2"}), Value({"N": "1"})), "upper bound to be greater"),
            (Between(Path.of("a"), Value({"N": "2"}), Value({"S": "3"})), "requires same data type"),
            (In(Path.of("a"), tuple(Value({"N": str(n)}) for n in range(101))), "1 to 100 operands"),
            (Compare("=", Path.of("a"), Path.of("a")), "must be distinct"),
            (Compare("=", Path.of("a"), Value({"SS": []})), "may not be empty"),
            (AttributeExists(Path.of(*["a"] * 33)), "too many nesting elements"),
        ],
    )
    def test_are_refused_whatever_is_stored(
        self, store: MemoryStore, condition: Condition, message: str
    ) -> None:
        with pytest.raises(InvalidRequest, match=message):
            store.perform(PutItem(ORDERS, KEY, condition))

    def test_have_at_most_300_operators(self, store: MemoryStore) -> None:
        condition: Condition = AttributeNotExists(Path.of("a"))
        for number in range(150):
            condition = condition & Compare("<>", Path.of("a"), Value({"N": str(number)}))

        with pytest.raises(InvalidRequest, match="300 operators"):
            store.perform(PutItem(ORDERS, KEY, condition))

    def test_have_at_most_4096_bytes(self, store: MemoryStore) -> None:
        condition = In(Path.of("a"), (Value({"N": "1"}),))
        for number in range(100):
            path = Path.of(*(f"{number}-{depth}" for depth in range(30)))
            condition = condition | AttributeNotExists(path)  # type: ignore[assignment]  # grows into an Or

        with pytest.raises(InvalidRequest, match="4096"):
            store.perform(PutItem(ORDERS, KEY, condition))


class TestUpdate:
    def test_makes_an_item_that_is_absent(self, store: MemoryStore) -> None:
        found = store.perform(
            UpdateItem(ORDERS, KEY, (Set(Path.of("a"), Value({"N": "1.0"})),), returning="new")
        )

        assert found.attributes == {**KEY, "a": {"N": "1"}}

    @pytest.mark.parametrize("action", [Remove(Path.of("a")), Discard(Path.of("a"), Value({"SS": ["x"]}))])
    def test_that_only_takes_away_makes_no_ghost(self, store: MemoryStore, action: Remove | Discard) -> None:
        store.perform(UpdateItem(ORDERS, KEY, (action,)))

        assert stored(store) is None

    @pytest.mark.parametrize(
        ("returning", "expected"),
        [
            ("none", None),
            ("old", {**KEY, "m": {"M": {"a": {"N": "1"}, "b": {"N": "2"}}}, "x": {"S": "x"}}),
            ("new", {**KEY, "m": {"M": {"a": {"N": "9"}, "b": {"N": "2"}}}, "y": {"S": "y"}}),
            ("updated_old", {"m": {"M": {"a": {"N": "1"}}}, "x": {"S": "x"}}),
            ("updated_new", {"m": {"M": {"a": {"N": "9"}}}, "y": {"S": "y"}}),
        ],
    )
    def test_returns_what_is_asked(self, store: MemoryStore, returning: Any, expected: Item | None) -> None:
        """UPDATED_OLD and UPDATED_NEW are just the parts that the update names."""
        store.perform(
            PutItem(ORDERS, {**KEY, "m": {"M": {"a": {"N": "1"}, "b": {"N": "2"}}}, "x": {"S": "x"}})
        )
        actions = (
            Set(Path.of("m", "a"), Value({"N": "9"})),
            Set(Path.of("y"), Value({"S": "y"})),
            Remove(Path.of("x")),
        )

        found = store.perform(UpdateItem(ORDERS, KEY, actions, returning=returning))

        assert found.attributes == expected

    @pytest.mark.parametrize(
        ("actions", "message"),
        [
            ((Set(Path.of("id"), Value({"S": "2"})),), "Cannot update attribute id"),
            ((Remove(Path.of("a")), Set(Path.of("a", "b"), Value({"N": "1"}))), "overlap with each other"),
            ((Remove(Path.of("a", "b")), Remove(Path.of("a", 0))), "conflict with each other"),
            ((Set(Path.of("a"), Path.of("absent")),), "refers to an attribute that does not exist"),
            ((Set(Path.of("m", "a"), Value({"N": "1"})),), "invalid for update"),
        ],
    )
    def test_refuses(self, store: MemoryStore, actions: tuple[Any, ...], message: str) -> None:
        with pytest.raises(InvalidRequest, match=message):
            store.perform(UpdateItem(ORDERS, KEY, actions))

    def test_that_makes_an_item_too_large_is_refused(self, store: MemoryStore) -> None:
        large = Set(Path.of("a"), Value({"S": "x" * 409_600}))

        with pytest.raises(ItemTooLarge, match="Item size to update has exceeded"):
            store.perform(UpdateItem(ORDERS, KEY, (large,)))


class TestGet:
    def test_of_an_absent_item_costs_as_much_as_a_small_one(self, store: MemoryStore) -> None:
        assert store.perform(GetItem(ORDERS, KEY)) == ItemResult(
            None, (ConsumedCapacity("orders", read_units=0.5),)
        )

    def test_projects(self, store: MemoryStore) -> None:
        store.perform(PutItem(ORDERS, {**KEY, "m": {"M": {"a": {"N": "1"}, "b": {"N": "2"}}}}))

        found = store.perform(GetItem(ORDERS, KEY, projection=(Path.of("m", "b"),)))

        assert found.item == {"m": {"M": {"b": {"N": "2"}}}}


class TestCapacity:
    def test_counts_4_kb_per_read_unit_and_1_kb_per_write_unit(self, store: MemoryStore) -> None:
        written = store.perform(PutItem(ORDERS, {**KEY, "v": {"S": "x" * 4096}}))
        read = store.perform(GetItem(ORDERS, KEY, consistent=True))

        assert written.capacity == (ConsumedCapacity("orders", write_units=5.0),)
        assert read.capacity == (ConsumedCapacity("orders", read_units=2.0),)

    def test_counts_index_writes_where_the_index_changes(self, store: MemoryStore) -> None:
        key: Item = {"order": {"S": "o"}, "number": {"N": "1"}}
        indexed: Item = {**key, "sku": {"S": "s"}, "price": {"N": "1"}}
        table = Table("priced", "order", "number", types={"number": "N", "price": "N"}, indexes=LINES.indexes)

        units = [
            store.perform(PutItem(table, item)).capacity[0].write_units
            for item in (indexed, indexed, {**indexed, "price": {"N": "2"}}, key)
        ]

        assert units == [2.0, 1.0, 3.0, 2.0]


def test_refuses_an_operation_that_it_does_not_know(store: MemoryStore) -> None:
    class Shout(Operation[None]):
        pass

    with pytest.raises(InvalidRequest, match="does not know the operation Shout"):
        store.perform(Shout())
