"""A small bank: what its units of work do, and what each of them writes down about itself.

Accounts exchange money, and are closed and opened again; a registration per account number counts how often.
Counters count. Of two doctors on call one may leave as long as the other stays. Every unit of work adds an
entry to the ledger that says which versions it read and which it wrote: the evidence for the checker.
"""

from __future__ import annotations

from dataclasses import dataclass, field

GONE = 1_000_000_000
"""Stands for the version of an item that was deleted: later than every version that it had."""


@dataclass
class Account:
    """Money under a number.

    Attributes:
        incarnation: how often an account was opened under this number, this time included.
    """

    id: str
    balance: int
    incarnation: int
    version: int = 0


@dataclass
class Registration:
    """The register of an account number; it stays when the account is closed."""

    id: str
    openings: int
    version: int = 0


@dataclass
class Counter:
    """A number that only grows."""

    id: str
    value: int = 0
    version: int = 0


@dataclass
class Doctor:
    """One of a pair, of whom one must be on call at any time; `id` is the pair, a dot and a letter."""

    id: str
    on_call: bool = True
    version: int = 0


Watched = Account | Registration | Counter | Doctor
"""What units read and write, and the checker follows."""


@dataclass(frozen=True)
class Touch:
    """One version of an item, as a unit read or wrote it.

    Attributes:
        item: kind and id, such as "account/3".
        incarnation: of the item; 1 for items that are never deleted.
        version: as stored; `GONE` for a deleted item.
        value: what the item is about, as a number.
    """

    item: str
    incarnation: int
    version: int
    value: int

    @property
    def stamp(self) -> Stamp:
        """Its place in the history of the item."""
        return Stamp(self.incarnation, self.version)

    def __str__(self) -> str:
        return f"{self.item} {self.stamp} = {self.value}"


@dataclass(frozen=True, slots=True, order=True)
class Stamp:
    """A place in the history of one item; later ones are greater."""

    incarnation: int
    version: int

    def __str__(self) -> str:
        return f"@{self.incarnation}.{'gone' if self.version == GONE else self.version}"


@dataclass
class LedgerEntry:
    """What one unit did, stored by the unit itself.

    Attributes:
        id: of the unit: worker, a hyphen and a number.
        activity: what it was about.
        reads: each version that it read, at most one per item.
        writes: each version that it wrote.
        blind: item -> what was added to it without reading it, so that its version is not known.
    """

    id: str
    activity: str
    reads: list[Touch] = field(default_factory=list)
    writes: list[Touch] = field(default_factory=list)
    blind: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Letter:
    """One of several that were posted into a box together; boxes are never used again.

    Attributes:
        number: from 0 on.
        urgent: what is looked for when a box is read.
    """

    box: str
    number: int
    urgent: bool

    @classmethod
    def numbered(cls, box: str, number: int) -> Letter:
        """Write the letter of a number; two of three are urgent."""
        return cls(box, number, number % 3 != 0)


def item_name(kind: type[Watched], id_: str) -> str:
    """Name an item."""
    return f"{kind.__name__.lower()}/{id_}"


def incarnation_of(entity: Watched) -> int:
    """Tell which of the items under one key it is."""
    return entity.incarnation if isinstance(entity, Account) else 1


def value_of(entity: Watched) -> int:
    """Reduce an entity to the number that it is about."""
    match entity:
        case Account(balance=balance):
            return balance
        case Registration(openings=openings):
            return openings
        case Counter(value=value):
            return value
        case Doctor(on_call=on_call):
            return int(on_call)


def touch_of(entity: Watched) -> Touch:
    """Describe an entity as it is."""
    return Touch(item_name(type(entity), entity.id), incarnation_of(entity), entity.version, value_of(entity))


def gone(id_: str, openings: int) -> Touch:
    """Describe an account that is closed at present."""
    return Touch(item_name(Account, id_), openings, GONE, 0)
