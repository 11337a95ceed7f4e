"""The worlds of the library: what a program comes to on a store, synchronously and asynchronously."""

from __future__ import annotations

import asyncio
import copy
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from datetime import datetime
from itertools import count, product
from types import MappingProxyType, TracebackType
from typing import Any

from persistence import Repository, SchemaService, Store, UnitOfWork
from persistence.errors import PersistenceError
from persistence.mapping import mapping_of
from persistence.operations import BatchGetItems, DeleteItem, GetItem, PutItem
from persistence.repository import AsyncRepository
from persistence.store import AsyncStore
from persistence.table import Table
from persistence.unit_of_work import AsyncUnitOfWork
from tests.programs.entities import MAPPINGS, TYPES
from tests.programs.kinds import KEYS, KINDS, WRITERS, Kind
from tests.programs.plainly import (
    changed,
    patch_of,
    plain_item,
    raised,
    tagged_item,
    untagged_item,
    values_of,
)
from tests.programs.running import BEGINNING
from tests.programs.steps import (
    Ask,
    Change,
    Enter,
    Event,
    Give,
    Leave,
    Patch,
    Read,
    ReadMany,
    Record,
    Snapshot,
    Tamper,
)
from tests.programs.values import REPLACING, Values, tampered

TABLES: Mapping[Kind, Table] = MappingProxyType(
    {kind: mapping_of(mapping).table for kind, mapping in MAPPINGS.items()}
)

_prefixes = count()


class Trouble(Exception):
    """What goes wrong in programs, past the library."""


def make_tables(store: Store) -> None:
    """Make the tables of all kinds, once for any number of programs."""
    SchemaService(store, list(MAPPINGS.values())).ensure_tables()


class LibraryWorld(ABC):
    """Runs programs on a store; see `running.World`.

    Each program has keys of its own, so that all of them may use the same tables.

    Args:
        store: has the tables of all kinds; it is used for what is done past the library.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._now = BEGINNING
        self._prefix = f"{next(_prefixes)}-"
        self._handled: list[Event] = []
        self._scopes: dict[str, list[Any]] = {writer: [] for writer in WRITERS}
        self._uows = {writer: self._unit_of_work(writer) for writer in WRITERS}
        self._repositories = {
            (writer, kind): self._repository(writer, kind) for writer, kind in product(WRITERS, KINDS)
        }

    @abstractmethod
    def _unit_of_work(self, writer: str) -> Any:
        """Make the unit of work of a writer."""

    @abstractmethod
    def _repository(self, writer: str, kind: Kind) -> Any:
        """Make a repository of a writer."""

    @abstractmethod
    def _done(self, work: Callable[[], Any]) -> Any:
        """Call the library, and await what is to be awaited."""

    @abstractmethod
    def _enter(self, scope: Any) -> Any:
        """Enter a scope."""

    @abstractmethod
    def _leave(self, scope: Any, *error: Any) -> Any:
        """Leave a scope."""

    def set_time(self, now: datetime) -> None:
        """Move the clock."""
        self._now = now

    def kind_of(self, value: object) -> Kind | None:
        """Give the kind of an entity."""
        return TYPES.get(type(value))

    def values_of(self, entity: Any) -> Values:
        """Give the values of an entity."""
        return {**values_of(entity), "id": self._key_of(entity.id)}

    def make(self, kind: Kind, key: str) -> Any:
        """Make an entity by hand."""
        return mapping_of(MAPPINGS[kind]).entity_type(self._id_of(key))

    def copy(self, entity: Any) -> Any:
        """Copy an entity."""
        return copy.deepcopy(entity)

    def edit(self, entity: Any, change: Change) -> Any:
        """Change an entity, or give a changed copy of a frozen one."""
        if change.what == "id":
            change = Change("id", self._id_of(str(change.value)))
        return changed(entity, change)

    def enter(self, step: Enter) -> Any:
        """Enter a scope."""
        uow = self._uows[step.writer]
        scope = uow(isolation=step.isolation) if step.called else uow
        result = self._told(lambda: self._enter(scope))
        if result is uow:
            self._scopes[step.writer].append(scope)
            return None
        return result

    def leave(self, step: Leave) -> Any:
        """Leave the innermost scope."""
        scope = self._scopes[step.writer].pop()
        if not step.failing:
            return self._told(lambda: self._leave(scope, None, None, None))
        trouble = _trouble()
        result = self._told(lambda: self._leave(scope, *trouble))
        return self._told(lambda: _raise(trouble[1])) if result is None else result

    def ask(self, step: Ask | Record | Snapshot) -> Any:
        """Call the unit of work itself."""
        uow = self._uows[step.writer]
        match step:
            case Ask(call="pending"):
                return self._told(lambda: self._pending(uow))
            case Ask(call=call):
                return self._told(lambda: getattr(uow, call)())
            case Record(event=event):
                return self._told(lambda: uow.record(event))
            case Snapshot(places=places):
                keys = [self._repositories[step.writer, kind].key(self._id_of(key)) for kind, key in places]
                return self._told(lambda: uow.snapshot(*keys))

    def read(self, step: Read | ReadMany) -> Any:
        """Read from a repository."""
        repository = self._repositories[step.writer, step.kind]
        if isinstance(step, ReadMany):
            keys = [self._id_of(key) for key in step.keys]
            return self._told(lambda: getattr(repository, step.call)(keys))
        key = self._id_of(step.key)
        if step.call == "query":
            return self._told(lambda: repository.where("id", "=", key).consistent().all())
        return self._told(lambda: getattr(repository, step.call)(key))

    def give(self, step: Give, entity: Any) -> Any:
        """Give an entity to a repository."""
        repository = self._repositories[step.writer, step.ref.kind]
        return self._told(lambda: getattr(repository, step.call)(entity))

    def patch(self, step: Patch) -> Any:
        """Change an item that is not read."""
        repository = self._repositories[step.writer, step.kind]
        return self._told(lambda: patch_of(repository.patch(self._id_of(step.key)), step).execute())

    def _pending(self, uow: Any) -> list[tuple[str, str, str]]:
        return [
            (planned.verb, TYPES[planned.mapping.entity_type].name, self._key_of(planned.key["id"]["S"]))
            for planned in uow.pending
        ]

    def _told(self, work: Callable[[], Any]) -> Any:
        try:
            return self._done(work)
        except (PersistenceError, Trouble) as error:
            return raised(error, self._key_of)

    def handled(self) -> tuple[Event, ...]:
        """Give the events that were handled since this was last asked."""
        events = tuple(self._handled)
        self._handled.clear()
        return events

    def _handle(self, writer: str, event: Event) -> Any:
        """Handle an event; what there is to await is given."""
        self._handled.append(event)
        match event.what:
            case "fail":
                raise Trouble
            case "ask":
                return self._uows[writer].pending
            case "save":
                return self._repositories[writer, event.kind].save(self.make(event.kind, event.key))
            case "note":
                return None

    def tamper(self, step: Tamper) -> None:
        """Change an item past the library."""
        table, key = TABLES[step.kind], {"id": {"S": self._id_of(step.key)}}
        item = None
        if step.change.what not in REPLACING:
            stored = self._store.perform(GetItem(table, key, consistent=True)).item
            item = None if stored is None else untagged_item(stored)
        after = tampered(step.kind, step.key, item, step.change)
        if after is not None:
            self._store.perform(PutItem(table, {**tagged_item(after), **key}))
        elif step.change.what in REPLACING:
            self._store.perform(DeleteItem(table, key))

    def items(self) -> dict[tuple[str, str], Any]:
        """Give all items of the program."""
        places = list(product(KINDS, KEYS))
        gets = [
            GetItem(TABLES[kind], {"id": {"S": self._id_of(key)}}, consistent=True) for kind, key in places
        ]
        answers = self._store.perform(BatchGetItems(tuple(gets))).items
        return {
            (kind.name, key): self._item(item)
            for (kind, key), item in zip(places, answers, strict=True)
            if item is not None
        }

    def _item(self, item: Any) -> Values:
        values = plain_item(item)
        return {**values, "id": self._key_of(values["id"])}

    def _id_of(self, key: str) -> str:
        return f"{self._prefix}{key}"

    def _key_of(self, id_: str) -> str:
        return id_.removeprefix(self._prefix)


class SyncWorld(LibraryWorld):
    """Runs programs with `UnitOfWork` and `Repository`.

    Args:
        store: has the tables of all kinds.
        policies: further arguments of the units of work.
    """

    def __init__(self, store: Store, **policies: Any) -> None:
        self._policies = policies
        self._context = copy_context()
        super().__init__(store)

    def _unit_of_work(self, writer: str) -> UnitOfWork:
        return UnitOfWork(
            self._store,
            clock=lambda: self._now,
            events={Event: lambda event: self._handle(writer, event)},
            **self._policies,
        )

    def _repository(self, writer: str, kind: Kind) -> Repository[Any]:
        return Repository(MAPPINGS[kind], self._uows[writer])

    def _done(self, work: Callable[[], Any]) -> Any:
        return self._context.run(work)

    def _enter(self, scope: Any) -> Any:
        return scope.__enter__()

    def _leave(self, scope: Any, *error: Any) -> Any:
        return scope.__exit__(*error)


class AsyncWorld(LibraryWorld):
    """Runs programs with `AsyncUnitOfWork` and `AsyncRepository`.

    Args:
        loop: where all of it runs.
        store: has the tables of all kinds.
        async_store: has the same items.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, store: Store, async_store: AsyncStore) -> None:
        self._loop = loop
        self._async_store = async_store
        self._context = copy_context()
        super().__init__(store)

    def _unit_of_work(self, writer: str) -> AsyncUnitOfWork:
        async def handle(event: Event) -> None:
            given = self._handle(writer, event)
            if inspect.isawaitable(given):
                await given

        return AsyncUnitOfWork(self._async_store, clock=lambda: self._now, events={Event: handle})

    def _repository(self, writer: str, kind: Kind) -> AsyncRepository[Any]:
        return AsyncRepository(MAPPINGS[kind], self._uows[writer])

    def _done(self, work: Callable[[], Any]) -> Any:
        async def awaited() -> Any:
            given = work()
            return await given if isinstance(given, Awaitable) else given

        return self._loop.run_until_complete(self._loop.create_task(awaited(), context=self._context))

    def _enter(self, scope: Any) -> Any:
        return scope.__aenter__()

    def _leave(self, scope: Any, *error: Any) -> Any:
        return scope.__aexit__(*error)


@contextmanager
def event_loop() -> Iterator[asyncio.AbstractEventLoop]:
    """Give a loop of its own for programs."""
    with asyncio.Runner() as runner:
        yield runner.get_loop()


def _trouble() -> tuple[type[Trouble], Trouble, TracebackType | None]:
    try:
        raise Trouble
    except Trouble as trouble:
        return Trouble, trouble, trouble.__traceback__


def _raise(error: Exception) -> None:
    raise error
