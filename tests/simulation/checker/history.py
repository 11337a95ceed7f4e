"""What is known of a run once it is over: what workers were told, what they saw, and what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tests.simulation.bank.domain import LedgerEntry, Touch


class Outcome(Enum):
    """What a worker was told about a unit that it began."""

    COMMITTED = "committed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    SILENT = "no word"
    """The worker was killed before it was told anything."""


@dataclass(frozen=True, slots=True)
class Told:
    """A unit that a worker announced, and what it was told in the end.

    Attributes:
        id: of the unit.
        activity: what it was about.
        outcome: what its worker was told last.
        bare: the item that it adds 1 to without a ledger entry, for units that do just that.
    """

    id: str
    activity: str
    outcome: Outcome
    bare: str | None = None

    @property
    def certain(self) -> bool:
        """Whether the worker was told an outcome."""
        return self.outcome in (Outcome.COMMITTED, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Sight:
    """What a worker saw at one moment.

    Attributes:
        id: worker, a hyphen and a number, as units have.
        touches: the versions that it saw.
        money: the sum of all accounts, if it saw them all.
    """

    id: str
    touches: tuple[Touch, ...]
    money: int | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """Letters that a worker posted in bulk, and was told are stored.

    Attributes:
        box: where they are.
        letters: how many.
        browsed: the numbers of the urgent ones, as the worker then saw them page by page; None if it did not.
    """

    box: str
    letters: int
    browsed: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class History:
    """A run that is over.

    Attributes:
        serializable: whether its units ran with that isolation.
        money: how much there must be.
        told: every unit that was announced.
        ledger: every unit that took effect.
        sights: every snapshot that was read.
        final: item -> its stored version; deleted ones are missing.
        records: ids of the units that left a commit record; None where none does.
        mail: all letters that were posted, as workers were told.
        letters: box -> numbers of the letters that are stored in it.
    """

    serializable: bool
    money: int
    told: tuple[Told, ...]
    ledger: tuple[LedgerEntry, ...]
    sights: tuple[Sight, ...]
    final: Mapping[str, Touch]
    records: frozenset[str] | None = None
    mail: tuple[Post, ...] = ()
    letters: Mapping[str, frozenset[int]] = field(default_factory=dict)


def worker_and_number(id_: str) -> tuple[str, int]:
    """Tell whose unit or snapshot it is, and which of them."""
    worker, _, number = id_.rpartition("-")
    return worker, int(number)
