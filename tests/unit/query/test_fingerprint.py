"""The digest that a cursor is bound to: equal for equal conditions, in whichever process and spelling."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from typing import Any

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
from persistence.query import between, exists, is_in
from persistence.query.fingerprint import canonical, fingerprint
from persistence.query.lowering import lower
from persistence.query.names import comparison
from persistence.query.recorder import record
from persistence.query.terms import Term
from tests.unit.query.deliveries import DELIVERIES

A, B = Path.of("a"), Path.of("b")
ONE, TWO = Value({"N": "1"}), Value({"N": "2"})
X, Y = Value({"S": "x"}), Value({"S": "y"})

DIFFERENT: list[Condition | None] = [
    None,
    Compare("=", A, ONE),
    Compare("=", B, ONE),
    Compare("=", A, TWO),
    Compare("=", A, Value({"S": "1"})),
    Compare("=", A, Value({"B": b"1"})),
    Compare("=", A, Value({"BOOL": True})),
    Compare("=", A, Value({"NULL": True})),
    Compare("=", A, Value({"SS": ["1", "2"]})),
    Compare("=", A, Value({"NS": ["1", "2"]})),
    Compare("=", A, Value({"L": [{"N": "1"}, {"N": "2"}]})),
    Compare("=", A, Value({"L": [{"N": "2"}, {"N": "1"}]})),
    Compare("=", A, Value({"L": [{"L": [{"N": "1"}]}, {"N": "2"}]})),
    Compare("=", A, Value({"M": {"k": {"N": "1"}}})),
    Compare("=", A, Value({"M": {"k": {"N": "2"}}})),
    Compare("=", A, Value({"M": {"l": {"N": "1"}}})),
    Compare("<>", A, ONE),
    Compare("<", A, ONE),
    Compare("=", A, B),
    Compare("=", B, A),
    Compare("=", Size(A), ONE),
    Compare("=", Path.of("a", "b"), ONE),
    Compare("=", Path.of("a.b"), ONE),
    Compare("=", Path.of("a", 0), ONE),
    Compare("=", Path.of("a", "0"), ONE),
    Between(A, ONE, TWO),
    Between(A, TWO, ONE),
    In(A, (ONE, TWO)),
    In(A, (ONE,)),
    BeginsWith(A, X),
    Contains(A, X),
    AttributeExists(A),
    AttributeNotExists(A),
    AttributeType(A, "S"),
    AttributeType(A, "SS"),
    Not(AttributeExists(A)),
    And((Compare("=", A, ONE), Compare("=", B, TWO))),
    Or((Compare("=", A, ONE), Compare("=", B, TWO))),
    And((Compare("=", A, ONE), Or((Compare("=", B, ONE), Compare("=", B, TWO))))),
    Or((And((Compare("=", A, ONE), Compare("=", B, ONE))), Compare("=", B, TWO))),
]


def digest(term: Term) -> bytes:
    return fingerprint(canonical(lower(term, DELIVERIES)))


class TestEqualConditions:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ({"N": "1"}, {"N": "1.0"}),
            ({"N": "100"}, {"N": "1E+2"}),
            ({"N": "0"}, {"N": "-0"}),
            ({"SS": ["x", "y"]}, {"SS": ["y", "x"]}),
            ({"NS": ["1", "20"]}, {"NS": ["2E1", "1.0"]}),
            ({"BS": [b"x", b"y"]}, {"BS": [b"y", b"x"]}),
            ({"M": {"k": {"N": "1"}, "l": {"S": "x"}}}, {"M": {"l": {"S": "x"}, "k": {"N": "1.0"}}}),
            ({"L": [{"NS": ["1", "2"]}]}, {"L": [{"NS": ["2", "1"]}]}),
        ],
    )
    def test_agree_however_values_are_spelled(self, one: Any, other: Any) -> None:
        """Numbers by value, sets and maps without order, at any depth."""
        assert fingerprint(canonical(Compare("=", A, Value(one)))) == fingerprint(
            canonical(Compare("=", A, Value(other)))
        )

    @pytest.mark.parametrize(
        ("predicate", "term"),
        [
            (lambda d: d.weight == 3, comparison("weight", "==", (3,))),
            (lambda d: 3 < d.weight, comparison("weight", ">", (3,))),  # noqa: SIM300  # that is the subject
            (lambda d: between(d.weight, 1, 3), comparison("weight", "BETWEEN", ([1, 3],))),
            (lambda d: is_in(d.weight, [1, 3]), comparison("weight", "in", (1, 3))),
            (lambda d: exists(d.note), comparison("note", "exists", ())),
            (lambda d: d.note.startswith("x"), comparison("note", "begins_with", ("x",))),
        ],
    )
    def test_agree_however_they_are_written(self, predicate: Callable[[Any], Any], term: Term) -> None:
        """By lambda or by name."""
        assert digest(record(predicate)) == digest(term)

    def test_agree_in_any_grouping(self) -> None:
        """What all must hold is one group."""
        one, two, three = (comparison("weight", "<>", (number,)) for number in (1, 2, 3))

        assert digest((one & two) & three) == digest(one & (two & three))


class TestDifferentConditions:
    def test_disagree(self) -> None:
        """Operators, paths, types, values, grouping and order: any difference tells."""
        alike = [
            (one, other)
            for one, other in combinations(DIFFERENT, 2)
            if fingerprint(canonical(one)) == fingerprint(canonical(other))
        ]

        assert alike == []

    def test_disagree_by_any_part(self) -> None:
        """What else decides the order is part of it, and no text can pass for two."""
        parts: list[tuple[Any, ...]] = [
            (),
            (None,),
            ("a",),
            ("a", "b"),
            ("a,b",),
            (["a", "b"],),
            (["a"], "b"),
            ('a","b',),
            (1,),
            ("1",),
            (True,),
        ]

        assert len({fingerprint(*each) for each in parts}) == len(parts)


GOLDEN = "c1b56ddf"

PROGRAM = """
from persistence.expressions import And, Compare, In, Path, Size, Value
from persistence.query.fingerprint import canonical, fingerprint

condition = And((
    Compare("=", Path.of("tags"), Value({"SS": ["b", "a", "c"]})),
    In(Path.of("total"), (Value({"N": "1.50"}), Value({"N": "2"}))),
    Compare(">", Size(Path.of("lines", 0, "sku")), Value({"N": "3"})),
    Compare("=", Path.of("blob"), Value({"B": b"xyz"})),
    Compare("=", Path.of("\\u00e9"), Value({"M": {"k": {"NULL": True}}})),
))
print(fingerprint(["Order"], canonical(condition), ["placed_at", True, None], None).hex()[:8])
"""


class TestTheDigest:
    @pytest.mark.parametrize("seed", ["0", "1"])
    def test_is_the_same_in_every_process(self, seed: str) -> None:
        """Cursors outlive the process that sealed them, and a new release of the library."""
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )

        assert run.stdout.strip() == GOLDEN
