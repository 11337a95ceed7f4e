"""Readers and writers at work while data is copied and backfilled: no update is lost, all can be read."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from persistence import (
    DynamoStore,
    Key,
    MappingSchema,
    MemoryStore,
    Repository,
    SchemaService,
    Store,
    UnitOfWork,
    fields,
)
from persistence.attributes import Item
from persistence.mapping import mapping_of, upcast
from persistence.operations import PutItem, ScanPage
from persistence.schema.evolution import EvolutionReport
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS, client_for

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEYS = tuple(f"k{number}" for number in range(20))
WRITERS, CHANGES = 4, 25
PATIENCE = 1000


@dataclass
class Old:
    """What the older version of the application has."""

    id: str
    count: int = 0
    version: int = 0


@dataclass
class New:
    """What the newer one has."""

    id: str
    count: int = 0
    label: str = ""
    version: int = 0


class OldMapping(MappingSchema[Old]):
    class Meta:
        table = "counters"
        key = Key("id")
        schema_version = 1

    version = fields.Version()


class CompatibleMapping(MappingSchema[New]):
    """Adds something; the older version can go on."""

    class Meta:
        table = "counters"
        key = Key("id")
        schema_version = 2
        schema_compatible_from = 1

    version = fields.Version()

    @staticmethod
    @upcast(1, 2)
    def add_label(item: Item) -> Item:
        return {**item, "label": {"S": f"label of {item['id']['S']}"}}


class RenamingMapping(MappingSchema[New]):
    """Stores the count elsewhere, where the older version does not find it."""

    class Meta:
        table = "counters"
        key = Key("id")
        schema_version = 2

    count = fields.Integer(data_key="total")
    version = fields.Version()

    @staticmethod
    @upcast(1, 2)
    def rename(item: Item) -> Item:
        return {**item, "total": item.pop("count"), "label": {"S": "renamed"}}


@dataclass
class Bare:
    """Without a version: changed by patches only."""

    id: str
    count: int = 0
    label: str = ""


class BareMapping(MappingSchema[Bare]):
    class Meta:
        table = "counters"
        key = Key("id")
        schema_version = 2

    count = fields.Integer(data_key="total")

    @staticmethod
    @upcast(1, 2)
    def rename(item: Item) -> Item:
        return {**item, "total": item.pop("count")}


class CopiedMapping(MappingSchema[New]):
    class Meta:
        table = "copied"
        key = Key("id")

    count = fields.Integer(data_key="total")
    version = fields.Version()


@pytest.fixture
def local_store(dynamodb_local: str) -> Iterator[Store]:
    client: DynamoDBClient = client_for(dynamodb_local, access_key_id=f"work{uuid4().hex[:12]}")
    yield DynamoStore(client, limits=DYNAMODB_LOCAL_2020_LIMITS)
    client.close()


@pytest.fixture
def memory_store() -> Store:
    return MemoryStore(auto_create=False)


@pytest.fixture(
    params=[
        pytest.param("memory_store", id="memory"),
        pytest.param("local_store", id="dynamodb_local", marks=pytest.mark.dynamodb_local),
    ]
)
def store(request: pytest.FixtureRequest) -> Store:
    """A table of items that an application without schema versions has stored."""
    store: Store = request.getfixturevalue(request.param)
    SchemaService(store, [OldMapping]).ensure_tables()
    for key in KEYS:
        item: Item = {"id": {"S": key}, "count": {"N": "0"}, "other": {"S": "kept"}, "version": {"N": "3"}}
        store.perform(PutItem(mapping_of(OldMapping).table, item))
    return store


@dataclass
class Work:
    """Writers, which count what was acknowledged, and readers, which read all the time."""

    store: Store

    def __post_init__(self) -> None:
        self.acknowledged: Counter[str] = Counter()
        self.reads = 0
        self._lock = threading.Lock()
        self._over = threading.Event()

    @contextmanager
    def going_on(self, *jobs: Callable[[int], None]) -> Iterator[list[Future[None]]]:
        """Have writers at work; at the end they are waited for, and readers end then."""
        with ThreadPoolExecutor(WRITERS + 2) as threads:
            readers = [threads.submit(job, -1) for job in jobs[1:]]
            writers = [threads.submit(jobs[0], number) for number in range(WRITERS)]
            try:
                yield writers
                for writer in writers:
                    writer.result()
            finally:
                self._over.set()
            for reader in readers:
                reader.result()

    def incrementing(self, *mappings: type[MappingSchema[Any]]) -> Callable[[int], None]:
        """Write by units of work, each writer under one of some mappings."""

        def job(number: int) -> None:
            uow = UnitOfWork(self.store)
            repository = Repository(mappings[number % len(mappings)], uow)
            chance = Random(number)
            for _ in range(CHANGES):
                key = chance.choice(KEYS)

                def increment(key: str = key) -> None:
                    repository.get(key).count += 1

                uow.run(increment, attempts=PATIENCE)
                self._acknowledge(key)

        return job

    def patching(self, mapping: type[MappingSchema[Any]]) -> Callable[[int], None]:
        def job(number: int) -> None:
            repository = Repository(mapping, UnitOfWork(self.store))
            chance = Random(number)
            for _ in range(CHANGES):
                key = chance.choice(KEYS)
                repository.patch(key).increment("count").execute()
                self._acknowledge(key)

        return job

    def reading(self, mapping: type[MappingSchema[Any]]) -> Callable[[int], None]:
        """Read until the writers are done; what can't be read ends the test."""

        def job(number: int) -> None:
            repository = Repository(mapping, UnitOfWork(self.store))
            chance = Random(7)
            while not self._over.is_set():
                assert len(repository.scan().all()) == len(KEYS)
                assert repository.get(chance.choice(KEYS)).count >= 0
                self.reads += 1

        return job

    def _acknowledge(self, key: str) -> None:
        with self._lock:
            self.acknowledged[key] += 1


def backfill_until_done(
    service: SchemaService, mapping: type[MappingSchema[Any]], writers: list[Future[None]]
) -> list[EvolutionReport]:
    reports = [service.backfill(mapping, segments=2)]
    while not all(writer.done() for writer in writers):
        reports.append(service.backfill(mapping, segments=2))
    return [*reports, service.backfill(mapping)]


def stored(store: Store, mapping: type[MappingSchema[Any]]) -> dict[str, Item]:
    page = store.perform(ScanPage(mapping_of(mapping).table, consistent=True))
    return {item["id"]["S"]: item for item in page.items}


class TestBackfill:
    def test_beside_a_newer_application(self, store: Store) -> None:
        work, service = Work(store), SchemaService(store)
        with work.going_on(work.incrementing(RenamingMapping), work.reading(RenamingMapping)) as writers:
            reports = backfill_until_done(service, RenamingMapping, writers)
        assert sum(work.acknowledged.values()) == WRITERS * CHANGES
        assert {key: int(item["total"]["N"]) for key, item in stored(store, OldMapping).items()} == {
            key: work.acknowledged[key] for key in KEYS
        }
        assert {item["_v"]["N"] for item in stored(store, OldMapping).values()} == {"2"}
        assert {item["other"]["S"] for item in stored(store, OldMapping).values()} == {"kept"}
        assert work.reads > 0
        assert reports[-1].unchanged == len(KEYS)

    def test_beside_an_older_and_a_newer_application(self, store: Store) -> None:
        work, service = Work(store), SchemaService(store)
        with work.going_on(
            work.incrementing(OldMapping, CompatibleMapping),
            work.reading(OldMapping),
            work.reading(CompatibleMapping),
        ) as writers:
            backfill_until_done(service, CompatibleMapping, writers)
        items = stored(store, OldMapping)
        assert {key: int(item["count"]["N"]) for key, item in items.items()} == {
            key: work.acknowledged[key] for key in KEYS
        }
        assert {key: item["label"]["S"] for key, item in items.items()} == {
            key: f"label of {key}" for key in KEYS
        }

    def test_beside_patches_of_items_without_a_version(self, store: Store) -> None:
        work, service = Work(store), SchemaService(store)
        with work.going_on(work.patching(BareMapping), work.reading(BareMapping)) as writers:
            backfill_until_done(service, BareMapping, writers)
        assert {key: int(item["total"]["N"]) for key, item in stored(store, OldMapping).items()} == {
            key: work.acknowledged[key] for key in KEYS
        }


def labelled(item: Item) -> Item:
    return {**item, "label": {"S": f"label of {item['id']['S']}"}}


class TestEvolve:
    def test_in_place_beside_writers(self, store: Store) -> None:
        work, service = Work(store), SchemaService(store)
        with work.going_on(work.incrementing(OldMapping), work.reading(OldMapping)) as writers:
            service.evolve(OldMapping, transform=labelled, segments=2)
            assert len(writers) == WRITERS
        service.evolve(OldMapping, transform=labelled)
        items = stored(store, OldMapping)
        assert {key: int(item["count"]["N"]) for key, item in items.items()} == {
            key: work.acknowledged[key] for key in KEYS
        }
        assert all(item == labelled(item) for item in items.values())

    def test_to_another_table_beside_writers(self, store: Store) -> None:
        """The target is never ahead of the source, and the same as it once the source rests."""
        work, service = Work(store), SchemaService(store)

        def converted(old: Old) -> New:
            return New(old.id, old.count, "copied")

        def watching(number: int) -> None:
            while not work._over.is_set():
                copied = stored(store, CopiedMapping) if service.exists(CopiedMapping) else {}
                source = stored(store, OldMapping)
                for key, item in copied.items():
                    assert int(item["version"]["N"]) <= int(source[key]["version"]["N"])

        with work.going_on(work.incrementing(OldMapping), work.reading(OldMapping), watching) as writers:
            while not all(writer.done() for writer in writers):
                service.evolve(OldMapping, target=CopiedMapping, convert=converted, segments=2)
        report = service.evolve(OldMapping, target=CopiedMapping, convert=converted)
        assert report.settled
        source, copied = stored(store, OldMapping), stored(store, CopiedMapping)
        assert {key: int(item["count"]["N"]) for key, item in source.items()} == {
            key: work.acknowledged[key] for key in KEYS
        }
        assert {key: (item["total"], item["version"]) for key, item in copied.items()} == {
            key: (item["count"], item["version"]) for key, item in source.items()
        }
