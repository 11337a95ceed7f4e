"""What type checkers see of repositories and units of work: it is they who check each `assert_type`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any, assert_type

import pytest

from persistence import (
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    MemoryStore,
    Query,
    Repository,
    UnitOfWork,
)
from persistence.entity_keys import EntityKey
from persistence.query import AsyncQuery
from persistence.unit_of_work import Committed
from tests.semantics.model import Account, AccountMapping, Note, NoteMapping, Order, OrderMapping


class NoteRepository(Repository[Note]):
    mapping = NoteMapping

    def titled(self, title: str) -> Query[Note]:
        return self.query(lambda note: note.title == title)


class AsyncNoteRepository(AsyncRepository[Note]):
    mapping = NoteMapping

    def titled(self, title: str) -> AsyncQuery[Note]:
        return self.query(lambda note: note.title == title)


class RenameNote:
    """An application service: plain constructor injection of what is typed by the entity."""

    def __init__(self, notes: Repository[Note], uow: UnitOfWork) -> None:
        self.notes = notes
        self.uow = uow

    def __call__(self, note_id: str, title: str) -> Note:
        with self.uow:
            note = self.notes.get(note_id)
            note.title = title
        return note


class AsyncRenameNote:
    """The same, awaited."""

    def __init__(self, notes: AsyncRepository[Note], uow: AsyncUnitOfWork) -> None:
        self.notes = notes
        self.uow = uow

    async def __call__(self, note_id: str, title: str) -> Note:
        async with self.uow:
            note = await self.notes.get(note_id)
            note.title = title
        return note


@pytest.fixture
def uow() -> UnitOfWork:
    return UnitOfWork(MemoryStore())


@pytest.fixture
def async_uow() -> AsyncUnitOfWork:
    return AsyncUnitOfWork(AsyncMemoryStore())


class TestRepository:
    def test_takes_both_arguments_by_keyword(self, uow: UnitOfWork) -> None:
        """In a subclass write `mapping = OrderMapping` without annotation; both may be keywords."""
        assert_type(Repository(NoteMapping, uow), Repository[Note])
        assert_type(Repository(NoteMapping, uow=uow), Repository[Note])
        assert_type(Repository(mapping=NoteMapping, uow=uow), Repository[Note])
        assert_type(Repository(uow=uow, mapping=NoteMapping), Repository[Note])
        assert_type(NoteRepository(uow), NoteRepository)
        assert_type(NoteRepository(uow=uow), NoteRepository)

        for notes in (Repository(uow=uow, mapping=NoteMapping), NoteRepository(uow=uow)):
            notes.save(Note("n1"))
            assert notes.get("n1").id == "n1"

    def test_gives_entities_of_its_type(self, uow: UnitOfWork) -> None:
        """With its own finders, and wherever a plain repository is asked for."""
        notes = NoteRepository(uow)
        note = assert_type(notes.add(Note("n1", "old")), Note)
        assert_type(notes.get("n1"), Note)
        assert_type(notes.find("n1"), Note | None)
        assert_type(notes.get_many(["n1"]), list[Note])
        assert_type(notes.find_many(["n1"]), list[Note | None])
        assert_type(notes.update(note), Note)
        assert_type(notes.save(note), Note)
        assert_type(notes.refresh(note), Note)
        assert_type(notes.key("n1"), EntityKey[Note])
        assert_type(notes.scan().all(), list[Note])
        assert_type(notes.scan().first(), Note | None)
        assert_type(iter(notes.scan()), Iterator[Note])

        renamed = assert_type(RenameNote(notes, uow)("n1", "new"), Note)

        assert renamed.title == "new"
        assert assert_type(notes.scan().one(), Note) == renamed

    def test_is_typed_when_it_is_awaited(self, async_uow: AsyncUnitOfWork) -> None:
        """`AsyncRepository`: the same, awaited."""
        assert_type(AsyncRepository(NoteMapping, async_uow), AsyncRepository[Note])
        assert_type(AsyncRepository(mapping=NoteMapping, uow=async_uow), AsyncRepository[Note])
        assert_type(AsyncNoteRepository(async_uow), AsyncNoteRepository)
        notes = assert_type(AsyncNoteRepository(uow=async_uow), AsyncNoteRepository)

        async def main() -> Note:
            note = assert_type(await notes.add(Note("n1", "old")), Note)
            assert_type(await notes.get("n1"), Note)
            assert_type(await notes.find("n1"), Note | None)
            assert_type(await notes.get_many(["n1"]), list[Note])
            assert_type(await notes.find_many(["n1"]), list[Note | None])
            assert_type(await notes.save(note), Note)
            assert_type(notes.key("n1"), EntityKey[Note])
            assert_type(await notes.scan().all(), list[Note])
            assert_type(await notes.scan().first(), Note | None)
            assert_type(aiter(notes.scan()), AsyncIterator[Note])
            return assert_type(await AsyncRenameNote(notes, async_uow)("n1", "new"), Note)

        assert asyncio.run(main()).title == "new"


class TestUnitOfWork:
    def test_gives_itself_in_every_form(self, uow: UnitOfWork) -> None:
        """`with uow`, `with uow()` and `with uow(isolation=...)` name the unit of work."""
        with uow as plain:
            assert_type(plain, UnitOfWork)
        with uow() as one_shot:
            assert_type(one_shot, UnitOfWork)
        with uow(isolation="serializable") as serializable:
            assert_type(serializable, UnitOfWork)

        assert (plain, one_shot, serializable) == (uow, uow, uow)

    def test_runs_work_of_any_type(self, uow: UnitOfWork) -> None:
        """`uow.run(work)` gives what the work gives."""
        assert_type(uow.run(lambda: 1), int)
        note = assert_type(uow.run(lambda: NoteRepository(uow).add(Note("n1")), attempts=5), Note)

        assert note.version == 0

    def test_takes_snapshots_of_several_types(self, uow: UnitOfWork) -> None:
        """Each entity has the type of its own key; beyond three they are any."""
        notes, accounts = Repository(NoteMapping, uow), Repository(AccountMapping, uow)
        orders = Repository(OrderMapping, uow)
        note, account, order = notes.key("n1"), accounts.key("a1"), orders.key("c1", 1)

        assert_type(uow.snapshot(note), tuple[Note | None])
        assert_type(uow.snapshot(note, account), tuple[Note | None, Account | None])
        three = uow.snapshot(note, account, order)
        assert_type(three, tuple[Note | None, Account | None, Order | None])
        four = assert_type(uow.snapshot(note, account, order, note), tuple[Any, ...])

        assert (three, four) == ((None,) * 3, (None,) * 4)

    def test_is_typed_when_it_is_awaited(self, async_uow: AsyncUnitOfWork) -> None:
        """`AsyncUnitOfWork`: the same, awaited."""
        notes, accounts = AsyncNoteRepository(async_uow), AsyncRepository(AccountMapping, async_uow)

        async def work() -> Note:
            return await notes.add(Note("n1"))

        async def main() -> None:
            async with async_uow as plain:
                assert_type(plain, AsyncUnitOfWork)
            async with async_uow(isolation="serializable") as serializable:
                assert_type(serializable, AsyncUnitOfWork)
            assert_type(await async_uow.run(work, attempts=5), Note)
            assert_type(await async_uow.run(lambda: 1), int)
            pair = await async_uow.snapshot(notes.key("n1"), accounts.key("a1"))
            assert_type(pair, tuple[Note | None, Account | None])
            assert_type(await async_uow.snapshot(notes.key("n1")), tuple[Note | None])
            assert pair[0] is not None

        asyncio.run(main())

    def test_tells_outcomes(self, uow: UnitOfWork) -> None:
        """What became of the latest commit is typed by its kind."""
        NoteRepository(uow).add(Note("n1"))

        assert isinstance(uow.last_outcome, Committed)
        assert_type(uow.last_outcome.committed, bool)
