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

from typing import Any

from dependency_injector import containers, providers

from persistence.mapping import MappingRegistry
from persistence.repository import Repository
from persistence.schema import SchemaService
from persistence.store import AWS_LIMITS
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.memory import MemoryStore
from persistence.unit_of_work import DEFAULT_DEADLINE, UnitOfWork

DEFAULT_STORE = "memory"


def _store_name(configured: str | None) -> str:
    return configured or DEFAULT_STORE


def _deadline(configured: float | str | None) -> float:
    return DEFAULT_DEADLINE if configured is None else float(configured)


def _flag(configured: bool | str | None) -> bool:
    return configured not in (False, "false", "False", "0", "no")


class PersistenceContainer(containers.DeclarativeContainer):
    """Configuration, store, unit of work, schema service and repositories.

    Configuration (all optional):

    - `store`: "memory" (default) or "dynamodb".
    - `region`, `endpoint_url`: for the DynamoDB client; by default as boto3 finds them.
    - `deadline`: seconds for which a commit is repeated, default 8.
    - `autocommit`: False makes writes outside a unit an error.
    - `scan_policy`: "warn" (default), "forbid" or "allow".

    Providers to override:

    - `store`.
    - `client`: a boto3 DynamoDB client; None for one that the store makes.
    - `limits`: what one request may hold, where a server takes less than AWS.
    - `mappings`: those that the schema service knows.
    """

    config = providers.Configuration()
    mappings = providers.Object(())
    limits = providers.Object(AWS_LIMITS)
    client: providers.Provider[Any] = providers.Object(None)

    store = providers.Selector(
        providers.Callable(_store_name, config.store),
        memory=providers.ThreadSafeSingleton(MemoryStore, limits=limits),
        dynamodb=providers.ThreadSafeSingleton(
            DynamoStore, client, region=config.region, endpoint_url=config.endpoint_url, limits=limits
        ),
    )

    # The store's provider, not a store: an override reaches units of work that exist already.
    uow = providers.ThreadSafeSingleton(
        UnitOfWork,
        store.provider,
        deadline=providers.Callable(_deadline, config.deadline),
        autocommit=providers.Callable(_flag, config.autocommit),
        scan_policy=providers.Callable(lambda policy: policy or "warn", config.scan_policy),
    )

    schema = providers.ThreadSafeSingleton(SchemaService, store.provider, mappings)
    registry = providers.ThreadSafeSingleton(lambda mappings: MappingRegistry(*mappings), mappings)
    repository = providers.Factory(Repository, uow=uow)
