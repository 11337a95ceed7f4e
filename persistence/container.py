"""The composition root: what `dependency-injector` builds for an application.

    class Shop(containers.DeclarativeContainer):
        config = providers.Configuration()
        persistence = providers.Container(PersistenceContainer, config=config.persistence)
        orders = providers.ThreadSafeSingleton(Repository, OrderMapping, persistence.uow)
        place_order = providers.Factory(PlaceOrder, orders=orders, uow=persistence.uow)

For a test, override the store of a container instance; repositories and units of work that are built already
use it at once, and the old one again when the override ends:

    with shop.persistence.store.override(providers.Object(MemoryStore())):
        ...
"""

from __future__ import annotations

import threading
from typing import Any
from weakref import WeakKeyDictionary

from dependency_injector import containers, providers

from persistence.errors import ConfigurationError
from persistence.mapping import MappingRegistry
from persistence.repository import AsyncRepository, Repository
from persistence.schema import AsyncSchemaService, SchemaService
from persistence.store import AWS_LIMITS, AsyncStore
from persistence.stores.dynamodb import AsyncDynamoStore, DynamoStore
from persistence.stores.memory import AsyncMemoryStore, MemoryStore
from persistence.stores.tenancy import for_tenant
from persistence.unit_of_work import DEFAULT_DEADLINE, AsyncUnitOfWork, UnitOfWork

STORES = ("memory", "dynamodb")
DEFAULT_STORE = "memory"


_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


def _store_name(configured: str | None) -> str:
    name = configured or DEFAULT_STORE
    if name not in STORES:
        raise ConfigurationError(
            f"store is {name!r}; it is one of {', '.join(STORES)}, or override the provider"
        )
    return name


def _deadline(configured: float | str | None) -> float:
    try:
        return DEFAULT_DEADLINE if configured is None else float(configured)
    except ValueError:
        raise ConfigurationError(f"deadline is {configured!r}; it is a number of seconds") from None


def _autocommit(configured: bool | str | None) -> bool:
    text = str(True if configured is None else configured).lower()
    if text not in _TRUE + _FALSE:
        raise ConfigurationError(f"autocommit is {configured!r}; it is true or false")
    return text in _TRUE


def _cursor_keys(configured: object) -> object:
    """Split the text of an environment; what the keys can't be is refused by the unit of work."""
    return [key.strip() for key in configured.split(",")] if isinstance(configured, str) else configured


def _store_of(tenant: str | None, store: Any) -> Any:
    """Give the store of a tenant; the store itself where there is none."""
    return store if tenant is None else for_tenant(store, tenant)


class _AsynchronousSides:
    """Gives the asynchronous side of a store, one for each store."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: WeakKeyDictionary[Any, AsyncStore] = WeakKeyDictionary()

    def of(self, store: Any) -> AsyncStore:
        with self._lock:
            if store not in self._known:
                self._known[store] = _asynchronous(store)
            return self._known[store]


def _asynchronous(store: Any) -> AsyncStore:
    if isinstance(store, MemoryStore):
        return AsyncMemoryStore(store)
    if isinstance(store, DynamoStore):
        return AsyncDynamoStore(store)
    raise ConfigurationError(
        f"there is no asynchronous side of {type(store).__name__}; override the provider async_store as well"
    )


class PersistenceContainer(containers.DeclarativeContainer):
    """Configuration, stores, units of work, schema service and repositories, synchronous and asynchronous.

    Configuration (all optional):

    - `store`: "memory" (default) or "dynamodb".
    - `region`, `endpoint_url`: for the DynamoDB client; by default as boto3 finds them.
    - `deadline`: seconds for which a commit is repeated, default 8.
    - `single_write`: "transaction" (default) or "conditional".
    - `commit_record`: the name of a table for commit records; none by default.
    - `autocommit`: False makes writes outside a unit an error.
    - `scan_policy`: "warn" (default), "forbid" or "allow".
    - `cursor_keys`: the secret keys of the cursors of pages, the one that seals first: a list, or a text with
      commas between them, as from an environment variable; or `CursorKeys`. By default a random key for each
      unit of work.

    Providers to override:

    - `store`; `async_store` is the asynchronous side of the same store, and follows it.
    - `events`: handlers of domain events; `outbox`: the mapping of an outbox.
    - `tenant`: the name of the tenant whose entities units of work opened now work on, for mappings that are
      scoped to tenants: for example a `Callable` that reads a `ContextVar`. None by default.
    - `client`: a boto3 DynamoDB client; None for one that the store makes.
    - `limits`: what one request may hold, where a server takes less than AWS.
    - `mappings`: those that the schema service knows.
    """

    config = providers.Configuration()
    mappings = providers.Object(())
    limits = providers.Object(AWS_LIMITS)
    client: providers.Provider[Any] = providers.Object(None)
    tenant: providers.Provider[Any] = providers.Object(None)
    events: providers.Provider[Any] = providers.Object(None)
    outbox: providers.Provider[Any] = providers.Object(None)

    store = providers.Selector(
        providers.Callable(_store_name, config.store),
        memory=providers.ThreadSafeSingleton(MemoryStore, limits=limits),
        dynamodb=providers.ThreadSafeSingleton(
            DynamoStore, client, region=config.region, endpoint_url=config.endpoint_url, limits=limits
        ),
    )

    async_store = providers.Callable(
        _AsynchronousSides.of, providers.ThreadSafeSingleton(_AsynchronousSides), store
    )

    _policies: dict[str, providers.Provider[Any]] = {  # noqa: RUF012  # read once, when the class is made
        "deadline": providers.Callable(_deadline, config.deadline),
        "autocommit": providers.Callable(_autocommit, config.autocommit),
        "scan_policy": providers.Callable(lambda policy: policy or "warn", config.scan_policy),
        "single_write": providers.Callable(lambda word: word or "transaction", config.single_write),
        "commit_record": providers.Callable(lambda table: table or None, config.commit_record),
        "cursor_keys": providers.Callable(_cursor_keys, config.cursor_keys),
        "events": events,
        "outbox": outbox,
    }

    # The stores' providers, not stores: an override reaches units of work that exist already.
    tenant_store = providers.Callable(_store_of, tenant, store)
    async_tenant_store = providers.Callable(_store_of, tenant, async_store)
    uow = providers.ThreadSafeSingleton(UnitOfWork, tenant_store.provider, **_policies)
    async_uow = providers.ThreadSafeSingleton(AsyncUnitOfWork, async_tenant_store.provider, **_policies)

    schema = providers.ThreadSafeSingleton(SchemaService, store.provider, mappings)
    async_schema = providers.ThreadSafeSingleton(AsyncSchemaService, async_store.provider, mappings)
    registry = providers.ThreadSafeSingleton(lambda mappings: MappingRegistry(*mappings), mappings)
    repository = providers.Factory(Repository, uow=uow)
    async_repository = providers.Factory(AsyncRepository, uow=async_uow)
