"""Expressions of one shape are written from a template, and as if they had no template."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.attributes import AttributeValue
from persistence.errors import QueryError
from persistence.expressions import (
    Add,
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    Discard,
    IfNotExists,
    In,
    KeyCondition,
    ListAppend,
    Minus,
    Not,
    Operand,
    Or,
    Path,
    Plus,
    Remove,
    Set,
    Size,
    UpdateAction,
    Value,
)
from persistence.render import PLACEHOLDER_BYTES, Renderer, expressions, presence

PATHS = st.builds(
    Path.of, st.sampled_from("abc"), *[st.sampled_from(["d", "e", 0, 1])] * 1
) | st.sampled_from("abcd").map(Path.of)
VALUES = st.builds(Value, st.sampled_from([{"S": "x"}, {"N": "1"}, {"SS": ["x"]}, {"SS": []}, {"L": []}]))
OPERANDS: st.SearchStrategy[Any] = PATHS | VALUES | PATHS.map(Size)
DEFAULTED: st.SearchStrategy[Any] = PATHS | VALUES | st.builds(IfNotExists, PATHS, PATHS | VALUES)
LEAVES: st.SearchStrategy[Condition] = st.one_of(
    st.builds(Compare, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), OPERANDS, OPERANDS),
    st.builds(Between, OPERANDS, OPERANDS, OPERANDS),
    st.builds(In, OPERANDS, st.lists(OPERANDS, max_size=3).map(tuple)),
    st.builds(BeginsWith, PATHS, OPERANDS),
    st.builds(Contains, PATHS, OPERANDS),
    st.builds(AttributeExists, PATHS),
    st.builds(AttributeNotExists, PATHS),
    st.builds(AttributeType, PATHS, st.sampled_from(["S", "N"])),
)
CONDITIONS: st.SearchStrategy[Condition] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
    max_leaves=5,
)
ACTIONS: st.SearchStrategy[UpdateAction] = st.one_of(
    st.builds(
        Set,
        PATHS,
        DEFAULTED
        | st.builds(Plus, DEFAULTED, DEFAULTED)
        | st.builds(Minus, DEFAULTED, DEFAULTED)
        | st.builds(ListAppend, DEFAULTED, DEFAULTED),
    ),
    st.builds(Remove, PATHS),
    st.builds(Add, PATHS, VALUES),
    st.builds(Discard, PATHS, VALUES),
)
KEYS = st.builds(
    KeyCondition,
    st.tuples(st.sampled_from("ab"), st.just({"S": "x"})),
    st.none() | st.builds(Compare, st.sampled_from(["=", "<>", "<"]), PATHS, VALUES),
    st.lists(st.tuples(st.sampled_from("cd"), st.just({"S": "x"})), max_size=2).map(tuple),
)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "key_condition": KEYS,
        "update": st.lists(ACTIONS, max_size=3).map(tuple),
        "condition": CONDITIONS,
        "filtering": CONDITIONS,
        "projection": st.lists(PATHS, max_size=3).map(tuple),
    },
)
NAME = Path.of("name")


def plainly(parts: dict[str, Any]) -> object:
    """Write the expressions of one request by a renderer alone; its refusal where it refuses."""
    renderer, found = Renderer(), {}
    try:
        if parts.get("key_condition") is not None:
            found["KeyConditionExpression"] = renderer.key_condition(parts["key_condition"])
        if parts.get("update"):
            found["UpdateExpression"] = renderer.update(parts["update"])
        if parts.get("condition") is not None:
            found["ConditionExpression"] = renderer.condition(parts["condition"])
        if parts.get("filtering") is not None:
            found["FilterExpression"] = renderer.condition(parts["filtering"])
        if parts.get("projection") is not None:
            found["ProjectionExpression"] = renderer.projection(parts["projection"])
        return {**found, **renderer.placeholders()}
    except QueryError as refused:
        return str(refused)


def quickly(parts: dict[str, Any]) -> object:
    try:
        return expressions(**parts)
    except QueryError as refused:
        return str(refused)


@given(st.lists(REQUESTS, min_size=1, max_size=4))
def test_are_what_a_renderer_writes_the_first_time_and_later(requests: list[dict[str, Any]]) -> None:
    for parts in [*requests, *requests]:
        assert quickly(parts) == plainly(parts)


def _asked(sort: Any, *also: str) -> dict[str, Any]:
    return {
        "key_condition": KeyCondition(("pk", {"S": "p"}), sort, tuple((name, {"S": name}) for name in also))
    }


ONE, TWO, SORT = Value({"N": "1"}), Value({"N": "2"}), Path.of("sk")
KEY_CONDITIONS = (
    _asked(None),
    _asked(None, "also"),
    _asked(Compare("=", SORT, ONE)),
    _asked(Compare("<", SORT, ONE)),
    _asked(Compare("<", SORT, TWO)),
    _asked(Between(SORT, ONE, TWO)),
    _asked(Between(SORT, TWO, ONE)),
    _asked(BeginsWith(SORT, Value({"S": "a"}))),
    _asked(BeginsWith(SORT, Value({"S": "b"}))),
    _asked(BeginsWith(Path.of("other"), Value({"S": "b"})), "also"),
    {"condition": BeginsWith(SORT, NAME)},
    {"condition": BeginsWith(SORT, Value({"S": "a"}))},
    {"condition": Between(SORT, NAME, ONE)},
    {"condition": Between(NAME, SORT, ONE)},
    {"condition": Between(SORT, ONE, NAME)},
)


def test_tell_key_conditions_ranges_and_prefixes_apart() -> None:
    """Each has a shape of its own, and takes its own values, whichever of them was written before."""
    for parts in (*KEY_CONDITIONS, *reversed(KEY_CONDITIONS)):
        assert quickly(parts) == plainly(parts)


@pytest.mark.parametrize("parts", KEY_CONDITIONS)
def test_need_no_renderer_where_the_shape_was_written_before(
    parts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is known is only filled in."""
    written = quickly(parts)

    def refuse() -> Renderer:
        raise AssertionError("it was written anew")

    monkeypatch.setattr("persistence.render.templates.Renderer", refuse)

    assert quickly(parts) == written


def test_take_their_values_where_the_shape_was_written_before() -> None:
    def written(value: AttributeValue) -> object:
        return expressions(condition=Compare("=", NAME, Value(value)))["ExpressionAttributeValues"]

    assert written({"S": "x"}) == {":v0": {"S": "x"}}
    assert written({"N": "1"}) == {":v0": {"N": "1"}}


def test_may_be_changed_by_who_sends_them() -> None:
    condition = Compare("=", Path.of("changed"), Value({"S": "x"}))

    for _ in range(2):
        found = expressions(condition=condition)
        found["ExpressionAttributeNames"]["#more"] = found["ExpressionAttributeValues"][":more"] = {}
        found["ConditionExpression"] = ""

    assert expressions(condition=condition) == plainly({"condition": condition})


@pytest.mark.parametrize(
    ("refused", "message"), [({"SS": []}, "empty set"), ({"S": "x" * PLACEHOLDER_BYTES}, "DynamoDB allows")]
)
def test_refuse_a_value_though_the_shape_is_known(refused: AttributeValue, message: str) -> None:
    def written(value: AttributeValue) -> object:
        return expressions(update=(Set(NAME, Value(value)),))

    written({"S": "x"})

    with pytest.raises(QueryError, match=message):
        written(refused)


def test_tell_a_size_from_a_path_of_the_same_names() -> None:
    def written(operand: Operand) -> object:
        return expressions(condition=Compare("=", operand, Value({"N": "1"})))["ConditionExpression"]

    assert written(NAME) == "#n0 = :v0"
    assert written(Size(NAME)) == "size(#n0) = :v0"


def test_of_more_values_than_placeholders_are_kept_hold_all_of_them() -> None:
    several = tuple(In(Path.of(name), (Value({"N": "1"}),) * 100) for name in "abcd")

    for _ in range(2):
        assert len(expressions(condition=Or(several))["ExpressionAttributeValues"]) == 400


@pytest.mark.parametrize("kind", [AttributeExists, AttributeNotExists])
@pytest.mark.parametrize("path", [NAME, Path.of("id", "part"), Path.of("id", 1), Path.of("a.b")])
def test_writes_what_demands_an_attribute_as_any_condition(
    kind: type[AttributeExists | AttributeNotExists], path: Path
) -> None:
    condition = kind(path)
    for _ in range(3):
        found = presence(condition)
        assert found == plainly({"condition": condition})
        found["ExpressionAttributeNames"]["#other"] = "other"
