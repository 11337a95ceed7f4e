"""One action per item: whatever a unit does with an entity, one transaction action comes of it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from persistence import CommitConflict, EntityExists, Repository, UnitOfWorkStateError
from persistence.errors import EntityGone, StaleEntity
from persistence.operations import DeleteItem, PutItem, UpdateItem
from tests.semantics.model import Note, NoteMapping, Reading, ReadingMapping, Setting, SettingMapping
from tests.semantics.world import World


class TestAddAndRemove:
    def test_is_nothing(self, world: World, notes: Repository[Note]) -> None:
        """add+remove is nothing."""
        with world.uow:
            note = notes.add(Note("n1"))
            notes.remove(note)

        assert world.sent == []

    def test_leaves_the_rest_of_the_unit(self, world: World, notes: Repository[Note]) -> None:
        """Only the entity itself is dropped."""
        with world.uow:
            notes.add(Note("n1"))
            notes.remove(notes.get("n1"))
            notes.add(Note("n2"))

        assert world.stored(NoteMapping, "n1") is None
        assert world.stored(NoteMapping, "n2") is not None

    def test_frees_the_key_for_another_object(self, world: World, notes: Repository[Note]) -> None:
        """After add+remove the key is as it was before."""
        with world.uow:
            notes.remove(notes.add(Note("n1", "one")))
            notes.add(Note("n1", "two"))

        assert world.elsewhere(NoteMapping).get("n1").title == "two"


class TestRemoveAndAdd:
    @pytest.fixture(autouse=True)
    def stored_note(self, world: World, notes: Repository[Note]) -> None:
        """A note at version 1, with an attribute that the mapping does not know."""
        others = world.elsewhere(NoteMapping)
        others.update(others.add(Note("n1", "first", body="text")))
        world.amend(NoteMapping, "n1", colour={"S": "red"})
        world.forget()

    def test_is_one_replacing_put_with_the_next_version(self, world: World, notes: Repository[Note]) -> None:
        """remove+add of one key is a replacing put under the version check; it stores old + 1."""
        with world.uow:
            notes.remove(notes.get("n1"))
            note = notes.add(Note("n1", "new"))

        ((put,),) = world.writes
        assert isinstance(put, PutItem)
        stored = world.stored(NoteMapping, "n1")
        assert stored is not None
        assert (stored["title"], stored["version"]) == ({"S": "new"}, {"N": "2"})
        assert not {"body", "colour"} & stored.keys()
        assert note.version == 2

    def test_is_refused_if_the_old_one_changed(self, world: World, notes: Repository[Note]) -> None:
        """The replacing put demands the old version."""
        others = world.elsewhere(NoteMapping)

        with pytest.raises(CommitConflict) as refused, world.uow:
            notes.remove(notes.get("n1"))
            notes.add(Note("n1", "new"))
            theirs = others.get("n1")
            theirs.title = "theirs"
            others.update(theirs)

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.expected_version, reason.found_version) == (1, 2)

    def test_is_refused_if_the_old_one_is_gone(self, world: World, notes: Repository[Note]) -> None:
        """There is nothing to replace any more."""
        others = world.elsewhere(NoteMapping)

        with pytest.raises(CommitConflict) as refused, world.uow:
            notes.remove(notes.get("n1"))
            notes.add(Note("n1", "new"))
            others.remove(others.get("n1"))

        assert [type(reason) for reason in refused.value.reasons] == [EntityGone]

    def test_of_the_same_object_is_a_replacing_put_too(self, world: World, notes: Repository[Note]) -> None:
        """The rule is about the key, not about the object."""
        with world.uow:
            note = notes.get("n1")
            notes.remove(note)
            notes.add(note)

        ((put,),) = world.writes
        assert isinstance(put, PutItem)
        assert note.version == 2

    def test_and_remove_again_is_one_delete(self, world: World, notes: Repository[Note]) -> None:
        """What counts is what becomes of the key in the end."""
        with world.uow:
            notes.remove(notes.get("n1"))
            notes.remove(notes.add(Note("n1", "new")))

        ((delete,),) = world.writes
        assert isinstance(delete, DeleteItem)
        assert world.stored(NoteMapping, "n1") is None


class TestManyChanges:
    def test_are_one_update(self, world: World, notes: Repository[Note]) -> None:
        """Many changes are one update."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with world.uow:
            note = notes.get("n1")
            note.title = "a"
            notes.update(note)
            note.body = "b"
            notes.get("n1").title = "c"

        ((update,),) = world.writes
        assert isinstance(update, UpdateItem)
        assert note.version == 1

    def test_of_number_keys_are_one_update(self, world: World) -> None:
        """One action per item, keyed by the normalised key: `1`, `1.0` and `1E0` are one."""
        readings = world.repository(ReadingMapping)
        world.elsewhere(ReadingMapping).add(Reading(Decimal(1), 1))
        world.forget()

        with world.uow:
            readings.get(Decimal("1.0"), 1).value = Decimal(7)
            readings.get(Decimal("1E0"), 1).value = Decimal(8)

        ((update,),) = world.writes
        assert isinstance(update, UpdateItem)
        assert world.elsewhere(ReadingMapping).get(Decimal(1), 1).value == Decimal(8)


class TestAddTwice:
    def test_of_one_object_is_one_put(self, world: World, notes: Repository[Note]) -> None:
        """`add` of the same object twice is nothing more."""
        with world.uow:
            note = notes.add(Note("n1"))
            notes.add(note)

        assert [len(actions) for actions in world.writes] == [1]

    def test_of_another_object_is_refused_at_once(self, world: World, notes: Repository[Note]) -> None:
        """`add` of a second object on a tracked live key raises `EntityExists` at once."""
        second = Note("n1")

        with world.uow:
            notes.add(Note("n1"))
            with pytest.raises(EntityExists) as refused:
                notes.add(second)

        assert (refused.value.entity, refused.value.entity_type, refused.value.key) == (second, Note, ("n1",))

    def test_on_a_loaded_key_is_refused_at_once(self, world: World, notes: Repository[Note]) -> None:
        """A key that was loaded is taken."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with world.uow:
            notes.get("n1")
            with pytest.raises(EntityExists):
                notes.add(Note("n1"))

        assert world.writes == []

    def test_of_a_loaded_object_is_nothing(self, world: World, notes: Repository[Note]) -> None:
        """A tracked object is part of the unit already."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with world.uow:
            notes.add(notes.get("n1"))

        assert world.writes == []


class TestSave:
    def test_is_one_update_without_a_condition(self, world: World, notes: Repository[Note]) -> None:
        """`save` is an upsert without a version check."""
        with world.uow:
            notes.save(Note("n1", "saved"))

        ((update,),) = world.writes
        assert isinstance(update, UpdateItem)
        assert update.condition is None

    def test_starts_at_version_0_and_steps_what_is_stored(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """`save` upserts by Update: version `if_not_exists(version, -1) + 1`."""
        others = world.elsewhere(NoteMapping)

        with world.uow:
            notes.save(Note("n1", "one", version=77))
        first = others.get("n1").version
        with world.uow:
            notes.save(Note("n1", "two", version=77))
        second = others.get("n1").version

        assert (first, second) == (0, 1)

    def test_keeps_unknown_attributes_and_removes_absent_ones(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Unknown attributes are kept; known ones that the entity lacks are removed."""
        world.elsewhere(NoteMapping).add(Note("n1", body="text"))
        world.amend(NoteMapping, "n1", colour={"S": "red"})

        with world.uow:
            notes.save(Note("n1", "saved"))

        stored = world.stored(NoteMapping, "n1")
        assert stored is not None
        assert (stored["title"], stored["colour"]) == ({"S": "saved"}, {"S": "red"})
        assert "body" not in stored

    def test_keeps_the_time_of_creation(self, world: World, notes: Repository[Note]) -> None:
        """`created_at` is set on create only, `updated_at` on every write."""
        created = world.elsewhere(NoteMapping).add(Note("n1")).created_at
        world.clock.tick()

        with world.uow:
            notes.save(Note("n1"))

        found = world.elsewhere(NoteMapping).get("n1")
        assert (found.created_at, found.updated_at) == (created, world.clock.now)

    def test_gives_a_new_entity_its_time_of_creation(self, world: World, notes: Repository[Note]) -> None:
        """`created_at` is set on create, whichever call creates."""
        with world.uow:
            notes.save(Note("n1"))

        assert world.elsewhere(NoteMapping).get("n1").created_at == world.clock.now

    def test_of_one_entity_twice_is_one_update(self, world: World, notes: Repository[Note]) -> None:
        """The last one given is what is stored."""
        with world.uow:
            notes.save(Note("n1", "one"))
            notes.save(Note("n1", "two"))

        assert [len(actions) for actions in world.writes] == [1]
        assert world.elsewhere(NoteMapping).get("n1").title == "two"

    @pytest.mark.parametrize("other", ["add", "remove", "change"])
    def test_never_stands_beside_another_action_on_its_key(
        self, world: World, notes: Repository[Note], other: str
    ) -> None:
        """`save` never stands beside another action on its key."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with world.uow as uow:
            if other == "add":
                notes.add(Note("n2"))
            elif other == "remove":
                notes.remove(notes.get("n1"))
            else:
                notes.get("n1").title = "changed"
            with pytest.raises(UnitOfWorkStateError, match="save"):
                notes.save(Note("n2" if other == "add" else "n1", "saved"))
            uow.rollback()

        assert world.writes == []

    def test_is_not_removed_in_the_same_unit(self, world: World, notes: Repository[Note]) -> None:
        """Nor does another action stand beside `save`."""
        with world.uow as uow:
            note = notes.save(Note("n1"))
            with pytest.raises(UnitOfWorkStateError, match="remove"):
                notes.remove(note)
            uow.rollback()

    def test_works_without_a_version(self, world: World, settings: Repository[Setting]) -> None:
        """An entity without a version is upserted as well."""
        with world.uow:
            settings.save(Setting("s1", "saved"))

        assert world.elsewhere(SettingMapping).get("s1") == Setting("s1", "saved")

    def test_leaves_the_entity_to_be_read_anew(self, world: World, notes: Repository[Note]) -> None:
        """Only the store knows the saved version, so the next read of the unit asks for it."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with world.uow as uow:
            notes.save(Note("n1", "saved"))
            uow.commit()

            assert notes.get("n1").version == 1
