"""Asking the service about tables, and waiting for them, with an end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

from persistence.errors import DeadlineExceeded, StoreError, TableNotFound, Throttled
from persistence.flows import Flow, pause, perform
from persistence.operations import DescribeTable, Operation, TableDescription
from persistence.timing import Timing

R = TypeVar("R")

FIRST_POLL = 0.05
LONGEST_POLL = 5.0

IN_FLUX = frozenset({"CREATING", "UPDATING", "DELETING"})
"""States of tables, indexes and replicas that end by themselves."""

Seen = Callable[[TableDescription], None]


def poll_seconds(attempt: int) -> float:
    """Give the seconds to wait after an attempt, of which the first is 0."""
    return min(LONGEST_POLL, FIRST_POLL * 2.0 ** min(attempt, 10))


def unseen(description: TableDescription) -> None:
    """Take no notice of what is seen while waiting."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one waits for the service.

    Attributes:
        timing: gives the time.
        timeout: seconds to wait for a table and its parts to reach a state, or for throttling to end.
    """

    timing: Timing
    timeout: float

    def ask(self, operation: Operation[R]) -> Flow[R]:
        """Perform an operation, again and again while it is throttled.

        Raises:
            DeadlineExceeded: it is throttled all the time.
        """
        end = self.timing.monotonic() + self.timeout
        for attempt in count():
            try:
                return (yield from perform(operation))
            except Throttled as throttled:
                wait = poll_seconds(attempt)
                if self.timing.monotonic() + wait > end:
                    raise DeadlineExceeded(
                        f"{type(operation).__name__} was throttled for {self.timeout:g} seconds. Do less at "
                        "once, or wait longer with a greater timeout"
                    ) from throttled
                yield from pause(wait)
        raise AssertionError("unreachable: asking is endless")

    def find(self, name: str) -> Flow[TableDescription | None]:
        """Describe a table, or give None."""
        try:
            return (yield from self.ask(DescribeTable(name)))
        except TableNotFound:
            return None

    def until(
        self, name: str, reached: Callable[[TableDescription | None], bool], goal: str, seen: Seen = unseen
    ) -> Flow[TableDescription | None]:
        """Describe a table again and again until it is as wanted.

        Args:
            name: the table.
            reached: whether a description is as wanted; it gets None for a table that is not there.
            goal: what is waited for, for the error.
            seen: is told each description that is not as wanted.

        Raises:
            DeadlineExceeded: it takes longer than the timeout.
        """
        end = self.timing.monotonic() + self.timeout
        for attempt in count():
            description = yield from self.find(name)
            if reached(description):
                return description
            if description is not None:
                seen(description)
            wait = poll_seconds(attempt)
            if self.timing.monotonic() + wait > end:
                raise DeadlineExceeded(
                    f"table {name!r} did not {goal} within {self.timeout:g} seconds; "
                    f"{state_of(description)}. What has begun goes on; wait longer with a greater timeout"
                )
            yield from pause(wait)
        raise AssertionError("unreachable: polling is endless")

    def until_gone(self, name: str) -> Flow[None]:
        """Wait until a table that is being deleted is gone."""
        yield from self.until(name, lambda found: found is None, "be deleted")

    def until_made(self, name: str, seen: Seen = unseen) -> Flow[TableDescription | None]:
        """Wait until a table is no longer being created; its indexes may be, and it may be changed."""
        return self.until(
            name, lambda found: found is None or found.status != "CREATING", "become active", seen
        )

    def until_settled(self, name: str, seen: Seen = unseen) -> Flow[TableDescription | None]:
        """Wait until nothing of a table is being created, changed or deleted; None is a table that is gone.

        Raises:
            DeadlineExceeded: it takes longer than the timeout.
            StoreError: it is in a state that does not end by itself.
        """
        found = yield from self.until(name, _is_settled, "become active", seen)
        if found is not None and found.status != "ACTIVE":
            raise StoreError(
                f"its status is {found.status}, so that it can't be used or changed, and that does not end "
                "by itself; mend its key or its permissions, or restore it",
                table=name,
            )
        return found


def state_of(description: TableDescription | None) -> str:
    """Say in what state a table is, and which of its parts are in another than ACTIVE."""
    if description is None:
        return "it is absent"
    parts = [
        f"index {index.name!r} is {index.status}" for index in description.indexes if _moves(index.status)
    ]
    parts += [
        f"replica {replica.region!r} is {replica.status}"
        for replica in description.replicas
        if _moves(replica.status)
    ]
    return ", ".join([f"its status is {description.status}", *parts])


def _is_settled(found: TableDescription | None) -> bool:
    if found is None:
        return True
    if any(index.backfilling for index in found.indexes):
        return False
    states = [found.status, *(index.status for index in found.indexes)]
    return not any(map(_moves, (*states, *(replica.status for replica in found.replicas))))


def _moves(status: str) -> bool:
    return status in IN_FLUX
