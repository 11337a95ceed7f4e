"""`lambda_init`: one store per process, ready before the first event."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any, TypeVar

import persistence.stores.dynamodb as dynamodb
import persistence.stores.memory as memory
import persistence.unit_of_work as units
from persistence.attributes import AttributeValue, Item
from persistence.deadlines import deadline_in
from persistence.errors import ConfigurationError, PersistenceError
from persistence.events import event_log
from persistence.mapping import MappingSchema, mapping_of
from persistence.operations import GetItem
from persistence.repository import Repository
from persistence.serverless.memory import freeze_heap
from persistence.serverless.sizing import Sizing, sizing_for
from persistence.serverless.snapshots import watch_snapshots
from persistence.store import Store
from persistence.stores.dynamodb import DynamoStore
from persistence.table import Table
from persistence.unit_of_work import UnitOfWork

T = TypeVar("T")

CONNECT_SECONDS = 5.0
"""How long a start waits for its first connection; without one it goes on."""

_NOWHERE: dict[str, AttributeValue] = {"S": {"S": "-"}, "N": {"N": "0"}, "B": {"B": b"-"}}


class Ready:
    """What a process has for all its events.

    Attributes:
        store: the store.
        uow: a unit of work over it; each `with` opens a scope of its own.
        mappings: those that were compiled by `lambda_init`.
    """

    def __init__(self, store: Store, uow: UnitOfWork) -> None:
        self.store = store
        self.uow = uow
        self.mappings: tuple[type[MappingSchema[Any]], ...] = ()
        self._repositories: dict[type[MappingSchema[Any]], Repository[Any]] = {}

    def compile(self, *mappings: type[MappingSchema[Any]]) -> None:
        """Compile mappings that are not compiled yet.

        Args:
            mappings: some may be.

        Raises:
            MappingError: one can't be.
        """
        for mapping in mappings:
            mapping_of(mapping)
        self.mappings = tuple(dict.fromkeys((*self.mappings, *mappings)))

    def repository(self, mapping: type[MappingSchema[T]]) -> Repository[T]:
        """Give the repository of a mapping, the same each time.

        Args:
            mapping: need not be one of those that were compiled.
        """
        found: Repository[T] = self._repositories.setdefault(mapping, Repository(mapping, self.uow))
        return found

    @cached_property
    def async_uow(self) -> units.AsyncUnitOfWork:
        """A unit of work for handlers that run an event loop, over the asynchronous side of the store.

        Raises:
            ConfigurationError: the store is neither a `DynamoStore` nor a `MemoryStore`.
        """
        match self.store:
            case DynamoStore() as store:
                return units.AsyncUnitOfWork(dynamodb.AsyncDynamoStore(store))
            case memory.MemoryStore() as store:
                return units.AsyncUnitOfWork(memory.AsyncMemoryStore(store))
            case other:
                raise ConfigurationError(f"there is no asynchronous side of {type(other).__name__}")

    def connect(self) -> bool:
        """Open a connection, by reading an item of the first mapping's table that is not there.

        It costs half a read unit. Whatever the service says, a refusal included, a connection is open then,
        credentials are found and the ways through the client are warm. It takes 5 seconds at most.

        Returns:
            Whether the service answered.
        """
        if not self.mappings:
            return False
        table = mapping_of(self.mappings[0]).table.structure  # whatever else it needs: nothing is found
        try:
            with deadline_in(CONNECT_SECONDS):
                self.store.perform(GetItem(table, _absent(table)))
        except PersistenceError as failure:
            code = getattr(failure, "code", None)
            event_log().warning("store.connect_failed", code=code or type(failure).__name__)
            return code is not None
        return True

    def disconnect(self) -> None:
        """Close the connections, and forget credentials; what is asked next opens and finds them anew."""
        close = getattr(self.store, "close", None)
        if close is not None:
            close()


def lambda_init(
    *mappings: type[MappingSchema[Any]],
    store: Store | None = None,
    region: str | None = None,
    endpoint_url: str | None = None,
    sizing: Sizing | None = None,
    attempts: int = 3,
    unit_of_work: Callable[[Store], UnitOfWork] = UnitOfWork,
    connect: bool = True,
    freeze: bool = True,
) -> Ready:
    """Make a process ready, at module scope: one store, its mappings compiled, a connection open.

    It is done once. Called again with the same settings, by another module for example, it gives the same
    object, and only compiles mappings that are new to it.

    Under SnapStart the connections are closed before the snapshot; in each process that is begun from it a
    new one is opened, with new credentials.

    Args:
        mappings: those that events will need; others are compiled when they are first used.
        store: the store; None for a `DynamoStore` with the settings that follow.
        region: such as "eu-central-1"; by default as boto3 finds it.
        endpoint_url: for local servers.
        sizing: connections and timeouts; None for what suits the memory of the function, see `sizing_for`.
        attempts: how often a request is sent at most, where it may be repeated.
        unit_of_work: makes the unit of work, such as `partial(UnitOfWork, cursor_keys=...)`.
        connect: whether a connection is opened at once; see `Ready.connect`.
        freeze: whether the collector is kept from what was loaded so far; see `freeze_heap`.

    Raises:
        ConfigurationError: it was called before, with other settings; or settings beside a store.
        MappingError: a mapping can't be compiled.
    """
    settings = (store, region, endpoint_url, sizing, attempts, unit_of_work)
    if store is not None and (region, endpoint_url, sizing, attempts) != (None, None, None, 3):
        raise ConfigurationError("lambda_init takes a store, or the settings of one to make, not both")
    with _PROCESS.lock:
        ready = _PROCESS.ready
        if ready is not None and _PROCESS.settings != settings:
            raise ConfigurationError(
                "lambda_init was called before with other settings, and there is one store for each process; "
                "call it in one module, and import its result"
            )
        if ready is not None:
            ready.compile(*mappings)
            return ready
        chosen = _made(region, endpoint_url, sizing or sizing_for(), attempts) if store is None else store
        ready = Ready(chosen, unit_of_work(chosen))
        ready.compile(*mappings)
        _PROCESS.ready, _PROCESS.settings = ready, settings
        if connect:
            ready.connect()
        watch_snapshots(ready.disconnect, ready.connect if connect else ready.disconnect)
    if freeze:
        freeze_heap()
    return ready


class _Process:
    """What was made for this process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ready: Ready | None = None
        self.settings: object = None


_PROCESS = _Process()


def _made(region: str | None, endpoint_url: str | None, sizing: Sizing, attempts: int) -> DynamoStore:
    return DynamoStore(
        region=region,
        endpoint_url=endpoint_url,
        connect_timeout=sizing.connect_timeout,
        read_timeout=sizing.read_timeout,
        attempts=attempts,
        connections=sizing.connections,
    )


def _absent(table: Table) -> Item:
    types = table.key_types
    return {name: _NOWHERE[types[name]] for name in table.key_names()}
