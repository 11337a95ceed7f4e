"""The invoices of a real shop, as baskets of ours."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path

from domain_example.domain import Basket, Line, Refused, pieces_by_article

ONLINE_RETAIL = Path(__file__).parent / "data" / "online-retail-10k.csv"
COLUMNS = (
    "invoice_no",
    "stock_code",
    "description",
    "quantity",
    "invoiced_at",
    "unit_price",
    "customer_id",
    "country",
)
LINES_PER_DELIVERY = 90

Row = dict[str, str]


class BadInvoices(Exception):
    """The file can't be read as invoices."""


@dataclass(frozen=True, slots=True)
class Invoice:
    """A basket, and whether it is brought back; then its quantities are those that come back."""

    basket: Basket
    is_cancellation: bool


def read_invoices(path: Path = ONLINE_RETAIL, limit: int | None = None) -> list[Invoice]:
    """Read invoices in the order of the file, the lines of each follow one another.

    Args:
        path: a CSV file with the columns of `COLUMNS`.
        limit: how many invoices at most.

    Raises:
        BadInvoices: it has not these columns, or a line can't be read.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, restval="")
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise BadInvoices(
                f"{path.name} has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}"
            )
        return list(islice(_invoices(path, rows), limit))


def _invoices(path: Path, rows: Iterable[Row]) -> Iterator[Invoice]:
    for number, group in groupby(rows, key=itemgetter("invoice_no")):
        try:
            yield _invoice(number, list(group))
        except (ValueError, InvalidOperation) as error:
            raise BadInvoices(f"{path.name}, invoice {number}: {error}") from error


def _invoice(number: str, rows: Sequence[Row]) -> Invoice:
    first, is_cancellation = rows[0], number.startswith("C")
    basket = Basket(
        id=number,
        at=datetime.fromisoformat(first["invoiced_at"]),
        country=first["country"],
        customer_id=first["customer_id"] or None,
        lines=tuple(_line(row, -1 if is_cancellation else 1) for row in rows),
    )
    return Invoice(basket, is_cancellation)


def _line(row: Row, sign: int) -> Line:
    return Line(
        row["stock_code"], sign * int(row["quantity"]), Decimal(row["unit_price"]), row["description"]
    )


def opening_deliveries(invoices: Iterable[Invoice]) -> Iterator[tuple[str, list[Line]]]:
    """Give numbered deliveries that bring as much of every article as will be ordered.

    Then no order runs out of stock, whatever the sequence in which they are placed.
    """
    ordered: Counter[str] = Counter()
    descriptions: dict[str, str] = {}
    for basket in filter(_may_be_ordered, (i.basket for i in invoices if not i.is_cancellation)):
        ordered += pieces_by_article(basket.lines)
        descriptions |= {line.code: line.description for line in basket.lines if line.description}
    lines = [Line(code, pieces, description=descriptions.get(code, "")) for code, pieces in ordered.items()]
    for number, start in enumerate(range(0, len(lines), LINES_PER_DELIVERY), start=1):
        yield f"opening-{number:03d}", lines[start : start + LINES_PER_DELIVERY]


def _may_be_ordered(basket: Basket) -> bool:
    try:
        basket.check_as_order()
    except Refused:
        return False
    return True
