"""What the main job shows."""

from __future__ import annotations

import io
import logging

from rich.console import Console

from domain_example.display import counted_events, effort, progress
from persistence.stores.layers import OperationTotals


def shown(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


class TestProgress:
    def test_is_a_line_per_quarter_where_nobody_watches(self) -> None:
        console = Console(file=io.StringIO(), width=80)

        with progress(console) as stage:
            done = stage("invoices replayed", 8)
            for _ in range(8):
                done()

        assert shown(console).splitlines() == [f"invoices replayed: {count} of 8" for count in (2, 4, 6, 8)]

    def test_is_a_bar_on_a_terminal(self) -> None:
        console = Console(file=io.StringIO(), width=80, force_terminal=True)

        with progress(console) as stage:
            done = stage("invoices replayed", 2)
            done()
            done()

        assert "2/2" in shown(console)


class TestCountedEvents:
    def test_are_counted_by_name_within_the_block(self) -> None:
        log = logging.getLogger("persistence")

        with counted_events() as events:
            log.info("%s", "uow.committed actions={}")
            log.info("%s", "uow.committed actions={}")
            log.warning("%s", "uow.conflicted")
        log.info("%s", "uow.committed actions={}")

        assert events == {"uow.committed": 2, "uow.conflicted": 1}

    def test_leave_the_logger_as_it_was(self) -> None:
        log = logging.getLogger("persistence")
        before = (log.level, list(log.handlers))

        with counted_events():
            pass

        assert (log.level, log.handlers) == before


class TestEffort:
    def test_is_what_the_store_and_the_library_counted(self) -> None:
        console = Console(file=io.StringIO(), width=80)
        totals = {
            "TransactWrite": OperationTotals(calls=3, actions=1200, write_units=2400.0),
            "BatchGetItems": OperationTotals(calls=2, actions=40, read_units=20.5),
        }
        events = {"uow.committed": 2, "uow.conflicted": 1, "uow.repeated": 1}

        console.print(effort(totals, events, 1.25))

        assert cells(console) == [
            ["units of work committed", "2"],
            ["conflicts", "1"],
            ["units repeated", "1"],
            ["requests repeated", "0"],
            ["actions in transactions", "1,200"],
            ["requests to the store", "5"],
            ["read capacity units", "20.5"],
            ["write capacity units", "2,400.0"],
            ["seconds", "1.2"],
        ]

    def test_says_so_where_a_store_tells_no_capacity(self) -> None:
        console = Console(file=io.StringIO(), width=80)

        console.print(effort({"TransactWrite": OperationTotals(calls=1, actions=1)}, {}, 0.0))

        assert ["write capacity units", "not told"] in cells(console)


def cells(console: Console) -> list[list[str]]:
    rows = (line.strip("│") for line in shown(console).splitlines() if line.startswith("│"))
    return [[cell.strip() for cell in row.split("│")] for row in rows]
