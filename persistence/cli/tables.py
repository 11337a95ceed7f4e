"""Tables for the terminal; needs rich."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from persistence.cli.texts import cell

_WIDE = 100_000
"""Characters per line where no terminal has a say: nothing is wrapped or cut."""


def console() -> Console:
    """Make the console of stdout; colours and wrapping are for terminals only."""
    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=_WIDE, color_system=None, force_terminal=False)


def print_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print rows as a table; numbers stand to the right."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in columns:
        right = any(_is_number(row.get(name)) for row in rows)
        table.add_column(Text(name), justify="right" if right else "left", overflow="fold")
    for row in rows:
        # As texts, so that brackets in them are no markup.
        table.add_row(*(_text(name, cell(row.get(name))) for name in columns))
    _print(table)


def _text(column: str, text: str) -> Text:
    return Text(_printable(text), style=_STYLES.get(text, "") if column == "state" else "")


_STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}
"""Of the words of the column "state"."""


def print_facts(facts: Mapping[str, Any]) -> None:
    """Print names and values, one below the other."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(Text(name), Text(_printable(cell(value))))
    _print(table)


def _print(table: Table) -> None:
    shown = console()
    if sys.stdout.isatty():
        shown.print(table)
        return
    with shown.capture() as text:
        shown.print(table)
    print("\n".join(line.rstrip() for line in text.get().splitlines()))


def _is_number(value: object) -> bool:
    return isinstance(value, Number) and not isinstance(value, bool)


def _printable(text: str) -> str:
    """Write control characters as escapes: what is stored must not steer the terminal."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
