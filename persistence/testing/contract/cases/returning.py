"""What single writes tell of the item before and after."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.attributes import Item
from persistence.errors import ConditionFailed, InvalidRequest
from persistence.expressions import Add, AttributeExists, Remove, Set, Value
from persistence.operations import DeleteItem, PutItem, Returning, UpdateItem
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract
from persistence.testing.contract.words import (
    TRUE,
    at,
    compare,
    key,
    list_of,
    map_of,
    number,
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

BEFORE: Item = {"kept": text("k"), "count": number(1), "map": map_of(a=number(1), b=number(2))}


class ReturnValuesContract(Contract):
    """What a single write tells of the item before and after."""

    def test_put_returns_the_old_item(self, store: Store, table: Table) -> None:
        """`old` gives the item that was replaced [aws]."""
        stored = put(store, table, key("a"), tags=strings("x"), **DOCUMENT)

        result = store.perform(PutItem(table, key("a"), returning="old"))

        assert result.attributes == stored

    def test_put_returns_nothing_for_a_new_item(self, store: Store, table: Table) -> None:
        """Where nothing was, `old` gives None [aws]."""
        result = store.perform(PutItem(table, key("a"), returning="old"))

        assert result.attributes is None

    def test_delete_returns_the_old_item(self, store: Store, table: Table) -> None:
        """`old` gives the item that was deleted [aws]."""
        stored = put(store, table, key("a"), **DOCUMENT)

        result = store.perform(DeleteItem(table, key("a"), returning="old"))

        assert result.attributes == stored

    def test_writes_return_nothing_unless_asked(self, store: Store, table: Table) -> None:
        """`none` is the default [aws]."""
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
            "new": (
                "new",
                {**key("a"), **BEFORE, "count": number(2), "map": map_of(a=number(9), b=number(2))},
            ),
            "updated-old": ("updated_old", {"count": number(1), "map": map_of(a=number(1))}),
            "updated-new": ("updated_new", {"count": number(2), "map": map_of(a=number(9))}),
        },
    )
    def test_update_returns(
        self, store: Store, table: Table, returning: Returning, expected: Item | None
    ) -> None:
        """The whole item or what is at the updated paths, before or after [aws]."""
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
        """Before a new item there was nothing to return [aws]."""
        actions = (Add(at("count"), Value(number(1))),)

        result = store.perform(UpdateItem(table, key("a"), actions, returning=returning))

        assert result.attributes == expected

    def test_update_returns_nothing_new_of_what_it_removed(self, store: Store, table: Table) -> None:
        """What is no longer there has no new value [alt]."""
        put(store, table, key("a"), **BEFORE)

        result = store.perform(UpdateItem(table, key("a"), (Remove(at("count")),), returning="updated_new"))

        assert result.attributes is None

    @rows("returning", {"new": "new", "updated-old": "updated_old", "updated-new": "updated_new"})
    def test_put_and_delete_return_only_the_old_item(
        self, store: Store, table: Table, returning: Returning
    ) -> None:
        """What is new is known to whoever puts; the service refuses the question [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(PutItem(table, key("a"), returning=returning))
        with pytest.raises(InvalidRequest):
            store.perform(DeleteItem(table, key("a"), returning=returning))

        assert read(store, table, key("a")) is None

    def test_what_a_write_returns_is_the_callers_own(self, store: Store, table: Table) -> None:
        """Changing the returned attributes changes nothing in the store [port]."""
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

    @pytest.mark.parametrize(
        "kind", [pytest.param(kind, id=kind.__name__) for kind in (PutItem, UpdateItem, DeleteItem)]
    )
    def test_a_failed_condition_shows_the_item_on_request(
        self, store: Store, table: Table, kind: type[PutItem] | type[UpdateItem] | type[DeleteItem]
    ) -> None:
        """`item_on_failure` passes on what is stored, in `found` [aws]."""
        stored = put(store, table, key("a"), version=number(2), tags=strings("x"))

        with pytest.raises(ConditionFailed) as failed:
            store.perform(_stale(kind, table, item_on_failure=True))

        assert failed.value.found == stored

    @pytest.mark.parametrize(
        "kind", [pytest.param(kind, id=kind.__name__) for kind in (PutItem, UpdateItem, DeleteItem)]
    )
    def test_a_failed_condition_shows_nothing_unasked(
        self, store: Store, table: Table, kind: type[PutItem] | type[UpdateItem] | type[DeleteItem]
    ) -> None:
        """Without `item_on_failure` the stored item stays where it is [aws]."""
        stored = put(store, table, key("a"), version=number(2))

        with pytest.raises(ConditionFailed) as failed:
            store.perform(_stale(kind, table, item_on_failure=False))

        assert failed.value.found is None
        assert read(store, table, key("a")) == stored

    def test_a_failed_condition_on_an_absent_item_shows_none(self, store: Store, table: Table) -> None:
        """Where nothing is stored, there is nothing to show [aws]."""
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
