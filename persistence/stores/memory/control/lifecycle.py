"""What is under way with a table: nothing, unless the store is told to take its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from persistence.operations import TableStatus
from persistence.stores.validation.refused import InUse, LimitReached
from persistence.stores.validation.table_changes import ONE_INDEX_AT_A_TIME, Change
from persistence.table import Table

_IN_USE = "Attempt to change a resource which is still in use"
_AT_ONCE = frozenset[Change]({"encryption", "deletion_protection"})
"""Changes that take no time, and that nothing else is in the way of."""


class IndexChange(NamedTuple):
    """An index that is being created or deleted.

    Attributes:
        name: the index.
        status: the service's word.
        table: the declaration that has it.
        filled_from: when its filling begins, or its removal has its resources back, in epoch seconds. The
            table is being updated until then.
        done_at: when it is done.
    """

    name: str
    status: Literal["CREATING", "DELETING"]
    table: Table
    filled_from: float
    done_at: float


class Lifecycle:
    """The states of one table.

    Args:
        name: the table.
        clock: gives the time in epoch seconds.
        delay: seconds that a change takes; with 0 everything is done at once.
    """

    def __init__(self, name: str, clock: Callable[[], float], delay: float) -> None:
        self._name = name
        self._clock = clock
        self._delay = delay
        self._status: TableStatus = "ACTIVE"
        self._done_at = 0.0
        self._index: IndexChange | None = None

    def begin(self, status: Literal["CREATING", "UPDATING", "DELETING"]) -> None:
        """Begin something that takes the delay."""
        self._status, self._done_at = status, self._clock() + self._delay

    def begin_index(self, name: str, status: Literal["CREATING", "DELETING"], table: Table) -> None:
        """Begin to create or delete an index; the first half of the delay takes the table itself, too."""
        now = self._clock()
        self._index = IndexChange(name, status, table, now + self._delay / 2, now + self._delay)

    @property
    def status(self) -> TableStatus:
        """The service's word for the table's state at this moment."""
        if self._status in ("CREATING", "UPDATING") and self._clock() >= self._done_at:
            self._status = "ACTIVE"
        if self._status == "ACTIVE" and self.index is not None and not self.backfilling:
            return "UPDATING"
        return self._status

    @property
    def gone(self) -> bool:
        """True when the table is deleted."""
        return self._status == "DELETING" and self._clock() >= self._done_at

    @property
    def index(self) -> IndexChange | None:
        """The index that is being created or deleted at this moment, if any."""
        if self._index is not None and self._clock() >= self._index.done_at:
            self._index = None
        return self._index

    @property
    def backfilling(self) -> bool:
        """True while an index is being filled; before that its resources are allocated."""
        return self._index is not None and self._clock() >= self._index.filled_from

    def creates(self, index: str) -> bool:
        """Tell whether an index is being created at this moment, so that it can't be read yet."""
        change = self.index
        return change is not None and change.name == index and change.status == "CREATING"

    def check_admits(self, change: Change, index: str | None = None) -> None:
        """Check that a change can be begun now.

        Args:
            change: what is asked for.
            index: the index that is to be created or deleted.

        Raises:
            InUse: something else has to be done before.
            LimitReached: another index is being created or deleted.
        """
        self.check_exists()
        if change in _AT_ONCE:
            return
        under_way = self.index
        if index is not None and under_way is not None:
            self._check_index_admits(change, index, under_way)
        elif under_way is not None:
            word = "created" if under_way.status == "CREATING" else "deleted"
            raise InUse(
                f"{_IN_USE}: Can't change the table when an index is being {word}. Table: {self._name} "
                f"Indexes: [{under_way.name}]"
            )
        elif self.status == "UPDATING":
            raise self._updating()

    def check_deletes(self) -> None:
        """Check that the table can be deleted now.

        Raises:
            InUse: something has to be done before.
        """
        self.check_exists()
        if self.index is not None:
            raise InUse(
                f"{_IN_USE}: Cannot delete table while indexes are being created, updated, or deleted."
            )
        if self.status == "UPDATING":
            raise self._updating()

    def check_exists(self) -> None:
        """Check that the table is neither being created nor being deleted.

        Raises:
            InUse: it is.
        """
        words = {"CREATING": "created", "DELETING": "deleted"}
        if (word := words.get(self.status)) is not None:
            raise InUse(f"{_IN_USE}: Table is being {word}: {self._name}")

    def _check_index_admits(self, change: Change, index: str, under_way: IndexChange) -> None:
        if change == "create_index" or under_way.name != index:
            raise LimitReached(ONE_INDEX_AT_A_TIME)
        if under_way.status == "DELETING":
            raise InUse(f"{_IN_USE}: Index is being deleted. Table: {self._name} Index: {index}")
        if not self.backfilling:
            raise InUse(
                f"{_IN_USE}: Index creation is in resource allocation phase. Retry deletion during "
                f"backfilling phase or when the index is active. Table: {self._name} Index: {index}"
            )

    def _updating(self) -> InUse:
        return InUse(f"{_IN_USE}: Table: {self._name} is in the process of being updated.")
