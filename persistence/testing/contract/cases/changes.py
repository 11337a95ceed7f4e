"""Changes: what each update action makes of a value of each type, and where it is refused."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from persistence.attributes import ITEM_SIZE_LIMIT, AttributeValue, Item
from persistence.errors import InvalidRequest, PersistenceError
from persistence.expressions import (
    Add,
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
from persistence.operations import Returning, UpdateItem
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract
from persistence.testing.contract.words import (
    NULL,
    TRUE,
    at,
    binaries,
    binary,
    key,
    list_of,
    map_of,
    number,
    numbers,
    put,
    read,
    rows,
    settled,
    strings,
    text,
)

ONE = number(1)

VALUES: Mapping[str, AttributeValue | None] = {
    "missing": None,
    "S": text("a"),
    "N": number(5),
    "B": binary(b"a"),
    "BOOL": TRUE,
    "NULL": NULL,
    "L": list_of(text("a"), number(2)),
    "M": map_of(x=number(5)),
    "SS": strings("a", "b"),
    "NS": numbers(1, 2),
    "BS": binaries(b"a", b"b"),
}
"""What is there before, under `v`."""

GONE: AttributeValue = {}
"""The attribute is not there afterwards."""

Results = Mapping[str, AttributeValue]
"""Type of the value before -> the value afterwards; what is not named is refused."""


def _all(value: AttributeValue) -> Results:
    return dict.fromkeys(VALUES, value)


def _unchanged(**changed: AttributeValue) -> Results:
    return {name: value if value is not None else GONE for name, value in VALUES.items()} | changed


CHANGES: Mapping[str, tuple[UpdateAction, Results]] = {
    "set": (Set(at("v"), Value(ONE)), _all(ONE)),
    "set-itself": (Set(at("v"), at("v")), {name: value for name, value in VALUES.items() if value}),
    "set-if-not-exists": (Set(at("v"), IfNotExists(at("v"), Value(ONE))), _unchanged(missing=ONE)),
    "set-if-an-absent-one-does-not-exist": (Set(at("v"), IfNotExists(at("absent"), Value(ONE))), _all(ONE)),
    "plus": (Set(at("v"), Plus(at("v"), Value(ONE))), {"N": number(6)}),
    "plus-from-the-right": (Set(at("v"), Plus(Value(ONE), at("v"))), {"N": number(6)}),
    "plus-from-nothing": (
        Set(at("v"), Plus(IfNotExists(at("v"), Value(number(0))), Value(ONE))),
        {"missing": ONE, "N": number(6)},
    ),
    "minus": (Set(at("v"), Minus(at("v"), Value(number("0.5")))), {"N": number("4.5")}),
    "minus-from-the-right": (Set(at("v"), Minus(Value(ONE), at("v"))), {"N": number(-4)}),
    "append": (
        Set(at("v"), ListAppend(at("v"), Value(list_of(NULL)))),
        {"L": list_of(text("a"), number(2), NULL)},
    ),
    "prepend": (
        Set(at("v"), ListAppend(Value(list_of(NULL)), at("v"))),
        {"L": list_of(NULL, text("a"), number(2))},
    ),
    "append-itself": (
        Set(at("v"), ListAppend(at("v"), at("v"))),
        {"L": list_of(text("a"), number(2), text("a"), number(2))},
    ),
    "append-to-nothing": (
        Set(at("v"), ListAppend(IfNotExists(at("v"), Value(list_of())), Value(list_of(NULL)))),
        {"missing": list_of(NULL), "L": list_of(text("a"), number(2), NULL)},
    ),
    "append-a-default-that-is-no-list": (
        Set(at("v"), ListAppend(Value(list_of(NULL)), IfNotExists(at("v"), Value(text("x"))))),
        {"L": list_of(NULL, text("a"), number(2))},
    ),
    "plus-a-default-that-is-no-number": (
        Set(at("v"), Plus(IfNotExists(at("v"), Value(text("x"))), Value(ONE))),
        {"N": number(6)},
    ),
    "set-an-entry": (Set(at("v", "x"), Value(ONE)), {"M": map_of(x=ONE)}),
    "set-a-new-entry": (Set(at("v", "y"), Value(ONE)), {"M": map_of(x=number(5), y=ONE)}),
    "set-below-an-entry": (Set(at("v", "x", "y"), Value(ONE)), {}),
    "set-below-an-absent-entry": (Set(at("v", "y", "z"), Value(ONE)), {}),
    "set-an-element": (Set(at("v", 0), Value(ONE)), {"L": list_of(ONE, number(2))}),
    "set-an-element-behind-the-end": (Set(at("v", 7), Value(ONE)), {"L": list_of(text("a"), number(2), ONE)}),
    "remove": (Remove(at("v")), _all(GONE)),
    "remove-an-entry": (Remove(at("v", "x")), {"M": map_of()}),
    "remove-an-absent-entry": (Remove(at("v", "y")), {"M": map_of(x=number(5))}),
    "remove-an-element": (Remove(at("v", 0)), {"L": list_of(number(2))}),
    "remove-an-absent-element": (Remove(at("v", 7)), {"L": list_of(text("a"), number(2))}),
    "add-a-number": (Add(at("v"), Value(number("-0.5"))), {"missing": number("-0.5"), "N": number("4.5")}),
    "add-to-an-entry": (Add(at("v", "x"), Value(ONE)), {"M": map_of(x=number(6))}),
    "add-to-an-absent-entry": (Add(at("v", "y"), Value(ONE)), {"M": map_of(x=number(5), y=ONE)}),
    "add-to-an-element": (Add(at("v", 1), Value(ONE)), {"L": list_of(text("a"), number(3))}),
    "add-strings": (
        Add(at("v"), Value(strings("b", "c"))),
        {"missing": strings("b", "c"), "SS": strings("a", "b", "c")},
    ),
    "add-numbers": (
        Add(at("v"), Value(numbers("2.0", 3))),
        {"missing": numbers(2, 3), "NS": numbers(1, 2, 3)},
    ),
    "add-binaries": (
        Add(at("v"), Value(binaries(b"b", b"c"))),
        {"missing": binaries(b"b", b"c"), "BS": binaries(b"a", b"b", b"c")},
    ),
    "discard-strings": (
        Discard(at("v"), Value(strings("b", "c"))),
        {"missing": GONE, "SS": strings("a")},
    ),
    "discard-all-strings": (
        Discard(at("v"), Value(strings("b", "a", "c"))),
        {"missing": GONE, "SS": GONE},
    ),
    "discard-numbers": (Discard(at("v"), Value(numbers("2.0"))), {"missing": GONE, "NS": numbers(1)}),
    "discard-binaries": (Discard(at("v"), Value(binaries(b"b"))), {"missing": GONE, "BS": binaries(b"a")}),
}

TOGETHER: Mapping[str, tuple[Item, tuple[UpdateAction, ...], Item | None]] = {
    "rotate-three": (
        {"a": ONE, "b": number(2), "c": number(3)},
        (Set(at("a"), at("b")), Set(at("b"), at("c")), Set(at("c"), at("a"))),
        {"a": number(2), "b": number(3), "c": ONE},
    ),
    "set-from-what-is-removed": ({"a": ONE}, (Set(at("b"), at("a")), Remove(at("a"))), {"b": ONE}),
    "set-from-what-is-added-to": (
        {"a": ONE},
        (Add(at("a"), Value(ONE)), Set(at("b"), Plus(at("a"), Value(number(10))))),
        {"a": number(2), "b": number(11)},
    ),
    "remove-three-elements": (
        {"l": list_of(*(number(one) for one in range(6)))},
        (Remove(at("l", 1)), Remove(at("l", 4)), Remove(at("l", 0))),
        {"l": list_of(number(2), number(3), number(5))},
    ),
    "set-and-remove-elements": (
        {"l": list_of(*(number(one) for one in range(4)))},
        (Remove(at("l", 0)), Set(at("l", 2), Value(text("x")))),
        {"l": list_of(number(1), text("x"), number(3))},
    ),
    "set-two-elements-behind-the-end": (
        {"l": list_of(number(0))},
        (Set(at("l", 9), Value(text("9"))), Set(at("l", 5), Value(text("5")))),
        {"l": list_of(number(0), text("5"), text("9"))},
    ),
    "append-and-keep-another": (
        {"l": list_of(number(0)), "k": list_of(number(1))},
        (Set(at("l"), ListAppend(at("l"), at("k"))), Set(at("k"), ListAppend(at("k"), at("l")))),
        {"l": list_of(number(0), number(1)), "k": list_of(number(1), number(0))},
    ),
    "one-that-does-not-fit": (
        {"a": ONE},
        (Set(at("b"), Value(ONE)), Add(at("a"), Value(strings("x")))),
        None,
    ),
    "entries-of-a-removed-map": (
        {"m": map_of(x=ONE)},
        (Remove(at("m")), Set(at("m", "y"), Value(ONE))),
        None,
    ),
    "an-element-and-its-entry": (
        {"l": list_of(map_of())},
        (Set(at("l", 0, "x"), Value(ONE)), Remove(at("l", 0))),
        None,
    ),
    "one-element-twice": ({"l": list_of(ONE)}, (Set(at("l", 0), Value(ONE)), Remove(at("l", 0))), None),
    "entry-and-element-of-one": (
        {"m": map_of()},
        (Set(at("m", "x"), Value(ONE)), Set(at("m", 0), Value(ONE))),
        None,
    ),
    "a-sum-of-too-many-digits": (
        {"n": number("1" + "0" * 50)},
        (Set(at("n"), Plus(at("n"), Value(ONE))),),
        None,
    ),
    "a-sum-that-is-too-large": (
        {"n": number("9" + "0" * 125)},
        (Add(at("n"), Value(number("9E+125"))),),
        None,
    ),
    "a-sum-of-38-digits": (
        {"n": number("9" * 37)},
        (Add(at("n"), Value(ONE)),),
        {"n": number("1" + "0" * 37)},
    ),
    "a-sum-of-39-digits": ({"n": number("9" * 38)}, (Add(at("n"), Value(number("0.1"))),), None),
}

RETURNED: Mapping[Returning, tuple[Item | None, Item | None]] = {
    "none": (None, None),
    "old": ({**key("a"), "n": ONE, "s": strings("a"), "kept": TRUE}, None),
    "new": (
        {**key("a"), "n": number(3), "kept": TRUE, "made": text("x")},
        {**key("a"), "n": number(2), "made": text("x")},
    ),
    "updated_old": ({"n": ONE, "s": strings("a")}, None),
    "updated_new": ({"n": number(3), "made": text("x")}, {"n": number(2), "made": text("x")}),
}
"""What an update of an item that is there returns, and one of an item that is not."""


class ChangeContract(Contract):
    """Every update action, whatever it meets."""

    @rows("action, results", CHANGES)
    def test_change(self, store: Store, table: Table, action: UpdateAction, results: Results) -> None:
        """An action does what fits the type that it meets; of all others it is refused as a whole [run]."""
        for kind, before in VALUES.items():
            stored = put(store, table, key(kind), kept=TRUE, **({} if before is None else {"v": before}))
            update = UpdateItem(table, key(kind), (Set(at("other"), Value(ONE)), action))

            if kind in results:
                store.perform(update)
                after = {"v": results[kind]} if results[kind] else {}
                wanted = {**key(kind), "kept": TRUE, "other": ONE, **after}
            else:
                with pytest.raises(InvalidRequest):
                    store.perform(update)
                wanted = stored

            assert read(store, table, key(kind)) == settled(wanted)

    @rows("before, actions, after", TOGETHER)
    def test_changes_together(
        self,
        store: Store,
        table: Table,
        before: Item,
        actions: tuple[UpdateAction, ...],
        after: Item | None,
    ) -> None:
        """All actions see the item as it was, and are done as a whole or not at all [conf] [run]."""
        stored = put(store, table, key("a"), **before)

        if after is None:
            with pytest.raises(InvalidRequest):
                store.perform(UpdateItem(table, key("a"), actions))
            assert read(store, table, key("a")) == stored
        else:
            store.perform(UpdateItem(table, key("a"), actions))
            assert read(store, table, key("a")) == {**key("a"), **after}

    @rows("returning, of_one, of_none", {name: (name, *told) for name, told in RETURNED.items()})
    def test_changes_return(
        self,
        store: Store,
        table: Table,
        returning: Returning,
        of_one: Item | None,
        of_none: Item | None,
    ) -> None:
        """Of all kinds of actions together, on an item that is there and on one that is made [aws]."""
        actions = (
            Add(at("n"), Value(number(2))),
            Discard(at("s"), Value(strings("a"))),
            Set(at("made"), Value(text("x"))),
        )
        put(store, table, key("a"), n=ONE, s=strings("a"), kept=TRUE)

        told = [
            store.perform(UpdateItem(table, one, actions, returning=returning)).attributes
            for one in (key("a"), key("absent"))
        ]

        assert told == [of_one, None if of_none is None else {**of_none, **_key_of(of_none)}]

    @rows(
        "actions",
        {
            "set": (Set(at("v"), Value(text("x" * ITEM_SIZE_LIMIT))),),
            "append": (Set(at("l"), ListAppend(at("l"), at("l"))),),
            "copy": (Set(at("copy"), at("l")),),
            "add": (Add(at("s"), Value(strings("x" * ITEM_SIZE_LIMIT))),),
        },
    )
    def test_refuses_changes_that_make_an_item_too_large(
        self, store: Store, table: Table, actions: tuple[UpdateAction, ...]
    ) -> None:
        """No item is larger than 400 KB, however it gets there [aws]."""
        stored = put(store, table, key("a"), l=list_of(text("x" * 250_000)), s=strings("a"))

        with pytest.raises(PersistenceError):
            store.perform(UpdateItem(table, key("a"), actions))

        assert read(store, table, key("a")) == stored

    def test_refuses_changes_that_nest_too_deeply(self, store: Store, table: Table) -> None:
        """A value that is moved deeper down may get too deep there [aws]."""
        deep: AttributeValue = text("x")
        for _ in range(20):
            deep = map_of(m=deep)
        stored = put(store, table, key("a"), deep=deep)

        with pytest.raises(InvalidRequest):
            store.perform(UpdateItem(table, key("a"), (Set(at("deep", *("m",) * 19), at("deep")),)))

        assert read(store, table, key("a")) == stored


def _key_of(item: Item) -> Item:
    return key("absent") if "pk" in item else {}
