"""Access to the bank for a worker, the same to await for synchronous and asynchronous units of work.

Activities are written once, as coroutines over a `Teller`. The synchronous teller never waits, so that
`drive` takes such a coroutine from its beginning to its end in one go.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from persistence import (
    AsyncRepository,
    AsyncUnitOfWork,
    CommitOutcomeUnknown,
    Repository,
    Specification,
    UnitOfWork,
)
from persistence.unit_of_work.policies import Isolation
from tests.simulation.bank.domain import LedgerEntry, Letter, Watched
from tests.simulation.bank.mappings import MAPPINGS

R = TypeVar("R")
W = TypeVar("W", bound=Watched)

PAGE_SIZE = 2
"""Of pages of letters."""


def _urgent_in(box: str) -> Specification[Letter]:
    return Specification[Letter](lambda letter: (letter.box == box) & letter.urgent)


@dataclass(frozen=True, slots=True)
class Manner:
    """How units are done.

    Attributes:
        isolation: their isolation.
        records: whether each leaves a commit record.
    """

    isolation: Isolation
    records: bool

    def commit_id(self, unit_id: str) -> str | None:
        """Give the commit id of a unit."""
        return unit_id if self.records else None


class Teller(Protocol):
    """What a worker can have done. Calls outside a unit act at once."""

    @property
    def manner(self) -> Manner:
        """How units are done."""
        ...

    def unit(self, id_: str) -> AbstractAsyncContextManager[object]:
        """Open a unit for one block; its commit record, if it leaves one, has this id."""
        ...

    async def find(self, kind: type[W], id_: str) -> W | None:
        """Give an entity, or None."""
        ...

    async def find_many(self, kind: type[W], ids: Sequence[str]) -> list[W | None]:
        """Give several entities."""
        ...

    async def add(self, entity: Watched | LedgerEntry) -> None:
        """Put in something new."""
        ...

    async def update(self, entity: Watched) -> None:
        """Save what was read elsewhere."""
        ...

    async def remove(self, entity: Watched) -> None:
        """Delete."""
        ...

    async def add_to(self, kind: type[Watched], id_: str, amount: int) -> None:
        """Add to the value of an entity without reading it."""
        ...

    async def snapshot(self, items: Sequence[tuple[type, str]]) -> tuple[Watched | None, ...]:
        """Read several entities at one moment."""
        ...

    async def post(self, letters: Sequence[Letter]) -> None:
        """Store letters in bulk, not as a whole."""
        ...

    async def urgent_letters(self, box: str, cursor: str | None) -> tuple[list[Letter], str | None]:
        """Give the next few urgent letters of a box, and the cursor behind them."""
        ...

    async def pause(self, seconds: float) -> None:
        """Wait."""
        ...

    async def resume(self, unknown: CommitOutcomeUnknown) -> None:
        """Repeat a commit whose outcome is unknown."""
        ...

    async def was_committed(self, commit_id: str) -> bool:
        """Tell by its commit record whether a unit took effect."""
        ...


class SyncTeller:
    """Works with a `UnitOfWork`.

    Args:
        uow: may be shared between threads.
        manner: how units are done.
    """

    def __init__(self, uow: UnitOfWork, manner: Manner) -> None:
        self.manner = manner
        self._uow = uow
        self._repositories = {kind: Repository(mapping, uow) for kind, mapping in MAPPINGS.items()}

    @asynccontextmanager
    async def unit(self, id_: str) -> AsyncIterator[None]:
        with self._uow(isolation=self.manner.isolation, commit_id=self.manner.commit_id(id_)):
            yield

    async def find(self, kind: type[W], id_: str) -> W | None:
        found: W | None = self._of(kind).find(id_)
        return found

    async def find_many(self, kind: type[W], ids: Sequence[str]) -> list[W | None]:
        return self._of(kind).find_many(ids)

    async def add(self, entity: Watched | LedgerEntry) -> None:
        self._of(type(entity)).add(entity)

    async def update(self, entity: Watched) -> None:
        self._of(type(entity)).update(entity)

    async def remove(self, entity: Watched) -> None:
        self._of(type(entity)).remove(entity)

    async def add_to(self, kind: type[Watched], id_: str, amount: int) -> None:
        self._of(kind).patch(id_).increment("value", amount).execute()

    async def snapshot(self, items: Sequence[tuple[type, str]]) -> tuple[Watched | None, ...]:
        return self._uow.snapshot(*(self._of(kind).key(id_) for kind, id_ in items))

    async def post(self, letters: Sequence[Letter]) -> None:
        with self._of(Letter).bulk() as bulk:
            for letter in letters:
                bulk.add(letter)

    async def urgent_letters(self, box: str, cursor: str | None) -> tuple[list[Letter], str | None]:
        page = self._of(Letter).query(_urgent_in(box)).consistent().page(PAGE_SIZE, cursor)
        return page.items, page.cursor

    async def pause(self, seconds: float) -> None:
        self._uow.timing.sleep(seconds)

    async def resume(self, unknown: CommitOutcomeUnknown) -> None:
        self._uow.resume(unknown)

    async def was_committed(self, commit_id: str) -> bool:
        return self._uow.was_committed(commit_id)

    def _of(self, kind: type[Any]) -> Repository[Any]:
        return self._repositories[kind]


class AsyncTeller:
    """Works with an `AsyncUnitOfWork`.

    Args:
        uow: may be shared between tasks.
        manner: how units are done.
    """

    def __init__(self, uow: AsyncUnitOfWork, manner: Manner) -> None:
        self.manner = manner
        self._uow = uow
        self._repositories = {kind: AsyncRepository(mapping, uow) for kind, mapping in MAPPINGS.items()}

    def unit(self, id_: str) -> AbstractAsyncContextManager[object]:
        return self._uow(isolation=self.manner.isolation, commit_id=self.manner.commit_id(id_))

    async def find(self, kind: type[W], id_: str) -> W | None:
        found: W | None = await self._of(kind).find(id_)
        return found

    async def find_many(self, kind: type[W], ids: Sequence[str]) -> list[W | None]:
        return await self._of(kind).find_many(ids)

    async def add(self, entity: Watched | LedgerEntry) -> None:
        await self._of(type(entity)).add(entity)

    async def update(self, entity: Watched) -> None:
        await self._of(type(entity)).update(entity)

    async def remove(self, entity: Watched) -> None:
        await self._of(type(entity)).remove(entity)

    async def add_to(self, kind: type[Watched], id_: str, amount: int) -> None:
        await self._of(kind).patch(id_).increment("value", amount).execute()

    async def snapshot(self, items: Sequence[tuple[type, str]]) -> tuple[Watched | None, ...]:
        return await self._uow.snapshot(*(self._of(kind).key(id_) for kind, id_ in items))

    async def post(self, letters: Sequence[Letter]) -> None:
        async with self._of(Letter).bulk() as bulk:
            for letter in letters:
                await bulk.add(letter)

    async def urgent_letters(self, box: str, cursor: str | None) -> tuple[list[Letter], str | None]:
        page = await self._of(Letter).query(_urgent_in(box)).consistent().page(PAGE_SIZE, cursor)
        return page.items, page.cursor

    async def pause(self, seconds: float) -> None:
        await self._uow.timing.sleep_async(seconds)

    async def resume(self, unknown: CommitOutcomeUnknown) -> None:
        await self._uow.resume(unknown)

    async def was_committed(self, commit_id: str) -> bool:
        return await self._uow.was_committed(commit_id)

    def _of(self, kind: type[Any]) -> AsyncRepository[Any]:
        return self._repositories[kind]


def drive(coroutine: Coroutine[Any, Any, R]) -> R:
    """Run a coroutine that never waits.

    Raises:
        RuntimeError: it did wait.
    """
    try:
        coroutine.send(None)
    except StopIteration as stop:
        result: R = stop.value
        return result
    coroutine.close()
    raise RuntimeError("a synchronous teller never waits, and this coroutine did")
