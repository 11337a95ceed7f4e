"""What would be lost without a word: foreign items, work in a broken unit, changes after a save."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from persistence import Repository, StaleEntity
from persistence.errors import UnitClosed, UnitOfWorkStateError, WrongEntityType
from tests.semantics.model import (
    Account,
    AccountMapping,
    Note,
    NoteMapping,
    Purchase,
    PurchaseAsBuyerMapping,
    PurchaseMapping,
)
from tests.semantics.world import World


class TestWritesOverAForeignItem:
    """A discriminator tells entity types apart, also where the keys of two types coincide."""

    @pytest.mark.parametrize("call", ["save", "update", "remove"])
    def test_are_refused(self, world: World, call: str) -> None:
        """A write of an entity that was not read demands that the stored item is of its type."""
        world.repository(PurchaseMapping).add(Purchase("b1", 1, "monday"))
        before = world.stored(PurchaseMapping, "b1", 1)
        impostors = world.repository(PurchaseAsBuyerMapping)

        with pytest.raises(WrongEntityType) as wrong:
            getattr(impostors, call)(Purchase("b1", 1, "sunday"))

        assert (wrong.value.key, wrong.value.found) == (("b1", 1), "Purchase")
        assert world.stored(PurchaseMapping, "b1", 1) == before

    def test_do_not_stand_in_the_way_of_the_right_type(self, world: World) -> None:
        """An upsert of the same type, stored or not, goes through."""
        purchases = world.repository(PurchaseMapping)

        versions = [purchases.save(Purchase("b1", 1, day)).version for day in ("monday", "sunday")]

        assert versions == [0, 1]


@pytest.mark.synchronous("it runs tasks by itself; test_async.py has its counterpart")
class TestAJoinedScope:
    def test_of_a_unit_that_broke_meanwhile_raises_when_it_is_left(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Leaving a broken unit without an exception raises its first failure again, in inner scopes too."""

        async def join() -> None:
            with world.uow:
                notes.add(Note("n1"))
                await asyncio.sleep(0.01)

        async def main() -> tuple[BaseException, BaseException]:
            with pytest.raises(UnitOfWorkStateError) as outer, world.uow:
                task = asyncio.create_task(join())
                await asyncio.sleep(0)
            with pytest.raises(UnitOfWorkStateError) as inner:
                await task
            return outer.value, inner.value

        outer, inner = asyncio.run(main())

        assert outer is inner
        assert world.stored(NoteMapping, "n1") is None

    def test_of_a_unit_that_was_discarded_meanwhile_raises_when_it_is_left(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Its work is gone with the unit, and it is told so."""

        async def join() -> None:
            with world.uow:
                notes.add(Note("n1"))
                await asyncio.sleep(0.01)

        async def main() -> None:
            with pytest.raises(ZeroDivisionError), world.uow:
                task = asyncio.create_task(join())
                await asyncio.sleep(0)
                raise ZeroDivisionError
            with pytest.raises(UnitClosed, match="nothing was written"):
                await task

        asyncio.run(main())

        assert world.stored(NoteMapping, "n1") is None


class TestAnEntityAfterItsSave:
    """The store steps the version of an upsert, so that it is known only when the entity is read again."""

    def test_is_read_again_by_the_next_get(self, world: World, notes: Repository[Note]) -> None:
        """Same key, same object, now with its stored version."""
        world.elsewhere(NoteMapping).add(Note("n1", "theirs"))

        with world.uow:
            saved = notes.save(Note("n1", "mine"))
            world.uow.commit()
            again = notes.get("n1")
            again.title = "changed"

        assert again is saved
        assert notes.get("n1").version == 2

    def test_can_not_be_changed_before_that(self, world: World, notes: Repository[Note]) -> None:
        """A change that can't be checked is refused, not lost."""
        with pytest.raises(StaleEntity, match="Get it again"), world.uow:
            saved = notes.save(Note("n1", "mine"))
            world.uow.commit()
            saved.title = "changed"

        assert notes.get("n1").title == "mine"

    def test_can_be_saved_again(self, world: World, notes: Repository[Note]) -> None:
        """An upsert needs no version."""
        with world.uow:
            saved = notes.save(Note("n1", "first"))
            world.uow.commit()
            saved.title = "second"
            notes.save(saved)

        assert (notes.get("n1").title, notes.get("n1").version) == ("second", 1)

    def test_that_is_gone_meanwhile_is_not_found(self, world: World, notes: Repository[Note]) -> None:
        """The next get sees what is stored."""
        with world.uow:
            notes.save(Note("n1"))
            world.uow.commit()
            elsewhere = world.elsewhere(NoteMapping)
            elsewhere.remove(elsewhere.get("n1"))
            found = notes.find("n1")

        assert found is None


class TestAFrozenEntity:
    def test_that_was_added_can_be_replaced(self, world: World) -> None:
        """Frozen entities change by being replaced, before their first commit too."""
        accounts = world.repository(AccountMapping)

        with world.uow:
            account = accounts.add(Account("a1"))
            account = accounts.update(replace(account, balance=5))
            accounts.update(replace(account, balance=7))

        assert accounts.get("a1") == Account("a1", 7, 0)
        assert [len(actions) for actions in world.writes] == [1]


class TestRun:
    @pytest.mark.synchronous("an asynchronous unit takes it")
    def test_refuses_asynchronous_work(self, world: World) -> None:
        """A coroutine would run after its unit."""

        async def work() -> None:
            """Never awaited."""

        with pytest.raises(UnitOfWorkStateError, match="asynchronous"):
            world.uow.run(work)  # type: ignore[unused-coroutine]  # that is the subject
