"""What a checker finds, as a counter-example that people can read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Literal, assert_never

from tests.simulation.bank.domain import LedgerEntry
from tests.simulation.checker.history import Sight

Witness = LedgerEntry | Sight
"""Who saw or did something: a unit of work, or a snapshot."""


Promise = Literal["lost", "doubled", "invariants", "serialisability"]
"""What must not happen: something lost, something doubled, an invariant or the order of units broken."""


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
    def breaks(self) -> Promise:
        """Which promise it breaks."""
        match self:
            case Kind.LOST_UNIT | Kind.LOST_UPDATE | Kind.LOST_EFFECT | Kind.LOST_LETTER:
                return "lost"
            case Kind.REFUSED_UNIT | Kind.UNANNOUNCED_UNIT | Kind.UNEXPLAINED_WRITE:
                return "doubled"
            case Kind.FALSE_READ | Kind.FRACTURED_READ | Kind.CYCLE:
                return "serialisability"
            case Kind.MONEY | Kind.WRONG_RECORD | Kind.WRONG_SUM | Kind.WRONG_PAGES | Kind.NOBODY_ON_CALL:
                return "invariants"
            case _:
                assert_never(self)

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
