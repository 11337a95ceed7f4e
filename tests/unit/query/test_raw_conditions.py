"""Conditions in DynamoDB's own language: read, bound and encoded, never sent as they are."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import QueryError
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
    Value,
)
from persistence.mapping import mapping_of
from persistence.mapping.plain import tagged, untagged
from persistence.query import Specification, raw
from persistence.query.lowering import lower
from persistence.query.recorder import record
from persistence.render import Renderer
from tests.semantics.model import AccountMapping
from tests.unit.query.conditions import Address, Status, TerseThingMapping

TERSE = mapping_of(TerseThingMapping)
UNKNOWN = mapping_of(AccountMapping)
"""Knows none of the names that are tried."""
NOW = datetime(2026, 1, 2, tzinfo=UTC)


def read(text: str, /, **values: object) -> Condition:
    return lower(raw(text, **values), TERSE)


def values_of(condition: Condition) -> list[Any]:
    renderer = Renderer()
    renderer.condition(condition)
    return list(renderer.placeholders()["ExpressionAttributeValues"].values())


def equal(*segments: str | int, to: Any = 1) -> Condition:
    return Compare("=", Path.of(*segments), Value(tagged(to)))


A, B, C = equal("a"), equal("b"), equal("d")


class TestReads:
    @pytest.mark.parametrize(
        ("text", "condition"),
        [
            ("a = :x", A),
            ("a<>:x", Compare("<>", Path.of("a"), Value({"N": "1"}))),
            ("a<:x", Compare("<", Path.of("a"), Value({"N": "1"}))),
            ("a<=:x", Compare("<=", Path.of("a"), Value({"N": "1"}))),
            ("a >:x", Compare(">", Path.of("a"), Value({"N": "1"}))),
            ("a >= b", Compare(">=", Path.of("a"), Path.of("b"))),
            (":x < a", Compare(">", Path.of("a"), Value({"N": "1"}))),
            (":x = a", A),
            (":x <> a", Compare("<>", Path.of("a"), Value({"N": "1"}))),
            ("size(a) > :x", Compare(">", Size(Path.of("a")), Value({"N": "1"}))),
            ("a = SIZE(b)", Compare("=", Path.of("a"), Size(Path.of("b")))),
            (":x >= size (a)", Compare("<=", Size(Path.of("a")), Value({"N": "1"}))),
            ("a between :x and b", Between(Path.of("a"), Value({"N": "1"}), Path.of("b"))),
            (
                ":x BETWEEN a AND size(b)",
                And(
                    (
                        Compare("<=", Path.of("a"), Value({"N": "1"})),
                        Compare(">=", Size(Path.of("b")), Value({"N": "1"})),
                    )
                ),
            ),
            ("a IN (:x)", In(Path.of("a"), (Value({"N": "1"}),))),
            (
                "a in (:x, b, size(m))",
                In(Path.of("a"), (Value({"N": "1"}), Path.of("b"), Size(Path.of("m")))),
            ),
            (":x IN (a, b)", Or((A, B))),
            ("attribute_exists(a) AND a = :x", And((AttributeExists(Path.of("a")), A))),
            ("ATTRIBUTE_NOT_EXISTS(a.b[0]) OR a=:x", Or((AttributeNotExists(Path.of("a", "b", 0)), A))),
            ("contains(a, :x)", Contains(Path.of("a"), Value({"N": "1"}))),
            ("contains(a, b)", Contains(Path.of("a"), Path.of("b"))),
            ("begins_with(a, b)", BeginsWith(Path.of("a"), Path.of("b"))),
            ("a = :x OR b = :x AND d = :x", Or((A, And((B, C))))),
            ("(a = :x OR b = :x) AND d = :x", And((Or((A, B)), C))),
            ("NOT a = :x AND b = :x", And((Not(A), B))),
            ("NOT (a = :x AND b = :x)", Not(And((A, B)))),
            ("not not a = :x", A),
            ("((a = :x))", A),
            ("((a = :x) and ((b = :x)))", And((A, B))),
            ("hidden = :x", equal("hidden")),
            ("name.missing[3] . data [ 12 ].ttl = :x", equal("name", "missing", 3, "data", 12, "ttl")),
            ("size = :x AND contains = :x", And((equal("size"), equal("contains")))),
            ("and = :x AND in = :x", And((equal("and"), equal("in")))),
            ("grüße = :x", equal("grüße")),
            ("a\n  = :x\n  AND b\t= :x", And((A, B))),
        ],
    )
    def test_the_grammar_of_conditions(self, text: str, condition: Condition) -> None:
        """Operators, functions, paths and precedence; words in any case."""
        assert read(text, **({"x": 1} if ":x" in text else {})) == condition

    def test_names_behind_placeholders(self) -> None:
        """What is no identifier is given as a value, and is always one name."""
        condition = read("#a = :x AND m.#b[0] = :x", a="due-date", b="x.y[0]", x=1)

        assert condition == And((equal("due-date"), equal("m", "x.y[0]", 0)))

    def test_a_type(self) -> None:
        """Types are values too."""
        assert read("attribute_type(c, :t)", t="S") == AttributeType(Path.of("c"), "S")


class TestEncodes:
    @pytest.mark.parametrize(
        ("text", "value", "stored"),
        [
            ("t = :x", "a", {"S": "a"}),
            ("status = :x", Status.PAID, {"S": "paid"}),
            ("at > :x", NOW, {"S": "2026-01-02T00:00:00.000000Z"}),
            ("price = :x", Decimal("1.50"), {"S": "1.50"}),
            ("address.city = :x", "Graz", {"S": "Graz"}),
            ("places[1].zip < :x", 8010, {"N": "8010"}),
            ("sums.a = :x", 5, {"N": "5"}),
            ("tags = :x", {"b", "a"}, {"SS": ["a", "b"]}),
            ("contains(tags, :x)", "a", {"S": "a"}),
        ],
    )
    def test_by_the_field_that_it_is_compared_with(self, text: str, value: object, stored: Any) -> None:
        """Attributes that the mapping knows store their own types."""
        assert values_of(read(text, x=value)) == [stored]

    @pytest.mark.parametrize(
        ("value", "stored"),
        [
            (1, {"N": "1"}),
            (0.5, {"N": "0.5"}),
            ("a", {"S": "a"}),
            (b"a", {"B": b"a"}),
            (None, {"NULL": True}),
            (True, {"BOOL": True}),
            ([1, "a"], {"L": [{"N": "1"}, {"S": "a"}]}),
            ({"a": 1}, {"M": {"a": {"N": "1"}}}),
            ({"a"}, {"SS": ["a"]}),
        ],
    )
    @pytest.mark.parametrize("path", ["PK", "address.unknown", "address.city.x", "places.x", "extra.a[0]"])
    def test_by_its_own_type_elsewhere(self, path: str, value: object, stored: Any) -> None:
        """What the mapping does not know may hold anything."""
        assert values_of(read(f"{path} = :x", x=value)) == [stored]

    def test_what_is_nested_from_where_it_is(self) -> None:
        """A raw specification of a nested entity is asked of where that is stored."""
        in_graz = Specification[Address](raw("city = :c AND zip > other", c="Graz"))

        condition = lower(record(lambda o: in_graz(o.places[0])), TERSE)

        assert condition == And(
            (
                equal("places", 0, "city", to="Graz"),
                Compare(">", Path.of("places", 0, "zip"), Path.of("places", 0, "other")),
            )
        )


class TestRefuses:
    @pytest.mark.parametrize(
        ("text", "what", "place"),
        [
            ("a > 5", "a number is not written into it; bind it: `:x`", 4),
            ("a > -5", "a number is not written into it", 4),
            ("a = 'x'", "a text in quotes is not written into it", 4),
            ('a = "x', "a text in quotes is not written into it", 4),
            ("a[-1] = :x", "an index is a whole number from 0 on", 1),
            ("a[x] = :x", "an index is a whole number from 0 on", 1),
            ("a = :x; b = :x", "';' means nothing here", 6),
            ("a = :x AND", "expected an attribute or a value such as :x, not its end", 10),
            ("a = :x b = :x", "expected AND, OR or its end, not 'b'", 7),
            ("(a = :x", r"expected '\)', not its end", 7),
            ("a = :x)", r"expected AND, OR or its end, not '\)'", 6),
            ("a", r"expected an operator \(= <> < <= > >=, BETWEEN or IN\), not its end", 1),
            ("a == :x", "DynamoDB writes = instead of ==", 2),
            ("a != :x", "DynamoDB writes <> instead of !=", 2),
            ("a NOT IN (:x)", "NOT stands before what it denies", 2),
            ("a IN :x", r"expected '\(', not ':x'", 5),
            ("a IN ()", "expected an attribute or a value", 6),
            ("a BETWEEN :x, :x", "expected AND and the upper bound of BETWEEN, not ','", 12),
            ("foo(a)", "there is no function foo; there are attribute_exists", 0),
            (
                "attribute_exist(a)",
                r"there is no function attribute_exist; did you mean attribute_exists\?",
                0,
            ),
            ("a = contains(b, :x)", r"contains\(\.\.\.\) is no value; only size", 4),
            ("contains(:x, a)", "expected an attribute, not ':x'", 9),
            ("contains(a)", "expected ',', not '\\)'", 10),
            ("size(a)", "expected an operator", 7),
            (":x = :x", "needs an attribute on at least one side", 0),
            (":x BETWEEN :x AND a", "needs an attribute on at least one side", 11),
            (":x IN (a, :x)", "needs an attribute on at least one side", 10),
            ("a = :y", r"nothing is given for :y; pass y=\.\.\. as an argument", 4),
            ("a = :xx", r"nothing is given for :xx; did you mean :x\?", 4),
            ("#y = :x", r"nothing is given for #y", 0),
            ("#x = a", "#x stands for the name of an attribute, a text", 0),
            ("(" * 101 + "a = :x" + ")" * 101, "more than 100 parentheses within each other", 100),
        ],
    )
    def test_what_can_t_be_read(self, text: str, what: str, place: int) -> None:
        """Each error says what is wrong, and shows where."""
        with pytest.raises(QueryError, match=what) as refused:
            raw(text, x=1)

        shown, caret = str(refused.value).splitlines()[1:]
        assert text[place : place + 1] == shown[len(caret) - 1 : len(caret)]
        assert f"(at character {place + 1})" in str(refused.value)

    @pytest.mark.parametrize(
        ("text", "values", "what"),
        [
            ("", {}, "must not be empty"),
            (" \n", {}, "must not be empty"),
            ("#x = :x", {"x": "a"}, "#x and :x can't both stand for x; rename one"),
            ("a = b", {"x": 1}, r"does not use the value\(s\) x"),
            ("a = :x" + " " * 4096, {"x": 1}, "at most 4096 bytes"),
            (5, {}, "is a text, not int"),
        ],
    )
    def test_what_is_none(self, text: Any, values: dict[str, object], what: str) -> None:
        """Empty texts, long ones, and values that nobody asked for."""
        with pytest.raises(QueryError, match=what):
            raw(text, **values)

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ("status = :x", r"Thing\.status can't be compared with this str"),
            ("tags < words", "set of text"),
            ("c = t", "never equal"),
            ("attribute_type(c, :x)", "takes one of"),
        ],
    )
    def test_what_can_t_be_compared(self, text: str, what: str) -> None:
        """As in a lambda."""
        with pytest.raises(QueryError, match=what):
            read(text, **({"x": "x"} if ":x" in text else {}))

    def test_showing_values(self) -> None:
        """What is bound is never shown."""
        for text in ("status = :x", "a = :x AND b", "a = b"):
            with pytest.raises(QueryError) as refused:
                read(text, x="secret")

            assert "secret" not in str(refused.value)


NAMES = st.sampled_from(["a", "b_1", "name", "status", "size", "data", "ttl", "Zeta", "missing"])
PATHS = st.builds(
    lambda first, rest: Path((first, *rest)),
    NAMES,
    st.lists(st.one_of(NAMES, st.integers(0, 99)), max_size=3),
)
ORDERED = st.one_of(st.text("xyz", min_size=1, max_size=3), st.integers(-5, 5), st.binary(max_size=2))
ANY = st.one_of(ORDERED, st.booleans(), st.none(), st.lists(st.integers(0, 3), max_size=2))


def _value(plain: object) -> Value:
    return Value(tagged(plain))


def _distinct(parts: tuple[Operand, ...]) -> bool:
    return parts[0] not in parts[1:]


BOUNDS = st.one_of(
    st.tuples(st.integers(0, 5), st.integers(5, 9)),
    st.tuples(st.just("a"), st.text("xyz", min_size=1, max_size=3)),
).map(lambda pair: tuple(map(_value, pair)))
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.tuples(PATHS, st.one_of(PATHS, ANY.map(_value)))
    .filter(_distinct)
    .flatmap(lambda parts: st.sampled_from(["=", "<>"]).map(lambda sign: Compare(sign, *parts))),  # type: ignore[arg-type]
    st.tuples(PATHS, st.one_of(PATHS, ORDERED.map(_value)))
    .filter(_distinct)
    .flatmap(lambda parts: st.sampled_from(["<", "<=", ">", ">="]).map(lambda sign: Compare(sign, *parts))),  # type: ignore[arg-type]
    st.builds(lambda path, number: Compare(">", Size(path), _value(number)), PATHS, st.integers(0, 9)),
    st.builds(lambda path, bounds: Between(path, *bounds), PATHS, BOUNDS),
    st.builds(
        lambda path, options: In(path, tuple(map(_value, options))),
        PATHS,
        st.lists(ANY, min_size=1, max_size=3),
    ),
    st.builds(BeginsWith, PATHS, st.text("xyz", min_size=1, max_size=3).map(_value)),
    st.builds(Contains, PATHS, ANY.map(_value)),
    st.builds(AttributeExists, PATHS),
    st.builds(AttributeNotExists, PATHS),
    st.builds(AttributeType, PATHS, st.sampled_from(["S", "N", "BOOL", "NULL", "L", "M"])),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
        st.builds(Not, inner),
    ),
    max_leaves=12,
)


class Writer:
    """Writes a condition as a text with bound values, by replacing the placeholders of the rendered one."""

    def __init__(self, condition: Condition) -> None:
        renderer = Renderer()
        self.rendered = renderer.condition(condition)
        self.placeholders = renderer.placeholders()
        names = self.placeholders.get("ExpressionAttributeNames", {})
        self.text = re.sub(r"#n\d+", lambda found: str(names[found.group()]), self.rendered)
        bound = self.placeholders.get("ExpressionAttributeValues", {})
        self.values = {name[1:]: untagged(value) for name, value in bound.items()}


class TestRoundTrip:
    @given(TREES)
    @settings(deadline=None)
    def test_what_is_rendered_is_read_as_the_same(self, condition: Condition) -> None:
        """A condition, written and read again, is rendered as before: structure, names and values."""
        written = Writer(condition)

        renderer = Renderer()
        rendered = renderer.condition(lower(raw(written.text, **written.values), UNKNOWN))

        assert rendered == written.rendered
        assert renderer.placeholders() == written.placeholders
