"""Updates: what each action does, to what, and what it refuses."""

from __future__ import annotations

import copy

import pytest

from persistence.attributes import Item
from persistence.errors import ConditionFailed, InvalidRequest
from persistence.expressions import (
    Add,
    AttributeExists,
    Discard,
    IfNotExists,
    ListAppend,
    Minus,
    Plus,
    Remove,
    Set,
    UpdateAction,
    Value,
)
from persistence.operations import UpdateItem
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract
from persistence.testing.contract.words import (
    NULL,
    TRUE,
    at,
    binaries,
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
    updated,
)

ONE, TWO, THREE = number(1), number(2), number(3)
ABC = list_of(text("a"), text("b"), text("c"))

Row = tuple[Item, tuple[UpdateAction, ...], Item]

SET: dict[str, Row] = {
    "a-new-attribute": ({}, (Set(at("n"), Value(ONE)),), {"n": ONE}),
    "an-attribute-of-another-type": ({"n": ONE}, (Set(at("n"), Value(text("x"))),), {"n": text("x")}),
    "several": ({"a": ONE}, (Set(at("a"), Value(TWO)), Set(at("b"), Value(THREE))), {"a": TWO, "b": THREE}),
    "from-another-attribute": ({"a": ONE}, (Set(at("b"), at("a")),), {"a": ONE, "b": ONE}),
    "from-an-entry": ({"m": map_of(x=ONE)}, (Set(at("b"), at("m", "x")),), {"m": map_of(x=ONE), "b": ONE}),
    "old-values": ({"a": ONE}, (Set(at("a"), Value(TWO)), Set(at("b"), at("a"))), {"a": TWO, "b": ONE}),
    "swapped": ({"a": ONE, "b": TWO}, (Set(at("a"), at("b")), Set(at("b"), at("a"))), {"a": TWO, "b": ONE}),
    "plus": ({"n": ONE}, (Set(at("n"), Plus(at("n"), Value(TWO))),), {"n": THREE}),
    "minus": ({"n": ONE}, (Set(at("n"), Minus(Value(THREE), at("n"))),), {"n": TWO}),
    "plus-of-two-attributes": (
        {"a": ONE, "b": TWO},
        (Set(at("c"), Plus(at("a"), at("b"))),),
        {"a": ONE, "b": TWO, "c": THREE},
    ),
    "if-absent": ({}, (Set(at("n"), IfNotExists(at("n"), Value(ONE))),), {"n": ONE}),
    "not-if-present": ({"n": TWO}, (Set(at("n"), IfNotExists(at("n"), Value(ONE))),), {"n": TWO}),
    "if-another-is-absent": (
        {"a": TWO},
        (Set(at("n"), IfNotExists(at("a"), Value(ONE))),),
        {"a": TWO, "n": TWO},
    ),
    "not-if-null": ({"n": NULL}, (Set(at("n"), IfNotExists(at("n"), Value(ONE))),), {"n": NULL}),
    "a-counter-from-nothing": (
        {},
        (Set(at("n"), Plus(IfNotExists(at("n"), Value(number(0))), Value(ONE))),),
        {"n": ONE},
    ),
    "append": (
        {"l": ABC},
        (Set(at("l"), ListAppend(at("l"), Value(list_of(ONE)))),),
        {"l": list_of(*ABC["L"], ONE)},
    ),
    "prepend": (
        {"l": ABC},
        (Set(at("l"), ListAppend(Value(list_of(ONE)), at("l"))),),
        {"l": list_of(ONE, *ABC["L"])},
    ),
    "append-to-nothing": (
        {},
        (Set(at("l"), ListAppend(IfNotExists(at("l"), Value(list_of())), Value(list_of(ONE)))),),
        {"l": list_of(ONE)},
    ),
    "an-entry": ({"m": map_of(x=ONE)}, (Set(at("m", "x"), Value(TWO)),), {"m": map_of(x=TWO)}),
    "a-new-entry": ({"m": map_of(x=ONE)}, (Set(at("m", "y"), Value(TWO)),), {"m": map_of(x=ONE, y=TWO)}),
    "two-entries": (
        {"m": map_of()},
        (Set(at("m", "x"), Value(ONE)), Set(at("m", "y"), Value(TWO))),
        {"m": map_of(x=ONE, y=TWO)},
    ),
    "a-deep-entry": (
        {"m": map_of(x=list_of(map_of(y=ONE)))},
        (Set(at("m", "x", 0, "y"), Value(TWO)),),
        {"m": map_of(x=list_of(map_of(y=TWO)))},
    ),
    "an-element": ({"l": ABC}, (Set(at("l", 1), Value(ONE)),), {"l": list_of(text("a"), ONE, text("c"))}),
    "an-element-behind-the-end": (
        {"l": ABC},
        (Set(at("l", 99), Value(ONE)),),
        {"l": list_of(*ABC["L"], ONE)},
    ),
    "a-name-with-a-dot": ({"m": map_of()}, (Set(at("m.x"), Value(ONE)),), {"m": map_of(), "m.x": ONE}),
    "a-number-in-one-form": ({}, (Set(at("n"), Value(number("1.50"))),), {"n": number("1.5")}),
}

REMOVE: dict[str, Row] = {
    "an-attribute": ({"a": ONE, "b": TWO}, (Remove(at("a")),), {"b": TWO}),
    "an-absent-attribute": ({"b": TWO}, (Remove(at("a")),), {"b": TWO}),
    "an-entry": ({"m": map_of(x=ONE, y=TWO)}, (Remove(at("m", "x")),), {"m": map_of(y=TWO)}),
    "the-last-entry": ({"m": map_of(x=ONE)}, (Remove(at("m", "x")),), {"m": map_of()}),
    "an-absent-entry": ({"m": map_of(x=ONE)}, (Remove(at("m", "y")),), {"m": map_of(x=ONE)}),
    "an-element": ({"l": ABC}, (Remove(at("l", 0)),), {"l": list_of(text("b"), text("c"))}),
    "elements-by-their-old-numbers": (
        {"l": ABC},
        (Remove(at("l", 0)), Remove(at("l", 1))),
        {"l": list_of(text("c"))},
    ),
    "elements-in-any-order": (
        {"l": ABC},
        (Remove(at("l", 2)), Remove(at("l", 0))),
        {"l": list_of(text("b"))},
    ),
    "an-absent-element": ({"l": ABC}, (Remove(at("l", 9)),), {"l": ABC}),
    "and-set-another": ({"a": ONE}, (Remove(at("a")), Set(at("b"), at("a"))), {"b": ONE}),
}

ADD: dict[str, Row] = {
    "to-a-number": ({"n": ONE}, (Add(at("n"), Value(TWO)),), {"n": THREE}),
    "a-negative-number": ({"n": ONE}, (Add(at("n"), Value(number(-3))),), {"n": number(-2)}),
    "to-an-absent-number": ({}, (Add(at("n"), Value(TWO)),), {"n": TWO}),
    "to-a-nested-number": ({"m": map_of(n=ONE)}, (Add(at("m", "n"), Value(TWO)),), {"m": map_of(n=THREE)}),
    "to-an-absent-entry": ({"m": map_of()}, (Add(at("m", "n"), Value(TWO)),), {"m": map_of(n=TWO)}),
    "to-a-string-set": (
        {"s": strings("a")},
        (Add(at("s"), Value(strings("a", "b"))),),
        {"s": strings("a", "b")},
    ),
    "to-a-number-set": ({"s": numbers(1)}, (Add(at("s"), Value(numbers("1.0", 2))),), {"s": numbers(1, 2)}),
    "to-a-binary-set": (
        {"s": binaries(b"a")},
        (Add(at("s"), Value(binaries(b"b"))),),
        {"s": binaries(b"a", b"b")},
    ),
    "to-an-absent-set": ({}, (Add(at("s"), Value(strings("a"))),), {"s": strings("a")}),
}

DISCARD: dict[str, Row] = {
    "a-member": ({"s": strings("a", "b")}, (Discard(at("s"), Value(strings("a"))),), {"s": strings("b")}),
    "absent-members": (
        {"s": strings("a")},
        (Discard(at("s"), Value(strings("x", "y"))),),
        {"s": strings("a")},
    ),
    "a-number-written-otherwise": (
        {"s": numbers(1, 2)},
        (Discard(at("s"), Value(numbers("1.0"))),),
        {"s": numbers(2)},
    ),
    "the-last-members": (
        {"s": strings("a", "b"), "n": ONE},
        (Discard(at("s"), Value(strings("b", "a"))),),
        {"n": ONE},
    ),
    "from-an-absent-set": ({"n": ONE}, (Discard(at("s"), Value(strings("a"))),), {"n": ONE}),
}

ALL_KINDS = (
    Set(at("a"), Value(ONE)),
    Remove(at("b")),
    Add(at("c"), Value(ONE)),
    Discard(at("d"), Value(strings("x"))),
    Set(at("e"), at("b")),
)

MIXED: dict[str, Row] = {
    "all-kinds": (
        {"b": TWO, "c": TWO, "d": strings("x", "y")},
        ALL_KINDS,
        {"a": ONE, "c": THREE, "d": strings("y"), "e": TWO},
    ),
    "nothing": ({"n": ONE}, (), {"n": ONE}),
    "set-and-remove-within-one-map": (
        {"m": map_of(x=ONE, y=TWO)},
        (Set(at("m", "z"), Value(THREE)), Remove(at("m", "x"))),
        {"m": map_of(y=TWO, z=THREE)},
    ),
}

ROWS = {
    f"{word}-{name}": row
    for word, table in {"set": SET, "remove": REMOVE, "add": ADD, "discard": DISCARD, "mixed": MIXED}.items()
    for name, row in table.items()
}

UNFIT: dict[str, tuple[Item, UpdateAction]] = {
    "set-from-a-missing-attribute": ({}, Set(at("a"), at("missing"))),
    "set-below-a-missing-map": ({}, Set(at("m", "x"), Value(ONE))),
    "set-below-a-missing-list": ({}, Set(at("l", 0), Value(ONE))),
    "set-below-a-number": ({"n": ONE}, Set(at("n", "x"), Value(ONE))),
    "set-an-entry-of-a-list": ({"l": ABC}, Set(at("l", "x"), Value(ONE))),
    "set-an-element-of-a-map": ({"m": map_of()}, Set(at("m", 0), Value(ONE))),
    "plus-of-a-string": ({"t": text("1")}, Set(at("n"), Plus(at("t"), Value(ONE)))),
    "plus-of-a-missing-attribute": ({}, Set(at("n"), Plus(at("n"), Value(ONE)))),
    "append-to-a-missing-list": ({}, Set(at("l"), ListAppend(at("l"), Value(list_of(ONE))))),
    "append-to-a-number": ({"n": ONE}, Set(at("n"), ListAppend(at("n"), Value(list_of(ONE))))),
    "remove-below-a-missing-map": ({}, Remove(at("m", "x"))),
    "add-to-a-string": ({"t": text("1")}, Add(at("t"), Value(ONE))),
    "add-a-member-to-a-number": ({"n": ONE}, Add(at("n"), Value(numbers(1)))),
    "add-a-member-of-another-type": ({"s": strings("a")}, Add(at("s"), Value(numbers(1)))),
    "discard-from-a-number": ({"n": ONE}, Discard(at("n"), Value(numbers(1)))),
    "discard-a-member-of-another-type": ({"s": strings("1")}, Discard(at("s"), Value(numbers(1)))),
}

REFUSED: dict[str, tuple[UpdateAction, ...]] = {
    "the-same-path-twice": (Set(at("a"), Value(ONE)), Set(at("a"), Value(TWO))),
    "a-path-within-another": (Set(at("m", "a"), Value(ONE)), Set(at("m"), Value(map_of()))),
    "set-and-remove-one-path": (Set(at("a"), Value(ONE)), Remove(at("a"))),
    "add-within-a-removed-one": (Remove(at("m")), Add(at("m", "n"), Value(ONE))),
    "a-list-that-is-also-a-map": (Set(at("m", 0), Value(ONE)), Set(at("m", "a"), Value(ONE))),
    "a-key-attribute": (Set(at("pk"), Value(text("b"))),),
    "removal-of-a-key-attribute": (Remove(at("pk")),),
    "add-of-a-string": (Add(at("n"), Value(text("1"))),),
    "add-of-a-list": (Add(at("n"), Value(list_of(ONE))),),
    "discard-of-a-number": (Discard(at("n"), Value(ONE)),),
    "plus-of-a-constant-string": (Set(at("n"), Plus(at("n"), Value(text("1")))),),
    "append-of-a-constant-number": (Set(at("l"), ListAppend(at("l"), Value(ONE))),),
    "an-empty-set": (Set(at("s"), Value(strings())),),
    "add-of-an-empty-set": (Add(at("s"), Value(strings())),),
    "no-number": (Set(at("n"), Value(number("x"))),),
    "if-not-exists-of-itself": (Set(at("b"), IfNotExists(at("a"), at("a"))),),
}


class UpdateContract(Contract):
    """Changing attributes of one item."""

    @rows("before, actions, after", ROWS)
    def test_update(
        self, store: Store, table: Table, before: Item, actions: tuple[UpdateAction, ...], after: Item
    ) -> None:
        """Every action sees the item as it was before the update [conf] [run]."""
        assert updated(store, table, before, *actions) == after

    @rows("before, action", UNFIT)
    def test_refuses_an_update_that_does_not_fit_the_item(
        self, store: Store, table: Table, before: Item, action: UpdateAction
    ) -> None:
        """An action needs something that it can work on; else nothing of the update is done [conf]."""
        stored = put(store, table, key("a"), **before)

        with pytest.raises(InvalidRequest):
            store.perform(UpdateItem(table, key("a"), (Set(at("other"), Value(TRUE)), action)))

        assert read(store, table, key("a")) == stored

    @rows("actions", REFUSED)
    def test_refuses_an_update_that_makes_no_sense(
        self, store: Store, table: Table, actions: tuple[UpdateAction, ...]
    ) -> None:
        """Paths are apart, keys untouched, constants fit the action: whatever is stored [conf]."""
        stored = put(store, table, key("a"), a=ONE, m=map_of(a=ONE, n=ONE), l=list_of())

        with pytest.raises(InvalidRequest):
            store.perform(UpdateItem(table, key("a"), actions))

        assert read(store, table, key("a")) == stored

    @rows(
        "actions, created",
        {
            "set": ((Set(at("n"), Value(ONE)),), {"n": ONE}),
            "add": ((Add(at("n"), Value(ONE)),), {"n": ONE}),
            "nothing": ((), {}),
            "set-and-remove": ((Set(at("n"), Value(ONE)), Remove(at("a"))), {"n": ONE}),
        },
    )
    def test_update_creates_an_absent_item(
        self, store: Store, table: Table, actions: tuple[UpdateAction, ...], created: Item
    ) -> None:
        """Unless a condition forbids it an item comes into being, even by an update of nothing [alt]."""
        store.perform(UpdateItem(table, key("a"), actions))

        assert read(store, table, key("a")) == {**key("a"), **created}

    def test_update_that_only_removes_creates_nothing(self, store: Store, table: Table) -> None:
        """Taking away from nothing leaves nothing [alt]."""
        store.perform(UpdateItem(table, key("a"), (Remove(at("n")),)))

        assert read(store, table, key("a")) is None

    def test_update_on_a_condition_creates_nothing(self, store: Store, table: Table) -> None:
        """`attribute_exists` of a key attribute keeps an update from bringing back what was deleted [aws]."""
        with pytest.raises(ConditionFailed):
            store.perform(UpdateItem(table, key("a"), (Set(at("n"), Value(ONE)),), AttributeExists(at("pk"))))

        assert read(store, table, key("a")) is None

    def test_update_keeps_what_it_does_not_name(self, store: Store, table: Table) -> None:
        """Attributes that an update does not name stay [aws]."""
        after = updated(store, table, {"kept": map_of(x=ONE), "n": ONE}, Set(at("n"), Value(TWO)))

        assert after == {"kept": map_of(x=ONE), "n": TWO}

    def test_update_checks_a_version(self, store: Store, table: Table) -> None:
        """Of two updates on the same version the second fails [aws]."""
        put(store, table, key("a"), version=ONE)
        step = (Set(at("version"), Value(TWO)),)
        store.perform(UpdateItem(table, key("a"), step, compare("version", "=", ONE)))

        with pytest.raises(ConditionFailed):
            store.perform(UpdateItem(table, key("a"), step, compare("version", "=", ONE)))

    def test_update_does_not_change_what_it_is_given(self, store: Store, table: Table) -> None:
        """A store never changes what an operation holds [port]."""
        value = map_of(tags=strings("b", "a"), n=number("1.50"))
        given = copy.deepcopy(value)

        store.perform(UpdateItem(table, key("a"), (Set(at("m"), Value(value)),)))

        assert value == given

    def test_update_keeps_nothing_of_the_callers(self, store: Store, table: Table) -> None:
        """Changing a value after the update changes nothing in the store [port]."""
        value = map_of(n=number(1))
        store.perform(UpdateItem(table, key("a"), (Set(at("m"), Value(value)),)))

        value["M"]["n"]["N"] = "99"

        assert read(store, table, key("a")) == {**key("a"), "m": map_of(n=number(1))}

    def test_copied_values_are_apart(self, store: Store, table: Table) -> None:
        """After `SET b = a` the two are changed independently [aws]."""
        updated(store, table, {"a": map_of(x=ONE)}, Set(at("b"), at("a")))

        store.perform(UpdateItem(table, key("updated"), (Set(at("b", "x"), Value(TWO)),)))

        assert read(store, table, key("updated")) == {
            **key("updated"),
            "a": map_of(x=ONE),
            "b": map_of(x=TWO),
        }
