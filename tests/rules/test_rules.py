"""Every rule has its tests, and every test of a numbered case its rule."""

from __future__ import annotations

import ast
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from persistence.testing.contract import StoreContract

RULES = Path(__file__).with_name("rules.toml")
TESTS = Path(__file__).parents[1]

# The numbers of the project's list of cases.
CASES = (
    *("09", "12", "14", "15", "16", "23", "24", "27", "28", "29", "30", "32", "33", "34", "35", "36", "37"),
    *(
        "39",
        "41",
        "42",
        "43",
        "45",
        "46",
        "47",
        "48",
        "49",
        "50",
        "52",
        "53",
        "54",
        "55",
        "56",
        "57",
        "58",
        "60",
    ),
)
_NUMBERED = re.compile(r"(?:test_case_|TestCase)(\d\d)|_(\d\d)\Z")


def rules() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(RULES.read_text(encoding="utf-8"))["rule"]
    return found


def shown_by(rule: dict[str, Any]) -> list[str]:
    found: list[str] = rule.get("tests", [])
    return found


@cache
def names_in(file: Path) -> frozenset[str]:
    """Name the tests of a file: `test_x`, and `TestY::test_x` of a class."""
    return frozenset(_named(ast.parse(file.read_text(encoding="utf-8")).body))


def _named(body: list[ast.stmt], within: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield within + node.name
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield from _named(node.body, f"{node.name}::")


def exists(test: str) -> bool:
    file, _, name = test.partition("::")
    if file == "contract":
        return hasattr(StoreContract, name)
    path = TESTS / file
    return path.is_file() and name in names_in(path)


class TestRules:
    def test_are_named_once(self) -> None:
        counts = Counter(rule["id"] for rule in rules())

        assert [name for name, count in counts.items() if count > 1] == []

    def test_have_tests_that_exist(self) -> None:
        assert [(rule["id"], test) for rule in rules() for test in shown_by(rule) if not exists(test)] == []

    def test_without_tests_say_why(self) -> None:
        """A rule has tests, or a reason why it has none; a test is named once."""
        assert [rule["id"] for rule in rules() if not shown_by(rule) and not rule.get("left_out")] == []
        assert [rule["id"] for rule in rules() if len(set(shown_by(rule))) < len(shown_by(rule))] == []

    def test_say_what_they_are(self) -> None:
        """In one short sentence, so that the list can be read."""
        assert [rule["id"] for rule in rules() if not 5 < len(rule["says"]) <= 120] == []
        assert {name for rule in rules() for name in rule} <= {"id", "says", "tests", "left_out"}


class TestCases:
    def test_are_all_there(self) -> None:
        named = [rule["id"].removeprefix("5 case ") for rule in rules() if rule["id"].startswith("5 case ")]

        assert named == list(CASES)

    def test_have_all_tests_that_bear_their_number(self) -> None:
        """A test that is named after a case is listed with it."""
        listed = {(rule["id"], test) for rule in rules() for test in shown_by(rule)}
        numbered = {
            (f"5 case {found[1] or found[2]}", f"{file.relative_to(TESTS).as_posix()}::{test}")
            for directory in ("semantics", "evolution", "unit/query")
            for file in sorted((TESTS / directory).glob("test_*.py"))
            for test in names_in(file)
            if (found := _NUMBERED.search(test)) and (found[1] or found[2]) in CASES
        }

        assert numbered - listed == set()
