"""Conditions, updates and projections mean over items what they mean to the service."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.attributes import AttributeValue, Item
from persistence.evaluate import UpdateRefused, apply_update, holds, project, value_at
from persistence.expressions import (
    Add,
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Comparator,
    Compare,
    Condition,
    Contains,
    Discard,
    IfNotExists,
    In,
    ListAppend,
    Minus,
    Not,
    Or,
    Path,
    Plus,
    Remove,
    Set,
    Size,
    TypeTag,
    UpdateAction,
    Value,
)

ITEM: Item = {
    "id": {"S": "1"},
    "name": {"S": "héllo"},
    "count": {"N": "5"},
    "raw": {"B": b"\x01\xff"},
    "tags": {"SS": ["a", "b"]},
    "marks": {"NS": ["1", "2"]},
    "nothing": {"NULL": True},
    "lines": {"L": [{"N": "0"}, {"M": {"sku": {"S": "x"}}}, {"S": "last"}]},
    "address": {"M": {"city": {"S": "Rome"}, "floors": {"L": [{"N": "1"}, {"N": "2"}]}}},
}


def value(tag: str, content: Any) -> Value:
    return Value({tag: content})


class TestMissingAttributes:
    """An absent attribute differs from everything and is in no order with anything."""

    @pytest.mark.parametrize(
        ("operator", "expected"),
        [("=", False), ("<>", True), ("<", False), ("<=", False), (">", False), (">=", False)],
    )
    def test_compare(self, operator: Comparator, expected: bool) -> None:
        condition = Compare(operator, Path.of("absent"), value("N", "1"))

        assert holds(condition, ITEM) is expected

    def test_negated_equality_is_true(self) -> None:
        assert holds(Not(Compare("=", Path.of("absent"), value("N", "1"))), ITEM)

    def test_two_absent_attributes_differ(self) -> None:
        assert not holds(Compare("=", Path.of("absent"), Path.of("gone")), ITEM)
        assert holds(Compare("<>", Path.of("absent"), Path.of("gone")), ITEM)

    def test_are_not_null(self) -> None:
        assert not holds(Compare("=", Path.of("absent"), value("NULL", True)), ITEM)
        assert holds(Compare("=", Path.of("nothing"), value("NULL", True)), ITEM)

    def test_no_item_has_no_attributes(self) -> None:
        assert holds(AttributeNotExists(Path.of("id")), None)
        assert not holds(AttributeExists(Path.of("id")), None)


class TestEquality:
    @pytest.mark.parametrize(
        ("path", "operand"),
        [
            ("count", {"N": "5.0"}),
            ("count", {"N": "50E-1"}),
            ("tags", {"SS": ["b", "a"]}),
            ("marks", {"NS": ["2.0", "1"]}),
            ("raw", {"B": b"\x01\xff"}),
        ],
    )
    def test_is_by_value(self, path: str, operand: AttributeValue) -> None:
        """Numbers are equal by value, sets without order."""
        assert holds(Compare("=", Path.of(path), Value(operand)), ITEM)

    @pytest.mark.parametrize("operand", [{"S": "5"}, {"NS": ["5"]}, {"L": [{"N": "5"}]}, {"BOOL": True}])
    def test_never_holds_across_types(self, operand: AttributeValue) -> None:
        assert not holds(Compare("=", Path.of("count"), Value(operand)), ITEM)

    def test_in_compares_with_each_option(self) -> None:
        assert holds(In(Path.of("count"), (value("S", "5"), Path.of("absent"), value("N", "5.00"))), ITEM)
        assert not holds(In(Path.of("count"), (value("S", "5"),)), ITEM)


class TestOrder:
    @pytest.mark.parametrize(
        ("lower", "higher"),
        [
            ({"N": "9"}, {"N": "10"}),
            ({"N": "-2"}, {"N": "1E-130"}),
            ({"S": "Z"}, {"S": "a"}),
            ({"S": "z"}, {"S": "é"}),
            ({"S": "\uffff"}, {"S": "\U00010000"}),
            ({"B": b"\x7f"}, {"B": b"\x80"}),
        ],
    )
    def test_is_by_number_or_by_bytes(self, lower: AttributeValue, higher: AttributeValue) -> None:
        """Numbers go by value, strings by their UTF-8 bytes, binary by unsigned bytes."""
        assert holds(Compare("<", Value(lower), Value(higher)), ITEM)
        assert not holds(Compare(">=", Value(lower), Value(higher)), ITEM)

    @pytest.mark.parametrize("operator", ["<", "<=", ">", ">="])
    def test_does_not_exist_across_types(self, operator: Comparator) -> None:
        assert not holds(Compare(operator, Path.of("name"), value("N", "1")), ITEM)

    def test_between_includes_both_ends(self) -> None:
        low, high = value("N", "5"), value("N", "6")

        assert holds(Between(Path.of("count"), low, high), ITEM)
        assert not holds(Between(Path.of("count"), value("N", "5.1"), high), ITEM)


class TestFunctions:
    @pytest.mark.parametrize(
        ("path", "size"),
        [("raw", 2), ("tags", 2), ("marks", 2), ("lines", 3), ("address", 2), ("id", 1), ("name", 5)],
    )
    def test_size(self, path: str, size: int) -> None:
        assert holds(Compare("=", Size(Path.of(path)), value("N", str(size))), ITEM)

    @pytest.mark.parametrize(
        ("text", "size"), [("", 0), ("abc", 3), ("é", 1), ("\uff5e", 1), ("😀", 2), ("é𝄞", 3)]
    )
    def test_the_size_of_a_text(self, text: str, size: int) -> None:
        """The service counts UTF-16 code units, neither characters nor bytes."""
        assert holds(Compare("=", Size(Path.of("a")), value("N", str(size))), {"a": {"S": text}})

    @pytest.mark.parametrize("path", ["count", "nothing", "absent", "yes"])
    def test_what_has_no_size_is_in_no_order(self, path: str) -> None:
        item = {**ITEM, "yes": {"BOOL": True}}

        assert not holds(Compare(">=", Size(Path.of(path)), value("N", "0")), item)

    @pytest.mark.parametrize(
        ("path", "operand", "expected"),
        [
            ("name", {"S": "éll"}, True),
            ("name", {"S": "z"}, False),
            ("name", {"N": "1"}, False),
            ("raw", {"B": b"\xff"}, True),
            ("tags", {"S": "a"}, True),
            ("tags", {"N": "1"}, False),
            ("marks", {"N": "1.0"}, True),
            ("lines", {"N": "0.0"}, True),
            ("lines", {"M": {"sku": {"S": "x"}}}, True),
            ("address", {"S": "city"}, False),
            ("absent", {"S": "a"}, False),
            ("marks", {"S": "1"}, False),
            ("tags", {"S": "c"}, False),
        ],
    )
    def test_contains(self, path: str, operand: AttributeValue, expected: bool) -> None:
        assert holds(Contains(Path.of(path), Value(operand)), ITEM) is expected

    @pytest.mark.parametrize(
        ("operand", "expected"), [({"B": b"a"}, True), ({"B": b"c"}, False), ({"S": "a"}, False)]
    )
    def test_contains_binary(self, operand: AttributeValue, expected: bool) -> None:
        assert holds(Contains(Path.of("set"), Value(operand)), {"set": {"BS": [b"a", b"b"]}}) is expected

    @pytest.mark.parametrize(
        ("path", "prefix", "expected"),
        [
            ("absent", {"S": "a"}, False),
            ("lines", {"S": "a"}, False),
            ("name", {"S": "é"}, False),
            ("name", {"S": "hé"}, True),
            ("name", {"B": b"h"}, False),
            ("raw", {"B": b"\x01"}, True),
            ("count", {"S": "5"}, False),
        ],
    )
    def test_begins_with(self, path: str, prefix: AttributeValue, expected: bool) -> None:
        assert holds(BeginsWith(Path.of(path), Value(prefix)), ITEM) is expected

    @pytest.mark.parametrize(
        ("path", "tag"), [("name", "S"), ("nothing", "NULL"), ("lines", "L"), ("tags", "SS")]
    )
    def test_attribute_type(self, path: str, tag: TypeTag) -> None:
        assert holds(AttributeType(Path.of(path), tag), ITEM)
        assert not holds(AttributeType(Path.of(path), "BOOL"), ITEM)

    @pytest.mark.parametrize(
        ("path", "exists"),
        [
            (Path.of("lines", 0), True),
            (Path.of("lines", 1, "sku"), True),
            (Path.of("address", "floors", 1), True),
            (Path.of("lines", 3), False),
            (Path.of("lines", "sku"), False),
            (Path.of("address", 0), False),
            (Path.of("name", "x"), False),
        ],
    )
    def test_paths_lead_into_maps_and_lists(self, path: Path, exists: bool) -> None:
        assert holds(AttributeExists(path), ITEM) is exists
        assert holds(AttributeNotExists(path), ITEM) is not exists
        assert holds(And((AttributeNotExists(path), AttributeExists(Path.of("id")))), ITEM) is not exists

    def test_operands_are_attributes_as_well_as_values(self) -> None:
        item: Item = {
            "text": {"S": "héllo"},
            "start": {"S": "hé"},
            "part": {"S": "llo"},
            "set": {"SS": ["llo"]},
        }

        assert holds(BeginsWith(Path.of("text"), Path.of("start")), item)
        assert not holds(BeginsWith(Path.of("text"), Path.of("part")), item)
        assert holds(Contains(Path.of("text"), Path.of("part")), item)
        assert holds(Contains(Path.of("set"), Path.of("part")), item)
        assert not holds(Contains(Path.of("set"), Path.of("start")), item)


def numbers() -> st.SearchStrategy[AttributeValue]:
    return st.decimals(
        min_value=Decimal(-1000), max_value=1000, allow_nan=False, allow_infinity=False, places=2
    ).map(lambda number: {"N": str(number)})


def scalars() -> st.SearchStrategy[AttributeValue]:
    return st.one_of(
        numbers(),
        st.text(st.characters(codec="utf-8"), max_size=4).map(lambda text: {"S": text}),
        st.binary(max_size=3).map(lambda content: {"B": content}),
        st.booleans().map(lambda flag: {"BOOL": flag}),
        st.just({"NULL": True}),
    )


def items() -> st.SearchStrategy[Item]:
    return st.dictionaries(st.sampled_from("abc"), scalars(), max_size=3)


def operands() -> st.SearchStrategy[Path | Value]:
    return st.one_of(st.sampled_from("abc").map(Path.of), scalars().map(Value))


def comparisons() -> st.SearchStrategy[Condition]:
    comparators: st.SearchStrategy[Comparator] = st.sampled_from(("=", "<>", "<", "<=", ">", ">="))
    return st.builds(Compare, comparators, operands(), operands())


def conditions() -> st.SearchStrategy[Condition]:
    return st.recursive(
        comparisons(),
        lambda inner: st.one_of(
            st.builds(Not, inner),
            st.builds(lambda one, two: And((one, two)), inner, inner),
            st.builds(lambda one, two: Or((one, two)), inner, inner),
        ),
        max_leaves=6,
    )


class TestLaws:
    """What holds whatever the conditions and items are."""

    @given(conditions(), items())
    def test_not_is_the_negation(self, condition: Condition, item: Item) -> None:
        assert holds(Not(condition), item) is not holds(condition, item)

    @given(conditions(), conditions(), items())
    def test_de_morgan(self, one: Condition, two: Condition, item: Item) -> None:
        assert holds(Not(And((one, two))), item) is holds(Or((Not(one), Not(two))), item)

    @given(operands(), operands(), items())
    def test_different_is_the_opposite_of_equal(
        self, left: Path | Value, right: Path | Value, item: Item
    ) -> None:
        assert holds(Compare("<>", left, right), item) is not holds(Compare("=", left, right), item)

    @given(numbers(), numbers())
    def test_two_numbers_are_in_exactly_one_relation(self, one: AttributeValue, two: AttributeValue) -> None:
        operators: tuple[Comparator, ...] = ("<", "=", ">")

        relations = [holds(Compare(operator, Value(one), Value(two)), None) for operator in operators]

        assert sum(relations) == 1

    @given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
    def test_strings_are_ordered_by_their_bytes(self, one: str, two: str) -> None:
        found = holds(Compare("<", value("S", one), value("S", two)), None)

        assert found is (one.encode() < two.encode())

    @given(operands(), operands(), operands(), items())
    def test_between_is_two_comparisons(
        self, operand: Path | Value, low: Path | Value, high: Path | Value, item: Item
    ) -> None:
        both = And((Compare(">=", operand, low), Compare("<=", operand, high)))

        assert holds(Between(operand, low, high), item) is holds(both, item)


def updated(*actions: UpdateAction) -> Item:
    return apply_update(ITEM, actions)


def changed(**changes: AttributeValue) -> Item:
    return {**ITEM, **changes}


class TestSet:
    def test_reads_the_old_item(self) -> None:
        """Both operands are those before the update, so that values can be swapped."""
        found = updated(Set(Path.of("name"), Path.of("count")), Set(Path.of("count"), Path.of("name")))

        assert found == changed(name={"N": "5"}, count={"S": "héllo"})

    def test_changes_nothing_that_it_was_given(self) -> None:
        before = {name: dict(content) for name, content in ITEM.items()}

        updated(Set(Path.of("address", "city"), value("S", "Paris")), Remove(Path.of("lines", 0)))

        assert before == ITEM

    def test_makes_an_entry_of_an_existing_map(self) -> None:
        found = updated(Set(Path.of("lines", 1, "price"), value("N", "2")))

        line = {"M": {"sku": {"S": "x"}, "price": {"N": "2"}}}
        assert found == changed(lines={"L": [{"N": "0"}, line, {"S": "last"}]})

    def test_appends_beyond_the_end_in_the_order_of_the_indexes(self) -> None:
        found = updated(
            Set(Path.of("address", "floors", 99), value("S", "b")),
            Set(Path.of("address", "floors", 50), value("S", "a")),
        )

        assert value_at(Path.of("address", "floors"), found) == {
            "L": [{"N": "1"}, {"N": "2"}, {"S": "a"}, {"S": "b"}]
        }

    @pytest.mark.parametrize(
        ("index", "expected"),
        [(0, ["new", "2"]), (1, ["1", "new"]), (2, ["1", "2", "new"]), (3, ["1", "2", "new"])],
    )
    def test_replaces_an_element_or_appends(self, index: int, expected: list[str]) -> None:
        found = updated(Set(Path.of("address", "floors", index), value("N", "new")))

        assert value_at(Path.of("address", "floors"), found) == {"L": [{"N": text} for text in expected]}

    @pytest.mark.parametrize(
        ("operand", "expected"),
        [
            (Plus(Path.of("count"), value("N", "1.50")), {"N": "6.5"}),
            (Minus(value("N", "3"), Path.of("count")), {"N": "-2"}),
            (Plus(IfNotExists(Path.of("absent"), value("N", "0")), value("N", "1")), {"N": "1"}),
            (IfNotExists(Path.of("count"), value("N", "9")), {"N": "5"}),
            (IfNotExists(Path.of("absent"), Path.of("name")), {"S": "héllo"}),
            (
                ListAppend(Path.of("address", "floors"), value("L", [{"N": "3"}])),
                {"L": [{"N": "1"}, {"N": "2"}, {"N": "3"}]},
            ),
            (ListAppend(IfNotExists(Path.of("absent"), value("L", [])), value("L", [])), {"L": []}),
        ],
    )
    def test_computes(self, operand: Any, expected: AttributeValue) -> None:
        assert updated(Set(Path.of("new"), operand)) == changed(new=expected)

    @pytest.mark.parametrize(
        ("action", "message"),
        [
            (Set(Path.of("new"), Path.of("absent")), "refers to an attribute that does not exist"),
            (Set(Path.of("new"), IfNotExists(Path.of("id"), Path.of("absent"))), "does not exist"),
            (Set(Path.of("absent", "x"), value("N", "1")), "invalid for update"),
            (Set(Path.of("name", "x"), value("N", "1")), "invalid for update"),
            (Set(Path.of("address", 0), value("N", "1")), "invalid for update"),
            (Set(Path.of("lines", "x"), value("N", "1")), "invalid for update"),
            (Set(Path.of("lines", 9, "x"), value("N", "1")), "invalid for update"),
            (Set(Path.of("lines", 3, "x"), value("N", "1")), "invalid for update"),
            (Set(Path.of("new"), Minus(value("N", "1"), Path.of("name"))), "type: new needs a number, not S"),
            (Set(Path.of("new"), Plus(Path.of("name"), value("N", "1"))), "type: new needs a number, not S"),
            (Add(Path.of("name"), value("N", "1")), "type: name needs a number, not S"),
            (Add(Path.of("name"), value("SS", ["a"])), "type: name holds S, the operand is SS"),
            (Add(Path.of("new"), value("L", [])), "type: new holds nothing, the operand is L"),
            (Discard(Path.of("marks"), value("SS", ["1"])), "type: marks holds NS, the operand is SS"),
            (Discard(Path.of("new"), value("N", "1")), "type: new holds nothing, the operand is N"),
            (
                Set(Path.of("new"), IfNotExists(Path.of("a"), Size(Path.of("b")))),
                "takes a path or a value as its default: new",
            ),
            (Set(Path.of("new"), Plus(Path.of("name"), value("N", "1"))), "needs a number, not S"),
            (Set(Path.of("new"), ListAppend(Path.of("name"), value("L", []))), "needs a list, not S"),
            (Set(Path.of("new"), Plus(value("N", "1E50"), value("N", "1"))), "Number overflow"),
            (
                Set(Path.of("new"), Plus(value("N", "9E125"), value("N", "9E125"))),
                "Number overflow: new can't",
            ),
            (
                Set(Path.of("new"), Minus(value("N", "-9E125"), value("N", "9E125"))),
                "Number overflow: new can't",
            ),
            (Set(Path.of("new"), Plus(value("N", "1"), Path.of("name"))), "type: new needs a number, not S"),
            (Set(Path.of("new"), Minus(Path.of("name"), value("N", "1"))), "type: new needs a number, not S"),
            (
                Set(Path.of("new"), ListAppend(value("L", []), Path.of("name"))),
                "type: new needs a list, not S",
            ),
            (
                Set(Path.of("new"), Minus(value("N", "1"), Path.of("absent"))),
                "does not exist in the item: absent",
            ),
            (
                Set(Path.of("new"), Minus(Path.of("absent"), value("N", "1"))),
                "does not exist in the item: absent",
            ),
            (
                Set(Path.of("new"), Plus(value("N", "1"), Path.of("absent"))),
                "does not exist in the item: absent",
            ),
            (
                Set(Path.of("new"), ListAppend(value("L", []), Path.of("absent"))),
                "does not exist in the item",
            ),
        ],
    )
    def test_refuses(self, action: UpdateAction, message: str) -> None:
        with pytest.raises(UpdateRefused, match=message):
            updated(action)

    @pytest.mark.parametrize(
        "around",
        [
            lambda inner: Plus(inner, value("N", "1")),
            lambda inner: Plus(value("N", "1"), inner),
            lambda inner: Minus(inner, value("N", "1")),
            lambda inner: Minus(value("N", "1"), inner),
            lambda inner: ListAppend(inner, value("L", [])),
            lambda inner: ListAppend(value("L", []), inner),
        ],
    )
    def test_says_what_was_to_be_set_however_deep_the_operand_lies(
        self, around: Callable[[Any], Any]
    ) -> None:
        inner: Any = IfNotExists(Path.of("absent"), Size(Path.of("name")))

        with pytest.raises(UpdateRefused, match=r": new$"):
            updated(Set(Path.of("new"), around(inner)))

    @given(numbers(), numbers())
    def test_plus_then_minus_is_where_it_began(self, start: AttributeValue, step: AttributeValue) -> None:
        path = Path.of("n")

        more = apply_update({"n": start}, (Set(path, Plus(path, Value(step))),))
        back = apply_update(more, (Set(path, Minus(path, Value(step))),))

        assert holds(Compare("=", path, Value(start)), back)


class TestRemove:
    def test_counts_elements_as_they_were(self) -> None:
        """Several removals from one list all use the numbering before the update."""
        found = updated(Remove(Path.of("lines", 0)), Remove(Path.of("lines", 2)), Remove(Path.of("lines", 9)))

        assert found == changed(lines={"L": [{"M": {"sku": {"S": "x"}}}]})

    def test_of_what_is_absent_changes_nothing(self) -> None:
        assert updated(Remove(Path.of("absent")), Remove(Path.of("address", "absent"))) == ITEM

    def test_refuses_a_path_that_leads_nowhere(self) -> None:
        with pytest.raises(UpdateRefused, match="invalid for update"):
            updated(Remove(Path.of("absent", "x")))


class TestAdd:
    @pytest.mark.parametrize(
        ("name", "operand", "expected"),
        [
            ("count", {"N": "-5"}, {"N": "0"}),
            ("absent", {"N": "2.50"}, {"N": "2.5"}),
            ("tags", {"SS": ["b", "c"]}, {"SS": ["a", "b", "c"]}),
            ("marks", {"NS": ["2.0", "3"]}, {"NS": ["1", "2", "3"]}),
            ("absent", {"SS": ["x"]}, {"SS": ["x"]}),
        ],
    )
    def test_adds_to_numbers_and_sets(
        self, name: str, operand: AttributeValue, expected: AttributeValue
    ) -> None:
        assert updated(Add(Path.of(name), Value(operand))) == changed(**{name: expected})

    @pytest.mark.parametrize(("name", "operand"), [("name", {"N": "1"}), ("tags", {"NS": ["1"]})])
    def test_refuses_another_type(self, name: str, operand: AttributeValue) -> None:
        with pytest.raises(UpdateRefused, match="incorrect data type"):
            updated(Add(Path.of(name), Value(operand)))


class TestDiscard:
    def test_takes_members_out(self) -> None:
        found = updated(Discard(Path.of("marks"), value("NS", ["1.00", "7"])))

        assert found == changed(marks={"NS": ["2"]})

    def test_removes_an_emptied_set(self) -> None:
        found = updated(Discard(Path.of("tags"), value("SS", ["a", "b"])))

        assert found == {name: content for name, content in ITEM.items() if name != "tags"}

    def test_of_an_absent_set_changes_nothing(self) -> None:
        assert updated(Discard(Path.of("absent"), value("SS", ["a"]))) == ITEM

    def test_refuses_what_is_no_set_of_that_type(self) -> None:
        with pytest.raises(UpdateRefused, match="incorrect data type"):
            updated(Discard(Path.of("marks"), value("SS", ["1"])))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Path.of("address"), Path.of("address", "city")),
        (Path.of("address", "city"), Path.of("address")),
        (Path.of("count"), Path.of("count")),
    ],
)
def test_refuses_overlapping_paths(first: Path, second: Path) -> None:
    with pytest.raises(UpdateRefused, match=f"overlap with each other: {second}$"):
        updated(Set(first, value("N", "1")), Remove(second))


UNKNOWN: Any = Decimal("4.04")


class TestUnknownNodes:
    """What an interpreter does not know it refuses, and says what it was: it never answers as if."""

    @pytest.mark.parametrize("item", [ITEM, None])
    @pytest.mark.parametrize(
        "condition",
        [UNKNOWN, Not(UNKNOWN), Compare("=", UNKNOWN, value("N", "1")), Contains(Path.of("tags"), UNKNOWN)],
    )
    def test_in_conditions(self, condition: Condition, item: Item | None) -> None:
        with pytest.raises(AssertionError, match=r"4\.04"):
            holds(condition, item)

    @pytest.mark.parametrize(
        "action",
        [
            Set(Path.of("new"), UNKNOWN),
            Set(Path.of("new"), Plus(UNKNOWN, UNKNOWN)),
            SimpleNamespace(path=Path.of("new"), value=UNKNOWN),
        ],
    )
    def test_in_updates(self, action: UpdateAction) -> None:
        with pytest.raises(AssertionError, match=r"4\.04"):
            updated(action)


class TestProject:
    def test_keeps_parts_in_their_places(self) -> None:
        found = project(ITEM, (Path.of("id"), Path.of("address", "city"), Path.of("lines", 1, "sku")))

        assert found == {
            "id": {"S": "1"},
            "address": {"M": {"city": {"S": "Rome"}}},
            "lines": {"L": [{"M": {"sku": {"S": "x"}}}]},
        }

    def test_keeps_the_order_of_elements_but_not_their_positions(self) -> None:
        found = project(ITEM, (Path.of("lines", 2), Path.of("lines", 0)))

        assert found == {"lines": {"L": [{"N": "0"}, {"S": "last"}]}}

    def test_keeps_parts_of_elements_only(self) -> None:
        item: Item = {
            "l": {"L": [{"M": {"a": {"N": "1"}, "b": {"N": "2"}}}, {"L": [{"N": "3"}, {"N": "4"}]}]}
        }

        found = project(item, (Path.of("l", 1, 1), Path.of("l", 0, "b"), Path.of("l", 2)))

        assert found == {"l": {"L": [{"M": {"b": {"N": "2"}}}, {"L": [{"N": "4"}]}]}}

    @pytest.mark.parametrize(
        "path",
        [
            Path.of("absent"),
            Path.of("lines", 3),
            Path.of("lines", 9),
            Path.of("name", "x"),
            Path.of("address", 0),
        ],
    )
    def test_leaves_out_what_is_absent(self, path: Path) -> None:
        assert project(ITEM, (path,)) == {}
