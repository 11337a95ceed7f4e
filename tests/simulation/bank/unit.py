"""One unit of work in the making, which writes down what it reads and writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from tests.simulation.bank.domain import (
    GONE,
    Account,
    Counter,
    LedgerEntry,
    Registration,
    Touch,
    Watched,
    gone,
    incarnation_of,
    item_name,
    touch_of,
    value_of,
)
from tests.simulation.bank.tellers import Teller

W = TypeVar("W", bound=Watched)


class Unit:
    """What activities work with: a teller's calls, each of them written down.

    Args:
        teller: does the work.
        id_: of the unit.
        activity: what it is about.
    """

    def __init__(self, teller: Teller, id_: str, activity: str) -> None:
        self._teller = teller
        self._id = id_
        self._activity = activity
        self._read: dict[str, Touch] = {}
        self._found: dict[str, Watched] = {}
        self._written: dict[str, Touch] = {}
        self._blind: dict[str, int] = {}

    async def find(self, kind: type[W], id_: str) -> W | None:
        """Read an entity that is never deleted."""
        found = await self._teller.find(kind, id_)
        return None if found is None else self._note(found)

    async def accounts(self, ids: Sequence[str]) -> list[Account | None]:
        """Read several accounts; of closed ones it is written down when they were closed."""
        found = await self._teller.find_many(Account, ids)
        for id_, account in zip(ids, found, strict=True):
            if account is None:
                await self._note_closed(id_)
            else:
                self._note(account)
        return found

    async def add(self, entity: Watched) -> None:
        """Add an entity."""
        await self._teller.add(entity)
        written = touch_of(entity)
        self._written[written.item] = Touch(written.item, written.incarnation, 0, written.value)

    async def remove(self, entity: Watched) -> None:
        """Delete an entity that was found."""
        await self._teller.remove(entity)
        item = item_name(type(entity), entity.id)
        self._written[item] = Touch(item, incarnation_of(entity), GONE, 0)

    async def update(self, entity: Watched, read: Touch) -> None:
        """Save an entity that was read before the unit began, as it was then.

        Args:
            entity: with its changes.
            read: what was read.
        """
        self._read[read.item] = read
        self._found[read.item] = entity
        await self._teller.update(entity)

    async def count(self, counter: str, amount: int) -> None:
        """Add to a counter without reading it."""
        await self._teller.add_to(Counter, counter, amount)
        item = item_name(Counter, counter)
        self._blind[item] = self._blind.get(item, 0) + amount

    async def tally(self, tally: str) -> None:
        """Add 1 to a counter without reading it, as the only thing that the unit does."""
        await self._teller.add_to(Counter, tally, 1)

    async def write_down(self) -> None:
        """Add the ledger entry; the last thing that a unit does."""
        for item, entity in self._found.items():
            read = self._read[item]
            if item not in self._written and value_of(entity) != read.value:
                self._written[item] = Touch(item, read.incarnation, read.version + 1, value_of(entity))
        reads, writes = list(self._read.values()), list(self._written.values())
        await self._teller.add(LedgerEntry(self._id, self._activity, reads, writes, self._blind))

    async def _note_closed(self, id_: str) -> None:
        # Between the two reads the account may have been opened and closed again. Then a serializable unit is
        # refused; any other one could write down a moment that it did not see.
        registration = await self._teller.find(Registration, id_)
        if registration is not None and self._teller.manner.isolation == "serializable":
            self._note(registration)
            closed = gone(id_, registration.openings)
            self._read.setdefault(closed.item, closed)

    def _note(self, entity: W) -> W:
        touch = touch_of(entity)
        self._read.setdefault(touch.item, touch)
        self._found.setdefault(touch.item, entity)
        return entity
