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
