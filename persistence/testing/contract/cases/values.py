"""Values: numbers, keys, and what no item may hold."""

from __future__ import annotations

from decimal import Decimal

import pytest

from persistence.attributes import AttributeValue, Item
from persistence.errors import InvalidRequest
from persistence.expressions import (
    Add,
    And,
    Condition,
    Contains,
    Discard,
    KeyCondition,
    Minus,
    Not,
    Plus,
    Set,
    Value,
)
from persistence.operations import DeleteItem, GetItem, PutItem, QueryPage, UpdateItem
from persistence.store import Store
from persistence.table import ScalarType, Table
from persistence.testing.contract.base import Contract, TableMaker
from persistence.testing.contract.words import (
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
    updated,
)

NINES = "9" * 38


class NumberContract(Contract):
    """Numbers: 38 digits, exact, one way of writing them."""

    @rows(
        "written, stored",
        {
            "zero": ("0", "0"),
            "negative-zero": ("-0", "0"),
            "plus-sign": ("+5", "5"),
            "trailing-zeros": ("1.50", "1.5"),
            "leading-zeros": ("007", "7"),
            "exponent": ("1E3", "1000"),
            "small-exponent": ("15e-1", "1.5"),
            "point-first": (".5", "0.5"),
            "point-last": ("5.", "5"),
            "point-before-the-exponent": ("1.e5", "100000"),
            "signs-everywhere": ("+1.5E+3", "1500"),
            "zero-with-the-greatest-exponent": ("0e125", "0"),
            "zero-with-the-least-exponent": ("0e-130", "0"),
            "38-digits": (NINES, NINES),
            "38-digits-after-the-point": ("0." + NINES, "0." + NINES),
            "negative": ("-12.5", "-12.5"),
            "beyond-a-float": (
                "0.1000000000000000055511151231257827",
                "0.1000000000000000055511151231257827",
            ),
            "1e100": ("1E100", "1" + "0" * 100),
        },
    )
    def test_numbers_come_back_in_one_form(
        self, store: Store, table: Table, written: str, stored: str
    ) -> None:
        """A number is exact and comes back without sign of zero, needless zeros and exponent [conf]."""
        put(store, table, key("a"), n=number(written))

        assert read(store, table, key("a")) == {**key("a"), "n": number(stored)}

    @rows("written", {"least": "1E-130", "greatest": f"{NINES}E88", "least-negative": f"-{NINES}E88"})
    def test_numbers_reach_their_limits(self, store: Store, table: Table, written: str) -> None:
        """The magnitude goes from 1E-130 to 9.99...E+125 [aws]."""
        put(store, table, key("a"), n=number(written))

        found = read(store, table, key("a"))
        assert found is not None
        assert Decimal(found["n"]["N"]) == Decimal(written)

    def test_members_of_number_sets_come_back_in_one_form(self, store: Store, table: Table) -> None:
        """The same holds within sets [conf]."""
        put(store, table, key("a"), members=numbers("1.0", "2E1"))

        assert read(store, table, key("a")) == {**key("a"), "members": numbers("1", "20")}

    @rows(
        "written",
        {
            "39-digits": "1" * 39,
            "39-digits-after-the-point": "0." + "1" * 39,
            "too-large": "1E126",
            "too-small": "1E-131",
            "nan": "NaN",
            "infinity": "Infinity",
            "text": "abc",
            "empty": "",
            "underscore": "1_000",
            "blank": " 1",
            "hexadecimal": "0x10",
            "blank-behind": "1 ",
            "sign-alone": "-",
            "two-signs": "+-5",
            "point-alone": ".",
            "two-points": "1.2.3",
            "sum": "1+2",
            "no-exponent": "1e",
            "exponent-alone": "e2",
            "exponent-with-a-point": "1.2e3.4",
            "exponent-beyond-32-bits": "1e99999999999",
            "exponent-beyond-32-bits-below-zero": "1e-99999999999",
            "exponent-beyond-64-bits": "1e9223372036854775808",
            "zero-with-too-large-an-exponent": "0e126",
            "zero-with-too-small-an-exponent": "0e-131",
        },
    )
    def test_refuses_what_is_no_number(self, store: Store, table: Table, written: str) -> None:
        """What does not fit is refused, never rounded [aws]."""
        with pytest.raises(InvalidRequest):
            put(store, table, key("a"), n=number(written))

        assert read(store, table, key("a")) is None

    @rows(
        "start, step, total",
        {
            "decimals-are-exact": ("0.1", "0.2", "0.3"),
            "up-to-38-digits": ("9" * 37 + "8", "1", NINES),
            "negative": ("1", "-3", "-2"),
            "far-apart-but-within-38-digits": ("1E20", "1E-10", "100000000000000000000.0000000001"),
        },
    )
    def test_arithmetic_is_exact(self, store: Store, table: Table, start: str, step: str, total: str) -> None:
        """Sums are those of decimal numbers, not of floats [alt]."""
        added = updated(store, table, {"n": number(start)}, Add(at("n"), Value(number(step))))
        summed = updated(store, table, {"n": number(start)}, Set(at("n"), Plus(at("n"), Value(number(step)))))

        assert added == summed == {"n": number(total)}

    @rows(
        "start, step",
        {
            "more-than-38-digits": ("1E50", "1"),
            "too-large": ("9E125", "9E125"),
            "too-small-beside-it": ("1", "1E-100"),
        },
    )
    def test_refuses_a_sum_that_is_no_number(self, store: Store, table: Table, start: str, step: str) -> None:
        """A sum that would need more digits or a larger exponent is refused, not rounded [alt]."""
        stored = put(store, table, key("a"), n=number(start))
        before = read(store, table, key("a"))

        with pytest.raises(InvalidRequest):
            store.perform(UpdateItem(table, key("a"), (Add(at("n"), Value(number(step))),)))

        assert stored.keys() == {"pk", "n"}
        assert read(store, table, key("a")) == before

    def test_subtraction(self, store: Store, table: Table) -> None:
        """`-` subtracts the right operand from the left one [aws]."""
        after = updated(
            store, table, {"n": number("0.3")}, Set(at("n"), Minus(at("n"), Value(number("0.1"))))
        )

        assert after == {"n": number("0.2")}


class KeyContract(Contract):
    """Keys: what may be one, and when two are the same."""

    @rows(
        "written",
        {"as-a-decimal": "1.0", "with-an-exponent": "1E0", "with-a-sign": "+1", "with-zeros": "001"},
    )
    def test_equal_numbers_are_one_key(self, store: Store, make_table: TableMaker, written: str) -> None:
        """A number key is its value, however it is written [alt]."""
        table = make_table(types={"pk": "N"})
        put(store, table, {"pk": number(1)}, value=text("first"))

        put(store, table, {"pk": number(written)}, value=text("second"))

        assert read(store, table, {"pk": number(1)}) == {"pk": number(1), "value": text("second")}
        assert read(store, table, {"pk": number(written)}) == {"pk": number(1), "value": text("second")}

    @rows("kind, value", {"S": ("S", text("a")), "N": ("N", number("1.5")), "B": ("B", binary(b"\x00\xff"))})
    def test_keys_are_strings_numbers_or_binary(
        self, store: Store, make_table: TableMaker, kind: ScalarType, value: AttributeValue
    ) -> None:
        """These three types can be keys [aws]."""
        table = make_table(types={"pk": kind})

        put(store, table, {"pk": value}, n=number(1))

        assert read(store, table, {"pk": value}) == {"pk": value, "n": number(1)}

    def test_keys_tell_case_and_composition_apart(self, store: Store, table: Table) -> None:
        """Strings are their bytes: no case folding, no normalisation [aws]."""
        spellings = ("e\u0301", "\u00e9", "E\u0301", "e\u0301 ")
        for spelling in spellings:
            put(store, table, key(spelling))

        assert [read(store, table, key(spelling)) for spelling in spellings] == [
            key(one) for one in spellings
        ]

    @rows(
        "wrong",
        {
            "missing-sort-key": key("a"),
            "missing-partition-key": {"sk": number(1)},
            "another-attribute": {**key("a", 1), "other": text("x")},
            "another-type": {"pk": text("a"), "sk": text("1")},
            "another-name": {"pk": text("a"), "sort": number(1)},
            "null": {"pk": {"NULL": True}, "sk": number(1)},
            "no-number": {"pk": text("a"), "sk": number("x")},
            "empty-string": {"pk": text(""), "sk": number(1)},
            "nothing": {},
        },
    )
    def test_refuses_a_key_that_does_not_match_the_table(
        self, store: Store, series: Table, wrong: Item
    ) -> None:
        """A key has exactly the key attributes, with their types, none empty [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(GetItem(series, wrong))
        with pytest.raises(InvalidRequest):
            store.perform(DeleteItem(series, wrong))
        with pytest.raises(InvalidRequest):
            store.perform(UpdateItem(series, wrong, (Set(at("n"), Value(number(1))),)))

    @rows(
        "wrong",
        {
            "missing-sort-key": key("a"),
            "another-type": {"pk": number(1), "sk": number(1)},
            "a-set": {"pk": strings("a"), "sk": number(1)},
            "empty-string": {"pk": text(""), "sk": number(1)},
        },
    )
    def test_refuses_an_item_without_a_proper_key(self, store: Store, series: Table, wrong: Item) -> None:
        """An item holds all key attributes, with their types, none empty [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(PutItem(series, {**wrong, "n": number(1)}))

    @rows("size, fits", {"2048": (2048, True), "2049": (2049, False)})
    def test_partition_keys_have_up_to_2048_bytes(
        self, store: Store, table: Table, size: int, fits: bool
    ) -> None:
        """Bytes count, not characters [aws]."""
        _check_key_size(store, table, {"pk": text("é" * (size // 2) + "x" * (size % 2))}, fits=fits)

    @rows("size, fits", {"1024": (1024, True), "1025": (1025, False)})
    def test_sort_keys_have_up_to_1024_bytes(
        self, store: Store, make_table: TableMaker, size: int, fits: bool
    ) -> None:
        """Bytes count, not characters [aws]."""
        table = make_table(sort="sk")
        _check_key_size(
            store, table, {"pk": text("a"), "sk": text("é" * (size // 2) + "x" * (size % 2))}, fits=fits
        )

    @rows(
        "kind, ascending",
        {
            "numbers-by-value": (
                "N",
                [number(text) for text in ("-100", "-2", "0", "0.5", "2", "10", "1000")],
            ),
            "numbers-beyond-floats": (
                "N",
                [number(text) for text in (NINES[:-1] + "7", NINES[:-1] + "8", NINES)],
            ),
            "strings-by-utf-8-bytes": (
                "S",
                [text(one) for one in ("10", "9", "A", "a", "é", "\uff5e", "😀")],
            ),
            "binary-by-unsigned-bytes": (
                "B",
                [binary(one) for one in (b"\x00", b"\x00\x00", b"\x01", b"\x7f", b"\x80", b"\xff")],
            ),
        },
    )
    def test_sort_keys_are_ordered(
        self, store: Store, make_table: TableMaker, kind: ScalarType, ascending: list[AttributeValue]
    ) -> None:
        """Numbers are ordered by value, strings by their UTF-8 bytes, binary by unsigned bytes [aws]."""
        table = make_table(sort="sk", types={"sk": kind})
        for value in reversed(ascending):
            put(store, table, {"pk": text("a"), "sk": value})

        page = store.perform(QueryPage(table, KeyCondition(("pk", text("a"))), consistent=True))

        assert [item["sk"] for item in page.items] == ascending


def _check_key_size(store: Store, table: Table, wanted: Item, *, fits: bool) -> None:
    if fits:
        put(store, table, wanted, n=number(1))

        assert read(store, table, wanted) == {**wanted, "n": number(1)}
        return
    with pytest.raises(InvalidRequest):
        put(store, table, wanted, n=number(1))
    with pytest.raises(InvalidRequest):
        read(store, table, wanted)


def _nested(levels: int) -> AttributeValue:
    value = list_of()
    for _ in range(levels - 1):
        value = list_of(value)
    return value


class LimitsContract(Contract):
    """What no item may hold, and how large an expression may be."""

    @rows(
        "value",
        {
            "empty-string-set": strings(),
            "empty-number-set": numbers(),
            "empty-binary-set": binaries(),
            "doubled-string": strings("a", "a"),
            "doubled-number": numbers(1, "1.0"),
            "doubled-binary": binaries(b"a", b"a"),
            "no-number-in-a-set": numbers(1, "x"),
            "null-that-is-false": {"NULL": False},
            "two-types": {"S": "a", "N": "1"},
            "no-type": {},
            "unknown-type": {"X": "a"},
            "int-under-n": {"N": 1},
            "str-under-b": {"B": 1},
            "empty-set-within-a-map": map_of(a=strings()),
            "no-number-within-a-list": list_of(number("x")),
        },
    )
    def test_refuses_a_malformed_value(self, store: Store, table: Table, value: AttributeValue) -> None:
        """Sets have members, all different; a value has one known type and its content [conf]."""
        with pytest.raises(InvalidRequest):
            store.perform(PutItem(table, {**key("a"), "value": value}))

        assert read(store, table, key("a")) is None

    def test_an_empty_string_may_be_a_member_of_a_set(self, store: Store, table: Table) -> None:
        """Since 2020 members of string sets may be empty [aws]."""
        put(store, table, key("a"), members=strings("", "a"))

        assert read(store, table, key("a")) == {**key("a"), "members": strings("", "a")}

    @rows(
        "before, change, after",
        {
            "added-to-nothing": ((), Add(at("members"), Value(strings(""))), ("",)),
            "added-to-another": (("a",), Add(at("members"), Value(strings(""))), ("", "a")),
            "added-again": (("", "a"), Add(at("members"), Value(strings(""))), ("", "a")),
            "taken-out": (("", "a"), Discard(at("members"), Value(strings(""))), ("a",)),
            "left-over": (("", "a"), Discard(at("members"), Value(strings("a"))), ("",)),
            "taken-out-as-the-last": (("",), Discard(at("members"), Value(strings(""))), ()),
        },
    )
    def test_an_empty_member_is_a_member_like_others(
        self,
        store: Store,
        table: Table,
        before: tuple[str, ...],
        change: Add | Discard,
        after: tuple[str, ...],
    ) -> None:
        """Updates add it and take it out; a set of nothing else is no empty set [conf]."""
        put(store, table, key("a"), **({"members": strings(*before)} if before else {}))

        store.perform(UpdateItem(table, key("a"), (change,)))

        expected = {"members": strings(*after)} if after else {}
        assert read(store, table, key("a")) == {**key("a"), **expected}

    def test_values_may_be_nested_deeply(self, store: Store, table: Table) -> None:
        """31 lists within each other fit into an attribute [run]."""
        put(store, table, key("a"), value=_nested(31))

        assert read(store, table, key("a")) == {**key("a"), "value": _nested(31)}

    def test_refuses_values_that_are_nested_too_deeply(self, store: Store, table: Table) -> None:
        """With the item itself there are at most 32 levels [run]."""
        with pytest.raises(InvalidRequest):
            put(store, table, key("a"), value=_nested(33))

    def test_an_expression_may_have_300_operators(self, store: Store, table: Table) -> None:
        """150 comparisons joined by 149 ANDs, one of them negated, are 300 operators [alt]."""
        put(store, table, key("a"), n=number(1))
        condition: Condition = Not(compare("n", "=", number(2)))
        for _ in range(149):
            condition &= compare("n", "=", number(1))

        store.perform(PutItem(table, key("a"), condition))

        assert read(store, table, key("a")) == key("a")

    def test_functions_of_conditions_are_operators(self, store: Store, table: Table) -> None:
        """150 functions joined by 149 ANDs fit, one more is refused [run]."""
        put(store, table, key("a"), t=text("x"))
        functions = [Contains(at("t"), Value(text("x")))] * 151

        store.perform(PutItem(table, key("a"), And(tuple(functions[1:]))))
        with pytest.raises(InvalidRequest):
            store.perform(PutItem(table, key("a"), And(tuple(functions))))

        assert read(store, table, key("a")) == key("a")

    def test_refuses_an_expression_with_more_operators(self, store: Store, table: Table) -> None:
        """151 comparisons joined by 150 ANDs are 301 operators [alt]."""
        condition: Condition = compare("n", "=", number(1))
        for _ in range(150):
            condition &= compare("n", "=", number(1))

        with pytest.raises(InvalidRequest):
            store.perform(PutItem(table, key("a"), condition))

        assert read(store, table, key("a")) is None
