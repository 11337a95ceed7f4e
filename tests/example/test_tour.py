"""What people ask after the replay: the same as is computed straight from the file."""

from __future__ import annotations

import csv
import io
from collections import Counter
from decimal import Decimal

import pytest
from rich.console import Console

from domain_example.container import ShopContainer, shop_on
from domain_example.display import questions
from domain_example.domain import ArticleSales, CountrySales, Month, Statement, Status
from domain_example.figures import figures_of_file
from domain_example.invoices import ONLINE_RETAIL, read_invoices
from domain_example.job import replay
from domain_example.tour import Answers, CustomerAnswers, ask
from persistence import MemoryStore

LIMIT = 45
STATEMENT = Statement("17850", Month(2010, 12), 34, Decimal("5391.21"), 0, Decimal(0))


def replayed(limit: int) -> ShopContainer:
    shop = shop_on(MemoryStore())
    replay(shop, read_invoices(limit=limit), 1, lambda _name, _jobs: lambda: None)
    return shop


class TestAsk:
    @pytest.mark.slow
    def test_tells_what_the_file_says(self) -> None:
        """Computed from the rows of the orders, without the domain."""
        figures = figures_of_file(ONLINE_RETAIL, LIMIT)
        pieces: Counter[str] = Counter()
        countries: dict[str, set[str]] = {}
        with ONLINE_RETAIL.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["invoice_no"] in figures.orders:
                    countries.setdefault(row["country"], set()).add(row["invoice_no"])
                    if row["stock_code"][:5].isdigit():
                        pieces[row["stock_code"].upper()] += int(row["quantity"])

        answers = ask(replayed(LIMIT), read_invoices(limit=LIMIT))

        sales = [
            CountrySales(country, len(orders), sum((figures.orders[each] for each in orders), Decimal(0)))
            for country, orders in countries.items()
        ]
        assert answers.customer is not None
        # The last page may be empty: a full one does not know yet whether more follows.
        assert [count for count in answers.customer.pages if count] == [10]
        assert answers.customer.statement.balance == figures.customers["17850"]
        assert answers.by_status == {
            Status.PENDING: 0,
            Status.CONFIRMED: len(figures.orders),
            Status.WITHDRAWN: 0,
        }
        assert answers.countries == sorted(sales, key=lambda each: -each.revenue)[:3]
        assert answers.articles == [
            ArticleSales(code, count)
            for code, count in sorted(pieces.items(), key=lambda sold: (-sold[1], sold[0]))[:3]
        ]
        assert (answers.on_shelf, answers.loss_refused) == (1, True)

    def test_tells_the_same_when_it_is_asked_again(self) -> None:
        shop, invoices = replayed(2), read_invoices(limit=2)

        assert ask(shop, invoices) == ask(shop, invoices)

    def test_passes_over_customers_where_there_are_none(self) -> None:
        shop = replayed(1)

        answers = ask(shop, [])

        assert answers.customer is None


class TestQuestions:
    def test_are_shown_with_their_answers(self) -> None:
        console = Console(file=io.StringIO(), width=80)
        answers = Answers(
            customer=CustomerAnswers([10, 10, 10, 4], STATEMENT),
            by_status={Status.CONFIRMED: 424},
            countries=[CountrySales("EIRE", 3, Decimal("3154.73"))],
            articles=[ArticleSales("84077", 3409)],
            on_shelf=1,
            loss_refused=True,
        )

        console.print(questions(answers))

        assert isinstance(console.file, io.StringIO)
        rows = (line.strip("│") for line in console.file.getvalue().splitlines() if line.startswith("│"))
        assert [[cell.strip() for cell in row.split("│")] for row in rows] == [
            ["history of customer 17850", "34"],
            ["on pages of", "10, 10, 10, 4"],
            ["balance of 2010-12", "5,391.21"],
            ["confirmed orders", "424"],
            ["sales to EIRE", "3,154.73"],
            ["pieces of article 84077", "3,409"],
            ["3 found and 2 lost on a shelf", "1"],
            ["a loss of more than that", "refused"],
        ]
