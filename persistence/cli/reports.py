"""Reports of layers as tables for the terminal; needs rich."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from persistence.stores.layers.tabular import Tabular, cell, heading, is_number


def report_table(report: Tabular, *, title: str | None = None) -> Table:
    """Show a report, such as that of `QueryAnalytics` or `HotPartitions`, as a table of rich.

    Args:
        report: the report.
        title: what stands above it.
    """
    rows = report.as_rows()
    table = Table(title=title)
    for column in rows[0] if rows else ():
        right = any(is_number(row[column]) for row in rows)
        table.add_column(heading(column), justify="right" if right else "left")
    for row in rows:
        # As texts, so that brackets in them are no markup.
        table.add_row(*(Text(cell(content)) for content in row.values()))
    return table
