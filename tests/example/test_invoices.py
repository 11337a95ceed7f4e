"""The file of invoices, and the figures that are computed from it without the shop."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from domain_example.domain import Basket, Line
from domain_example.figures import Figures, differences, figures_of_file
from domain_example.invoices import (
    COLUMNS,
    ONLINE_RETAIL,
    BadInvoices,
    Invoice,
    opening_deliveries,
    read_invoices,
)

HEADER = ",".join(COLUMNS)
ROWS = """\
1,71053,LANTERN,6,2010-12-01T08:26:00Z,3.39,17850,United Kingdom
1,85123a,HOLDER,2,2010-12-01T08:26:00Z,2.55,17850,United Kingdom
1,85123A,HOLDER,1,2010-12-01T08:26:00Z,2.50,17850,United Kingdom
1,POST,POSTAGE,1,2010-12-01T08:26:00Z,18,17850,United Kingdom
C2,71053,LANTERN,-4,2010-12-01T09:00:00Z,3.39,17850,United Kingdom
C2,22841,CAKE TIN,-1,2010-12-01T09:00:00Z,5,17850,United Kingdom
3,71053,,-7,2010-12-01T10:00:00Z,0,,United Kingdom
4,71053,found,9,2010-12-01T11:00:00Z,0,,United Kingdom
5,71053,LANTERN,1,2010-12-02T08:00:00Z,4.25,,France
"""

FIGURES = Figures(
    orders={"1": Decimal("45.94"), "5": Decimal("4.25")},
    order_lines=5,
    guests=1,
    refunds={"C2": Decimal("18.56")},
    refusals={"a quantity below one": 1, "nothing to pay": 1},
    customers={"17850": Decimal("27.38")},
    pieces_received=10,
    pieces_ordered=10,
    pieces_returned=5,
    stock={"71053": 4, "85123A": 0, "22841": 1},
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "invoices.csv"
    path.write_text(f"{HEADER}\n{ROWS}", encoding="utf-8")
    return path


class TestReadInvoices:
    def test_makes_a_basket_of_the_lines_of_an_invoice(self, file: Path) -> None:
        first, *_ = read_invoices(file)

        assert first == Invoice(
            Basket(
                id="1",
                at=datetime(2010, 12, 1, 8, 26, tzinfo=UTC),
                country="United Kingdom",
                customer_id="17850",
                lines=(
                    Line("71053", 6, Decimal("3.39"), "LANTERN"),
                    Line("85123A", 2, Decimal("2.55"), "HOLDER"),
                    Line("85123A", 1, Decimal("2.50"), "HOLDER"),
                    Line("POST", 1, Decimal(18), "POSTAGE"),
                ),
            ),
            is_cancellation=False,
        )

    def test_turns_the_quantities_of_cancellations(self, file: Path) -> None:
        cancelled = read_invoices(file)[1]

        assert cancelled.is_cancellation
        assert [line.quantity for line in cancelled.basket.lines] == [4, 1]

    def test_makes_guests_of_customers_without_a_number(self, file: Path) -> None:
        assert read_invoices(file)[-1].basket.customer_id is None

    def test_reads_as_many_as_it_is_told(self, file: Path) -> None:
        assert [invoice.basket.id for invoice in read_invoices(file, limit=2)] == ["1", "C2"]

    def test_reads_the_file_that_comes_with_the_shop(self) -> None:
        invoices = read_invoices(ONLINE_RETAIL)

        assert len(invoices) == 512
        assert sum(invoice.is_cancellation for invoice in invoices) == 43
        assert max(len(invoice.basket.lines) for invoice in invoices) == 593

    def test_refuses_a_file_with_other_columns(self, tmp_path: Path) -> None:
        path = tmp_path / "other.csv"
        path.write_text("invoice_no,quantity\n", encoding="utf-8")

        with pytest.raises(BadInvoices, match=r"other\.csv has no column stock_code, description"):
            read_invoices(path)

    @pytest.mark.parametrize(
        "row",
        [
            "7,71053,LANTERN,six,2010-12-01T08:26:00Z,3.39,,France",
            "7,71053,LANTERN,6,2010-12-01T08:26:00Z,cheap,,France",
            "7,71053,LANTERN,6,yesterday,3.39,,France",
        ],
    )
    def test_names_the_invoice_that_it_cant_read(self, file: Path, row: str) -> None:
        file.write_text(f"{HEADER}\n{ROWS}{row}\n", encoding="utf-8")

        with pytest.raises(BadInvoices, match=r"invoices\.csv, invoice 7: "):
            read_invoices(file)


class TestOpeningDeliveries:
    def test_bring_as_much_as_will_be_ordered(self, file: Path) -> None:
        """Refused baskets, cancellations and charges ask for nothing."""
        deliveries = list(opening_deliveries(read_invoices(file)))

        assert deliveries == [
            (
                "opening-001",
                [Line("71053", 7, description="LANTERN"), Line("85123A", 3, description="HOLDER")],
            )
        ]


class TestFigures:
    def test_are_computed_from_the_lines(self, file: Path) -> None:
        assert figures_of_file(file) == FIGURES

    def test_count_the_first_invoices_only(self, file: Path) -> None:
        figures = figures_of_file(file, limit=2)

        assert (set(figures.orders), set(figures.refunds)) == ({"1"}, {"C2"})

    def test_give_revenue_and_what_is_paid_back(self) -> None:
        assert (FIGURES.revenue, FIGURES.refunded) == (Decimal("50.19"), Decimal("18.56"))


class TestDifferences:
    def test_are_none_between_equal_figures(self, file: Path) -> None:
        assert differences(figures_of_file(file), figures_of_file(file)) == []

    def test_name_figures_and_examples(self) -> None:
        found = replace(FIGURES, guests=2, stock={"71053": 4, "85123A": 1})

        assert differences(FIGURES, found) == [
            "guests: expected 1, found 2",
            "stock: 2 differ (22841: expected 1, found none; 85123A: expected 0, found 1)",
        ]

    def test_tell_a_missing_entry_from_a_zero(self) -> None:
        found = replace(FIGURES, stock={"71053": 4, "22841": 1})

        assert differences(FIGURES, found) == ["stock: 1 differ (85123A: expected 0, found none)"]
