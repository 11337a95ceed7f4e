"""Writes the items of an import, one by one where none is to be overwritten, else in batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from persistence.attributes import Item, NormalisedKey, item_size, normalised_key
from persistence.errors import ConditionFailed, InvalidRequest, ItemFailure, ItemTooLarge, Throttled
from persistence.expressions import AttributeNotExists, Path
from persistence.flows import Flow, pause, run_together
from persistence.operations import BatchWriteItems, DeleteItem, GetItem, PutItem
from persistence.schema.pace import Pace
from persistence.schema.patience import PATIENCE, patiently, units_of
from persistence.schema.portable.lines import line_of, text_of_key
from persistence.store import Limits
from persistence.table import Table
from persistence.timing import Timing

_WRITE_UNIT = 1024

Outcome = Literal["written", "unchanged", "kept"] | ItemFailure
"""What became of an item: it was written; it is there as in the backup; it is there with another content and
was not touched; or it can't be written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of a backup.

    Attributes:
        where: file and line, for reports.
        item: the item.
        key: its key in the form in which keys are equal.
        size: the bytes of its line, about as much as it takes in a request.
    """

    where: str
    item: Item
    key: NormalisedKey
    size: int

    def failed(self, table: Table, reason: str) -> ItemFailure:
        """Tell that it can't be written."""
        return ItemFailure(text_of_key(self.item, table.key_names()), f"{self.where}: {reason}")


@dataclass(frozen=True, slots=True)
class Sender:
    """Writes entries into a table.

    Args:
        table: the table.
        overwrite: whether items that are there are replaced; then they go in batches.
        limits: of the store.
        pace: of the writes.
        timing: time and waiting.
    """

    table: Table
    overwrite: bool
    limits: Limits
    pace: Pace
    timing: Timing

    def send(self, entries: Sequence[Entry]) -> Flow[list[Outcome]]:
        """Write entries whose keys all differ.

        Returns:
            What became of each, in their order.
        """
        if not entries:
            return []
        if not self.overwrite:
            return (yield from run_together([self._put(entry) for entry in entries]))
        batches = _batches(entries, self.limits)
        outcomes = yield from run_together([self._batch(batch) for batch in batches])
        return [outcome for batch in outcomes for outcome in batch]

    def _put(self, entry: Entry) -> Flow[Outcome]:
        absent = AttributeNotExists(Path.of(self.table.partition))
        put = PutItem(self.table, entry.item, absent, item_on_failure=True)
        while True:
            yield from self.pace.wait()
            try:
                answer = yield from patiently(put, self.timing)
            except ConditionFailed as taken:
                self.pace.spent(_estimate(entry))
                found = taken.found
                if not isinstance(found, dict):
                    found = yield from self._stored(entry)
                if found is None:
                    continue  # it was deleted meanwhile
                return "unchanged" if line_of(found) == line_of(entry.item) else "kept"
            except (InvalidRequest, ItemTooLarge) as refused:
                return entry.failed(self.table, _reason(refused))
            self.pace.spent(units_of(answer.capacity, _estimate(entry)))
            return "written"

    def _stored(self, entry: Entry) -> Flow[Item | None]:
        key = {name: entry.item[name] for name in self.table.key_names()}
        answer = yield from patiently(GetItem(self.table, key, consistent=True), self.timing)
        return answer.item

    def _batch(self, entries: Sequence[Entry]) -> Flow[list[Outcome]]:
        left, attempt, end = entries, 0, self.timing.monotonic() + PATIENCE
        while left:
            yield from self.pace.wait()
            request = BatchWriteItems(tuple(PutItem(self.table, entry.item) for entry in left))
            try:
                answer = yield from patiently(request, self.timing)
            except (InvalidRequest, ItemTooLarge) as refused:
                return (yield from self._parted(entries, refused))
            self.pace.spent(units_of(answer.capacity, sum(map(_estimate, left))))
            unprocessed = {self._key_of(write) for write in answer.unprocessed}
            if len(unprocessed) < len(left):
                attempt, end = 0, self.timing.monotonic() + PATIENCE
            left = [entry for entry in left if entry.key in unprocessed]
            if left:
                attempt += 1
                yield from self._await_turn(attempt, end, len(left))
        return ["written" for _ in entries]

    def _parted(
        self, entries: Sequence[Entry], refused: InvalidRequest | ItemTooLarge
    ) -> Flow[list[Outcome]]:
        """Find out which item of a batch is refused, since that one keeps the others from it."""
        if len(entries) == 1:
            return [entries[0].failed(self.table, _reason(refused))]
        middle = len(entries) // 2
        first = yield from self._batch(entries[:middle])
        return first + (yield from self._batch(entries[middle:]))

    def _await_turn(self, attempt: int, end: float, left: int) -> Flow[None]:
        wait = self.timing.backoff(attempt)
        if self.timing.monotonic() + wait >= end:
            raise Throttled(
                f"{left} writes of a batch were left unprocessed again and again",
                operation="BatchWriteItems",
                table=self.table.name,
            )
        yield from pause(wait)

    def _key_of(self, write: PutItem | DeleteItem) -> NormalisedKey:
        return normalised_key(write.item if isinstance(write, PutItem) else write.key, self.table.key_names())


def _batches(entries: Sequence[Entry], limits: Limits) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) == limits.batch_writes or size + entry.size > limits.batch_bytes):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch


def _estimate(entry: Entry) -> float:
    return float(-(-item_size(entry.item) // _WRITE_UNIT))


def _reason(refused: InvalidRequest | ItemTooLarge) -> str:
    return refused.text if isinstance(refused, InvalidRequest) else str(refused)
