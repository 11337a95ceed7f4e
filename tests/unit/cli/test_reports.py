"""Reports as tables for the terminal."""

from __future__ import annotations

import io
import subprocess
import sys

from rich.console import Console

from persistence import MemoryStore, Table
from persistence.cli.reports import report_table
from persistence.expressions import Path
from persistence.operations import GetItem, ScanPage
from persistence.stores.layers import QueryAnalytics, layered

THINGS = Table("things", "id")


def printed(analytics: QueryAnalytics) -> str:
    text = io.StringIO()
    Console(file=text, width=160).print(report_table(analytics.report(), title="Queries"))
    return text.getvalue()


class TestReportTable:
    def test_shows_rows_under_their_heads(self) -> None:
        analytics = QueryAnalytics(clock=lambda: 0.0)
        layered(MemoryStore(), analytics).perform(GetItem(THINGS, {"id": {"S": "1"}}))

        title, _, head, _, row, *_ = printed(analytics).splitlines()

        assert title.strip() == "Queries"
        assert head.strip("┃").split("┃")[:4] == [" operation ", " table  ", " index ", " calls "]
        assert row.strip("│").split("│")[:4] == [" GetItem   ", " things ", "       ", "     1 "]

    def test_shows_texts_as_they_are(self) -> None:
        """Brackets in an expression are no markup."""
        analytics = QueryAnalytics()
        scan = ScanPage(THINGS, projection=(Path.of("bold", 0), Path.of("[bold]")))

        layered(MemoryStore(), analytics).perform(scan)

        assert "select bold[0], [bold]" in printed(analytics)

    def test_of_nothing_is_empty(self) -> None:
        assert report_table(QueryAnalytics().report()).row_count == 0


class TestThePackage:
    def test_imports_nothing_heavy(self) -> None:
        program = "import sys, persistence.cli; print('rich' in sys.modules)"

        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

        assert done.stdout.strip() == "False"
