"""Find the partition keys that take most of the traffic."""

from __future__ import annotations

import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from persistence.advice import Advice, advise
from persistence.stores.layers.observing import Observer, Performed
from persistence.stores.layers.partition_keys import (
    Partition,
    PartitionKey,
    Place,
    key_hash,
    key_in_words,
    partitions_of,
)
from persistence.stores.layers.partitions_report import PartitionRow, PartitionsReport, ThrottlingRow
from persistence.stores.layers.sketch import SpaceSaving
from persistence.stores.layers.throttling import Throttling, throttlings_of
from persistence.stores.layers.windows import Windows

HALF = 0.5


@dataclass(frozen=True, slots=True)
class _Hot:
    """A partition that there is advice about."""

    partition: Partition
    share: float
    operations: int
    reason: str | None = None


class HotPartitions(Observer):
    """A layer that finds partition keys with too large a share of the traffic of their table or index.

    Every read and write counts once for each item that it names; of a query, its partition. It gives the
    advice `hot_partition`, at most once per window for each table and index, where one key has too large a
    share, or where the service says that it throttled because of one key. The advice shows a hash of the
    key; `report()` shows the key too.

    Args:
        share: of the traffic, above which a key is hot.
        minimum: how many operations there must have been before there is advice.
        window: seconds after which what was counted weighs half.
        keys: how many keys are counted at once for each table and index.
        salt: up to 64 bytes that make hashes comparable between processes that share them; by default each
            layer makes some of its own.
        clock: gives seconds that only grow.
    """

    def __init__(
        self,
        *,
        share: float = 0.3,
        minimum: int = 1000,
        window: float = 60.0,
        keys: int = 100,
        salt: bytes | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._share = share
        self._minimum = minimum
        self._window = window
        self._keys = keys
        self._salt = secrets.token_bytes(16) if salt is None else salt
        self._lock = threading.Lock()
        self._windows = Windows(window, clock())
        self._sketches: dict[Place, SpaceSaving[PartitionKey]] = {}
        self._advised: set[Place] = set()
        self._throttling: Counter[tuple[str | None, str | None, str]] = Counter()

    def performed(self, call: Performed) -> None:
        """Count the partitions of an operation, and give advice where one is hot."""
        now = self.clock()
        with self._lock:
            self._fade(self._windows.passed(now))
            hot = [found for partition in partitions_of(call.operation) for found in self._count(partition)]
            hot += [found for throttling in throttlings_of(call) for found in self._note(throttling)]
            news = [found for found in hot if self._is_news(found)]
        for found in news:
            self._advise(found)

    def report(self) -> PartitionsReport:
        """Give the most frequent partition keys, and the reasons of throttling."""
        now = self.clock()
        with self._lock:
            self._fade(self._windows.passed(now))
            rows = [row for place in self._sketches for row in self._rows(place)]
            reasons = self._throttling.most_common()
        rows.sort(key=lambda row: (row.share, row.operations), reverse=True)
        return PartitionsReport(tuple(rows), tuple(ThrottlingRow(*where, times) for where, times in reasons))

    def _count(self, partition: Partition) -> list[_Hot]:
        place, key = partition
        sketch = self._sketches.setdefault(place, SpaceSaving(self._keys))
        sketch.add(key)
        hot = self._seen(partition)
        return [hot] if sketch.total >= self._minimum and hot.share > self._share else []

    def _note(self, throttling: Throttling) -> list[_Hot]:
        where = (throttling.table, throttling.index)
        self._throttling[*where, throttling.reason] += 1
        hit = partitions_of(throttling.hit) if throttling.hit else ()
        partitions = [partition for partition in hit if partition[0] == where]
        for place, key in partitions:
            self._sketches[place].mark(key)
        if not throttling.is_of_a_key:
            return []
        return [self._seen(partition, throttling.reason) for partition in partitions]

    def _seen(self, partition: Partition, reason: str | None = None) -> _Hot:
        place, key = partition
        sketch = self._sketches[place]
        return _Hot(partition, sketch.share(key), round(sketch.total), reason)

    def _is_news(self, hot: _Hot) -> bool:
        place, _ = hot.partition
        if place in self._advised:
            return False
        self._advised.add(place)
        return True

    def _fade(self, windows: int) -> None:
        if windows:
            self._advised.clear()
            for sketch in self._sketches.values():
                sketch.fade(HALF**windows)

    def _rows(self, place: Place) -> list[PartitionRow]:
        sketch = self._sketches[place]
        return [
            PartitionRow(
                *place,
                key_in_words(key),
                key_hash(key, self._salt),
                counter.count,
                sketch.share(key),
                counter.marks,
            )
            for key, counter in sketch.kept.items()
        ]

    def _advise(self, hot: _Hot) -> None:
        (table, index), key = hot.partition
        advise(
            _advice(hot),
            table=table,
            index=index,
            partition=key_hash(key, self._salt),
            share=round(hot.share, 2),
            operations=hot.operations,
            window=self._window,
            **({"reason": hot.reason} if hot.reason else {}),
        )


def _advice(hot: _Hot) -> Advice:
    (table, index), _ = hot.partition
    where = f"index {index!r} of table {table!r}" if index else f"table {table!r}"
    return Advice(
        "hot_partition",
        f"one partition key has {hot.share:.0%} of the traffic of {where}",
        "spread it over several keys, cache what is read of it, or give it an own table",
    )
