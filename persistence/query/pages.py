"""Pages of results, each with a cursor that leads to the next one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from persistence.attributes import Item
from persistence.query.running import Run

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class ResultPage(Generic[R]):
    """Some of the results of a query, in order.

    Attributes:
        items: the results.
        cursor: leads behind the last of them; give it to `page(after=...)`. None at the end. It is opaque,
            safe in a URL, and good for the same query only.
        scanned_count: how many items were read for them.
    """

    items: list[R]
    cursor: str | None = field(repr=False)
    scanned_count: int

    @property
    def count(self) -> int:
        """How many results the page has."""
        return len(self.items)

    @property
    def has_more(self) -> bool:
        """Whether more may follow: the end is not known to be reached. The next page may be empty."""
        return self.cursor is not None

    def __iter__(self) -> Iterator[R]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(slots=True)
class Paging(Generic[R]):
    """One page while it is filled.

    Attributes:
        run: reads it.
        most_reads: how many requests may be made for it; None for as many as it takes.
        items: the results so far.
    """

    run: Run[R]
    most_reads: int | None = None
    items: list[R] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether no further request is to be made."""
        return self.run.finished or self._spent

    @property
    def _spent(self) -> bool:
        return self.most_reads is not None and self.run.requests >= self.most_reads

    @property
    def next_key(self) -> Item | None:
        """The key behind which the next page begins; None at the end."""
        run = self.run
        if run.reader.finished and not run.left:
            return None
        if len(self.items) == run.limit and (last := run.last) is not None:
            return run.reader.key_of(last)
        return run.reader.start
