"""Entities that were not read by the unit: `update` puts them under it."""

from __future__ import annotations

import pytest

from persistence import CommitConflict, EntityGone, EntityNotFound, MappingError, Repository, StaleEntity
from persistence.errors import UnitOfWorkStateError
from persistence.operations import DeleteItem, UpdateItem
from tests.semantics.model import (
    Account,
    AccountMapping,
    Author,
    Hidden,
    HiddenMapping,
    Note,
    NoteMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.world import World


class TestUpdate:
    def test_sets_everything_that_is_known(self, world: World, notes: Repository[Note]) -> None:
        """Detached `update(entity)` sets every known attribute, removes absent ones, keeps unknown ones."""
        world.elsewhere(NoteMapping).add(Note("n1", "first", body="text", tags={"a"}))
        world.amend(NoteMapping, "n1", colour={"S": "red"})

        with world.uow:
            notes.update(Note("n1", "second", author=Author("Ann")))

        stored = world.stored(NoteMapping, "n1")
        assert stored is not None
        assert (stored["title"], stored["author"]) == ({"S": "second"}, {"M": {"name": {"S": "Ann"}}})
        assert stored["colour"] == {"S": "red"}
        assert not {"body", "tags"} & stored.keys()

    def test_steps_the_version_and_keeps_the_time_of_creation(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """The version becomes +1, `updated_at` moves, `created_at` stays."""
        created = world.elsewhere(NoteMapping).add(Note("n1")).created_at
        world.clock.tick()
        note = Note("n1", "second", version=0)

        with world.uow:
            notes.update(note)

        found = world.elsewhere(NoteMapping).get("n1")
        assert (found.version, found.created_at, found.updated_at) == (1, created, world.clock.now)
        assert note.version == 1

    def test_demands_the_version_of_the_entity(self, world: World, notes: Repository[Note]) -> None:
        """It is saved if its version still holds."""
        others = world.elsewhere(NoteMapping)
        note = others.add(Note("n1", "first"))
        others.update(Note("n1", "theirs", version=0))

        with pytest.raises(CommitConflict) as refused, world.uow:
            notes.update(note)

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.expected_version, reason.found_version) == (0, 1)
        assert reason.found == others.get("n1")

    def test_of_a_vanished_entity_makes_no_ghost(self, world: World, notes: Repository[Note]) -> None:
        """An update never creates an item."""
        with pytest.raises(CommitConflict) as refused, world.uow:
            notes.update(Note("n1", version=3))

        assert [type(reason) for reason in refused.value.reasons] == [EntityGone]
        assert world.stored(NoteMapping, "n1") is None

    def test_of_version_0_makes_no_ghost(self, world: World, notes: Repository[Note]) -> None:
        """That an unversioned item may be adopted does not mean that an absent one may be created."""
        with pytest.raises(CommitConflict) as refused, world.uow:
            notes.update(Note("n1", version=0))

        assert [type(reason) for reason in refused.value.reasons] == [EntityGone]
        assert world.stored(NoteMapping, "n1") is None

    def test_adopts_an_item_without_a_version(self, world: World, notes: Repository[Note]) -> None:
        """An item that has no version yet reads as version 0, and can be written from another unit."""
        world.put(NoteMapping, {"id": {"S": "n1"}, "title": {"S": "old"}})
        note = world.elsewhere(NoteMapping).get("n1")
        note.title = "new"

        with world.uow:
            notes.update(note)

        assert world.elsewhere(NoteMapping).get("n1").version == 1

    def test_without_a_version_demands_existence(self, world: World, settings: Repository[Setting]) -> None:
        """Without a version field the condition is that the item exists."""
        with pytest.raises(CommitConflict) as refused, world.uow:
            settings.update(Setting("s1", "new"))

        assert [type(reason) for reason in refused.value.reasons] == [EntityGone]
        assert world.stored(SettingMapping, "s1") is None

    @pytest.mark.parametrize("call", ["update", "remove"])
    def test_is_refused_where_the_version_is_in_the_table_only(self, world: World, call: str) -> None:
        """An entity that can't say its version can't be checked: it has to be read in the unit."""
        hidden = world.repository(HiddenMapping)
        world.elsewhere(HiddenMapping).add(Hidden("h1", "first"))

        with world.uow, pytest.raises(UnitOfWorkStateError, match="version"):
            getattr(hidden, call)(Hidden("h1", "second"))

        assert world.writes == []
        assert world.elsewhere(HiddenMapping).get("h1").value == "first"

    def test_goes_on_as_a_tracked_entity(self, world: World, notes: Repository[Note]) -> None:
        """After the commit the unit knows what is stored, and writes only further changes."""
        note = world.elsewhere(NoteMapping).add(Note("n1", "first"))

        with world.uow as uow:
            notes.update(note)
            uow.commit()
            uow.commit()
            note.title = "third"

        assert len(world.writes) == 2
        assert world.elsewhere(NoteMapping).get("n1").version == 2

    def test_of_the_tracked_object_is_nothing_more(self, world: World, notes: Repository[Note]) -> None:
        """A tracked entity is under the unit already."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with world.uow:
            notes.update(notes.get("n1"))

        assert world.writes == []

    def test_of_another_object_on_an_unchanged_key_takes_its_place(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Another object may stand in for one that was only loaded: what differs is written."""
        world.elsewhere(NoteMapping).add(Note("n1", "first"))

        with world.uow:
            loaded = notes.get("n1")
            other = Note("n1", "second", created_at=loaded.created_at, updated_at=loaded.updated_at)
            notes.update(other)

            assert notes.get("n1") is other

        assert other.version == 1

    def test_of_another_object_on_a_changed_key_is_refused(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Another object on a changed tracked key raises."""
        world.elsewhere(NoteMapping).add(Note("n1", "first"))

        with world.uow as uow:
            notes.get("n1").title = "mine"
            with pytest.raises(UnitOfWorkStateError, match="another object"):
                notes.update(Note("n1", "second"))
            uow.rollback()

    def test_of_another_object_on_an_added_key_is_refused(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """An added key belongs to the object that was added."""
        with world.uow as uow:
            notes.add(Note("n1", "first"))
            with pytest.raises(UnitOfWorkStateError):
                notes.update(Note("n1", "second"))
            uow.rollback()

    def test_of_a_removed_entity_is_refused(self, world: World, notes: Repository[Note]) -> None:
        """What the unit has removed can't be updated."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with world.uow:
            note = notes.get("n1")
            notes.remove(note)
            with pytest.raises(UnitOfWorkStateError, match="removed"):
                notes.update(note)

        assert world.stored(NoteMapping, "n1") is None


class TestRemove:
    def test_of_a_detached_entity_demands_its_version(self, world: World, notes: Repository[Note]) -> None:
        """Delete with the version check, without having read."""
        note = world.elsewhere(NoteMapping).add(Note("n1"))

        with world.uow:
            notes.remove(note)

        assert [type(action) for (action,) in world.writes] == [DeleteItem]
        assert world.stored(NoteMapping, "n1") is None

    def test_of_a_stale_detached_entity_is_refused(self, world: World, notes: Repository[Note]) -> None:
        """Somebody changed it since."""
        others = world.elsewhere(NoteMapping)
        note = others.add(Note("n1"))
        others.update(Note("n1", "theirs"))

        with pytest.raises(CommitConflict) as refused, world.uow:
            notes.remove(note)

        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]

    def test_of_what_is_not_stored_is_refused(self, world: World, notes: Repository[Note]) -> None:
        """The declared rule for a delete of a missing one: EntityGone."""
        with pytest.raises(CommitConflict) as refused, world.uow:
            notes.remove(Note("n1"))

        assert [type(reason) for reason in refused.value.reasons] == [EntityGone]


class TestFrozen:
    """Frozen entities are never mutated: the map holds a replaced copy."""

    @pytest.fixture(autouse=True)
    def stored_account(self, world: World, accounts: Repository[Account]) -> None:
        """An account at version 0."""
        world.elsewhere(AccountMapping).add(Account("a1", 10))
        world.forget()

    def test_update_replaces_the_loaded_one(self, world: World, accounts: Repository[Account]) -> None:
        """A replaced frozen entity is compared with what was loaded."""
        with world.uow:
            loaded = accounts.get("a1")
            accounts.update(Account("a1", loaded.balance + 5, loaded.version))

        ((update,),) = world.writes
        assert isinstance(update, UpdateItem)
        assert [str(action.path) for action in update.actions] == ["balance", "version"]
        assert loaded == Account("a1", 10, 0)
        assert world.elsewhere(AccountMapping).get("a1") == Account("a1", 15, 1)

    def test_update_may_replace_again_and_again(self, world: World, accounts: Repository[Account]) -> None:
        """Each replaced copy stands for the same item: one action."""
        with world.uow:
            account = accounts.get("a1")
            account = accounts.update(Account("a1", account.balance + 5, account.version))
            accounts.update(Account("a1", account.balance + 5, account.version))

        assert [len(actions) for actions in world.writes] == [1]
        assert world.elsewhere(AccountMapping).get("a1") == Account("a1", 20, 1)

    def test_reads_give_the_replaced_one(self, world: World, accounts: Repository[Account]) -> None:
        """Same key, same object: the latest."""
        with world.uow:
            account = accounts.get("a1")
            replaced = accounts.update(Account("a1", 15, account.version))

            assert accounts.get("a1") is replaced

    def test_after_a_commit_the_unit_holds_the_stored_copy(
        self, world: World, accounts: Repository[Account]
    ) -> None:
        """The given object stays as it was; the map holds a copy with the stored version."""
        with world.uow as uow:
            added = accounts.add(Account("a2", 1, version=9))
            uow.commit()

            assert added == Account("a2", 1, version=9)
            assert accounts.get("a2") == Account("a2", 1, version=0)

    def test_a_stale_copy_is_refused(self, world: World, accounts: Repository[Account]) -> None:
        """The version of the given entity is what the write demands."""
        world.elsewhere(AccountMapping).update(Account("a1", 11, version=0))

        with pytest.raises(CommitConflict) as refused, world.uow:
            accounts.get("a1")
            accounts.update(Account("a1", 99, version=0))

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.expected_version, reason.found_version) == (0, 1)

    def test_autocommit_gives_the_stored_entity(self, world: World, accounts: Repository[Account]) -> None:
        """`update` and `save` return the stored entity."""
        updated = accounts.update(Account("a1", 20, version=0))
        saved = accounts.save(Account("a1", 30, version=0))
        added = accounts.add(Account("a2", 1, version=5))

        assert (updated, saved, added) == (Account("a1", 20, 1), Account("a1", 30, 2), Account("a2", 1, 0))

    def test_remove_takes_any_copy(self, world: World, accounts: Repository[Account]) -> None:
        """An equal copy removes the item it stands for."""
        with world.uow:
            accounts.get("a1")
            accounts.remove(Account("a1", 10, 0))

        assert world.stored(AccountMapping, "a1") is None

    def test_refresh_gives_the_fresh_copy(self, world: World, accounts: Repository[Account]) -> None:
        """A frozen entity is refreshed by replacing it."""
        with world.uow:
            account = accounts.get("a1")
            world.elsewhere(AccountMapping).update(Account("a1", 50, version=0))

            assert accounts.refresh(account) == Account("a1", 50, 1)
            assert accounts.get("a1") == Account("a1", 50, 1)


class TestForeignEntities:
    def test_are_refused(self, world: World, notes: Repository[Note]) -> None:
        """An entity of another mapping is a MappingError that names both types."""
        with pytest.raises(MappingError, match="maps Note, not Setting"):
            notes.add(Setting("s1"))  # type: ignore[arg-type]  # that is the subject

        assert world.sent == []

    def test_of_a_unit_are_refused_before_they_are_tracked(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Within a unit too, and the unit goes on."""
        with world.uow:
            with pytest.raises(MappingError):
                notes.remove(Setting("s1"))  # type: ignore[arg-type]  # that is the subject
            notes.add(Note("n1"))

        assert world.stored(NoteMapping, "n1") is not None


class TestOutsideAUnit:
    def test_save_gives_the_stored_entity(self, world: World, notes: Repository[Note]) -> None:
        """`save` returns the stored entity, with its version."""
        notes.save(Note("n1", "one"))

        saved = notes.save(Note("n1", "two"))

        assert (saved.title, saved.version) == ("two", 1)

    def test_refresh_of_a_vanished_entity_raises(self, world: World, notes: Repository[Note]) -> None:
        """Outside a unit `refresh` reads anew."""
        with pytest.raises(EntityNotFound):
            notes.refresh(Note("n1"))
