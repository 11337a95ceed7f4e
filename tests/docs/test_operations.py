"""The operations guide names every error and every event, and its links lead somewhere."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from persistence import errors

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "operations.md"
TABLE = ROOT / "docs" / "errors.md"
LEVELS = {"debug", "info", "warning"}


def public_errors() -> set[str]:
    kinds = (errors.PersistenceError, Warning)
    found = ((name, getattr(errors, name)) for name in dir(errors))
    return {name for name, kind in found if isinstance(kind, type) and issubclass(kind, kinds)}


def first_cells(page: Path) -> Iterator[str]:
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("| "):
            yield line.split("|")[1]


def events() -> set[str]:
    """Give the names of all events that the library writes."""
    return {
        call.args[0].value
        for file in (ROOT / "persistence").rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in LEVELS
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
        and re.fullmatch(r"[a-z_]+\.[a-z_]+", call.args[0].value)
    }


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


class TestErrors:
    def test_have_somebody_who_acts(self) -> None:
        """Every class stands in the table, so that nobody has to guess whom to wake."""
        named = {name for cell in first_cells(GUIDE) for name in re.findall(r"`(\w+)`", cell)}

        assert public_errors() - named == set()

    def test_that_are_named_exist(self) -> None:
        """In the last table there are errors only."""
        table = GUIDE.read_text(encoding="utf-8").partition("## Errors, and who acts")[2]
        cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]

        assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} <= public_errors()

    def test_have_a_meaning(self) -> None:
        """Every class stands on the page of errors as well, but for the bases that head its tables."""
        text = TABLE.read_text(encoding="utf-8")

        assert {name for name in public_errors() if f"`{name}" not in text} <= {"UnusableMapping"}


class TestEvents:
    def test_that_are_watched_exist(self) -> None:
        names = {name for cell in first_cells(GUIDE) for name in re.findall(r"`([a-z_]+\.[a-z_]+)`", cell)}

        assert names
        assert names - events() == set()

    def test_that_warn_are_watched_or_explained(self) -> None:
        """An event of trouble is in the guide or in the table of events."""
        explained = GUIDE.read_text(encoding="utf-8") + "".join(
            page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")
        )

        assert {name for name in events() if name not in explained} == set()


@pytest.mark.parametrize("page", [GUIDE], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([\w./-]*)(?:#([\w-]+))?\)", page.read_text(encoding="utf-8")):
        linked = page.parent / target if target else page

        assert linked.is_file(), target
        assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"
