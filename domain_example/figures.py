"""The figures of the shop's business, computed straight from the file.

This code shares nothing with the domain, the mappings or the services: it is what their result is checked
against.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path

Row = dict[str, str]


@dataclass(frozen=True)
class Figures:
    """What the business came to. Two runs over the same invoices have equal figures."""

    orders: Mapping[str, Decimal]
    """Order -> what it costs."""
    order_lines: int
    guests: int
    """Orders of guests."""
    refunds: Mapping[str, Decimal]
    """Refund -> what is paid back."""
    refusals: Mapping[str, int]
    """Reason -> how many."""
    customers: Mapping[str, Decimal]
    """Customer -> the balance of their statements."""
    pieces_received: int
    """Of the opening stock: as many as will be ordered."""
    pieces_ordered: int
    pieces_returned: int
    stock: Mapping[str, int]
    """Article -> pieces in stock in the end."""

    @property
    def revenue(self) -> Decimal:
        return sum(self.orders.values(), Decimal(0))

    @property
    def refunded(self) -> Decimal:
        return sum(self.refunds.values(), Decimal(0))


def differences(expected: Figures, found: Figures) -> list[str]:
    """Name the figures that are not as expected, with examples."""
    return [
        f"{field.name}: {_difference(getattr(expected, field.name), getattr(found, field.name))}"
        for field in fields(Figures)
        if getattr(expected, field.name) != getattr(found, field.name)
    ]


def _difference(expected: object, found: object) -> str:
    if not isinstance(expected, Mapping) or not isinstance(found, Mapping):
        return f"expected {expected}, found {found}"
    wrong = sorted(key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key))
    examples = (
        f"{key}: expected {expected.get(key, 'none')}, found {found.get(key, 'none')}" for key in wrong[:3]
    )
    return f"{len(wrong)} differ ({'; '.join(examples)})"


def figures_of_file(path: Path, limit: int | None = None) -> Figures:
    """Compute the figures from the lines of the first so many invoices."""
    invoices = _lines_by_invoice(path, limit)
    refusals = {number: reason for number, rows in invoices.items() if (reason := _refusal(number, rows))}
    done = {number: rows for number, rows in invoices.items() if number not in refusals}
    orders = {number: rows for number, rows in done.items() if not _is_cancelled(number)}
    refunds = {number: rows for number, rows in done.items() if _is_cancelled(number)}
    ordered = _pieces(orders)
    returned = _pieces(refunds)
    return Figures(
        orders={number: _amount(rows) for number, rows in orders.items()},
        order_lines=sum(map(len, orders.values())),
        guests=sum(not rows[0]["customer_id"] for rows in orders.values()),
        refunds={number: -_amount(rows) for number, rows in refunds.items()},
        refusals=Counter(refusals.values()),
        customers=_balances(done),
        pieces_received=sum(ordered.values()),
        pieces_ordered=sum(ordered.values()),
        pieces_returned=-sum(returned.values()),
        stock={code: -returned.get(code, 0) for code in ordered.keys() | returned.keys()},
    )


def _lines_by_invoice(path: Path, limit: int | None) -> dict[str, list[Row]]:
    invoices: dict[str, list[Row]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["invoice_no"] not in invoices and len(invoices) == limit:
                break
            invoices.setdefault(row["invoice_no"], []).append(row)
    return invoices


def _is_cancelled(number: str) -> bool:
    return number[0] == "C"


def _refusal(number: str, rows: list[Row]) -> str | None:
    signs = {int(row["quantity"]) > 0 for row in rows}
    if signs != {not _is_cancelled(number)}:
        return "a quantity below one"
    if _is_cancelled(number):
        return None if rows[0]["customer_id"] else "no customer to refund"
    return None if _amount(rows) else "nothing to pay"


def _amount(rows: list[Row]) -> Decimal:
    return sum((int(row["quantity"]) * Decimal(row["unit_price"]) for row in rows), Decimal(0))


def _pieces(invoices: dict[str, list[Row]]) -> dict[str, int]:
    pieces: defaultdict[str, int] = defaultdict(int)
    for code, quantity in _article_lines(invoices):
        pieces[code] += quantity
    return dict(pieces)


def _article_lines(invoices: dict[str, list[Row]]) -> Iterator[tuple[str, int]]:
    for rows in invoices.values():
        for row in rows:
            if row["stock_code"][:5].isdigit():
                yield row["stock_code"].upper(), int(row["quantity"])


def _balances(invoices: dict[str, list[Row]]) -> dict[str, Decimal]:
    balances: defaultdict[str, Decimal] = defaultdict(Decimal)
    for rows in invoices.values():
        if rows[0]["customer_id"]:
            balances[rows[0]["customer_id"]] += _amount(rows)
    return dict(balances)
