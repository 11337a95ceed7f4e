"""Advice: its catalogue, its pages, and the event that gives it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

import persistence
from persistence.advice import CODES, Advice, advise

ROOT = Path(__file__).parents[2]
PACKAGE = Path(persistence.__file__).parent
PAGES = ROOT / "docs" / "advice"


@pytest.fixture
def events() -> Iterator[list[dict[str, Any]]]:
    """What an application that configured structlog sees."""
    seen: list[dict[str, Any]] = []

    def note(logger: object, method: str, event: Any) -> Any:
        seen.append({"level": method, **event})
        raise structlog.DropEvent

    structlog.configure(processors=[note])
    yield seen
    structlog.reset_defaults()


def codes_given() -> dict[str, str]:
    """Code -> where the package gives it: in an `Advice`, or in a call of something that advises."""
    return {
        code: f"{file.relative_to(PACKAGE)}:{call.lineno}"
        for file in PACKAGE.rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        for code in _codes_in(call)
    }


def _codes_in(call: ast.Call) -> list[str]:
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    texts = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
    named = [
        keyword.value.value
        for keyword in call.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    ]
    if name == "Advice" or name.endswith("advise"):
        return [str(code) for code in (*texts[:1], *named)]
    return [str(code) for code in named] if texts[:1] == ["advice.given"] else []


class TestTheCatalogue:
    def test_has_every_code_that_the_package_gives(self) -> None:
        given = codes_given()

        assert {code: where for code, where in given.items() if code not in CODES} == {}
        assert {"scan", "predicate_unprotected", "read_timeout", "hot_partition"} <= given.keys()

    def test_has_a_page_for_each_code_and_no_other(self) -> None:
        pages = {page.stem for page in PAGES.glob("*.md")} - {"index"}

        assert pages == {code.replace("_", "-") for code in CODES}

    @pytest.mark.parametrize("code", CODES)
    def test_is_listed_and_explained(self, code: str) -> None:
        """The index says what the catalogue says, and a page has the parts that a reader looks for."""
        slug = code.replace("_", "-")
        index = (PAGES / "index.md").read_text(encoding="utf-8")
        page = (PAGES / f"{slug}.md").read_text(encoding="utf-8")

        assert f"| [`{code}`]({slug}.md) | {CODES[code]} |" in index
        assert page.startswith(f"# {code}\n")
        assert [line for line in page.splitlines() if line.startswith("## ")] == [
            "## How to see it",
            "## What to do",
            "## When to ignore it",
        ]

    def test_is_in_the_navigation(self) -> None:
        nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")

        assert [code for code in CODES if f"advice/{code.replace('_', '-')}.md" not in nav] == []


class TestAdvice:
    def test_is_a_sentence_in_print(self) -> None:
        advice = Advice("scan", "reads the whole table", "add an index")

        assert str(advice) == "scan: reads the whole table; add an index"
        assert str(Advice("scan", "reads the whole table")) == "scan: reads the whole table"

    def test_names_its_page(self) -> None:
        advice = Advice("filter_discards", "reads too much")

        assert advice.page == "advice/filter-discards"
        assert (ROOT / "docs" / f"{advice.page}.md").exists()

    def test_is_an_event_with_a_code_and_facts(self, events: list[dict[str, Any]]) -> None:
        """The texts are for people who ask; the event has what can be counted and searched."""
        advise(Advice("scan", "reads the whole table"), entity_type="Order", table="orders")

        assert events == [
            {
                "level": "warning",
                "event": "advice.given",
                "code": "scan",
                "entity_type": "Order",
                "table": "orders",
            }
        ]
