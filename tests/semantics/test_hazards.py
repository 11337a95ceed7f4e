"""Sequences that lose something without a word in naive units of work."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass, field, replace

import pytest

from persistence import CommitConflict, EntityNotFound, Key, MappingSchema, Repository, StaleEntity, fields
from persistence.errors import ConcurrentUse, UnitBroken, UnitOfWorkStateError
from persistence.operations import PutItem, UpdateItem
from tests.semantics.model import (
    Account,
    AccountMapping,
    ComparedSettingMapping,
    Hidden,
    HiddenMapping,
    Note,
    NoteMapping,
    Setting,
)
from tests.semantics.world import World


@dataclass
class Part:
    sku: str
    quantity: int = 0


@dataclass
class Box:
    id: str
    parts: list[Part] = field(default_factory=list)
    version: int = 0


class BoxMapping(MappingSchema[Box]):
    class Meta:
        table = "boxes"
        key = Key("id")

    version = fields.Version()


@dataclass
class Shelf:
    id: str
    parts: dict[str, Part] = field(default_factory=dict)


class ShelfMapping(MappingSchema[Shelf]):
    class Meta:
        table = "shelves"
        key = Key("id")


class TestManyNestedChanges:
    """One expression takes 4,096 bytes; a commit that needs more is written in another way."""

    def test_of_a_versioned_entity_are_one_put_under_its_version(self, world: World) -> None:
        """All of the item is known then, attributes that the mapping does not know included."""
        boxes = world.repository(BoxMapping)
        boxes.add(Box("b1", [Part(f"p{number}") for number in range(300)]))
        world.amend(BoxMapping, "b1", colour={"S": "red"})
        world.forget()

        with world.uow:
            for part in boxes.get("b1").parts:
                part.quantity = 7

        ((action,),) = world.writes
        assert isinstance(action, PutItem)
        assert {part.quantity for part in boxes.get("b1").parts} == {7}
        stored = world.stored(BoxMapping, "b1")
        assert stored is not None
        assert (stored["colour"], stored["version"]) == ({"S": "red"}, {"N": "1"})

    def test_of_an_entity_that_was_not_read_are_whole_attributes(self, world: World) -> None:
        """What else the item holds is not known then, and stays."""
        boxes = world.repository(BoxMapping)
        boxes.add(Box("b1", [Part(f"p{number}") for number in range(300)]))
        world.amend(BoxMapping, "b1", colour={"S": "red"})
        box = boxes.get("b1")

        with world.uow:
            boxes.update(box)
            world.uow.commit()
            for part in box.parts:
                part.quantity = 7

        stored = world.stored(BoxMapping, "b1")
        assert stored is not None
        assert (stored["colour"], stored["version"]) == ({"S": "red"}, {"N": "2"})
        assert {part.quantity for part in boxes.get("b1").parts} == {7}

    def test_of_an_entity_without_a_version_are_whole_attributes(self, world: World) -> None:
        """Other attributes of the item are left alone."""
        shelves = world.repository(ShelfMapping)
        shelves.add(Shelf("s1", {f"p{number}": Part("x") for number in range(300)}))
        world.forget()

        with world.uow:
            for part in shelves.get("s1").parts.values():
                part.quantity = 7

        ((action,),) = world.writes
        assert isinstance(action, UpdateItem)
        assert [str(change.path) for change in action.actions] == ["parts"]
        assert {part.quantity for part in shelves.get("s1").parts.values()} == {7}


class TestAVersionThatOnlyTheTableHas:
    @pytest.mark.parametrize("call", ["update", "remove"])
    def test_can_not_be_bypassed_by_a_stale_object(self, world: World, call: str) -> None:
        """An object from elsewhere carries no version, also where the unit knows the entity."""
        hidden = world.repository(HiddenMapping)
        hidden.add(Hidden("h1"))
        stale = hidden.get("h1")

        with pytest.raises(UnitOfWorkStateError, match="version is in the table only"), world.uow:
            hidden.get("h1")
            getattr(hidden, call)(stale)


class TestAnEarlyCommit:
    def test_is_not_repeated_by_run(self, world: World, notes: Repository[Note]) -> None:
        """What it wrote would be applied twice."""
        for key in ("n1", "n2"):
            notes.add(Note(key))

        def work() -> None:
            notes.get("n1").score += 1
            world.uow.commit()
            note = notes.get("n2")
            elsewhere = world.elsewhere(NoteMapping)
            elsewhere.update(replace(elsewhere.get("n2"), title="theirs"))
            note.title = "mine"

        with pytest.raises(CommitConflict):
            world.uow.run(work)

        assert notes.get("n1").score == 1

    def test_of_a_detached_entity_does_not_conflict_with_itself(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """What was not read is not demanded: the creation time of a detached entity is not known."""
        notes.add(Note("n1"))
        detached = replace(notes.get("n1"), created_at=None)

        with world.uow:
            notes.update(detached)
            for title in ("one", "two", "three"):
                detached.title = title
                world.uow.commit()

        assert (notes.get("n1").title, notes.get("n1").version) == ("three", 3)

    def test_of_a_frozen_entity_asks_to_get_it_again(self, world: World) -> None:
        """The map holds a replaced copy with the new version; what was given is nobody else's change."""
        accounts = world.repository(AccountMapping)
        accounts.add(Account("a1"))

        with pytest.raises(UnitOfWorkStateError, match="get it again"), world.uow:
            account = accounts.update(replace(accounts.get("a1"), balance=1))
            world.uow.commit()
            accounts.update(replace(account, balance=2))

    def test_forgets_absence_even_if_it_is_empty(self, world: World, notes: Repository[Note]) -> None:
        """After a commit, reads see what is stored now."""
        with world.uow:
            before = notes.find("n1")
            world.elsewhere(NoteMapping).add(Note("n1"))
            world.uow.commit()
            after = notes.find("n1")

        assert (before, after is None) == (None, False)


class TestComparing:
    def test_a_removal_demands_that_absent_attributes_are_absent_still(self, world: World) -> None:
        """A deletion compares everything that the mapping knows."""
        settings = world.repository(ComparedSettingMapping)
        settings.add(Setting("s1"))

        with pytest.raises(CommitConflict) as refused, world.uow:
            setting = settings.get("s1")
            world.amend(ComparedSettingMapping, "s1", author={"M": {"name": {"S": "Ann"}}})
            settings.remove(setting)

        assert isinstance(refused.value.reasons[0], StaleEntity)


class TestAdoption:
    def test_writes_lists_as_a_whole(self, world: World) -> None:
        """Without a version yet, older writers may shift the elements of a list."""
        boxes = world.repository(BoxMapping)
        world.put(BoxMapping, {"id": {"S": "b1"}, "parts": {"L": [{"M": {"sku": {"S": "a"}}}]}})
        world.forget()

        with world.uow:
            boxes.get("b1").parts[0].quantity = 9

        ((action,),) = world.writes
        assert isinstance(action, UpdateItem)
        assert [str(change.path) for change in action.actions] == ["parts", "version"]


class TestLeaving:
    def test_a_broken_unit_shows_a_closed_generator_as_a_cause(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """What steers a program is not raised out of another block."""

        def listing() -> Generator[Note, None, None]:
            with world.uow():
                yield notes.add(Note("n1"))

        with pytest.raises(UnitBroken) as broken, world.uow:
            items = listing()
            next(items)
            items.close()

        assert isinstance(broken.value.first_failure, GeneratorExit)
        assert world.sent == []

    def test_a_joined_scope_in_another_thread_is_refused(self, world: World) -> None:
        """A unit belongs to the thread that opened it, to its last scope."""
        seen: list[BaseException] = []
        with pytest.raises(UnitOfWorkStateError, match="still inside"), world.uow:
            scope = world.uow()
            scope.__enter__()

            def leave() -> None:
                try:
                    scope.__exit__(None, None, None)
                except ConcurrentUse as error:
                    seen.append(error)

            thread = threading.Thread(target=leave)
            thread.start()
            thread.join()

        assert [type(error) for error in seen] == [ConcurrentUse]


class TestAGeneratorThatIsLeftOpen:
    def test_does_not_take_the_place_of_the_block_around_it(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """The block that opened the unit is left, and finds the generator still inside."""

        def listing() -> Generator[Note, None, None]:
            with world.uow():
                yield notes.add(Note("n1"))

        with pytest.raises(UnitOfWorkStateError, match="still inside"), world.uow:
            items = listing()
            next(items)

        items.close()
        assert notes.find("n1") is None


class TestRefresh:
    def test_of_a_vanished_entity_makes_it_absent(self, world: World, notes: Repository[Note]) -> None:
        """The unit does not go on with a ghost."""
        notes.add(Note("n1"))

        with world.uow:
            note = notes.get("n1")
            elsewhere = world.elsewhere(NoteMapping)
            elsewhere.remove(elsewhere.get("n1"))
            with pytest.raises(EntityNotFound):
                notes.refresh(note)
            found = notes.find("n1")

        assert found is None


class TestRun:
    def test_repeats_a_conflict_that_was_caught_inside(self, world: World, notes: Repository[Note]) -> None:
        """The unit is broken by it all the same; a new one may succeed."""
        notes.add(Note("n1"))
        rivals = iter(["rival"])

        def work() -> None:
            note = notes.get("n1")
            for title in rivals:
                elsewhere = world.elsewhere(NoteMapping)
                elsewhere.update(replace(elsewhere.get("n1"), title=title))
            note.title = "mine"
            try:
                world.uow.commit()
            except CommitConflict:
                notes.find("n2")

        world.uow.run(work)

        assert notes.get("n1").title == "mine"
