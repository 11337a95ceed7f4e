"""How repositories are made and asked, synchronous and asynchronous ones, in memory for tests of services."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any, assert_type

import pytest

from persistence import (
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    MappingError,
    MemoryStore,
    Query,
    QueryError,
    Repository,
    UnitOfWork,
    UnitOfWorkStateError,
)
from persistence.errors import EntityGone, EntityNotFound
from persistence.query import AsyncPatchBuilder, AsyncQuery, PatchBuilder
from persistence.testing import AsyncInMemoryRepository, InMemoryRepository
from tests.semantics.model import (
    Account,
    AccountMapping,
    Note,
    NoteMapping,
    OrderMapping,
    Setting,
    SettingMapping,
)


class NoteRepository(Repository[Note]):
    mapping = NoteMapping

    def titled(self, title: str) -> Query[Note]:
        return self.scan(lambda note: note.title == title)


class AsyncNoteRepository(AsyncRepository[Note]):
    mapping = NoteMapping

    def titled(self, title: str) -> AsyncQuery[Note]:
        return self.scan(lambda note: note.title == title)


@pytest.fixture
def uow() -> UnitOfWork:
    return UnitOfWork(MemoryStore())


@pytest.fixture
def async_uow() -> AsyncUnitOfWork:
    return AsyncUnitOfWork(AsyncMemoryStore())


class TestConstruction:
    def test_takes_mapping_and_unit_of_work(self, uow: UnitOfWork) -> None:
        """`Repository(OrderMapping, uow)`, each also by keyword."""
        for notes in (
            Repository(NoteMapping, uow),
            Repository(NoteMapping, uow=uow),
            Repository(mapping=NoteMapping, uow=uow),
        ):
            notes.save(Note("n1"))
            assert notes.get("n1").id == "n1"

    def test_takes_the_mapping_of_the_class(self, uow: UnitOfWork) -> None:
        """`mapping = OrderMapping` in a subclass, which may have finders of its own."""
        notes = NoteRepository(uow)
        note = notes.add(Note("n1", "wanted"))
        NoteRepository(uow=uow).add(Note("n2", "other"))

        assert notes.titled("wanted").all() == [note]

    @pytest.mark.parametrize(
        ("kind", "args", "kwargs"),
        [
            (Repository, (), {}),
            (Repository, (NoteMapping,), {}),
            (Repository, (NoteMapping, None, None), {}),
            (Repository, (NoteMapping,), {"other": 1}),
            (NoteRepository, (), {}),
            (NoteRepository, (NoteMapping,), {"uow": None, "mapping": NoteMapping}),
        ],
    )
    def test_refuses_other_arguments(
        self, kind: type[Repository[Any]], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """What is missing or too much is said at once."""
        with pytest.raises((MappingError, UnitOfWorkStateError), match=r"uow|takes"):
            kind(*args, **kwargs)

    def test_refuses_a_unit_of_work_that_is_none(self) -> None:
        """A store in the place of the unit of work is told apart."""
        with pytest.raises(UnitOfWorkStateError, match="UnitOfWork"):
            Repository(NoteMapping, MemoryStore())  # type: ignore[call-overload]  # that is the subject

    def test_refuses_the_unit_of_work_of_the_other_kind(
        self, uow: UnitOfWork, async_uow: AsyncUnitOfWork
    ) -> None:
        """With the class that goes with it."""
        with pytest.raises(
            UnitOfWorkStateError, match=r"type UnitOfWork .*not AsyncUnitOfWork; .* goes with AsyncRepository"
        ):
            Repository(NoteMapping, async_uow)  # type: ignore[call-overload]  # that is the subject
        with pytest.raises(
            UnitOfWorkStateError, match=r"type AsyncUnitOfWork .*not UnitOfWork; .* goes with Repository"
        ):
            AsyncNoteRepository(uow)  # type: ignore[call-overload]  # that is the subject

    def test_refuses_what_is_no_mapping(self, uow: UnitOfWork) -> None:
        """Entities of another mapping, or an entity class itself, are told at construction."""
        with pytest.raises(MappingError):
            Repository(Note, uow)  # type: ignore[arg-type]  # that is the subject


class TestKeys:
    def test_are_values(self, uow: UnitOfWork) -> None:
        """A key as `get` takes it, in stored terms, to be read later; printable, and nothing is read."""
        key = Repository(OrderMapping, uow).key("c1", number=2)

        assert key.key == {"customerId": {"S": "c1"}, "number": {"N": "2"}}
        assert str(key) == "Order ('c1', 2)"

    def test_are_checked(self, uow: UnitOfWork) -> None:
        """The arguments must be the key's."""
        with pytest.raises(QueryError, match=r"the key of Order is \(customer_id, number\)"):
            Repository(OrderMapping, uow).key("c1")

    def test_are_read_together(self, uow: UnitOfWork) -> None:
        """Of one or several repositories, with the types of their entities."""
        notes, settings = Repository(NoteMapping, uow), Repository(SettingMapping, uow)
        notes.add(Note("n1"))

        note, setting = uow.snapshot(notes.key("n1"), settings.key("s1"))

        assert_type(note, Note | None)
        assert note is not None
        assert (note.id, setting) == ("n1", None)


class TestQueriesAndPatches:
    def test_are_made_without_reading(self, uow: UnitOfWork, async_uow: AsyncUnitOfWork) -> None:
        """`query`, `where`, `scan` and `patch` are the same in both, and give what is typed by the entity."""
        notes, awaited = NoteRepository(uow), AsyncNoteRepository(async_uow)

        assert_type(notes.query(lambda n: n.title == "x"), Query[Note])
        assert_type(notes.where("title", "=", "x"), Query[Note])
        assert_type(notes.scan(), Query[Note])
        assert_type(notes.patch("n1").increment("score"), PatchBuilder[Note])
        assert_type(awaited.query(lambda n: n.title == "x"), AsyncQuery[Note])
        assert_type(awaited.where("title", "=", "x"), AsyncQuery[Note])
        assert_type(awaited.scan(), AsyncQuery[Note])
        assert_type(awaited.patch("n1").increment("score"), AsyncPatchBuilder[Note])

    def test_give_what_is_typed(self, uow: UnitOfWork) -> None:
        """What `execute` gives depends on what it is asked for."""
        notes = NoteRepository(uow)
        notes.add(Note("n1"))
        patch = notes.patch("n1").increment("score")

        assert_type(patch.execute("old"), Note | None)
        assert_type(patch.execute(returning="updated_new"), dict[str, Any])


class TestAsyncRepository:
    def test_does_what_the_synchronous_one_does(self, async_uow: AsyncUnitOfWork) -> None:
        """The same names, awaited."""

        async def main() -> None:
            notes = AsyncNoteRepository(async_uow)
            async with async_uow:
                first = await notes.add(Note("n1", "wanted"))
                assert await notes.get("n1") is first
            await notes.save(Note("n2"))

            assert [note.id for note in await notes.get_many(["n2", "n1"])] == ["n2", "n1"]
            assert await notes.find_many(["n3"]) == [None]
            assert await notes.find("n3") is None
            assert [note.id async for note in notes.titled("wanted")] == ["n1"]

            second = await notes.get(id="n2")
            second.title = "changed"
            await notes.update(second)
            assert (await notes.refresh(second)).title == "changed"
            await notes.remove(await notes.get("n2"))
            with pytest.raises(EntityNotFound):
                await notes.get("n2")

        asyncio.run(main())

    def test_patches(self, async_uow: AsyncUnitOfWork) -> None:
        """At once, with what is returned, and within a unit."""

        async def main() -> None:
            notes = AsyncRepository(NoteMapping, uow=async_uow)
            await notes.add(Note("n1"))

            changed = await notes.patch("n1").set("title", "new").increment("score").execute("new")
            async with async_uow:
                await notes.patch("n1").increment("score").execute()
                with pytest.raises(UnitOfWorkStateError, match="nothing to return yet"):
                    await notes.patch("n1").increment("score").execute("old")
            with pytest.raises(EntityGone):
                await notes.patch("n2").increment("score").execute()

            assert changed is not None
            assert (changed.title, changed.score) == ("new", Decimal(1))
            assert (await notes.get("n1")).score == Decimal(2)

        asyncio.run(main())

    def test_replaces_frozen_entities(self, async_uow: AsyncUnitOfWork) -> None:
        """As everywhere, the stored copy is given."""

        async def main() -> None:
            accounts = AsyncRepository(AccountMapping, async_uow)

            assert await accounts.save(Account("a1", 5)) == Account("a1", 5, 0)
            assert await accounts.update(Account("a1", 6)) == Account("a1", 6, 1)

        asyncio.run(main())


class TestAsyncInMemoryRepository:
    def test_is_a_repository_of_its_own(self) -> None:
        """It brings a store and unit of its own, unless it shares one."""

        async def main() -> None:
            first, second = AsyncInMemoryRepository(NoteMapping), AsyncInMemoryRepository(NoteMapping)
            settings = AsyncInMemoryRepository(SettingMapping, first.uow)
            async with first.uow:
                await first.add(Note("n1"))
                await settings.add(Setting("s1"))

            assert ((await first.get("n1")).id, await second.find("n1")) == ("n1", None)
            assert (await settings.get("s1")).id == "s1"

        asyncio.run(main())


class TestInMemoryRepository:
    def test_is_a_repository_of_its_own(self) -> None:
        """A repository over a store and unit of its own, for a service's test."""
        first, second = InMemoryRepository(NoteMapping), InMemoryRepository(NoteMapping)

        with first.uow:
            first.add(Note("n1"))

        assert (first.get("n1").id, second.find("n1")) == ("n1", None)

    def test_may_share_a_unit(self) -> None:
        """Several repositories that shall share a unit take the same one."""
        notes = InMemoryRepository(NoteMapping)
        settings = InMemoryRepository(SettingMapping, notes.uow)

        with notes.uow:
            notes.add(Note("n1"))
            settings.add(Setting("s1"))
            notes.uow.rollback()

        assert (notes.find("n1"), settings.find("s1")) == (None, None)
