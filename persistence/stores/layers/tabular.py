"""Reports as plain text: a table with a head, numbers to the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

Row = Mapping[str, object]
"""Name of a column -> what stands in it: a text, a number, or None."""


class Tabular(Protocol):
    """A report that can be shown as a table."""

    def as_rows(self) -> list[dict[str, object]]:
        """Give one dict per row, all with the same columns."""
        ...


def cell(content: object) -> str:
    """Write what stands in a cell: nothing for None, four digits of a fraction."""
    if content is None:
        return ""
    return f"{content:.4g}" if isinstance(content, float) else str(content)


def is_number(content: object) -> bool:
    """Tell whether a cell is written to the right."""
    return isinstance(content, int | float)


def heading(column: str) -> str:
    """Write the head of a column."""
    return column.replace("_", " ")


def text_table(rows: Sequence[Row]) -> str:
    """Write rows as a table; no rows give an empty text.

    Args:
        rows: all with the same columns.
    """
    if not rows:
        return ""
    columns = [_column(name, [row[name] for row in rows]) for name in rows[0]]
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def _column(name: str, contents: Sequence[object]) -> list[str]:
    texts = [heading(name), *map(cell, contents)]
    width = max(map(len, texts))
    right = any(map(is_number, contents))
    return [text.rjust(width) if right else text.ljust(width) for text in texts]
