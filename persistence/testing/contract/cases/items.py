"""Single items: get, put, delete, and what writes return."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from persistence.attributes import AttributeValue, Item
from persistence.errors import ConditionFailed, InvalidRequest
from persistence.expressions import Add, AttributeExists, AttributeNotExists, Path, Set, Value
from persistence.operations import DeleteItem, GetItem, PutItem, Returning, UpdateItem
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
    "any-map-keys": {"M": {"a.b": number(1), "[0]": number(2)}},
}


class GetItemContract(Contract):
    """Reading one item by its key."""

    def test_get_gives_none_for_an_absent_item(self, store: Store, table: Table) -> None:
        """An absent item is no error. [aws]"""
        found = store.perform(GetItem(table, key("absent")))

        assert found.item is None

    def test_get_gives_the_whole_item(self, store: Store, table: Table) -> None:
        """Without a projection all attributes come back, the key among them. [aws]"""
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
            "elements-close-up": ((at("list", 2, "deep"), at("list", 0)), {"list": list_of(number(0), map_of(deep=text("y")))}),
            "absent-ones-left-out": ((at("name"), at("absent"), at("map", "absent")), {"name": DOCUMENT["name"]}),
            "nothing-found": ((at("absent"),), {}),
        },
    )
    def test_get_projects(self, store: Store, table: Table, wanted: tuple[Path, ...], found: Item) -> None:
        """A projection gives what is at its paths, in place; list elements close up, absent paths are left out. [conf]"""
        put(store, table, key("a"), **DOCUMENT)

        result = store.perform(GetItem(table, key("a"), consistent=True, projection=wanted))

        assert result.item == found

    def test_get_with_a_projection_gives_none_for_an_absent_item(self, store: Store, table: Table) -> None:
        """No item is told apart from an item without the projected attributes. [aws]"""
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
        """Paths of a projection must not overlap, and there must be one. [conf]"""
        with pytest.raises(InvalidRequest):
            store.perform(GetItem(table, key("a"), projection=wanted))

    @rows("name", {name: name for name in ("name", "a.b", "a-b", "with blank", "#a", ":a", "1st", "größe", "a[0]")})
    def test_any_text_names_an_attribute(self, store: Store, table: Table, name: str) -> None:
        """Reserved words, dots, blanks and any other text are names like any other, in every expression. [run]"""
        store.perform(PutItem(table, {**key("a"), name: number(1)}))

        store.perform(
            UpdateItem(table, key("a"), (Add(at(name), Value(number(1))),), compare(name, "=", number(1)))
        )

        found = store.perform(GetItem(table, key("a"), consistent=True, projection=(at(name),)))
        assert found.item == {name: number(2)}

    def test_what_get_gives_is_the_callers_own(self, store: Store, table: Table) -> None:
        """Changing an answer changes nothing in the store. [port]"""
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
        """What was written is read back, type by type. [aws]"""
        put(store, table, key("a"), value=value)

        assert read(store, table, key("a")) == {**key("a"), "value": value}

    @rows("value", {"string": text(""), "binary": binary(b""), "within": list_of(map_of(a=text("")))})
    def test_put_keeps_empty_values(self, store: Store, table: Table, value: AttributeValue) -> None:
        """Attributes that belong to no key may be empty strings or binary. [aws]"""
        put(store, table, key("a"), value=value)

        assert read(store, table, key("a")) == {**key("a"), "value": value}

    def test_put_replaces_the_whole_item(self, store: Store, table: Table) -> None:
        """Nothing of the item before is left. [aws]"""
        put(store, table, key("a"), old=number(1))

        put(store, table, key("a"), new=number(2))

        assert read(store, table, key("a")) == {**key("a"), "new": number(2)}

    def test_put_takes_an_item_of_nothing_but_its_key(self, store: Store, table: Table) -> None:
        """Only the key attributes are demanded. [aws]"""
        put(store, table, key("a"))

        assert read(store, table, key("a")) == key("a")

    def test_put_keeps_apart_what_differs_in_the_sort_key(self, store: Store, series: Table) -> None:
        """Partition and sort key together make the identity of an item. [aws]"""
        put(store, series, key("a", 1), value=text("one"))

        put(store, series, key("a", 2), value=text("two"))

        assert read(store, series, key("a", 1)) == {**key("a", 1), "value": text("one")}
        assert read(store, series, key("a", 2)) == {**key("a", 2), "value": text("two")}

    def test_put_does_not_change_what_it_is_given(self, store: Store, table: Table) -> None:
        """A store never changes what an operation holds, not even to write a number in its canonical form. [port]"""
        item = {**key("a"), "n": number("1.50"), "tags": strings("b", "a"), "list": list_of(number("1E2"))}
        given = copy.deepcopy(item)

        store.perform(PutItem(table, item))

        assert item == given

    def test_put_keeps_nothing_of_the_callers(self, store: Store, table: Table) -> None:
        """Changing an item after it was put changes nothing in the store. [port]"""
        item: dict[str, Any] = {**key("a"), "map": map_of(a=number(1)), "tags": strings("a")}
        store.perform(PutItem(table, item))

        item["map"]["M"]["a"]["N"] = "99"
        item["tags"]["SS"].append("b")

        assert read(store, table, key("a")) == {**key("a"), "map": map_of(a=number(1)), "tags": strings("a")}

    def test_put_on_condition_that_the_key_is_free(self, store: Store, table: Table) -> None:
        """`attribute_not_exists` of a key attribute means that there is no such item. [aws]"""
        free = AttributeNotExists(at("pk"))
        store.perform(PutItem(table, {**key("a"), "by": text("first")}, free))

        with pytest.raises(ConditionFailed):
            store.perform(PutItem(table, {**key("a"), "by": text("second")}, free))

        assert read(store, table, key("a")) == {**key("a"), "by": text("first")}

    def test_put_looks_at_the_item_before_not_at_the_new_one(self, store: Store, table: Table) -> None:
        """A condition is about what is stored, not about what shall be. [aws]"""
        put(store, table, key("a"), version=number(1))

        store.perform(PutItem(table, {**key("a"), "version": number(2)}, compare("version", "=", number(1))))

        assert read(store, table, key("a")) == {**key("a"), "version": number(2)}


class DeleteItemContract(Contract):
    """Deleting one item."""

    def test_delete_removes_the_item(self, store: Store, table: Table) -> None:
        """A deleted item is absent for a consistent read. [aws]"""
        put(store, table, key("a"))

        store.perform(DeleteItem(table, key("a")))

        assert read(store, table, key("a")) is None

    def test_delete_of_an_absent_item_is_no_error(self, store: Store, table: Table) -> None:
        """Deleting is idempotent. [aws]"""
        result = store.perform(DeleteItem(table, key("absent"), returning="old"))

        assert result.attributes is None

    def test_delete_on_a_condition(self, store: Store, table: Table) -> None:
        """An item whose condition does not hold stays. [aws]"""
        stored = put(store, table, key("a"), version=number(2))

        with pytest.raises(ConditionFailed):
            store.perform(DeleteItem(table, key("a"), compare("version", "=", number(1))))

        assert read(store, table, key("a")) == stored

    def test_delete_of_an_absent_item_can_be_refused(self, store: Store, table: Table) -> None:
        """A condition is evaluated for an absent item too. [aws]"""
        with pytest.raises(ConditionFailed):
            store.perform(DeleteItem(table, key("absent"), AttributeExists(at("pk"))))

    def test_delete_leaves_its_neighbours(self, store: Store, series: Table) -> None:
        """Only the item with exactly this key goes. [aws]"""
        put(store, series, key("a", 1))
        put(store, series, key("a", 2))

        store.perform(DeleteItem(series, key("a", 1)))

        assert read(store, series, key("a", 1)) is None
        assert read(store, series, key("a", 2)) == key("a", 2)


BEFORE: Item = {"kept": text("k"), "count": number(1), "map": map_of(a=number(1), b=number(2))}


class ReturnValuesContract(Contract):
    """What a single write tells of the item before and after."""

    def test_put_returns_the_old_item(self, store: Store, table: Table) -> None:
        """`old` gives the item that was replaced. [aws]"""
        stored = put(store, table, key("a"), tags=strings("x"), **DOCUMENT)

        result = store.perform(PutItem(table, key("a"), returning="old"))

        assert result.attributes == stored

    def test_put_returns_nothing_for_a_new_item(self, store: Store, table: Table) -> None:
        """Where nothing was, `old` gives None. [aws]"""
        result = store.perform(PutItem(table, key("a"), returning="old"))

        assert result.attributes is None

    def test_delete_returns_the_old_item(self, store: Store, table: Table) -> None:
        """`old` gives the item that was deleted. [aws]"""
        stored = put(store, table, key("a"), **DOCUMENT)

        result = store.perform(DeleteItem(table, key("a"), returning="old"))

        assert result.attributes == stored

    def test_writes_return_nothing_unless_asked(self, store: Store, table: Table) -> None:
        """`none` is the default. [aws]"""
        put(store, table, key("a"), n=number(1))

        replaced = store.perform(PutItem(table, {**key("a"), "n": number(2)}))
        changed = store.perform(UpdateItem(table, key("a"), (Set(at("n"), Value(number(3))),)))
        deleted = store.perform(DeleteItem(table, key("a")))

        assert [result.attributes for result in (replaced, changed, deleted)] == [None, None, None]

    @rows(
        "returning, expected",
        {
            "none": ("none", None),
            "old": ("old", {**key("a"), **BEFORE}),
            "new": ("new", {**key("a"), **BEFORE, "count": number(2), "map": map_of(a=number(9), b=number(2))}),
            "updated-old": ("updated_old", {"count": number(1), "map": map_of(a=number(1))}),
            "updated-new": ("updated_new", {"count": number(2), "map": map_of(a=number(9))}),
        },
    )
    def test_update_returns(
        self, store: Store, table: Table, returning: Returning, expected: Item | None
    ) -> None:
        """The whole item or what is at the updated paths, before or after. [aws]"""
        put(store, table, key("a"), **BEFORE)
        actions = (Add(at("count"), Value(number(1))), Set(at("map", "a"), Value(number(9))))

        result = store.perform(UpdateItem(table, key("a"), actions, returning=returning))

        assert result.attributes == expected

    @rows(
        "returning, expected",
        {
            "old": ("old", None),
            "new": ("new", {**key("a"), "count": number(1)}),
            "updated-old": ("updated_old", None),
            "updated-new": ("updated_new", {"count": number(1)}),
        },
    )
    def test_update_that_creates_returns(
        self, store: Store, table: Table, returning: Returning, expected: Item | None
    ) -> None:
        """Before a new item there was nothing to return. [aws]"""
        actions = (Add(at("count"), Value(number(1))),)

        result = store.perform(UpdateItem(table, key("a"), actions, returning=returning))

        assert result.attributes == expected

    @rows("returning", {"new": "new", "updated-old": "updated_old", "updated-new": "updated_new"})
    def test_put_and_delete_return_only_the_old_item(
        self, store: Store, table: Table, returning: Returning
    ) -> None:
        """What is new is known to whoever puts; the service refuses the question. [aws]"""
        with pytest.raises(InvalidRequest):
            store.perform(PutItem(table, key("a"), returning=returning))
        with pytest.raises(InvalidRequest):
            store.perform(DeleteItem(table, key("a"), returning=returning))

        assert read(store, table, key("a")) is None

    def test_what_a_write_returns_is_the_callers_own(self, store: Store, table: Table) -> None:
        """Changing the returned attributes changes nothing in the store. [port]"""
        put(store, table, key("a"), map=map_of(a=number(1)), tags=strings("x"))
        returned: Any = store.perform(
            UpdateItem(table, key("a"), (Set(at("n"), Value(number(1))),), returning="new")
        ).attributes

        returned["map"]["M"]["a"]["N"] = "99"
        returned["tags"]["SS"].append("y")

        assert read(store, table, key("a")) == {
            **key("a"),
            "map": map_of(a=number(1)),
            "tags": strings("x"),
            "n": number(1),
        }

    @pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.__name__) for kind in (PutItem, UpdateItem, DeleteItem)])
    def test_a_failed_condition_shows_the_item_on_request(
        self, store: Store, table: Table, kind: type[PutItem] | type[UpdateItem] | type[DeleteItem]
    ) -> None:
        """`item_on_failure` passes on what is stored, in `found`. [aws]"""
        stored = put(store, table, key("a"), version=number(2), tags=strings("x"))

        with pytest.raises(ConditionFailed) as failed:
            store.perform(_stale(kind, table, item_on_failure=True))

        assert failed.value.found == stored

    @pytest.mark.parametrize("kind", [pytest.param(kind, id=kind.__name__) for kind in (PutItem, UpdateItem, DeleteItem)])
    def test_a_failed_condition_shows_nothing_unasked(
        self, store: Store, table: Table, kind: type[PutItem] | type[UpdateItem] | type[DeleteItem]
    ) -> None:
        """Without `item_on_failure` the stored item stays where it is. [aws]"""
        stored = put(store, table, key("a"), version=number(2))

        with pytest.raises(ConditionFailed) as failed:
            store.perform(_stale(kind, table, item_on_failure=False))

        assert failed.value.found is None
        assert read(store, table, key("a")) == stored

    def test_a_failed_condition_on_an_absent_item_shows_none(self, store: Store, table: Table) -> None:
        """Where nothing is stored, there is nothing to show. [aws]"""
        check = AttributeExists(at("pk"))

        with pytest.raises(ConditionFailed) as failed:
            store.perform(DeleteItem(table, key("absent"), check, item_on_failure=True))

        assert failed.value.found is None


def _stale(
    kind: type[PutItem] | type[UpdateItem] | type[DeleteItem], table: Table, *, item_on_failure: bool
) -> PutItem | UpdateItem | DeleteItem:
    condition = compare("version", "=", number(1))
    if kind is UpdateItem:
        actions = (Set(at("version"), Value(number(3))),)
        return UpdateItem(table, key("a"), actions, condition, item_on_failure=item_on_failure)
    if kind is DeleteItem:
        return DeleteItem(table, key("a"), condition, item_on_failure=item_on_failure)
    return PutItem(table, key("a"), condition, item_on_failure=item_on_failure)
