"""Conditions: what each operator says of each type, as a condition of a write and as a filter of a read."""

from __future__ import annotations

import pytest

from persistence.attributes import AttributeValue, Item
from persistence.errors import ConditionFailed, InvalidRequest
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    In,
    Not,
    Operand,
    Or,
    Path,
    Size,
    TypeTag,
    Value,
)
from persistence.operations import DeleteItem, PutItem, ScanPage, UpdateItem
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

STORED: Item = {
    "n": number(5),
    "five": number(5),
    "minus": number(-3),
    "ten": number(10),
    "t": text("banana"),
    "nan": text("nan"),
    "wide": text("\uff5e"),
    "astral": text("a😀"),
    "b": binary(b"\x01\x02"),
    "yes": TRUE,
    "no": FALSE,
    "null": NULL,
    "l": list_of(number(1), text("x"), list_of(number(2))),
    "m": map_of(x=number(1), y=map_of(z=text("deep"))),
    "ss": strings("a", "b"),
    "ns": numbers(1, 2),
    "bs": binaries(b"a", b"b"),
}
"""The item of which all rows speak; it has no attribute `missing`."""

Row = tuple[Condition, bool]


def _is(name: str, value: AttributeValue) -> Condition:
    return compare(name, "=", value)


def _between(operand: Operand, low: AttributeValue, high: AttributeValue) -> Condition:
    return Between(operand, Value(low), Value(high))


def _in(name: str, *options: AttributeValue) -> Condition:
    return In(at(name), tuple(map(Value, options)))


def _begins(name: str, prefix: AttributeValue) -> Condition:
    return BeginsWith(at(name), Value(prefix))


def _contains(name: str, operand: AttributeValue) -> Condition:
    return Contains(at(name), Value(operand))


def _size(name: str, wanted: int) -> Condition:
    return Compare("=", Size(at(name)), Value(number(wanted)))


EQUALITY: dict[str, Row] = {
    "number": (_is("n", number(5)), True),
    "number-written-otherwise": (_is("n", number("5.00")), True),
    "number-that-differs": (_is("n", number(6)), False),
    "number-is-no-string": (_is("n", text("5")), False),
    "string": (_is("t", text("banana")), True),
    "string-in-another-case": (_is("t", text("Banana")), False),
    "string-is-no-binary": (_is("t", binary(b"banana")), False),
    "binary": (_is("b", binary(b"\x01\x02")), True),
    "true": (_is("yes", TRUE), True),
    "true-is-not-false": (_is("yes", FALSE), False),
    "null": (_is("null", NULL), True),
    "missing-is-not-null": (_is("missing", NULL), False),
    "list": (_is("l", STORED["l"]), True),
    "list-in-another-order": (_is("l", list_of(text("x"), number(1), list_of(number(2)))), False),
    "list-with-numbers-written-otherwise": (
        _is("l", list_of(number("1.0"), text("x"), list_of(number("2E0")))),
        True,
    ),
    "map-in-another-order": (_is("m", map_of(y=map_of(z=text("deep")), x=number(1))), True),
    "map-with-less": (_is("m", map_of(x=number(1))), False),
    "string-set-in-another-order": (_is("ss", strings("b", "a")), True),
    "string-set-with-less": (_is("ss", strings("a")), False),
    "number-set-written-otherwise": (_is("ns", numbers("2.0", 1)), True),
    "number-set-beyond-floats": (_is("ns", numbers("1." + "0" * 36 + "1", 2)), False),
    "binary-set-in-another-order": (_is("bs", binaries(b"b", b"a")), True),
    "set-is-no-list": (_is("ss", list_of(text("a"), text("b"))), False),
    "attribute-with-attribute": (Compare("=", at("n"), at("five")), True),
    "attribute-with-a-missing-one": (Compare("=", at("n"), at("missing")), False),
    "constant-first": (Compare("=", Value(number(5)), at("n")), True),
    "entry": (Compare("=", at("m", "y", "z"), Value(text("deep"))), True),
    "element": (Compare("=", at("l", 1), Value(text("x"))), True),
    "element-of-an-element": (Compare("=", at("l", 2, 0), Value(number(2))), True),
    "differs": (compare("n", "<>", number(6)), True),
    "does-not-differ": (compare("n", "<>", number("5.0")), False),
    "differs-in-type": (compare("n", "<>", text("5")), True),
    "differs-when-missing": (compare("missing", "<>", number(5)), True),
    "not-equal-when-missing": (Not(_is("missing", number(5))), True),
    "sets-do-not-differ-by-order": (compare("ss", "<>", strings("b", "a")), False),
}

ORDER: dict[str, Row] = {
    "less": (compare("n", "<", number(6)), True),
    "not-less": (compare("n", "<", number(5)), False),
    "less-or-equal": (compare("n", "<=", number(5)), True),
    "greater": (compare("n", ">", number("4.9")), True),
    "not-greater": (compare("n", ">", number(5)), False),
    "greater-or-equal": (compare("n", ">=", number(5)), True),
    "numbers-by-value": (compare("n", "<", number(10)), True),
    "negative-numbers": (compare("minus", "<", number("-2.5")), True),
    "strings": (compare("t", "<", text("banane")), True),
    "longer-strings-later": (compare("t", "<", text("bananas")), True),
    "strings-by-utf-8-bytes": (compare("wide", "<", text("😀")), True),
    "capitals-first": (compare("t", ">", text("Z")), True),
    "binary": (compare("b", "<", binary(b"\x01\x80")), True),
    "attribute-with-attribute": (Compare("<", at("n"), at("ten")), True),
    "constant-first": (Compare("<", Value(number(4)), at("n")), True),
    "other-type-not-less": (compare("t", "<", number(5)), False),
    "other-type-not-greater": (compare("t", ">=", number(5)), False),
    "missing-not-less": (compare("missing", "<", number(5)), False),
    "missing-not-greater": (compare("missing", ">=", number(5)), False),
    "null-not-less": (compare("null", "<", number(5)), False),
    "list-not-less": (compare("l", "<", number(5)), False),
}

RANGES: dict[str, Row] = {
    "between": (_between(at("n"), number(1), number(9)), True),
    "between-includes-its-ends": (_between(at("n"), number(5), number("5.0")), True),
    "between-below": (_between(at("n"), number(6), number(9)), False),
    "between-above": (_between(at("n"), number(1), number("4.9")), False),
    "between-strings": (_between(at("t"), text("a"), text("c")), True),
    "between-binary": (_between(at("b"), binary(b"\x01"), binary(b"\x01\x03")), True),
    "between-of-another-type": (_between(at("n"), text("a"), text("z")), False),
    "between-missing": (_between(at("missing"), number(1), number(9)), False),
    "between-attributes": (Between(at("n"), at("minus"), at("ten")), True),
    "between-a-missing-one": (Between(at("n"), at("missing"), at("ten")), False),
    "in": (_in("n", number(1), number("5.0")), True),
    "in-none-of-them": (_in("n", number(1), number(2)), False),
    "in-one": (_in("n", number(5)), True),
    "in-of-another-type": (_in("n", text("5")), False),
    "in-of-several-types": (_in("n", text("5"), NULL, number(5)), True),
    "in-missing": (_in("missing", number(5), NULL), False),
    "in-sets": (_in("ss", strings("b", "a")), True),
    "in-attributes": (In(at("n"), (at("missing"), at("five"))), True),
}

FUNCTIONS: dict[str, Row] = {
    "begins-with": (_begins("t", text("ban")), True),
    "begins-with-all-of-it": (_begins("t", text("banana")), True),
    "begins-with-more": (_begins("t", text("bananas")), False),
    "begins-with-something-else": (_begins("t", text("an")), False),
    "begins-with-bytes": (_begins("b", binary(b"\x01")), True),
    "begins-with-another-type": (_begins("t", binary(b"ban")), False),
    "number-begins-with-nothing": (_begins("n", text("5")), False),
    "missing-begins-with-nothing": (_begins("missing", text("a")), False),
    "contains-text": (_contains("t", text("nan")), True),
    "contains-no-such-text": (_contains("t", text("nab")), False),
    "contains-bytes": (_contains("b", binary(b"\x02")), True),
    "contains-text-of-an-attribute": (Contains(at("t"), at("nan")), True),
    "contains-a-string-member": (_contains("ss", text("a")), True),
    "contains-no-part-of-a-member": (_contains("ss", text("ab")), False),
    "contains-a-number-member": (_contains("ns", number("1.0")), True),
    "contains-a-binary-member": (_contains("bs", binary(b"a")), True),
    "contains-a-number-element": (_contains("l", number("1.0")), True),
    "contains-a-string-element": (_contains("l", text("x")), True),
    "contains-no-element-of-another-type": (_contains("l", text("1")), False),
    "contains-a-list-element": (_contains("l", list_of(number(2))), True),
    "map-contains-nothing": (_contains("m", text("x")), False),
    "number-contains-nothing": (_contains("n", number(5)), False),
    "string-contains-no-number": (_contains("t", number(5)), False),
    "missing-contains-nothing": (_contains("missing", text("a")), False),
    "exists": (AttributeExists(at("n")), True),
    "null-exists": (AttributeExists(at("null")), True),
    "missing-does-not-exist": (AttributeExists(at("missing")), False),
    "entry-exists": (AttributeExists(at("m", "y", "z")), True),
    "entry-does-not-exist": (AttributeExists(at("m", "y", "missing")), False),
    "element-exists": (AttributeExists(at("l", 2, 0)), True),
    "element-does-not-exist": (AttributeExists(at("l", 9)), False),
    "number-has-no-entries": (AttributeExists(at("n", "x")), False),
    "list-has-no-entries": (AttributeExists(at("l", "x")), False),
    "map-has-no-elements": (AttributeExists(at("m", 0)), False),
    "set-has-no-elements": (AttributeExists(at("ss", 0)), False),
    "not-exists": (AttributeNotExists(at("missing")), True),
    "not-exists-of-null": (AttributeNotExists(at("null")), False),
    "not-exists-below-a-missing-one": (AttributeNotExists(at("missing", "x", 0)), True),
}


def _tag_rows() -> dict[str, Row]:
    tags: dict[str, TypeTag] = {
        "n": "N",
        "t": "S",
        "b": "B",
        "yes": "BOOL",
        "null": "NULL",
        "l": "L",
        "m": "M",
        "ss": "SS",
        "ns": "NS",
        "bs": "BS",
    }
    right: dict[str, Row] = {
        f"type-{tag}": (AttributeType(at(name), tag), True) for name, tag in tags.items()
    }
    return {
        **right,
        "type-of-another": (AttributeType(at("n"), "S"), False),
        "type-of-missing": (AttributeType(at("missing"), "NULL"), False),
        "type-of-an-element": (AttributeType(at("l", 2), "L"), True),
    }


SIZES: dict[str, Row] = {
    "size-of-a-string": (_size("t", 6), True),
    "size-of-a-string-by-utf-16-units": (_size("astral", 3), True),
    "size-of-binary": (_size("b", 2), True),
    "size-of-a-list": (_size("l", 3), True),
    "size-of-a-map": (_size("m", 2), True),
    "size-of-a-string-set": (_size("ss", 2), True),
    "size-of-a-number-set": (_size("ns", 2), True),
    "size-of-another-size": (_size("t", 7), False),
    "size-of-missing": (Compare(">=", Size(at("missing")), Value(number(0))), False),
    "size-of-an-entry": (Compare("=", Size(at("m", "y", "z")), Value(number(4))), True),
    "size-between": (_between(Size(at("t")), number(1), number(6)), True),
    "size-in": (In(Size(at("t")), (Value(number(1)), Value(number(6)))), True),
    "size-with-an-attribute": (Compare(">", Size(at("t")), at("n")), True),
    "size-with-a-size": (Compare("<", Size(at("b")), Size(at("l"))), True),
    "size-is-no-string": (Compare("=", Size(at("t")), Value(text("6"))), False),
}

YES = AttributeExists(at("n"))
NO = AttributeExists(at("missing"))

LOGIC: dict[str, Row] = {
    "and": (YES & YES, True),
    "and-of-which-one-fails": (YES & NO, False),
    "or": (NO | YES, True),
    "or-of-which-all-fail": (NO | NO, False),
    "not": (~NO, True),
    "not-not": (~~YES, True),
    "not-of-and": (~(YES & NO), True),
    "not-of-or": (~(NO | NO), True),
    "or-of-ands": ((NO & NO) | (YES & YES), True),
    "and-of-ors": ((YES | NO) & (NO | YES), True),
    "and-binds-its-own-parts": (YES | (YES & NO), True),
    "or-within-and": ((YES | YES) & NO, False),
    "or-within-and-within-or": (NO | (YES & (NO | YES)), True),
    "and-of-one": (And((YES,)), True),
    "or-of-one-within-and-of-one": (And((Or((NO,)),)), False),
    "not-of-and-of-one": (Not(And((Or((NO,)),))), True),
    "many": (And((YES,) * 20), True),
}

ROWS = {**EQUALITY, **ORDER, **RANGES, **FUNCTIONS, **_tag_rows(), **SIZES, **LOGIC}

REFUSED: dict[str, Condition] = {
    "bounds-the-wrong-way-round": _between(at("n"), number(9), number(1)),
    "bounds-of-different-types": _between(at("n"), number(1), text("z")),
    "bounds-without-order": _between(at("n"), TRUE, TRUE),
    "order-of-booleans": compare("yes", "<", TRUE),
    "order-of-null": compare("null", ">=", NULL),
    "order-of-lists": compare("l", ">", list_of()),
    "order-of-sets": compare("ss", "<", strings("a")),
    "begins-with-a-number": _begins("n", number(5)),
    "begins-with-a-set": _begins("t", strings("a")),
    "no-such-type": AttributeType(at("n"), "STRING"),  # type: ignore[arg-type]  # that is the case
    "in-nothing": In(at("n"), ()),
    "in-more-than-100": In(at("n"), tuple(Value(number(one)) for one in range(101))),
    "attribute-with-itself": Compare("=", at("n"), at("n")),
    "constant-that-is-no-number": _is("n", number("x")),
    "constant-that-is-an-empty-set": _is("ss", strings()),
    "and-of-nothing": And(()),
    "or-of-nothing": Or(()),
}


class ConditionContract(Contract):
    """Conditions of writes and filters of reads."""

    @rows("condition, holds", ROWS)
    def test_condition(self, store: Store, table: Table, condition: Condition, holds: bool) -> None:
        """A write is done if, and only if, its condition holds for the stored item [conf] [run]."""
        stored = put(store, table, key("a"), **STORED)

        if holds:
            store.perform(DeleteItem(table, key("a"), condition))
        else:
            with pytest.raises(ConditionFailed):
                store.perform(DeleteItem(table, key("a"), condition))

        assert read(store, table, key("a")) == (None if holds else stored)

    @rows("condition, holds", ROWS)
    def test_filter(self, store: Store, table: Table, condition: Condition, holds: bool) -> None:
        """A filter keeps an item if, and only if, the same condition holds [conf] [run]."""
        put(store, table, key("a"), **STORED)

        page = store.perform(ScanPage(table, filter=condition, consistent=True, count_only=True))

        assert (page.count, page.scanned_count) == (int(holds), 1)

    @rows(
        "condition, holds",
        {
            "exists": (AttributeExists(at("pk")), False),
            "not-exists": (AttributeNotExists(at("pk")), True),
            "equal": (_is("n", number(5)), False),
            "differs": (compare("n", "<>", number(5)), True),
            "not-equal": (Not(_is("n", number(5))), True),
            "null": (_is("n", NULL), False),
            "less": (compare("n", "<", number(5)), False),
            "not-less": (Not(compare("n", "<", number(5))), True),
        },
    )
    def test_condition_on_an_absent_item(
        self, store: Store, table: Table, condition: Condition, holds: bool
    ) -> None:
        """Of an absent item all attributes are missing [run]."""
        created = {**key("a"), "created": TRUE}

        if holds:
            store.perform(PutItem(table, created, condition))
        else:
            with pytest.raises(ConditionFailed):
                store.perform(PutItem(table, created, condition))

        assert read(store, table, key("a")) == (created if holds else None)

    def test_a_condition_may_speak_of_the_key(self, store: Store, series: Table) -> None:
        """Key attributes are attributes like others in conditions [aws]."""
        put(store, series, key("a", 1))
        condition = compare("sk", "<", number(2)) & BeginsWith(at("pk"), Value(text("a")))

        store.perform(DeleteItem(series, key("a", 1), condition))

        assert read(store, series, key("a", 1)) is None

    def test_an_update_looks_at_the_item_before(self, store: Store, table: Table) -> None:
        """A condition of an update is about the item before the update [aws]."""
        put(store, table, key("a"), **STORED)

        with pytest.raises(ConditionFailed):
            store.perform(UpdateItem(table, key("a"), (), _is("n", number(6))))

        assert read(store, table, key("a")) is not None

    @rows("condition", REFUSED)
    def test_refuses_a_condition_that_makes_no_sense(
        self, store: Store, table: Table, condition: Condition
    ) -> None:
        """Constants are checked before anything is read, and whether or not the item is there [conf]."""
        with pytest.raises(InvalidRequest):
            store.perform(DeleteItem(table, key("absent"), condition))

    @rows("condition", REFUSED)
    def test_refuses_a_filter_that_makes_no_sense(
        self, store: Store, table: Table, condition: Condition
    ) -> None:
        """Filters are checked as conditions are [conf]."""
        with pytest.raises(InvalidRequest):
            store.perform(ScanPage(table, filter=condition))

    @rows("path", {"empty": Path(()), "index-first": at(0), "nameless": at("")})
    def test_refuses_a_path_that_leads_nowhere(self, store: Store, table: Table, path: Path) -> None:
        """A path starts with the name of an attribute [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(DeleteItem(table, key("absent"), AttributeExists(path)))
