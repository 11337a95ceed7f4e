"""Single items: get, put, delete."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from persistence.attributes import AttributeValue, Item
from persistence.errors import ConditionFailed, InvalidRequest
from persistence.expressions import Add, AttributeExists, AttributeNotExists, Path, Value
from persistence.operations import DeleteItem, GetItem, PutItem, UpdateItem
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract
from persistence.testing.contract.words import (
    FALSE,
    NULL,
    TRUE,
    at,
    binaries,
    binary,
    compare,
    key,
    list_of,
    map_of,
    number,
    numbers,
    put,
    read,
    rows,
    strings,
    text,
)

DOCUMENT: Item = {
    "name": text("x"),
    "list": list_of(number(0), number(1), map_of(deep=text("y"), other=TRUE)),
    "map": map_of(a=number(1), b=map_of(c=number(2), d=number(3))),
}

VALUES: dict[str, AttributeValue] = {
    "string": text("grüße 😀"),
    "number": number(42),
    "binary": binary(b"\x00\xff"),
    "true": TRUE,
    "false": FALSE,
    "null": NULL,
    "list": list_of(text("a"), number(1), list_of(NULL)),
    "empty-list": list_of(),
    "map": map_of(a=number(1), b=map_of(c=TRUE)),
    "empty-map": map_of(),
    "string-set": strings("a", "b"),
    "number-set": numbers(1, 2),
    "binary-set": binaries(b"a", b"b"),
    "sets-within": list_of(map_of(members=strings("a"))),
    "entries-of-any-name": {"M": {"a.b": number(1), "[0]": number(2)}},
}


class GetItemContract(Contract):
    """Reading one item by its key."""

    def test_get_gives_none_for_an_absent_item(self, store: Store, table: Table) -> None:
        """An absent item is no error [aws]."""
        found = store.perform(GetItem(table, key("absent")))

        assert found.item is None

    def test_get_gives_the_whole_item(self, store: Store, table: Table) -> None:
        """Without a projection all attributes come back, the key among them [aws]."""
        stored = put(store, table, key("a"), **DOCUMENT)

        found = store.perform(GetItem(table, key("a"), consistent=True))

        assert found.item == stored

    @rows(
        "wanted, found",
        {
            "one-attribute": ((at("name"),), {"name": DOCUMENT["name"]}),
            "the-key": ((at("pk"),), {"pk": text("a")}),
            "an-entry": ((at("map", "a"),), {"map": map_of(a=number(1))}),
            "entries-of-one-map": (
                (at("map", "a"), at("map", "b", "d")),
                {"map": map_of(a=number(1), b=map_of(d=number(3)))},
            ),
            "an-element": ((at("list", 1),), {"list": list_of(number(1))}),
            "elements-close-up": (
                (at("list", 2, "deep"), at("list", 0)),
                {"list": list_of(number(0), map_of(deep=text("y")))},
            ),
            "absent-ones-left-out": (
                (at("name"), at("absent"), at("map", "absent")),
                {"name": DOCUMENT["name"]},
            ),
            "nothing-found": ((at("absent"),), {}),
        },
    )
    def test_get_projects(self, store: Store, table: Table, wanted: tuple[Path, ...], found: Item) -> None:
        """A projection gives what is at its paths; elements close up, absent ones are left out [conf]."""
        put(store, table, key("a"), **DOCUMENT)

        result = store.perform(GetItem(table, key("a"), consistent=True, projection=wanted))

        assert result.item == found

    def test_get_with_a_projection_gives_none_for_an_absent_item(self, store: Store, table: Table) -> None:
        """No item is told apart from an item without the projected attributes [aws]."""
        found = store.perform(GetItem(table, key("absent"), projection=(at("name"),)))

        assert found.item is None

    @rows(
        "wanted",
        {
            "the-same-twice": (at("name"), at("name")),
            "one-within-the-other": (at("map"), at("map", "a")),
            "none": (),
        },
    )
    def test_get_refuses_a_malformed_projection(
        self, store: Store, table: Table, wanted: tuple[Path, ...]
    ) -> None:
        """Paths of a projection must not overlap, and there must be one [conf]."""
        with pytest.raises(InvalidRequest):
            store.perform(GetItem(table, key("a"), projection=wanted))

    def test_get_refuses_a_projection_of_more_than_4096_bytes(self, store: Store, table: Table) -> None:
        """The text of the expression counts, not that of the names behind its placeholders [conf]."""
        put(store, table, key("a"), first=text("x"))
        long = tuple(at(f"{one}-{'n' * 240}") for one in range(30))
        many = tuple(at("map", f"name{one}") for one in range(500))

        assert store.perform(GetItem(table, key("a"), projection=(at("first"), *long))).item == {
            "first": text("x")
        }
        with pytest.raises(InvalidRequest):
            store.perform(GetItem(table, key("a"), projection=many))

    @rows(
        "name",
        {
            "reserved": "name",
            "dot": "a.b",
            "hyphen": "a-b",
            "blank": "with blank",
            "hash": "#a",
            "colon": ":a",
            "digit": "1st",
            "umlaut": "größe",
            "brackets": "a[0]",
        },
    )
    def test_any_text_names_an_attribute(self, store: Store, table: Table, name: str) -> None:
        """Reserved words, dots, blanks and any other text are names like any other [run]."""
        store.perform(PutItem(table, {**key("a"), name: number(1)}))

        store.perform(
            UpdateItem(table, key("a"), (Add(at(name), Value(number(1))),), compare(name, "=", number(1)))
        )

        found = store.perform(GetItem(table, key("a"), consistent=True, projection=(at(name),)))
        assert found.item == {name: number(2)}

    def test_what_get_gives_is_the_callers_own(self, store: Store, table: Table) -> None:
        """Changing an answer changes nothing in the store [port]."""
        stored = put(store, table, key("a"), tags=strings("x"), **DOCUMENT)
        found: Any = store.perform(GetItem(table, key("a"), consistent=True)).item

        found["map"]["M"]["a"]["N"] = "99"
        found["list"]["L"].clear()
        found["tags"]["SS"].append("y")
        found["name"]["S"] = "changed"

        assert read(store, table, key("a")) == stored


class PutItemContract(Contract):
    """Writing a whole item."""

    @rows("value", VALUES)
    def test_put_keeps_every_type_of_value(self, store: Store, table: Table, value: AttributeValue) -> None:
        """What was written is read back, type by type [aws]."""
        put(store, table, key("a"), value=value)

        assert read(store, table, key("a")) == {**key("a"), "value": value}

    @rows("value", {"string": text(""), "binary": binary(b""), "within": list_of(map_of(a=text("")))})
    def test_put_keeps_empty_values(self, store: Store, table: Table, value: AttributeValue) -> None:
        """Attributes that belong to no key may be empty strings or binary [aws]."""
        put(store, table, key("a"), value=value)

        assert read(store, table, key("a")) == {**key("a"), "value": value}

    def test_put_replaces_the_whole_item(self, store: Store, table: Table) -> None:
        """Nothing of the item before is left [aws]."""
        put(store, table, key("a"), old=number(1))

        put(store, table, key("a"), new=number(2))

        assert read(store, table, key("a")) == {**key("a"), "new": number(2)}

    def test_put_takes_an_item_of_nothing_but_its_key(self, store: Store, table: Table) -> None:
        """Only the key attributes are demanded [aws]."""
        put(store, table, key("a"))

        assert read(store, table, key("a")) == key("a")

    def test_put_keeps_apart_what_differs_in_the_sort_key(self, store: Store, series: Table) -> None:
        """Partition and sort key together make the identity of an item [aws]."""
        put(store, series, key("a", 1), value=text("one"))

        put(store, series, key("a", 2), value=text("two"))

        assert read(store, series, key("a", 1)) == {**key("a", 1), "value": text("one")}
        assert read(store, series, key("a", 2)) == {**key("a", 2), "value": text("two")}

    def test_put_does_not_change_what_it_is_given(self, store: Store, table: Table) -> None:
        """A store never changes what an operation holds, not even the form of a number [port]."""
        item = {**key("a"), "n": number("1.50"), "tags": strings("b", "a"), "list": list_of(number("1E2"))}
        given = copy.deepcopy(item)

        store.perform(PutItem(table, item))

        assert item == given

    def test_put_keeps_nothing_of_the_callers(self, store: Store, table: Table) -> None:
        """Changing an item after it was put changes nothing in the store [port]."""
        item: dict[str, Any] = {**key("a"), "map": map_of(a=number(1)), "tags": strings("a")}
        store.perform(PutItem(table, item))

        item["map"]["M"]["a"]["N"] = "99"
        item["tags"]["SS"].append("b")

        assert read(store, table, key("a")) == {**key("a"), "map": map_of(a=number(1)), "tags": strings("a")}

    def test_put_on_condition_that_the_key_is_free(self, store: Store, table: Table) -> None:
        """`attribute_not_exists` of a key attribute means that there is no such item [aws]."""
        free = AttributeNotExists(at("pk"))
        store.perform(PutItem(table, {**key("a"), "by": text("first")}, free))

        with pytest.raises(ConditionFailed):
            store.perform(PutItem(table, {**key("a"), "by": text("second")}, free))

        assert read(store, table, key("a")) == {**key("a"), "by": text("first")}

    def test_put_looks_at_the_item_before_not_at_the_new_one(self, store: Store, table: Table) -> None:
        """A condition is about what is stored, not about what shall be [aws]."""
        put(store, table, key("a"), version=number(1))

        store.perform(PutItem(table, {**key("a"), "version": number(2)}, compare("version", "=", number(1))))

        assert read(store, table, key("a")) == {**key("a"), "version": number(2)}


class DeleteItemContract(Contract):
    """Deleting one item."""

    def test_delete_removes_the_item(self, store: Store, table: Table) -> None:
        """A deleted item is absent for a consistent read [aws]."""
        put(store, table, key("a"))

        store.perform(DeleteItem(table, key("a")))

        assert read(store, table, key("a")) is None

    def test_delete_of_an_absent_item_is_no_error(self, store: Store, table: Table) -> None:
        """Deleting is idempotent [aws]."""
        result = store.perform(DeleteItem(table, key("absent"), returning="old"))

        assert result.attributes is None

    def test_delete_on_a_condition(self, store: Store, table: Table) -> None:
        """An item whose condition does not hold stays [aws]."""
        stored = put(store, table, key("a"), version=number(2))

        with pytest.raises(ConditionFailed):
            store.perform(DeleteItem(table, key("a"), compare("version", "=", number(1))))

        assert read(store, table, key("a")) == stored

    def test_delete_of_an_absent_item_can_be_refused(self, store: Store, table: Table) -> None:
        """A condition is evaluated for an absent item too [aws]."""
        with pytest.raises(ConditionFailed):
            store.perform(DeleteItem(table, key("absent"), AttributeExists(at("pk"))))

    def test_delete_leaves_its_neighbours(self, store: Store, series: Table) -> None:
        """Only the item with exactly this key goes [aws]."""
        put(store, series, key("a", 1))
        put(store, series, key("a", 2))

        store.perform(DeleteItem(series, key("a", 1)))

        assert read(store, series, key("a", 1)) is None
        assert read(store, series, key("a", 2)) == key("a", 2)
