"""Key conditions: every operator, for every type of key, on the table and on every kind of index."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from persistence.attributes import AttributeValue
from persistence.errors import InvalidRequest
from persistence.expressions import BeginsWith, Between, Compare, Path, Value
from persistence.operations import Page
from persistence.store import Store
from persistence.table import ScalarType, Table
from persistence.testing.contract.base import Contract, Library, TableMaker
from persistence.testing.contract.places import INDEXES, PLACES, Place, SortCondition, ranked
from persistence.testing.contract.words import NULL, TRUE, at, binary, number, rows, text

Values = Sequence[AttributeValue]

VALUES: Mapping[ScalarType, Values] = {
    "S": [text(one) for one in ("A", "a", "ab", "abc", "b", "é")],
    "N": [number(one) for one in ("-10", "-1.5", "0", "2", "10", "100000000000000000000")],
    "B": [binary(one) for one in (b"\x00\x00", b"\x01", b"\x01\x00", b"\x01\x80", b"\x7f", b"\xff")],
}
"""What is stored under keys of each type, in order: the positions are what the rows speak of."""

BEYOND: Mapping[ScalarType, Values] = {
    "S": [text("!"), text("zzz\U0001f600")],
    "N": [number("-1E+30"), number("1E+30")],
    "B": [binary(b"\x00"), binary(b"\xff\xff")],
}
"""What would lie before and behind all that is stored; of the strings the second lies before the last one."""

SAME: Mapping[ScalarType, AttributeValue] = {"S": text("ab"), "N": number("-0.0"), "B": binary(b"\x01\x00")}
"""The third of the values, a number written otherwise."""


def _compared(operator: str, position: int) -> Callable[[Path, Values], SortCondition]:
    return lambda path, values: Compare(operator, path, Value(values[position]))  # type: ignore[arg-type]


def _between(low: int, high: int) -> Callable[[Path, Values], SortCondition]:
    return lambda path, values: Between(path, Value(values[low]), Value(values[high]))


CONDITIONS: dict[str, tuple[Callable[[Path, Values], SortCondition] | None, list[int]]] = {
    "any": (None, [0, 1, 2, 3, 4, 5]),
    "equal": (_compared("=", 3), [3]),
    "less": (_compared("<", 2), [0, 1]),
    "less-than-the-first": (_compared("<", 0), []),
    "less-or-equal": (_compared("<=", 2), [0, 1, 2]),
    "greater": (_compared(">", 2), [3, 4, 5]),
    "greater-than-the-last": (_compared(">", 5), []),
    "greater-or-equal": (_compared(">=", 2), [2, 3, 4, 5]),
    "between": (_between(1, 4), [1, 2, 3, 4]),
    "between-one": (_between(3, 3), [3]),
}

PREFIXES: dict[str, tuple[Callable[[Path, Values], SortCondition], list[int]]] = {
    "begins-with": (lambda path, values: BeginsWith(path, Value(values[1])), [1, 2, 3]),
    "begins-with-all-of-it": (lambda path, values: BeginsWith(path, Value(values[3])), [3]),
}

ROWS = {
    f"{name}-{kind}-{where}": (kind, place, condition, found)
    for kind in VALUES
    for name, (condition, found) in {**CONDITIONS, **({} if kind == "N" else PREFIXES)}.items()
    for where, place in PLACES.items()
}


ANOTHER: Mapping[ScalarType, ScalarType] = {"S": "N", "N": "B", "B": "S"}

REFUSED: dict[str, Callable[[Path, ScalarType], SortCondition]] = {
    "another-type": lambda path, kind: _compared(">", 0)(path, VALUES[ANOTHER[kind]]),
    "bounds-the-wrong-way-round": lambda path, kind: _between(4, 1)(path, VALUES[kind]),
    "a-boolean": lambda path, kind: Compare("=", path, Value(TRUE)),
    "null": lambda path, kind: Compare("=", path, Value(NULL)),
    "not-equal": lambda path, kind: _compared("<>", 1)(path, VALUES[kind]),
    "a-nested-path": lambda path, kind: _compared("=", 1)(path.child("x"), VALUES[kind]),
    "another-attribute": lambda path, kind: _compared("=", 1)(at("x"), VALUES[kind]),
    "the-partition-key-again": lambda path, kind: Compare(">", at("pk"), Value(text("a"))),
}


class KeyConditionContract(Contract):
    """Which part of a partition a query reads, in which order."""

    def sorted_by(self, kind: ScalarType, store: Store, library: Library) -> Table:
        """Give a table whose keys are of one type; in its indexes the order is turned round."""

        def stock(make_table: TableMaker) -> Table:
            table = make_table(sort="sk", indexes=INDEXES, types={"sk": kind, "rank": kind})
            values = VALUES[kind]
            items = [
                ranked(partition, group, value, values[-1 - position], x=number(position))
                for partition, group in (("p", "g"), ("q", "h"))
                for position, value in enumerate(values)
            ]
            return self.fill(store, table, items)

        return library(f"sorted-by-{kind}", stock)

    @rows("kind, place, condition, found", ROWS)
    def test_key_condition(
        self,
        store: Store,
        library: Library,
        kind: ScalarType,
        place: Place,
        condition: Callable[[Path, Values], SortCondition] | None,
        found: list[int],
    ) -> None:
        """A query reads what meets the condition and nothing else, in order and backwards [aws] [run]."""
        table = self.sorted_by(kind, store, library)
        sort = None if condition is None else condition(at(place.sort), VALUES[kind])
        query = place.query(table, "p" if place.partition == "pk" else "g", sort)

        forwards, backwards = store.perform(query), store.perform(replace(query, descending=True))

        assert _positions(forwards, place, kind) == found
        assert _positions(backwards, place, kind) == found[::-1]
        assert (forwards.scanned_count, forwards.last_key) == (len(found), None)

    @rows(
        "kind, where",
        {f"{kind}-{where}": (kind, where) for kind in VALUES for where in ("table", "global-all")},
    )
    def test_key_condition_beyond_all_that_is_stored(
        self, store: Store, library: Library, kind: ScalarType, where: str
    ) -> None:
        """Operands of a key condition need not be stored [aws]."""
        table, place = self.sorted_by(kind, store, library), PLACES[where]
        low, high = map(Value, BEYOND[kind])
        query = place.query(table, "p" if place.partition == "pk" else "g")

        def found(sort: SortCondition) -> list[int]:
            condition = replace(query.key_condition, sort=sort)
            return _positions(store.perform(replace(query, key_condition=condition)), place, kind)

        last = 4 if kind == "S" else 5
        assert found(Between(at(place.sort), low, high)) == list(range(last + 1))
        assert found(Compare("<", at(place.sort), low)) == []
        assert found(Compare(">", at(place.sort), low)) == [0, 1, 2, 3, 4, 5]

    @rows("kind", {kind: kind for kind in VALUES})
    def test_key_condition_finds_equal_values_however_they_are_written(
        self, store: Store, library: Library, kind: ScalarType
    ) -> None:
        """Keys are compared by value [alt]."""
        table, place = self.sorted_by(kind, store, library), PLACES["table"]

        page = store.perform(place.query(table, "p", Compare("=", at("sk"), Value(SAME[kind]))))

        assert _positions(page, place, kind) == [2]

    @rows("kind, sort", {f"{name}-{kind}": (kind, sort) for kind in VALUES for name, sort in REFUSED.items()})
    def test_refuses_a_key_condition(
        self,
        store: Store,
        library: Library,
        kind: ScalarType,
        sort: Callable[[Path, ScalarType], SortCondition],
    ) -> None:
        """A sort key is compared in its own type, once, and nothing but the sort key is [conf]."""
        table = self.sorted_by(kind, store, library)

        for place in (PLACES["table"], PLACES["local-keys"], PLACES["global-all"]):
            with pytest.raises(InvalidRequest):
                store.perform(place.query(table, "p", sort(at(place.sort), kind)))


def _positions(page: Page, place: Place, kind: ScalarType) -> list[int]:
    return [VALUES[kind].index(item[place.sort]) for item in page.items]
