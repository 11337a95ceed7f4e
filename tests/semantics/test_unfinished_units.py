"""Units that nobody can finish any more say so, since what they hold is lost."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Callable, Iterator
from contextvars import Context

import pytest

from persistence import (
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    MemoryStore,
    Repository,
    UnitOfWork,
)
from tests.semantics.model import Note, NoteMapping


@pytest.fixture
def uow() -> UnitOfWork:
    return UnitOfWork(MemoryStore())


@pytest.fixture
def notes(uow: UnitOfWork) -> Repository[Note]:
    return Repository(NoteMapping, uow)


def warned(work: Callable[[], object]) -> list[str]:
    """Do work in a context of its own that ends with it, and give the warnings of what it leaves behind."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ResourceWarning)
        Context().run(work)
        gc.collect()
    return [str(each.message) for each in caught if each.category is ResourceWarning]


class TestUnfinishedUnits:
    def test_warn_of_blocks_that_were_never_left(self, uow: UnitOfWork, notes: Repository[Note]) -> None:
        def begin() -> None:
            uow.__enter__()
            notes.add(Note("1"))
            uow.record(Note("2"))

        (message,) = warned(begin)

        assert "never left" in message
        assert "1 entities, 0 patches and 1 events" in message

    def test_warn_of_one_shot_scopes_too(self, uow: UnitOfWork, notes: Repository[Note]) -> None:
        notes.add(Note("1"))

        def begin() -> None:
            scope = uow()
            scope.__enter__()
            notes.get("1").title = "changed"

        assert len(warned(begin)) == 1

    def test_warn_of_threads_that_ended(self, uow: UnitOfWork, notes: Repository[Note]) -> None:
        def begin() -> None:
            uow.__enter__()
            notes.patch("1").set("title", "x").execute()

        def run() -> None:
            thread = threading.Thread(target=begin)
            thread.start()
            thread.join()

        assert len(warned(run)) == 1

    def test_warn_of_asynchronous_ones(self) -> None:
        uow = AsyncUnitOfWork(AsyncMemoryStore())
        notes = AsyncRepository(NoteMapping, uow)

        async def begin() -> None:
            await uow.__aenter__()
            await notes.add(Note("1"))

        assert len(warned(lambda: asyncio.run(begin()))) == 1

    def test_warn_once_however_many_blocks_had_joined(self, uow: UnitOfWork, notes: Repository[Note]) -> None:
        def begin() -> None:
            uow.__enter__()
            uow.__enter__()
            notes.add(Note("1"))

        assert len(warned(begin)) == 1


class TestFinishedUnits:
    @pytest.mark.parametrize("early", [True, False])
    def test_warn_of_nothing(self, uow: UnitOfWork, notes: Repository[Note], early: bool) -> None:
        def work() -> None:
            with uow:
                notes.add(Note("1"))
                if early:
                    uow.commit()
            notes.add(Note("2"))
            with pytest.raises(ZeroDivisionError), uow():
                notes.add(Note("3"))
                raise ZeroDivisionError

        assert warned(work) == []

    def test_warn_of_nothing_in_generators_that_are_left_alone(
        self, uow: UnitOfWork, notes: Repository[Note]
    ) -> None:
        """A generator that is collected leaves its block, so that the unit is discarded."""

        def generate() -> Iterator[Note]:
            with uow():
                yield notes.add(Note("1"))

        assert warned(lambda: next(generate())) == []
        assert notes.find("1") is None

    def test_warn_of_nothing_where_nothing_is_lost(self, uow: UnitOfWork) -> None:
        assert warned(uow.__enter__) == []
