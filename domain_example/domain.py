"""The shop's rules. Nothing here knows how, or that, anything is stored.

- A **basket** is what somebody asks for: lines of articles, perhaps with charges. It becomes an order, or
  is refused.
- An **article** has a code of five digits and perhaps letters (`85123A`; capitals and small letters are the
  same) and is kept in stock. Anything else on an invoice (`POST`, `BANK CHARGES`) is a **charge**: it is
  paid, but not in stock.
- An **order** takes its articles from stock. Its customer may be unknown: a guest. A line may be a gift, at
  no price, as long as there is something to pay for the whole order.
- A basket is **refused** if it has no lines, a quantity below one (shops book losses so; they are no sale),
  nothing to pay, or more of an article than is in stock. A refused order leaves the stock as it was.
- A **refund** cancels what was bought: the customer gets the money back, and the stock its articles. What
  was bought before these books were begun counts too, so a refund names no order; but it needs a customer
  to be paid to.
- A **delivery** brings articles into stock.
- Orders, refunds and deliveries are **movements**: they move articles, are booked some lines at a time, and
  count once the last line is booked. What is booked is never booked again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from heapq import nsmallest
from typing import NamedTuple, Self

_ARTICLE = re.compile(r"\d{5}[A-Z]*")


class ShopError(Exception):
    """The shop's rules forbid it."""


class Refusal(Enum):
    """Why a basket or a cancellation is refused."""

    EMPTY = "no lines"
    NEGATIVE_QUANTITY = "a quantity below one"
    NOTHING_TO_PAY = "nothing to pay"
    OUT_OF_STOCK = "out of stock"
    NO_CUSTOMER = "no customer to refund"


class Refused(ShopError):
    """A basket does not become an order, a cancellation not a refund, or a loss is more than there was."""

    def __init__(self, document: str, reason: Refusal) -> None:
        self.document = document
        self.reason = reason
        super().__init__(f"{document} is refused: {reason.value}")


class OutOfStock(ShopError):
    """More of an article is wanted than there is."""

    def __init__(self, code: str, wanted: int, in_stock: int) -> None:
        self.code = code
        self.wanted = wanted
        self.in_stock = in_stock
        super().__init__(f"{wanted} of article {code} are wanted, {in_stock} are in stock")


@dataclass(frozen=True, slots=True)
class Line:
    """So many pieces of an article, or of a charge, at a unit price."""

    code: str
    quantity: int
    price: Decimal = Decimal(0)
    description: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", self.code.upper())

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.price

    @property
    def is_article(self) -> bool:
        return _ARTICLE.fullmatch(self.code) is not None


def pieces_by_article(lines: Iterable[Line]) -> Counter[str]:
    """Add up the pieces of each article; charges have none."""
    pieces: Counter[str] = Counter()
    for line in lines:
        if line.is_article:
            pieces[line.code] += line.quantity
    return pieces


@dataclass(frozen=True, slots=True)
class Basket:
    """What somebody asks for at the till, or brings back to it."""

    id: str
    at: datetime
    country: str
    customer_id: str | None
    lines: tuple[Line, ...]

    def check_as_order(self) -> None:
        """Refuse what can't become an order, whatever is in stock."""
        self._check_quantities()
        if not self.total:
            raise Refused(self.id, Refusal.NOTHING_TO_PAY)

    def check_as_refund(self) -> str:
        """Refuse what can't become a refund; give the customer to pay it to."""
        self._check_quantities()
        if self.customer_id is None:
            raise Refused(self.id, Refusal.NO_CUSTOMER)
        return self.customer_id

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))

    def _check_quantities(self) -> None:
        if not self.lines:
            raise Refused(self.id, Refusal.EMPTY)
        if any(line.quantity < 1 for line in self.lines):
            raise Refused(self.id, Refusal.NEGATIVE_QUANTITY)


@dataclass
class Customer:
    """Somebody with a number; guests have none."""

    id: str
    country: str

    def __post_init__(self) -> None:
        if not self.id or not self.country:
            raise ShopError("a customer needs a number and a country")


@dataclass
class Product:
    """An article and its stock, which is never negative."""

    code: str
    description: str = ""
    in_stock: int = 0

    def take(self, pieces: int) -> None:
        """Take pieces from stock."""
        check_pieces(pieces)
        if pieces > self.in_stock:
            raise OutOfStock(self.code, pieces, self.in_stock)
        self.in_stock -= pieces

    def put(self, pieces: int) -> None:
        """Put pieces into stock."""
        check_pieces(pieces)
        self.in_stock += pieces


def check_pieces(pieces: int) -> None:
    """Refuse to move less than a piece."""
    if pieces < 1:
        raise ShopError(f"at least one piece is moved, not {pieces}")


class Status(Enum):
    """How far a movement is."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


@dataclass(kw_only=True)
class Movement:
    """Articles on their way into or out of stock.

    `booked` lines are done, counted from the first one: wherever the work stopped, it goes on from there.
    """

    id: str
    booked: int = 0
    status: Status = Status.PENDING

    @property
    def size(self) -> int:
        """How many lines there are to book."""
        raise NotImplementedError

    @property
    def is_pending(self) -> bool:
        return self.status is Status.PENDING

    def book(self, part: Sequence[Line]) -> None:
        """Note that the next lines are booked; the last of them confirms the movement."""
        if not self.is_pending:
            raise ShopError(f"{self.id} is {self.status.value}; only a pending movement is booked")
        if not 0 < len(part) <= self.size - self.booked:
            raise ShopError(f"{self.id} has {self.size - self.booked} lines to book, not {len(part)}")
        self.booked += len(part)
        if self.booked == self.size:
            self.status = Status.CONFIRMED


@dataclass(kw_only=True)
class Order(Movement):
    """What a customer or a guest bought. Its lines are kept apart from it: there may be hundreds."""

    customer_id: str | None
    country: str
    placed_at: datetime
    line_count: int
    total: Decimal

    @classmethod
    def of(cls, basket: Basket) -> Self:
        """Begin the order that a basket asks for."""
        return cls(
            id=basket.id,
            customer_id=basket.customer_id,
            country=basket.country,
            placed_at=basket.at,
            line_count=len(basket.lines),
            total=basket.total,
        )

    @property
    def size(self) -> int:
        return self.line_count

    @property
    def is_undone(self) -> bool:
        """Whether it was withdrawn, and all of its articles are back."""
        return self.status is Status.WITHDRAWN and not self.booked

    def withdraw(self, part: Sequence[Line]) -> None:
        """Note that the order can't be filled, and that the lines booked last are undone."""
        if self.status is Status.CONFIRMED:
            raise ShopError(f"{self.id} is confirmed; only a pending order can be withdrawn")
        if len(part) > self.booked:
            raise ShopError(f"{self.id} has {self.booked} booked lines, not {len(part)}")
        self.status = Status.WITHDRAWN
        self.booked -= len(part)


class OrderSummary(NamedTuple):
    """What a list of orders shows of each."""

    id: str
    customer_id: str | None
    placed_at: datetime
    total: Decimal


@dataclass
class OrderLines:
    """Lines of an order that were booked together; `first` counts from 1."""

    order_id: str
    first: int
    lines: list[Line]


@dataclass(kw_only=True)
class Refund(Movement):
    """Money that goes back to a customer, and articles that go back to stock."""

    customer_id: str
    refunded_at: datetime
    lines: list[Line] = field(default_factory=list)

    @classmethod
    def of(cls, basket: Basket) -> Self:
        """Begin the refund of what is brought back."""
        customer_id = basket.check_as_refund()
        return cls(id=basket.id, customer_id=customer_id, refunded_at=basket.at, lines=list(basket.lines))

    @property
    def size(self) -> int:
        return len(self.lines)

    @property
    def total(self) -> Decimal:
        return sum((line.amount for line in self.lines), Decimal(0))


@dataclass(kw_only=True)
class Delivery(Movement):
    """Articles that a supplier brought."""

    lines: list[Line] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.lines or any(line.quantity < 1 or not line.is_article for line in self.lines):
            raise ShopError(f"delivery {self.id} needs articles, and at least one piece of each")

    @property
    def size(self) -> int:
        return len(self.lines)


def next_part(lines: Sequence[Line], booked: int, articles: int) -> Sequence[Line]:
    """Give the lines that are booked next: as many as there are, with at most so many different articles."""
    if articles < 1:
        raise ShopError(f"a part holds at least one article, not {articles}")
    found: set[str] = set()
    for end in range(booked, len(lines)):
        if lines[end].is_article:
            found.add(lines[end].code)
        if len(found) > articles:
            return lines[booked:end]
    return lines[booked:]


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month, in UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, at: datetime) -> Self:
        """Give the month of a moment."""
        at = at.astimezone(UTC)
        return cls(at.year, at.month)

    @property
    def first_moment(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def last_moment(self) -> datetime:
        following = datetime(self.year + self.month // 12, self.month % 12 + 1, 1, tzinfo=UTC)
        return following - timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a customer bought and got back within a month."""

    customer_id: str
    month: Month
    orders: int
    charged: Decimal
    refunds: int
    refunded: Decimal

    @classmethod
    def of(cls, customer_id: str, month: Month, orders: Iterable[Order], refunds: Iterable[Refund]) -> Self:
        """Add up what is confirmed."""
        charges = [order.total for order in orders if order.status is Status.CONFIRMED]
        returns = [refund.total for refund in refunds if refund.status is Status.CONFIRMED]
        return cls(
            customer_id, month, len(charges), sum(charges, Decimal(0)), len(returns), sum(returns, Decimal(0))
        )

    @property
    def balance(self) -> Decimal:
        return self.charged - self.refunded


@dataclass(frozen=True, slots=True)
class CountrySales:
    """What a country bought."""

    country: str
    orders: int
    revenue: Decimal


@dataclass(frozen=True, slots=True)
class ArticleSales:
    """How many pieces of an article were ordered."""

    code: str
    pieces: int

    @classmethod
    def best(cls, pieces: Mapping[str, int], count: int) -> list[Self]:
        """Give the articles of which most pieces were ordered, most first; codes decide between equals."""
        ranked = nsmallest(count, pieces.items(), key=lambda sold: (-sold[1], sold[0]))
        return [cls(code, sold) for code, sold in ranked]
