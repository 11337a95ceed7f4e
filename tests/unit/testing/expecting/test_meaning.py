"""Conditions by what they demand: written in another way they are the same, and nothing else is."""

from __future__ import annotations

from itertools import combinations

import pytest

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
    Or,
    Path,
    Size,
    Value,
)
from persistence.testing.expecting.meaning import meaning, subject

A, B, SIZE = Path.of("a"), Path.of("b"), Size(Path.of("a"))
ONE, TWO, TEXT = Value({"N": "1"}), Value({"N": "2"}), Value({"S": "x"})
IS_ONE, IS_TEXT = Compare("=", A, ONE), Compare("=", B, TEXT)

SAME: dict[str, tuple[Condition, ...]] = {
    "one": (IS_ONE, Compare("=", ONE, A), Compare("=", A, Value({"N": "1.0"})), Not(Compare("<>", A, ONE))),
    "another": (Not(IS_ONE), Compare("<>", A, ONE), Not(Not(Not(IS_ONE)))),
    "less": (Compare("<", A, TWO), Compare(">", TWO, A)),
    "not less": (Not(Compare("<", A, TWO)), Not(Compare(">", TWO, A))),
    "at least": (Compare(">=", A, TWO), Compare("<=", TWO, A)),
    "range": (
        Between(A, ONE, TWO),
        And((Compare(">=", A, ONE), Compare("<=", A, TWO))),
        And((Compare("<=", A, TWO), Compare("<=", ONE, A))),
    ),
    "both": (And((IS_ONE, IS_TEXT)), And((IS_TEXT, IS_ONE)), And((IS_TEXT, And((IS_ONE, IS_TEXT))))),
    "either": (Or((IS_ONE, IS_TEXT)), Or((IS_TEXT, IS_ONE))),
    "among": (In(A, (ONE, TWO)), In(A, (TWO, ONE, ONE))),
    "there": (AttributeExists(A), Not(AttributeNotExists(A))),
    "not there": (AttributeNotExists(A), Not(AttributeExists(A))),
    "begins": (BeginsWith(A, TEXT),),
    "contains": (Contains(A, TEXT),),
    "number": (AttributeType(A, "N"),),
    "text": (AttributeType(A, "S"),),
    "size": (Compare("=", SIZE, ONE),),
    "set": (
        Compare("=", A, Value({"SS": ["a", "b"]})),
        Compare("=", A, Value({"SS": ["b", "a"]})),
    ),
}


@pytest.mark.parametrize("conditions", list(SAME.values()), ids=list(SAME))
def test_written_in_another_way_it_is_the_same(conditions: tuple[Condition, ...]) -> None:
    assert {meaning(condition) for condition in conditions} == {meaning(conditions[0])}


def test_what_demands_something_else_is_not() -> None:
    for (one, *_), (other, *_) in combinations(SAME.values(), 2):
        assert meaning(one) != meaning(other)


@pytest.mark.parametrize(
    ("condition", "path"),
    [
        (IS_ONE, A),
        (Compare("=", ONE, A), A),
        (Compare("=", SIZE, ONE), A),
        (Compare("=", ONE, TWO), None),
        (In(A, (ONE,)), A),
        (Between(SIZE, ONE, TWO), A),
        (In(ONE, (A,)), None),
        (BeginsWith(B, TEXT), B),
        (Not(AttributeExists(B)), B),
        (Or((IS_ONE, IS_TEXT)), None),
    ],
)
def test_a_single_demand_is_about_one_path(condition: Condition, path: Path | None) -> None:
    assert subject(condition) == path
