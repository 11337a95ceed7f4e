"""What a checker finds, as a counter-example that people can read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from tests.simulation.bank.domain import LedgerEntry
from tests.simulation.checker.history import Sight

Witness = LedgerEntry | Sight
"""Who saw or did something: a unit of work, or a snapshot."""


class Kind(Enum):
    """What is wrong."""

    MONEY = "money was made or lost"
    LOST_UNIT = "acknowledged, but not stored"
    REFUSED_UNIT = "refused, but stored"
    UNANNOUNCED_UNIT = "stored, but nobody began it"
    WRONG_RECORD = "a commit record that is wrong, or missing"
    LOST_UPDATE = "lost update"
    LOST_EFFECT = "a unit took effect in part"
    UNEXPLAINED_WRITE = "applied twice, or by nobody"
    FALSE_READ = "read what nobody wrote"
    WRONG_SUM = "a sum does not add up"
    LOST_LETTER = "acknowledged in bulk, but not stored"
    WRONG_PAGES = "pages left something out, or showed it twice"
    FRACTURED_READ = "a snapshot saw half of a unit"
    CYCLE = "units that fit into no order"
    NOBODY_ON_CALL = "nobody is on call"

    @property
    def needs_serializable(self) -> bool:
        """Whether only serializable units rule it out."""
        return self in (Kind.CYCLE, Kind.NOBODY_ON_CALL)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        what: in one line.
        witnesses: ids of the units and snapshots concerned.
        evidence: their contents, line by line.
    """

    kind: Kind
    what: str
    witnesses: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([f"{self.kind.value}: {self.what}", *(f"    {line}" for line in self.evidence)])


def finding(kind: Kind, what: str, witnesses: Iterable[Witness] = (), links: Iterable[str] = ()) -> Finding:
    """Make a finding that shows all that its witnesses did.

    Args:
        kind: what is wrong.
        what: the same about the case at hand.
        witnesses: the units and snapshots concerned, each once.
        links: how they hang together, in words.
    """
    each = {witness.id: witness for witness in witnesses}
    lines = [line for witness in each.values() for line in _described(witness)]
    return Finding(kind, what, tuple(each), (*lines, *links))


def _described(witness: Witness) -> list[str]:
    match witness:
        case Sight(touches=touches):
            return [f"{witness.id} (snapshot)", *(f"    saw {touch}" for touch in touches)]
        case LedgerEntry():
            return [
                f"{witness.id} ({witness.activity})",
                *(f"    read {touch}" for touch in witness.reads),
                *(f"    wrote {touch}" for touch in witness.writes),
                *(f"    added {amount} to {item}" for item, amount in witness.blind.items()),
            ]
