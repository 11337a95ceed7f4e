"""Filters: every operator over values of every type, at the top and within documents.

One table holds an item for each kind of value, and a filter has to find exactly the right ones.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from persistence.attributes import AttributeValue, Item
from persistence.expressions import (
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Comparator,
    Compare,
    Condition,
    Contains,
    In,
    Not,
    Path,
    Size,
    TypeTag,
    Value,
)
from persistence.operations import ScanPage
from persistence.store import Store
from persistence.table import Table
from persistence.testing.contract.base import Contract, Library, TableMaker
from persistence.testing.contract.words import (
    FALSE,
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
    rows,
    strings,
    text,
)

KINDS: Mapping[str, AttributeValue] = {
    "five": number(5),
    "ten": number(10),
    "minus": number("-2.50"),
    "text-5": text("5"),
    "banana": text("banana"),
    "bytes": binary(b"banana"),
    "low-byte": binary(b"\x00"),
    "true": TRUE,
    "false": FALSE,
    "null": NULL,
    "list": list_of(number(5), text("banana")),
    "empty-list": list_of(),
    "map": map_of(a=number(5)),
    "empty-map": map_of(),
    "texts": strings("5", "banana"),
    "numbers": numbers(5, 10),
    "binaries": binaries(b"banana", b"\x00"),
}
"""What is stored under `v`, by the name of its item; one more item, `missing`, has no `v`."""

EVERYTHING = frozenset({*KINDS, "missing"})

PLACES = (at("v"), at("m", "deep", "v"), at("l", 1))
"""Where each value lies: under an attribute, an entry of a map of a map, the second element of a list."""

Found = set[str] | frozenset[str]


def _equal(wanted: AttributeValue, *found: str) -> dict[str, tuple[Condition, Found]]:
    (tag,) = wanted
    name = f"{tag}-{found[0] if found else 'nothing'}"
    value = Value(wanted)
    return {
        f"equal-{name}": (Compare("=", at("v"), value), set(found)),
        f"differs-{name}": (Compare("<>", at("v"), value), EVERYTHING - set(found)),
        f"not-equal-{name}": (Not(Compare("=", at("v"), value)), EVERYTHING - set(found)),
        f"in-{name}": (In(at("v"), (Value(text("else")), value)), set(found)),
    }


def _ordered(
    wanted: AttributeValue, less: Found, same: Found, more: Found
) -> dict[str, tuple[Condition, Found]]:
    (tag,) = wanted
    value = Value(wanted)
    answers: dict[Comparator, Found] = {"<": less, "<=": less | same, ">": more, ">=": more | same}
    return {
        **{f"{word}-{tag}": (Compare(word, at("v"), value), found) for word, found in answers.items()},
        **{
            f"turned-{word}-{tag}": (Compare(word, value, at("v")), found)
            for word, found in zip(
                answers, (answers[">"], answers[">="], answers["<"], answers["<="]), strict=True
            )
        },
        f"not-<-{tag}": (Not(Compare("<", at("v"), value)), EVERYTHING - less),
        f"between-{tag}": (Between(at("v"), value, value), same),
    }


EQUALITY = {
    **_equal(number("5.0"), "five"),
    **_equal(number("-25E-1"), "minus"),
    **_equal(number(7)),
    **_equal(text("5"), "text-5"),
    **_equal(text("Banana")),
    **_equal(binary(b"banana"), "bytes"),
    **_equal(TRUE, "true"),
    **_equal(FALSE, "false"),
    **_equal(NULL, "null"),
    **_equal(list_of(number("5.0"), text("banana")), "list"),
    **_equal(list_of(), "empty-list"),
    **_equal(list_of(text("banana"), number(5))),
    **_equal(map_of(a=number("5.0")), "map"),
    **_equal(map_of(), "empty-map"),
    **_equal(strings("banana", "5"), "texts"),
    **_equal(numbers("10.0", 5), "numbers"),
    **_equal(binaries(b"\x00", b"banana"), "binaries"),
    **_equal(binaries(b"\x00")),
}

ORDER = {
    **_ordered(number(5), {"minus"}, {"five"}, {"ten"}),
    **_ordered(text("6"), {"text-5"}, set(), {"banana"}),
    **_ordered(binary(b"banana"), {"low-byte"}, {"bytes"}, set()),
}

RANGES: dict[str, tuple[Condition, Found]] = {
    "between-numbers": (Between(at("v"), Value(number(-3)), Value(number("9.9"))), {"minus", "five"}),
    "between-strings": (Between(at("v"), Value(text("5")), Value(text("b"))), {"text-5"}),
    "between-bytes": (Between(at("v"), Value(binary(b"\x00")), Value(binary(b"z"))), {"low-byte", "bytes"}),
    "not-between": (
        Not(Between(at("v"), Value(number(-3)), Value(number(99)))),
        EVERYTHING - {"minus", "five", "ten"},
    ),
    "in-of-all-types": (
        In(
            at("v"),
            tuple(map(Value, (number("5E0"), text("5"), NULL, TRUE, list_of(), strings("banana", "5")))),
        ),
        {"five", "text-5", "null", "true", "empty-list", "texts"},
    ),
    "constant-in-attributes": (In(Value(number(5)), (at("v"), at("missing"))), {"five"}),
    "constant-between-attributes": (Between(Value(number(7)), at("v"), Value(number(9))), {"five", "minus"}),
}

FUNCTIONS: dict[str, tuple[Condition, Found]] = {
    "exists": (AttributeExists(at("v")), frozenset(KINDS)),
    "not-exists": (AttributeNotExists(at("v")), {"missing"}),
    "begins-with-text": (BeginsWith(at("v"), Value(text("ban"))), {"banana"}),
    "begins-with-bytes": (BeginsWith(at("v"), Value(binary(b"ban"))), {"bytes"}),
    "begins-with-nothing-like-it": (BeginsWith(at("v"), Value(text("anana"))), set()),
    "contains-text": (Contains(at("v"), Value(text("banana"))), {"banana", "list", "texts"}),
    "contains-a-part": (Contains(at("v"), Value(text("nan"))), {"banana"}),
    "contains-a-number": (Contains(at("v"), Value(number("5.0"))), {"list", "numbers"}),
    "contains-bytes": (Contains(at("v"), Value(binary(b"\x00"))), {"low-byte", "binaries"}),
    "contains-a-part-of-bytes": (Contains(at("v"), Value(binary(b"nan"))), {"bytes"}),
    "contains-null": (Contains(at("v"), Value(NULL)), set()),
    "contains-a-boolean": (Contains(at("v"), Value(TRUE)), set()),
    "contains-a-list": (Contains(at("v"), Value(list_of())), set()),
    "contains-a-map": (Contains(at("v"), Value(map_of())), set()),
    "contains-not": (Not(Contains(at("v"), Value(text("banana")))), EVERYTHING - {"banana", "list", "texts"}),
}

TAGS: dict[TypeTag, Found] = {
    "S": {"text-5", "banana"},
    "N": {"five", "ten", "minus"},
    "B": {"bytes", "low-byte"},
    "BOOL": {"true", "false"},
    "NULL": {"null"},
    "L": {"list", "empty-list"},
    "M": {"map", "empty-map"},
    "SS": {"texts"},
    "NS": {"numbers"},
    "BS": {"binaries"},
}

SIZES: dict[str, tuple[Condition, Found]] = {
    "size-0": (Compare("=", Size(at("v")), Value(number(0))), {"empty-list", "empty-map"}),
    "size-1": (Compare("=", Size(at("v")), Value(number("1.0"))), {"text-5", "low-byte", "map"}),
    "size-2": (
        Compare("=", Size(at("v")), Value(number(2))),
        {"list", "texts", "numbers", "binaries"},
    ),
    "size-over-2": (Compare(">", Size(at("v")), Value(number(2))), {"banana", "bytes"}),
    "size-differs": (
        Compare("<>", Size(at("v")), Value(number(0))),
        EVERYTHING - {"empty-list", "empty-map"},
    ),
    "size-between": (
        Between(Size(at("v")), Value(number(1)), Value(number(2))),
        {"text-5", "low-byte", "map", "list", "texts", "numbers", "binaries"},
    ),
    "size-in": (
        In(Size(at("v")), (Value(number(0)), Value(number(6)))),
        {"empty-list", "empty-map", "banana", "bytes"},
    ),
    "size-of-another-type": (Compare("=", Size(at("v")), Value(text("2"))), set()),
    "size-with-itself-as-a-number": (Compare("<", Size(at("v")), at("v")), set()),
}

ROWS: dict[str, tuple[Condition, Found]] = {
    **EQUALITY,
    **ORDER,
    **RANGES,
    **FUNCTIONS,
    **{f"type-{tag}": (AttributeType(at("v"), tag), found) for tag, found in TAGS.items()},
    **{
        f"not-type-{tag}": (Not(AttributeType(at("v"), tag)), EVERYTHING - found)
        for tag, found in TAGS.items()
    },
    **SIZES,
}

PAIRS: Mapping[str, tuple[AttributeValue | None, AttributeValue | None]] = {
    "equal-numbers": (number("5.0"), number(5)),
    "less-and-more": (number(1), number(2)),
    "more-and-less": (number(2), number(1)),
    "equal-texts": (text("ab"), text("ab")),
    "longer-and-shorter": (text("abc"), text("b")),
    "prefix-and-text": (text("a"), text("abc")),
    "text-and-prefix": (text("abc"), text("ab")),
    "number-and-text": (number(5), text("5")),
    "nulls": (NULL, NULL),
    "lists": (list_of(number(1)), list_of(number("1.0"))),
    "list-and-element": (list_of(number(1), text("a")), text("a")),
    "sets": (strings("a", "b"), strings("b", "a")),
    "set-and-member": (strings("a", "b"), text("a")),
    "null-and-missing": (NULL, None),
    "missing-and-number": (None, number(5)),
    "nothing": (None, None),
}
"""What is stored under `v` and `w`."""

ALIKE = {"equal-numbers", "equal-texts", "nulls", "lists", "sets"}

COMPARED: dict[str, tuple[Condition, Found]] = {
    "equal": (Compare("=", at("v"), at("w")), ALIKE),
    "differs": (Compare("<>", at("v"), at("w")), PAIRS.keys() - ALIKE),
    "less": (Compare("<", at("v"), at("w")), {"less-and-more", "longer-and-shorter", "prefix-and-text"}),
    "less-or-equal": (
        Compare("<=", at("v"), at("w")),
        {"less-and-more", "longer-and-shorter", "prefix-and-text", "equal-numbers", "equal-texts"},
    ),
    "greater": (Compare(">", at("v"), at("w")), {"more-and-less", "text-and-prefix"}),
    "greater-or-equal": (
        Compare(">=", at("v"), at("w")),
        {"more-and-less", "text-and-prefix", "equal-numbers", "equal-texts"},
    ),
    "between": (
        Between(at("v"), Value(number(1)), at("w")),
        {"equal-numbers", "less-and-more"},
    ),
    "in": (In(at("v"), (at("w"), Value(number(2)))), {*ALIKE, "more-and-less"}),
    "begins-with": (BeginsWith(at("v"), at("w")), {"equal-texts", "text-and-prefix"}),
    "contains": (
        Contains(at("v"), at("w")),
        {"equal-texts", "longer-and-shorter", "text-and-prefix", "list-and-element", "set-and-member"},
    ),
    "sizes": (
        Compare("=", Size(at("v")), Size(at("w"))),
        {"equal-texts", "lists", "sets"},
    ),
    "size-and-value": (Compare("<", Size(at("v")), at("w")), set()),
}


class FilterContract(Contract):
    """Which items a filter keeps."""

    @pytest.fixture
    def kinds(self, store: Store, library: Library) -> Table:
        """Give a table with an item for each kind of value, and one without."""

        def stock(make_table: TableMaker) -> Table:
            held = {name: {"v": value} for name, value in KINDS.items()}
            held["missing"] = {}
            return self.fill(store, make_table(), [_everywhere(name, entry) for name, entry in held.items()])

        return library("kinds", stock)

    @pytest.fixture
    def pairs(self, store: Store, library: Library) -> Table:
        """Give a table of items with two attributes."""

        def stock(make_table: TableMaker) -> Table:
            items = [
                {
                    **key(name),
                    **{at_: value for at_, value in zip("vw", pair, strict=True) if value is not None},
                }
                for name, pair in PAIRS.items()
            ]
            return self.fill(store, make_table(), items)

        return library("pairs", stock)

    @rows("condition, found", ROWS)
    def test_filter_finds(self, store: Store, kinds: Table, condition: Condition, found: Found) -> None:
        """A filter keeps exactly the items of which it is true, wherever the value lies [run]."""
        for where in PLACES:
            page = store.perform(ScanPage(kinds, filter=_moved(condition, where), consistent=True))

            assert {item["pk"]["S"] for item in page.items} == set(found)
            assert page.scanned_count == len(EVERYTHING)

    @rows("condition, found", COMPARED)
    def test_filter_compares_two_attributes(
        self, store: Store, pairs: Table, condition: Condition, found: Found
    ) -> None:
        """An attribute is compared with another one of the same item as with a constant [run]."""
        page = store.perform(ScanPage(pairs, filter=condition, consistent=True))

        assert {item["pk"]["S"] for item in page.items} == set(found)


def _everywhere(name: str, entry: Item) -> Item:
    further = list(entry.values())
    return {**key(name), **entry, "m": map_of(deep={"M": entry}), "l": list_of(text("first"), *further)}


def _moved(condition: Condition, target: Path) -> Condition:
    """Ask of another place what is asked of `v`."""
    match condition:
        case Not(negated):
            return Not(_moved(negated, target))
        case AttributeExists() | AttributeNotExists():
            return type(condition)(target)
        case AttributeType(_, tag):
            return AttributeType(target, tag)
        case BeginsWith(_, prefix):
            return BeginsWith(target, prefix)
        case Contains(_, operand):
            return Contains(target, operand)
        case Compare(operator, left, right):
            return Compare(operator, _operand(left, target), _operand(right, target))
        case Between(operand, low, high):
            return Between(*(_operand(part, target) for part in (operand, low, high)))
        case In(operand, options):
            return In(_operand(operand, target), tuple(_operand(option, target) for option in options))
        case _:
            raise AssertionError(f"no row has {type(condition).__name__}")


def _operand(operand: Path | Value | Size, target: Path) -> Path | Value | Size:
    match operand:
        case Size():
            return Size(target)
        case Path() if operand == at("v"):
            return target
        case _:
            return operand
