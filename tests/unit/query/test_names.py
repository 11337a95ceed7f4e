"""Paths and comparisons that are given as texts."""

from __future__ import annotations

import pytest

from persistence.errors import QueryError
from persistence.query.names import comparison, parsed
from persistence.query.terms import Comparison, Names


class TestPaths:
    @pytest.mark.parametrize(
        ("text", "names"),
        [
            ("total", ("total",)),
            ("address.city", ("address", "city")),
            ("lines[0]", ("lines", 0)),
            ("lines[10].sku", ("lines", 10, "sku")),
            ("grid[1][2]", ("grid", 1, 2)),
        ],
    )
    def test_are_read(self, text: str, names: Names) -> None:
        """Dots part names, brackets hold indexes."""
        assert parsed(text) == names

    @pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a[", "a]", "a[x]", "a[-1]", "a[0", "a[]"])
    def test_that_are_none_are_refused(self, text: str) -> None:
        """With an example of what is one."""
        with pytest.raises(QueryError, match=r"is no path; write it like address.city or lines\[0\].sku"):
            parsed(text)


class TestComparisons:
    @pytest.mark.parametrize(
        ("operator", "values", "expected"),
        [
            ("=", (1,), Comparison(("a",), "=", (1,))),
            ("==", (1,), Comparison(("a",), "=", (1,))),
            ("attribute_TYPE", ("S",), Comparison(("a",), "attribute_type", ("S",))),
            ("!=", (1,), Comparison(("a",), "<>", (1,))),
            (" between ", (1, 2), Comparison(("a",), "between", (1, 2))),
            ("BETWEEN", ([1, 2],), Comparison(("a",), "between", (1, 2))),
            ("In", (1, 2), Comparison(("a",), "in", (1, 2))),
            ("in", ((1, 2),), Comparison(("a",), "in", (1, 2))),
            ("exists", (), Comparison(("a",), "exists")),
            ("=", ([1, 2],), Comparison(("a",), "=", ([1, 2],))),
        ],
    )
    def test_are_made(self, operator: str, values: tuple[object, ...], expected: Comparison) -> None:
        """Operators are known in any case; the operands of IN and BETWEEN may be one sequence."""
        assert comparison("a", operator, values) == expected

    def test_may_be_about_a_size(self) -> None:
        """`size(...)` around a path is the size of what is there."""
        assert comparison("size(a.b)", ">", (1,)) == Comparison(("a", "b"), ">", (1,), size=True)

    def test_need_an_operator(self) -> None:
        """A value in its place is told from an operator."""
        with pytest.raises(QueryError, match="takes an operator as a text, such as '=', not int"):
            comparison("a", 5, ())  # type: ignore[arg-type]  # that is the subject

    @pytest.mark.parametrize(
        ("operator", "meant"),
        [("BEGINS WITH", "BEGINS_WITH"), ("not-exists", "NOT_EXISTS"), ("contain", "CONTAINS")],
    )
    def test_that_are_misspelt_are_told_apart(self, operator: str, meant: str) -> None:
        """With what was probably meant."""
        with pytest.raises(QueryError, match=f"did you mean {meant}"):
            comparison("a", operator, ("x",))

    @pytest.mark.parametrize(
        ("operator", "values", "why"),
        [
            ("like", ("x",), "the operators are"),
            ("=", (), r"takes 1 value\(s\), not 0"),
            ("between", (1,), r"takes 2 value\(s\), not 1"),
            ("exists", (1,), r"takes 0 value\(s\), not 1"),
        ],
    )
    def test_that_are_none_are_refused(self, operator: str, values: tuple[object, ...], why: str) -> None:
        """Unknown operators, and the wrong number of operands."""
        with pytest.raises(QueryError, match=why):
            comparison("a", operator, values)
