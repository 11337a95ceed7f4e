"""The container: configuration, a store that can be swapped at any time, and wiring."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from dependency_injector import containers, providers
from dependency_injector.wiring import Provide, inject

from persistence import (
    AsyncDynamoStore,
    DynamoStore,
    Key,
    MappingSchema,
    MemoryStore,
    PersistenceContainer,
    Repository,
    Table,
    UnitOfWork,
    UnitOfWorkStateError,
)
from persistence.cursors import Binding, CursorKeys
from persistence.errors import ConfigurationError, ScanForbidden
from tests.semantics.model import Note, NoteMapping, Setting, SettingMapping


class AddNote:
    """An application service: plain constructor injection."""

    def __init__(self, notes: Repository[Note], uow: UnitOfWork) -> None:
        self.notes, self.uow = notes, uow

    def __call__(self, key: str) -> None:
        with self.uow:
            self.notes.add(Note(key))


class Shop(containers.DeclarativeContainer):
    config = providers.Configuration()
    persistence: providers.Container[Any] = providers.Container(
        PersistenceContainer, config=config.persistence
    )
    notes = providers.ThreadSafeSingleton(Repository, NoteMapping, persistence.uow)
    add_note = providers.Factory(AddNote, notes=notes, uow=persistence.uow)
    of_this_thread = providers.ThreadLocalSingleton(AddNote, notes=notes, uow=persistence.uow)
    of_this_task = providers.ContextLocalSingleton(AddNote, notes=notes, uow=persistence.uow)


@pytest.fixture
def shop() -> Shop:
    return Shop()


class TestTheStore:
    def test_is_in_memory_by_default(self, shop: Shop) -> None:
        """The selector has a default: memory."""
        assert isinstance(shop.persistence.store(), MemoryStore)
        assert shop.persistence.store() is shop.persistence.store()

    def test_is_selected_by_configuration(self) -> None:
        """The selector knows memory and dynamodb."""
        settings = {"store": "dynamodb", "region": "eu-central-1", "endpoint_url": "http://localhost:1"}

        store = Shop(config={"persistence": settings}).persistence.store()

        assert isinstance(store, DynamoStore)
        meta = store.client.meta
        assert (meta.region_name, meta.endpoint_url) == ("eu-central-1", "http://localhost:1")
        store.close()

    def test_takes_a_client(self, moto_client: object) -> None:
        """A client that the application made can be given."""
        container = PersistenceContainer(config={"store": "dynamodb"}, client=providers.Object(moto_client))

        assert container.store().client is moto_client

    def test_is_that_of_the_unit_of_work(self, shop: Shop) -> None:
        """One store serves units of work and schema service."""
        assert shop.persistence.uow().store is shop.persistence.store()


class TestConfiguration:
    def test_is_optional(self) -> None:
        """The container works without any configuration."""
        notes = PersistenceContainer().repository(NoteMapping)

        notes.add(Note("n1"))

        assert notes.get("n1").id == "n1"

    def test_gives_the_units_policies(self) -> None:
        """Policies are configured, as values or as the text of an environment."""
        container = PersistenceContainer(
            config={"autocommit": "false", "scan_policy": "forbid", "deadline": "2"}
        )
        notes = container.repository(NoteMapping)

        with pytest.raises(UnitOfWorkStateError, match="autocommit"):
            notes.add(Note("n1"))
        with pytest.raises(ScanForbidden):
            notes.query(lambda n: n.title == "x").all()

    def test_refuses_bad_policies(self) -> None:
        """A bad value is refused when the unit of work is made."""
        with pytest.raises(UnitOfWorkStateError, match="scan_policy"):
            PersistenceContainer(config={"scan_policy": "sometimes"}).uow()
        with pytest.raises(UnitOfWorkStateError, match="deadline"):
            PersistenceContainer(config={"deadline": 1000}).uow()

    def test_names_the_mappings_of_the_schema_service(self) -> None:
        """The schema service makes the tables of all mappings."""
        container = PersistenceContainer(mappings=providers.Object((NoteMapping, SettingMapping)))

        tables = container.schema().ensure_tables()

        assert [description.table.name for description in tables] == ["notes", "settings"]


class TestOverriding:
    def test_takes_effect_at_once_for_what_is_built_already(self, shop: Shop) -> None:
        """What is built already uses the new store at once, until the override ends."""
        notes, add_note = shop.notes(), shop.add_note()
        add_note("before")
        store = MemoryStore()

        with shop.persistence.store.override(providers.Object(store)):
            add_note("within")
            seen_within = [notes.find("before"), notes.get("within").id]

        assert seen_within == [None, "within"]
        assert notes.find("within") is None
        assert notes.get("before").id == "before"

    def test_leaves_an_open_unit_with_its_store(self, shop: Shop) -> None:
        """A unit keeps the store it opened with."""
        notes, uow = shop.notes(), shop.persistence.uow()

        with uow:
            notes.add(Note("n1"))
            shop.persistence.store.override(providers.Object(MemoryStore()))
        within = notes.find("n1")
        shop.persistence.store.reset_last_overriding()

        assert within is None
        assert notes.get("n1").id == "n1"

    def test_of_one_instance_leaves_others_alone(self, shop: Shop) -> None:
        """Container instances are overridden, never classes."""
        other = Shop()

        with shop.persistence.store.override(providers.Object(MemoryStore())):
            shop.notes().add(Note("n1"))

            assert other.notes().find("n1") is None

    def test_reaches_the_schema_service(self, shop: Shop) -> None:
        """Tables are made in the store that is in force."""
        schema, store = shop.persistence.schema(), MemoryStore(auto_create=False)

        with shop.persistence.store.override(providers.Object(store)):
            schema.create_table(NoteMapping)
            assert schema.exists(NoteMapping)

        assert not schema.exists(NoteMapping)


@inject
def number_of_notes(notes: Repository[Note] = Provide[Shop.notes]) -> int:
    return notes.scan().count()


class TestTheAsynchronousSide:
    def test_works_on_the_same_store(self, shop: Shop) -> None:
        """`async_uow` and `uow` see the same tables."""
        notes = shop.persistence.async_repository(NoteMapping)

        async def rename() -> None:
            async with shop.persistence.async_uow():
                (await notes.get("n1")).title = "renamed"

        shop.notes().add(Note("n1"))
        asyncio.run(rename())

        assert shop.notes().get("n1").title == "renamed"
        assert shop.persistence.async_store() is shop.persistence.async_store()

    def test_follows_an_override_of_the_store(self, shop: Shop) -> None:
        """One override swaps both sides at once, also for what is built already, and ends for both."""
        notes = shop.persistence.async_repository(NoteMapping)
        shop.notes().add(Note("n1"))

        with shop.persistence.store.override(providers.Object(MemoryStore())):
            during = asyncio.run(notes.find("n1"))

        assert during is None
        assert asyncio.run(notes.find("n1")) == Note("n1", **_times(shop.notes().get("n1")))

    def test_of_dynamodb_waits_in_threads(self, moto_client: object) -> None:
        """A `DynamoStore` has an `AsyncDynamoStore` beside it, with the same client."""
        container = PersistenceContainer(config={"store": "dynamodb"})
        container.client.override(providers.Object(moto_client))

        store = container.async_store()

        assert isinstance(store, AsyncDynamoStore)
        assert store.client is moto_client

    def test_of_another_store_has_to_be_given(self, shop: Shop) -> None:
        """A store of the application's own needs an asynchronous one of its own."""

        class Own:
            limits = MemoryStore().limits

            def perform(self, operation: Any) -> Any:
                raise AssertionError("it was used")

        shop.persistence.store.override(providers.Object(Own()))

        with pytest.raises(ConfigurationError, match="async_store"):
            shop.persistence.async_store()


class TestPolicies:
    def test_are_given_to_both_units_of_work(self) -> None:
        """Events, outbox and commit records are providers and configuration."""
        handled: list[object] = []
        container = PersistenceContainer(config={"single_write": "conditional", "commit_record": "commits"})
        container.events.override(providers.Object(handled.append))
        uow = container.uow()

        with uow(commit_id="first"):
            uow.record("event")
            container.repository(NoteMapping).add(Note("n1"))

        assert handled == ["event"]
        assert uow.was_committed("first")
        assert asyncio.run(container.async_uow().was_committed("first"))


class TestCursorKeys:
    @pytest.mark.parametrize(
        "configured",
        ["first secret, second secret", ["first secret", "second secret"], CursorKeys((b"first secret",))],
        ids=["text of an environment", "list", "with further settings"],
    )
    def test_are_configured(self, configured: Any) -> None:
        """The first key seals for both units of work; a text is split at its commas."""
        container = PersistenceContainer(config={"cursor_keys": configured})
        binding, position = Binding(Table("notes", "id"), None, bytes(32)), {"id": {"S": "n1"}}

        text = container.uow().cursors.seal(position, binding)

        alone = UnitOfWork(MemoryStore(), cursor_keys="first secret")
        assert container.async_uow().cursors.open(text, binding) == position
        assert alone.cursors.open(text, binding) == position

    @pytest.mark.parametrize("configured", ["", "first secret,", [], 1])
    def test_are_never_empty(self, configured: Any) -> None:
        """A variable of the environment that is set and empty does not pass for a missing one."""
        with pytest.raises(ConfigurationError, match="cursor key"):
            PersistenceContainer(config={"cursor_keys": configured}).uow()


def _times(note: Note) -> dict[str, Any]:
    return {"created_at": note.created_at, "updated_at": note.updated_at}


class Report:
    """A class that is wired."""

    @inject
    def __init__(self, notes: Repository[Note] = Provide[Shop.notes]) -> None:
        self.notes = notes

    @inject
    def add(self, key: str, add_note: AddNote = Provide[Shop.add_note]) -> None:
        add_note(key)


class TestWiring:
    @pytest.fixture
    def wired(self, shop: Shop) -> Iterator[Shop]:
        """The shop, wired into this module."""
        shop.wire(modules=[sys.modules[__name__]])
        yield shop
        shop.unwire()

    def test_reaches_functions_and_classes(self, wired: Shop) -> None:
        """Works with wiring into functions and classes."""
        report = Report()

        report.add("n1")

        assert report.notes is wired.notes()
        assert number_of_notes() == 1

    def test_follows_an_override(self, wired: Shop) -> None:
        """What was wired uses the overriding store as well."""
        Report().add("n1")

        with wired.persistence.store.override(providers.Object(MemoryStore())):
            assert number_of_notes() == 0
        assert number_of_notes() == 1


class TestScopes:
    def test_each_thread_may_have_services_of_its_own(self, shop: Shop) -> None:
        """Per-thread services share the store, and their units don't meet."""
        services: list[AddNote] = []

        def work(key: str) -> None:
            service = shop.of_this_thread()
            assert service is shop.of_this_thread()
            service(key)
            services.append(service)

        threads = [threading.Thread(target=work, args=(key,)) for key in ("n1", "n2")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len({id(service) for service in services}) == 2
        assert shop.notes().scan().count() == 2

    def test_each_task_may_have_services_of_its_own(self, shop: Shop) -> None:
        """Per-task services share the store, and their units don't meet."""

        async def work(key: str) -> AddNote:
            service: AddNote = shop.of_this_task()
            with service.uow:
                service.notes.add(Note(key))
                await asyncio.sleep(0)
            return service

        async def main() -> list[AddNote]:
            return list(await asyncio.gather(work("n1"), work("n2")))

        first, second = asyncio.run(main())

        assert first is not second
        assert shop.notes().scan().count() == 2

    def test_one_unit_of_work_serves_all_threads(self, shop: Shop) -> None:
        """`UnitOfWork` is one per application; made once, however many threads ask first."""
        made: list[UnitOfWork] = []
        barrier = threading.Barrier(4)

        def work() -> None:
            barrier.wait()
            made.append(shop.persistence.uow())

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len({id(uow) for uow in made}) == 1


@dataclass
class Label:
    id: str


class LabelMapping(MappingSchema[Label]):
    class Meta:
        table = "labels"
        key = Key("id")


class TestRepositories:
    def test_are_made_by_mapping(self, shop: Shop) -> None:
        """`repository(mapping)` makes a repository on the container's unit of work."""
        labels, settings = (
            shop.persistence.repository(LabelMapping),
            shop.persistence.repository(SettingMapping),
        )

        with shop.persistence.uow():
            labels.add(Label("l1"))
            settings.add(Setting("s1"))

        assert (labels.get("l1"), settings.get("s1")) == (Label("l1"), Setting("s1"))
