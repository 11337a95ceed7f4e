"""Histories of lists that are only appended to, and of registers that are only replaced.

Every value is written once in a run. So a list that was read shows the order of all that was written to it
before, and each value of a register leads to the one that its writer had read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tests.simulation.checker.findings import Promise

Level = Literal["unit", "snapshot", "query", "index"]
"""How it was read: in a unit of work, in a transactional read, by a consistent query, by an index."""

Fate = Literal["committed", "refused", "unknown"]

Values = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Txn:
    """What one worker did at once.

    Attributes:
        id: unique in a run.
        worker: who did it.
        level: how it read.
        begun: its place among all beginnings and ends of a run.
        ended: the same of its end.
        fate: what its worker was told.
        reads: key -> what was found there: of a list all values, of a register the one that it has.
        writes: key and value, in the order in which they were written.
    """

    id: str
    worker: int
    level: Level
    begun: int
    ended: int
    fate: Fate
    reads: tuple[tuple[str, Values], ...] = ()
    writes: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        reads = [f"read {key} = {[*values]}" for key, values in self.reads]
        writes = [f"wrote {value} to {key}" for key, value in self.writes]
        return (
            f"{self.id} ({self.level}, {self.fate}, {self.begun}-{self.ended}): {'; '.join(reads + writes)}"
        )


AnomalyKind = Literal[
    "duplicate",
    "lost write",
    "aborted write",
    "value from nowhere",
    "incompatible order",
    "intermediate read",
    "stale read",
    "lost update",
    "cycle",
]


PROMISE_OF: Mapping[AnomalyKind, Promise] = {
    "duplicate": "doubled",
    "lost write": "lost",
    "aborted write": "doubled",
    "value from nowhere": "doubled",
    "incompatible order": "serialisability",
    "intermediate read": "serialisability",
    "stale read": "serialisability",
    "lost update": "lost",
    "cycle": "serialisability",
}
"""Which promise each of them breaks."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """Something that a level rules out, with all that it takes to see it.

    Attributes:
        kind: what it is.
        what: in one line.
        txns: those concerned.
        links: how they hang together, in words.
    """

    kind: AnomalyKind
    what: str
    txns: tuple[Txn, ...] = ()
    links: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.kind}: {self.what}", *(f"    {txn}" for txn in self.txns)]
        return "\n".join([*lines, *(f"    {link}" for link in self.links)])
