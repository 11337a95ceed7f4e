"""Help for testing code that is built on `persistence`.

With pytest its fixtures are there by themselves: `uow`, `repository_of(OrderMapping)`, `cost_budget` and
others of `persistence.testing.plugin`. Without it, or beside it:

- `InMemoryRepository` and `AsyncInMemoryRepository` are repositories for the test of a service, and
  `in_memory(container)` puts a store in memory under a whole application;
- `load_fixture` puts entities into a store, from objects, dicts or files;
- `FrozenClock` and `SequentialIds` are time and identifiers that a test decides;
- `cost_budget` and `forbid_scans` make blocks that fail if their code costs too much, or scans;
- `ExpectingStore` holds what comes against what a test expects, and `assert_committed` and its like tell
  what was written; `cassette` records operations and their answers, and replays them;
- `entities(OrderMapping)` and `items(OrderMapping)` are strategies of hypothesis;
- `persistence.testing.servers` starts local DynamoDB servers; `persistence.testing.faults` breaks what
  networks and services break; `persistence.testing.contract` is the suite that every store must pass.

Names are loaded when they are first used, so that importing this package needs none of the packages of the
extra `testing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.testing.budgets import CostBudget as CostBudget
    from persistence.testing.budgets import CostBudgetExceeded as CostBudgetExceeded
    from persistence.testing.budgets import belongs_to_the_test as belongs_to_the_test
    from persistence.testing.budgets import cost_budget as cost_budget
    from persistence.testing.budgets import stores_of_a_test as stores_of_a_test
    from persistence.testing.clocks import FrozenClock as FrozenClock
    from persistence.testing.clocks import SequentialIds as SequentialIds
    from persistence.testing.expecting import ANY as ANY
    from persistence.testing.expecting import AsyncExpectingStore as AsyncExpectingStore
    from persistence.testing.expecting import Check as Check
    from persistence.testing.expecting import Delete as Delete
    from persistence.testing.expecting import ExpectationFailed as ExpectationFailed
    from persistence.testing.expecting import ExpectingStore as ExpectingStore
    from persistence.testing.expecting import Put as Put
    from persistence.testing.expecting import Update as Update
    from persistence.testing.expecting import assert_committed as assert_committed
    from persistence.testing.expecting import assert_not_stored as assert_not_stored
    from persistence.testing.expecting import assert_nothing_committed as assert_nothing_committed
    from persistence.testing.expecting import assert_operations as assert_operations
    from persistence.testing.expecting import assert_stored as assert_stored
    from persistence.testing.expecting import async_assert_not_stored as async_assert_not_stored
    from persistence.testing.expecting import async_assert_stored as async_assert_stored
    from persistence.testing.expecting import nothing_committed as nothing_committed
    from persistence.testing.memory_stores import asynchronous_side as asynchronous_side
    from persistence.testing.memory_stores import new_async_memory_store as new_async_memory_store
    from persistence.testing.memory_stores import new_memory_store as new_memory_store
    from persistence.testing.overriding import StoreOverride as StoreOverride
    from persistence.testing.overriding import in_memory as in_memory
    from persistence.testing.recordings import AsyncReplayStore as AsyncReplayStore
    from persistence.testing.recordings import Recorder as Recorder
    from persistence.testing.recordings import ReplayStore as ReplayStore
    from persistence.testing.recordings import cassette as cassette
    from persistence.testing.repositories import AsyncInMemoryRepository as AsyncInMemoryRepository
    from persistence.testing.repositories import AsyncRepositoryMaker as AsyncRepositoryMaker
    from persistence.testing.repositories import InMemoryRepository as InMemoryRepository
    from persistence.testing.repositories import RepositoryMaker as RepositoryMaker
    from persistence.testing.scans import ForbiddenScan as ForbiddenScan
    from persistence.testing.scans import ScanGuard as ScanGuard
    from persistence.testing.scans import forbid_scans as forbid_scans
    from persistence.testing.seeding import FixtureError as FixtureError
    from persistence.testing.seeding import FixtureLoader as FixtureLoader
    from persistence.testing.seeding import Loaded as Loaded
    from persistence.testing.seeding import RawItem as RawItem
    from persistence.testing.seeding import async_load_fixture as async_load_fixture
    from persistence.testing.seeding import load_fixture as load_fixture
    from persistence.testing.server_stores import new_dynamodb_local_store as new_dynamodb_local_store
    from persistence.testing.server_stores import new_moto_client as new_moto_client
    from persistence.testing.server_stores import new_moto_store as new_moto_store
    from persistence.testing.servers import DynamoDBLocal as DynamoDBLocal
    from persistence.testing.servers import ServerUnavailable as ServerUnavailable
    from persistence.testing.spending import Charge as Charge
    from persistence.testing.strategies import entities as entities
    from persistence.testing.strategies import items as items
    from persistence.testing.tapping import tapped as tapped

__all__ = [
    "ANY",
    "AsyncExpectingStore",
    "AsyncInMemoryRepository",
    "AsyncReplayStore",
    "Charge",
    "Check",
    "CostBudget",
    "CostBudgetExceeded",
    "Delete",
    "ExpectationFailed",
    "ExpectingStore",
    "FixtureError",
    "ForbiddenScan",
    "FrozenClock",
    "InMemoryRepository",
    "Loaded",
    "Put",
    "RawItem",
    "Recorder",
    "ReplayStore",
    "SequentialIds",
    "Update",
    "assert_committed",
    "assert_not_stored",
    "assert_nothing_committed",
    "assert_operations",
    "assert_stored",
    "async_assert_not_stored",
    "async_assert_stored",
    "async_load_fixture",
    "cassette",
    "cost_budget",
    "entities",
    "forbid_scans",
    "in_memory",
    "items",
    "load_fixture",
    "nothing_committed",
    "tapped",
]

# Those that `__all__` leaves out are the plugin's.
__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.testing.budgets": (
            "CostBudget",
            "CostBudgetExceeded",
            "belongs_to_the_test",
            "cost_budget",
            "stores_of_a_test",
        ),
        "persistence.testing.clocks": ("FrozenClock", "SequentialIds"),
        "persistence.testing.expecting": (
            "ANY",
            "AsyncExpectingStore",
            "Check",
            "Delete",
            "ExpectationFailed",
            "ExpectingStore",
            "Put",
            "Update",
            "assert_committed",
            "assert_not_stored",
            "assert_nothing_committed",
            "assert_operations",
            "assert_stored",
            "async_assert_not_stored",
            "async_assert_stored",
            "nothing_committed",
        ),
        "persistence.testing.memory_stores": (
            "asynchronous_side",
            "new_async_memory_store",
            "new_memory_store",
        ),
        "persistence.testing.overriding": ("StoreOverride", "in_memory"),
        "persistence.testing.recordings": ("AsyncReplayStore", "Recorder", "ReplayStore", "cassette"),
        "persistence.testing.repositories": (
            "AsyncInMemoryRepository",
            "AsyncRepositoryMaker",
            "InMemoryRepository",
            "RepositoryMaker",
        ),
        "persistence.testing.scans": ("ForbiddenScan", "ScanGuard", "forbid_scans"),
        "persistence.testing.seeding": (
            "FixtureError",
            "FixtureLoader",
            "Loaded",
            "RawItem",
            "async_load_fixture",
            "load_fixture",
        ),
        "persistence.testing.server_stores": (
            "new_dynamodb_local_store",
            "new_moto_client",
            "new_moto_store",
        ),
        "persistence.testing.servers": ("DynamoDBLocal", "ServerUnavailable"),
        "persistence.testing.spending": ("Charge",),
        "persistence.testing.strategies": ("entities", "items"),
        "persistence.testing.tapping": ("tapped",),
    },
)
