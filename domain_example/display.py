"""What the main job shows: progress while it runs, then what the business came to and what it took."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from domain_example.figures import Figures
from domain_example.job import Stage
from domain_example.tour import Answers, CustomerAnswers
from persistence.stores.layers import OperationTotals

QUARTERS = 4


class EventCount(logging.Handler):
    """Counts the library's log events by name."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.counts: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Count an event; the lock of the handler is held meanwhile."""
        self.counts[record.getMessage().split(maxsplit=1)[0]] += 1


@contextmanager
def counted_events() -> Iterator[Mapping[str, int]]:
    """Count what the library logs within the block."""
    log, counter = logging.getLogger("persistence"), EventCount()
    before = log.level
    log.addHandler(counter)
    log.setLevel(logging.INFO)
    try:
        yield counter.counts
    finally:
        log.setLevel(before)
        log.removeHandler(counter)


@contextmanager
def progress(console: Console) -> Iterator[Stage]:
    """Show a bar for each stage; where nobody is watching (pipes, CI), a line for each quarter of it."""
    if not console.is_terminal:
        yield lambda name, jobs: _quarters(console, name, jobs)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bars:

        def stage(name: str, jobs: int) -> Callable[[], None]:
            task = bars.add_task(name, total=jobs)
            return lambda: bars.advance(task)

        yield stage


def _quarters(console: Console, name: str, jobs: int) -> Callable[[], None]:
    marks = {jobs * quarter // QUARTERS for quarter in range(1, QUARTERS + 1)}
    finished = 0

    def done() -> None:
        nonlocal finished
        finished += 1
        if finished in marks:
            console.print(f"{name}: {finished} of {jobs}", highlight=False)

    return done


def business(figures: Figures) -> Table:
    """Lay out what the business came to; the same on every store and with any number of workers."""
    table = _table("Business")
    table.add_row("orders", _number(len(figures.orders)))
    table.add_row("  of guests", _number(figures.guests))
    table.add_row("  lines", _number(figures.order_lines))
    table.add_row("cancellations refunded", _number(len(figures.refunds)))
    table.add_row("refusals", _number(sum(figures.refusals.values())))
    for reason, count in sorted(figures.refusals.items()):
        table.add_row(f"  {reason}", _number(count))
    table.add_row("customers", _number(len(figures.customers)), end_section=True)
    table.add_row("pieces received", _number(figures.pieces_received))
    table.add_row("pieces ordered", _number(figures.pieces_ordered))
    table.add_row("pieces returned", _number(figures.pieces_returned))
    table.add_row("pieces in stock", _number(sum(figures.stock.values())), end_section=True)
    table.add_row("revenue", _number(figures.revenue))
    table.add_row("refunded", _number(figures.refunded))
    table.add_row("net of refunds", _number(figures.revenue - figures.refunded))
    return table


def questions(answers: Answers) -> Table:
    """Lay out what people asked in the end, and what they were told."""
    table = _table("Questions")
    if answers.customer is not None:
        _add_customer(table, answers.customer)
    for status, count in answers.by_status.items():
        table.add_row(f"{status.value} orders", _number(count))
    for country in answers.countries:
        table.add_row(f"sales to {country.country}", _number(country.revenue))
    for article in answers.articles:
        table.add_row(f"pieces of article {article.code}", _number(article.pieces))
    table.add_row("3 found and 2 lost on a shelf", _number(answers.on_shelf))
    table.add_row("a loss of more than that", "refused" if answers.loss_refused else "booked")
    return table


def _add_customer(table: Table, customer: CustomerAnswers) -> None:
    statement = customer.statement
    month = f"{statement.month.year}-{statement.month.month:02d}"
    table.add_row(f"history of customer {statement.customer_id}", _number(sum(customer.pages)))
    table.add_row("  on pages of", ", ".join(map(str, customer.pages)))
    table.add_row(f"  balance of {month}", _number(statement.balance), end_section=True)


def effort(totals: Mapping[str, OperationTotals], events: Mapping[str, int], seconds: float) -> Table:
    """Lay out what it took, the look at what is stored in the end included."""
    every = totals.values()
    commits = totals.get("TransactWrite", OperationTotals())
    table = _table("Effort")
    table.add_row("units of work committed", _number(events.get("uow.committed", 0)))
    table.add_row("  conflicts", _number(events.get("uow.conflicted", 0)))
    table.add_row("  units repeated", _number(events.get("uow.repeated", 0)))
    table.add_row("  requests repeated", _number(events.get("retry.scheduled", 0)))
    table.add_row("actions in transactions", _number(commits.actions))
    table.add_row("requests to the store", _number(sum(each.calls for each in every)))
    table.add_row("read capacity units", _capacity(sum(each.read_units for each in every)))
    table.add_row("write capacity units", _capacity(sum(each.write_units for each in every)))
    table.add_row("seconds", f"{seconds:,.1f}")
    return table


def _table(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False, min_width=44)
    table.add_column()
    table.add_column(justify="right")
    return table


def _capacity(units: float) -> str:
    return f"{units:,.1f}" if units else "not told"  # moto tells none of transactions


def _number(value: int | Decimal) -> str:
    return f"{value:,}"
