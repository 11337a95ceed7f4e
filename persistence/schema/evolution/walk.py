"""Going over all items of a table in parallel segments, with a checkpoint after each page."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from persistence.attributes import Item
from persistence.flows import Flow, run_together
from persistence.operations import Page, ScanPage
from persistence.schema.checkpoints import Checkpoint
from persistence.schema.evolution.items import UnfitItem, key_from_text, key_of, key_text
from persistence.schema.evolution.places import Place
from persistence.schema.evolution.report import Outcome
from persistence.schema.evolution.writing import Writer
from persistence.schema.progress import Progress, ProgressCallback

Settle = Callable[[Sequence[Item]], Flow[list[Outcome | UnfitItem]]]
"""Does with items what is to be done, and says for each what has become of it, or why it can't be."""

MOST_FAILURES = 10_000
"""Failures of one pass after which the transform is taken to be wrong, and not the items."""


def one_by_one(settle: Callable[[Item], Flow[Outcome]]) -> Settle:
    """Do something with each item for itself.

    Args:
        settle: does it, and raises `UnfitItem` where it can't be done.
    """

    def settled(item: Item) -> Flow[Outcome | UnfitItem]:
        try:
            return (yield from settle(item))
        except UnfitItem as unfit:
            return unfit

    def settle_all(items: Sequence[Item]) -> Flow[list[Outcome | UnfitItem]]:
        outcomes: list[Outcome | UnfitItem] = []
        for item in items:
            outcomes += [(yield from settled(item))]
        return outcomes

    return settle_all


class TooManyFailures(Exception):
    """More items failed than is worth going on for."""


@dataclass(eq=False, slots=True)
class Walk:
    """Goes over the items of a place, pass by pass.

    Attributes:
        place: what is read, strongly consistent.
        segments: in how many parts at a time.
        page: how many items are read at a time.
        checkpoint: where it is kept how far each pass is.
        writer: asks the store.
        total: how many items there are about; None if that is not known.
        progress: told after each page.
    """

    place: Place
    segments: int
    page: int
    checkpoint: Checkpoint
    writer: Writer
    total: int | None
    progress: ProgressCallback
    _done: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def go(self, name: str, settle: Settle) -> Flow[Counter[str]]:
        """Go over all items, or over those that an interrupted pass has left.

        Args:
            name: of the pass.
            settle: what is done with each item.

        Returns:
            What has become of how many items, by the values of `Outcome`, and "read".

        Raises:
            TooManyFailures: more than 10,000 items failed.
        """
        states = [_State.of(self.checkpoint, f"{name}.{segment}") for segment in range(self.segments)]
        self._done[name] = sum(state.counts["read"] for state in states)
        flows = [self._segment(name, number, state, settle) for number, state in enumerate(states)]
        yield from run_together(flows)
        return self.tallied(name)

    def begun(self, name: str) -> bool:
        """Tell whether something of a pass was done, in this run or an earlier one."""
        parts = (f"{name}.{segment}" for segment in range(self.segments))
        return any(self.checkpoint.part(part) is not None for part in parts)

    def tallied(self, name: str) -> Counter[str]:
        """Give what has become of how many items in a pass so far."""
        states = (_State.of(self.checkpoint, f"{name}.{segment}") for segment in range(self.segments))
        return sum((state.counts for state in states), Counter())

    def failures(self, *names: str) -> dict[str, str]:
        """Give the items that failed in some passes: key as text -> reason."""
        found: dict[str, str] = {}
        for name in names:
            for segment in range(self.segments):
                found |= _State.of(self.checkpoint, f"{name}.{segment}").failed
        return found

    def retry(self, names: tuple[str, ...], settle: Settle) -> Flow[Counter[str]]:
        """Do once more what failed in passes that are over.

        Returns:
            What has become of those items that did not fail again.
        """
        outcomes: Counter[str] = Counter()
        for text in self.failures(*names):
            item = yield from self.writer.get(self.place.table, key_from_text(text))
            (outcome,) = [Outcome.LEFT_OUT] if item is None else (yield from settle([item]))
            if isinstance(outcome, Outcome):
                outcomes[outcome.value] += 1
            self._note(names, text, str(outcome) if isinstance(outcome, UnfitItem) else None)
        return outcomes

    def _note(self, names: tuple[str, ...], text: str, reason: str | None) -> None:
        for name in (f"{name}.{segment}" for name in names for segment in range(self.segments)):
            state = _State.of(self.checkpoint, name)
            if text in state.failed:
                if reason is None:
                    del state.failed[text]
                else:
                    state.failed[text] = reason
                self.checkpoint.save(name, state.as_data())

    def _segment(self, name: str, number: int, state: _State, settle: Settle) -> Flow[None]:
        while not state.done:
            page = yield from self.writer.ask(self._request(number, state.start))
            outcomes = yield from settle(page.items)
            for item, outcome in zip(page.items, outcomes, strict=True):
                self._count(item, outcome, state)
            state.start, state.done = page.last_key, page.last_key is None
            self.checkpoint.save(f"{name}.{number}", state.as_data())
            self._tell(name, page, state)

    def _request(self, number: int, start: Item | None) -> ScanPage:
        parallel = self.segments > 1
        return ScanPage(
            self.place.table,
            filter=self.place.own,
            limit=self.page,
            start=start,
            consistent=True,
            segment=number if parallel else None,
            segments=self.segments if parallel else None,
        )

    def _count(self, item: Item, outcome: Outcome | UnfitItem, state: _State) -> None:
        state.counts["read"] += 1
        if isinstance(outcome, Outcome):
            state.counts[outcome.value] += 1
        else:
            state.failed[key_text(key_of(self.place.table, item))] = str(outcome)

    def _tell(self, name: str, page: Page, state: _State) -> None:
        with self._lock:
            self._done[name] += len(page.items)
            done = self._done[name]
            if len(state.failed) > MOST_FAILURES:
                raise TooManyFailures
            self.progress(Progress(name, done, self.total))


@dataclass(eq=False, slots=True)
class _State:
    """How far a segment of a pass is."""

    start: Item | None = None
    done: bool = False
    counts: Counter[str] = field(default_factory=Counter)
    failed: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, checkpoint: Checkpoint, name: str) -> _State:
        data: Mapping[str, Any] | None = checkpoint.part(name)
        if data is None:
            return cls()
        start = None if data["start"] is None else key_from_text(data["start"])
        return cls(start, data["done"], Counter(data["counts"]), dict(data["failed"]))

    def as_data(self) -> dict[str, Any]:
        return {
            "start": None if self.start is None else key_text(self.start),
            "done": self.done,
            "counts": dict(self.counts),
            "failed": dict(self.failed),
        }
