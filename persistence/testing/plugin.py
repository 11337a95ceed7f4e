"""The pytest plugin: fixtures, markers and an option, for tests of what is built on this library.

It is loaded with every run of pytest where the library is installed, so that it imports nothing until one of
its fixtures is used. A fixture of the same name in a conftest.py or a test module takes its place.

| fixture                                      | gives                                                      |
|----------------------------------------------|------------------------------------------------------------|
| `frozen_clock`, `sequential_ids`             | time and identifiers that the test decides                 |
| `persistence_store`                          | the store of the test: in memory, or as the option says    |
| `memory_store`, `moto_store`                 | a store of that kind, whatever the option says             |
| `dynamodb_local`, `dynamodb_local_store`     | the endpoint of a server for the session; a store on it    |
| `uow`, `repository_of`                       | a unit of work over the test's store, and its repositories |
| `async_persistence_store`, `async_memory_store`, `async_uow`, `async_repository_of` | the same, awaited  |
| `cost_budget`                                | blocks that fail if they cost more than they may           |
| `load_fixture`                               | entities in the test's store, also from files              |
| `override_store`                             | the test's store under a container                         |

It has no assertions that pytest could improve, and may be imported before pytest looks at it:
PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

import persistence.testing as kit
import persistence.unit_of_work as units

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

    from persistence.store import AsyncStore, Store
    from persistence.stores.dynamodb import DynamoStore
    from persistence.stores.memory import AsyncMemoryStore, MemoryStore
    from persistence.testing import (
        AsyncRepositoryMaker,
        CostBudget,
        FixtureLoader,
        FrozenClock,
        RepositoryMaker,
        ScanGuard,
        SequentialIds,
        StoreOverride,
    )
    from persistence.unit_of_work import AsyncUnitOfWork, UnitOfWork
    from persistence.unit_of_work.policies import ScanPolicy

STORES = {
    "memory": "memory_store",
    "moto": "moto_store",
    "dynamodb-local": "dynamodb_local_store",
}
"""What the option takes, and the fixture of each."""

MARKERS = (
    "forbid_scans: stores of the fixtures of `persistence` refuse to scan a table or index",
    "persistence_store(name): the fixtures of `persistence` stand on this store, whatever the option says",
)
OF_A_TEST = (
    "persistence_store",
    "async_persistence_store",
    "memory_store",
    "moto_store",
    "dynamodb_local_store",
)
"""Fixtures that give stores, also where the user has written them anew."""

_OF_ANY_KIND = {"persistence_store", "async_persistence_store"}

_GUARD = pytest.StashKey["ScanGuard"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that picks the store, on the command line and in the configuration."""
    names = ", ".join(STORES)
    group = parser.getgroup("persistence", "repositories and units of work")
    group.addoption(
        "--persistence-store",
        metavar="NAME",
        help=f"the store that the fixtures of persistence stand on: {names} (default: memory)",
    )
    parser.addini("persistence_store", f"the default of --persistence-store: {names}", default="memory")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and check the option."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    _check_name(_configured(config), "--persistence-store, or persistence_store in the configuration,")


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which store the tests stand on, where it is not the one in memory."""
    name = _configured(config)
    return None if name == "memory" else f"persistence store: {name}"


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Have a guard in a test that is forbidden to scan, also where all of its fixtures are the user's."""
    names = getattr(item, "fixturenames", None)
    if names is not None and item.get_closest_marker("forbid_scans") and "_persistence_stores" not in names:
        names.append("_persistence_stores")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Take stores of the user's, and fail a test that was forbidden to scan, and swallowed the error."""
    __tracebackhide__ = True
    given = getattr(item, "funcargs", {})
    for name in _OF_ANY_KIND & given.keys():
        _check_store(given[name], name)
    if "_persistence_stores" in given:
        for name in OF_A_TEST:
            if hasattr(given.get(name), "perform"):
                given["_persistence_stores"].take(given[name])
    outcome = yield
    guard = item.stash.get(_GUARD, None)
    if guard is not None:
        guard.check()
    return outcome


def _configured(config: pytest.Config) -> str:
    return str(config.getoption("--persistence-store") or config.getini("persistence_store"))


def _check_name(name: object, where: str) -> str:
    if name not in STORES:
        raise pytest.UsageError(f"{where} is one of {', '.join(STORES)}, not {name!r}")
    return str(name)


def _check_store(store: object, name: str = "persistence_store") -> None:
    """Refuse the name of a store in its place, as parameters of tests are handed on.

    Raises:
        pytest.UsageError: with the remedy.
    """
    if isinstance(store, str):
        raise pytest.UsageError(
            f"{name} is the text {store!r} and no store: to run a test on several stores write "
            f'@pytest.mark.parametrize("persistence_store", ["memory", "moto"], indirect=True), with indirect'
        )


def _store_name(request: pytest.FixtureRequest) -> str:
    if hasattr(request, "param"):
        return _check_name(request.param, "the parameter of persistence_store")
    marker = request.node.get_closest_marker("persistence_store")
    if marker is None:
        return _configured(request.config)
    if len(marker.args) != 1 or marker.kwargs:
        raise pytest.UsageError('write @pytest.mark.persistence_store("memory"), with one name')
    return _check_name(marker.args[0], "@pytest.mark.persistence_store")


# Time and identifiers


@pytest.fixture
def frozen_clock() -> FrozenClock:
    """Give a clock that stands still until the test moves it: `.now`, `.advance(...)`, `.move_to(...)`."""
    return kit.FrozenClock()


@pytest.fixture
def sequential_ids() -> SequentialIds:
    """Give identifiers that are counted, for the `ids=` of units of work: `id-1`, `id-2` ..."""
    return kit.SequentialIds()


# Stores


class _Stores:
    """Takes the stores of a test's fixtures: budgets watch them, and the marker guards them."""

    def __init__(self, request: pytest.FixtureRequest, taps: ExitStack) -> None:
        self._taps = taps
        self._guard: ScanGuard | None = None
        if request.node.get_closest_marker("forbid_scans") is not None:
            self._guard = request.node.stash[_GUARD] = kit.ScanGuard()

    @property
    def scan_policy(self) -> ScanPolicy:
        return "warn" if self._guard is None else "forbid"

    def take(self, store: Store | AsyncStore) -> None:
        if kit.belongs_to_the_test(store) and self._guard is not None:
            self._taps.enter_context(kit.tapped(store, self._guard))


@pytest.fixture
def _persistence_stores(request: pytest.FixtureRequest) -> Iterator[_Stores]:
    with kit.stores_of_a_test(), ExitStack() as taps:
        yield _Stores(request, taps)


@pytest.fixture
def memory_store(frozen_clock: FrozenClock, _persistence_stores: _Stores) -> MemoryStore:
    """Give a new `MemoryStore` that goes by `frozen_clock`."""
    store = kit.new_memory_store(frozen_clock)
    _persistence_stores.take(store)
    return store


@pytest.fixture(scope="session")
def _persistence_moto_client() -> Iterator[DynamoDBClient]:
    with kit.new_moto_client() as client:
        yield client


@pytest.fixture
def moto_store(
    _persistence_moto_client: DynamoDBClient, _persistence_stores: _Stores
) -> Iterator[DynamoStore]:
    """Give a store on moto, empty for each test; tables are made when they are first used."""
    with kit.new_moto_store(_persistence_moto_client) as store:
        _persistence_stores.take(store)
        yield store


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """Give the endpoint of a DynamoDB Local, one per session; where there can be none, skip the test."""
    server = kit.DynamoDBLocal()
    try:
        server.start()
    except kit.ServerUnavailable as error:
        pytest.skip(f"DynamoDB Local can't be had: {error.reason}")
    with server:
        yield server.endpoint_url


@pytest.fixture
def dynamodb_local_store(dynamodb_local: str, _persistence_stores: _Stores) -> Iterator[DynamoStore]:
    """Give a store on DynamoDB Local, empty for each test; tables are made when they are first used."""
    with kit.new_dynamodb_local_store(dynamodb_local) as store:
        _persistence_stores.take(store)
        yield store


@pytest.fixture
def persistence_store(request: pytest.FixtureRequest) -> Store:
    """Give the store that the test stands on: in memory, or what option, marker or parameter say."""
    store: Store = request.getfixturevalue(STORES[_store_name(request)])
    return store


@pytest.fixture
def async_persistence_store(persistence_store: Store, _persistence_stores: _Stores) -> Iterator[AsyncStore]:
    """Give the asynchronous side of `persistence_store`: it holds the same."""
    _check_store(persistence_store)
    with kit.asynchronous_side(persistence_store) as side:
        _persistence_stores.take(side)
        yield side


@pytest.fixture
def async_memory_store(memory_store: MemoryStore) -> AsyncMemoryStore:
    """Give the asynchronous side of `memory_store`: it holds the same."""
    return kit.new_async_memory_store(memory_store)


# Units of work and repositories


@pytest.fixture
def uow(
    persistence_store: Store,
    frozen_clock: FrozenClock,
    sequential_ids: SequentialIds,
    _persistence_stores: _Stores,
) -> UnitOfWork:
    """Give a `UnitOfWork` over `persistence_store`, with `frozen_clock` and `sequential_ids`."""
    _check_store(persistence_store)
    _persistence_stores.take(persistence_store)
    return units.UnitOfWork(
        persistence_store, clock=frozen_clock, ids=sequential_ids, scan_policy=_persistence_stores.scan_policy
    )


@pytest.fixture
def async_uow(
    async_persistence_store: AsyncStore,
    frozen_clock: FrozenClock,
    sequential_ids: SequentialIds,
    _persistence_stores: _Stores,
) -> AsyncUnitOfWork:
    """Give an `AsyncUnitOfWork` over `async_persistence_store`, with `frozen_clock` and `sequential_ids`."""
    _check_store(async_persistence_store, "async_persistence_store")
    return units.AsyncUnitOfWork(
        async_persistence_store,
        clock=frozen_clock,
        ids=sequential_ids,
        scan_policy=_persistence_stores.scan_policy,
    )


@pytest.fixture
def repository_of(uow: UnitOfWork) -> RepositoryMaker:
    """Make repositories over `uow`: `repository_of(OrderMapping)`, or of a class of your own."""
    return kit.RepositoryMaker(uow)


@pytest.fixture
def async_repository_of(async_uow: AsyncUnitOfWork) -> AsyncRepositoryMaker:
    """Make repositories over `async_uow`, as `repository_of` does."""
    return kit.AsyncRepositoryMaker(async_uow)


# What tests do with them


@pytest.fixture
def cost_budget(_persistence_stores: _Stores) -> Callable[..., CostBudget]:
    """Make blocks that fail if they cost more than they may; see `persistence.testing.cost_budget`."""
    return kit.cost_budget


@pytest.fixture
def load_fixture(request: pytest.FixtureRequest, uow: UnitOfWork) -> FixtureLoader:
    """Put entities into the test's store; files are looked for beside the test's own."""
    return kit.FixtureLoader(uow, request.path.parent)


@pytest.fixture
def override_store(persistence_store: Store, _persistence_stores: _Stores) -> Iterator[StoreOverride]:
    """Put the test's store under a container until the test ends: `override_store(shop)`."""
    _check_store(persistence_store)
    _persistence_stores.take(persistence_store)
    with ExitStack() as overrides:
        yield kit.StoreOverride(persistence_store, overrides)
