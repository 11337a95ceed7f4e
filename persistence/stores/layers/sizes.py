"""Find the items that grow towards the service's limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from persistence.advice import Advice, advise
from persistence.attributes import ITEM_SIZE_LIMIT, Item, item_size, surely_fits
from persistence.operations import PutItem, QueryPage, ScanPage
from persistence.stores.layers.facts import actions_in, answers_in, items_in
from persistence.stores.layers.observing import Observer, Performed
from persistence.stores.layers.windows import Windows


@dataclass(frozen=True, slots=True)
class LargeItems:
    """The items of a table that were found near the limit.

    Attributes:
        table: its name.
        times: how often one was read or written.
        largest: bytes of the largest one.
    """

    table: str
    times: int
    largest: int


class ItemSizes(Observer):
    """A layer that gives the advice `item_near_limit` where an item that is read or put is almost too large.

    It does so at most once per window for each table. Most items are not weighed, since a look tells that
    they are small. Updates don't show how large their item becomes.

    Args:
        share: of the limit, above which an item is near it.
        limit: bytes that an item may have.
        window: seconds between two advices about one table.
        clock: gives seconds that only grow.
    """

    def __init__(
        self,
        *,
        share: float = 0.8,
        limit: int = ITEM_SIZE_LIMIT,
        window: float = 3600.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._near = int(share * limit)
        self._limit = limit
        self._lock = threading.Lock()
        self._windows = Windows(window, clock())
        self._advised: set[str] = set()
        self._found: dict[str, LargeItems] = {}

    def performed(self, call: Performed) -> None:
        """Weigh the items of an operation."""
        for table, item in _items(call):
            if not surely_fits(item, self._near) and (size := item_size(item)) > self._near:
                self._note(table, size)

    def report(self) -> tuple[LargeItems, ...]:
        """Give what was found, the largest first."""
        with self._lock:
            return tuple(sorted(self._found.values(), key=lambda found: found.largest, reverse=True))

    def _note(self, table: str, size: int) -> None:
        now = self.clock()
        with self._lock:
            before = self._found.get(table, LargeItems(table, 0, 0))
            self._found[table] = LargeItems(table, before.times + 1, max(before.largest, size))
            if self._windows.passed(now):
                self._advised.clear()
            is_news = table not in self._advised
            self._advised.add(table)
        if is_news:
            advise(_advice(table, size, self._limit), table=table, bytes=size, limit=self._limit)


def _items(call: Performed) -> Iterator[tuple[str, Item]]:
    """Give the items that were put or came back, with the names of their tables."""
    actions = actions_in(call.operation)
    yield from ((action.table.name, action.item) for action in actions if isinstance(action, PutItem))
    if isinstance(call.operation, QueryPage | ScanPage):
        yield from ((call.operation.table.name, item) for item in items_in(call.answer))
    else:
        answers = zip(actions, answers_in(call.answer), strict=False)
        yield from ((action.table.name, item) for action, item in answers if item is not None)


def _advice(table: str, size: int, limit: int) -> Advice:
    return Advice(
        "item_near_limit",
        f"an item of table {table!r} has {size} of the {limit} bytes that are possible",
        "keep what grows in items of its own, or large values in an object store",
    )
