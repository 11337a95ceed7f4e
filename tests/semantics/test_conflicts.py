"""What a refused commit tells: one reason per action that failed, in the order of the plan."""

from __future__ import annotations

import pytest

from persistence import CommitConflict, ConflictError, EntityExists, EntityGone, Repository, StaleEntity
from tests.semantics.model import (
    Account,
    AccountMapping,
    Author,
    ComparedSettingMapping,
    Hidden,
    HiddenMapping,
    Line,
    Note,
    NoteMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.world import World


class TestReasons:
    def test_come_in_the_order_of_the_plan(self, world: World, notes: Repository[Note]) -> None:
        """`.reasons` has one entry per action that failed, in the order of the plan, and none for others."""
        others = world.elsewhere(NoteMapping)
        for key in ("stale", "gone", "fine", "taken"):
            others.add(Note(key))

        with pytest.raises(CommitConflict) as refused, world.uow:
            gone, fine, stale = notes.get("gone"), notes.get("fine"), notes.get("stale")
            others.remove(others.get("gone"))
            others.update(Note("stale", "theirs", version=0))
            gone.title = fine.title = stale.title = "mine"
            taken = notes.add(Note("taken"))

        reasons = refused.value.reasons
        assert [(type(reason), reason.entity) for reason in reasons] == [
            (EntityGone, gone),
            (StaleEntity, stale),
            (EntityExists, taken),
        ]
        assert [(reason.entity_type, reason.key) for reason in reasons] == [
            (Note, ("gone",)),
            (Note, ("stale",)),
            (Note, ("taken",)),
        ]

    def test_tell_types_apart(
        self, world: World, notes: Repository[Note], settings: Repository[Setting]
    ) -> None:
        """Each reason has `.entity_type` and `.key` of its own entity."""
        world.elsewhere(NoteMapping).add(Note("x"))
        world.elsewhere(SettingMapping).add(Setting("x"))

        with pytest.raises(CommitConflict) as refused, world.uow:
            settings.add(Setting("x"))
            notes.add(Note("x"))

        assert [reason.entity_type for reason in refused.value.reasons] == [Setting, Note]

    def test_are_raised_from_the_stores_own_error(self, world: World, notes: Repository[Note]) -> None:
        """Each error is raised `from` what caused it."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with pytest.raises(CommitConflict) as refused, world.uow:
            notes.add(Note("n1"))

        assert type(refused.value.__cause__).__name__ == "TransactionCancelled"
        assert refused.value.committed is False

    def test_share_one_base_with_the_conflict(self, world: World, notes: Repository[Note]) -> None:
        """All share `ConflictError`, so that one `except` serves units and autocommit."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with pytest.raises(ConflictError) as in_a_unit, world.uow:
            notes.add(Note("n1"))
        with pytest.raises(ConflictError) as at_once:
            notes.add(Note("n1"))

        assert [type(in_a_unit.value), type(at_once.value)] == [CommitConflict, EntityExists]

    def test_show_no_values(self, world: World, notes: Repository[Note]) -> None:
        """Messages show entity type and key, never values."""
        others = world.elsewhere(NoteMapping)
        others.add(Note("n1", body="secret"))

        with pytest.raises(CommitConflict) as refused, world.uow:
            note = notes.get("n1")
            others.update(Note("n1", body="secret of theirs", version=0))
            note.body = "secret of mine"

        assert "secret" not in f"{refused.value} {refused.value!r} {refused.value.reasons!r}"
        assert "Note 'n1'" in str(refused.value)


class TestStaleEntity:
    @pytest.fixture
    def stale(self, world: World, notes: Repository[Note]) -> StaleEntity:
        """The reason of a commit that met another writer."""
        others = world.elsewhere(NoteMapping)
        others.add(Note("n1", "first", body="text"))
        with pytest.raises(CommitConflict) as refused, world.uow:
            note = notes.get("n1")
            theirs = others.get("n1")
            theirs.title = "theirs"
            theirs.author = Author("Ann")
            others.update(theirs)
            note.title = "mine"
            note.body = None
        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        return reason

    def test_has_both_versions(self, stale: StaleEntity) -> None:
        """`.expected_version` is what the write demanded, `.found_version` what is stored."""
        assert (stale.expected_version, stale.found_version) == (0, 1)

    def test_has_the_stored_entity(self, world: World, stale: StaleEntity) -> None:
        """`.found` is the stored entity, where the service returns the item."""
        assert stale.found == world.elsewhere(NoteMapping).get("n1")

    def test_tells_what_others_changed(self, stale: StaleEntity) -> None:
        """`.changed_by_other`: attribute -> (loaded, now)."""
        assert stale.changed_by_other == {"title": ("first", "theirs"), "author": (None, Author("Ann"))}

    def test_tells_what_this_unit_changed(self, stale: StaleEntity) -> None:
        """`.changed_by_me`: attribute -> (loaded, now)."""
        assert stale.changed_by_me == {"title": ("first", "mine"), "body": ("text", None)}

    def test_may_be_retried(self, stale: StaleEntity) -> None:
        """A new unit with fresh reads may succeed."""
        assert stale.retryable

    def test_knows_versions_that_only_the_table_has(self, world: World) -> None:
        """The version may exist only in the table."""
        hidden, other_uow = world.repository(HiddenMapping), world.unit_of_work()
        others = world.repository(HiddenMapping, other_uow)
        others.add(Hidden("h1"))

        with pytest.raises(CommitConflict) as refused, world.uow:
            mine = hidden.get("h1")
            with other_uow:
                others.get("h1").value = "theirs"
            mine.value = "mine"

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.expected_version, reason.found_version) == (0, 1)


class TestEntityExists:
    def test_is_distinct_from_stale(self, world: World, notes: Repository[Note]) -> None:
        """An add that finds its key taken is EntityExists with what is there; it is not worth a retry."""
        there = world.elsewhere(NoteMapping).add(Note("n1", "theirs"))

        with pytest.raises(CommitConflict) as refused, world.uow:
            notes.add(Note("n1", "mine"))

        (reason,) = refused.value.reasons
        assert isinstance(reason, EntityExists)
        assert reason.found == there
        assert not reason.retryable
        assert not refused.value.retryable


class TestCompare:
    """`Meta.concurrency = "compare"`: the changed attributes still hold their loaded values."""

    @pytest.fixture
    def compared(self, world: World) -> Repository[Setting]:
        """The repository of settings that are compared; one is stored."""
        repository = world.repository(ComparedSettingMapping)
        world.elsewhere(ComparedSettingMapping).add(
            Setting("s1", "first", Author("Ann"), [Line("a"), Line("b")])
        )
        world.forget()
        return repository

    def test_changes_of_different_attributes_both_win(
        self, world: World, compared: Repository[Setting]
    ) -> None:
        """Only the attributes that this unit changes are compared."""
        theirs_uow = world.unit_of_work()
        theirs = world.repository(ComparedSettingMapping, theirs_uow)

        with world.uow:
            mine = compared.get("s1")
            with theirs_uow:
                theirs.get("s1").author = Author("Bea")
            mine.value = "mine"

        found = world.elsewhere(ComparedSettingMapping).get("s1")
        assert (found.value, found.author) == ("mine", Author("Bea"))

    def test_changes_of_one_attribute_conflict(self, world: World, compared: Repository[Setting]) -> None:
        """Of two writers of one attribute the second is stale."""
        theirs_uow = world.unit_of_work()
        theirs = world.repository(ComparedSettingMapping, theirs_uow)

        with pytest.raises(CommitConflict) as refused, world.uow:
            mine = compared.get("s1")
            with theirs_uow:
                theirs.get("s1").value = "theirs"
            mine.value = "mine"

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert reason.expected_version is None
        assert reason.changed_by_other == {"value": ("first", "theirs")}

    def test_removal_compares_everything_that_was_loaded(
        self, world: World, compared: Repository[Setting]
    ) -> None:
        """A deletion changes every attribute."""
        theirs_uow = world.unit_of_work()
        theirs = world.repository(ComparedSettingMapping, theirs_uow)

        with pytest.raises(CommitConflict), world.uow:
            mine = compared.get("s1")
            with theirs_uow:
                theirs.get("s1").author = None
            compared.remove(mine)

        assert world.stored(ComparedSettingMapping, "s1") is not None

    def test_list_elements_are_compared_with_their_list(
        self, world: World, compared: Repository[Setting]
    ) -> None:
        """List elements are updated by index only under a condition that the list is as it was."""
        theirs_uow = world.unit_of_work()
        theirs = world.repository(ComparedSettingMapping, theirs_uow)

        with pytest.raises(CommitConflict), world.uow:
            mine = compared.get("s1")
            with theirs_uow:
                theirs.get("s1").lines.insert(0, Line("new"))
            mine.lines[0].quantity = 9

        found = world.elsewhere(ComparedSettingMapping).get("s1")
        assert found.lines == [Line("new"), Line("a"), Line("b")]

    def test_a_vanished_entity_is_gone(self, world: World, compared: Repository[Setting]) -> None:
        """Comparing demands existence as well: no ghost."""
        others = world.elsewhere(ComparedSettingMapping)

        with pytest.raises(CommitConflict) as refused, world.uow:
            mine = compared.get("s1")
            others.remove(Setting("s1"))
            mine.value = "mine"

        assert [type(reason) for reason in refused.value.reasons] == [EntityGone]


class TestOutsideAUnit:
    """A failed single write outside a unit raises the reason itself."""

    def test_add_raises_entity_exists(self, world: World, notes: Repository[Note]) -> None:
        there = notes.add(Note("n1", "there"))

        with pytest.raises(EntityExists) as refused:
            notes.add(Note("n1", "again"))

        assert (refused.value.key, refused.value.found) == (("n1",), there)

    def test_update_raises_stale_entity(self, accounts: Repository[Account]) -> None:
        accounts.update(accounts.add(Account("a1", 1)))

        with pytest.raises(StaleEntity) as refused:
            accounts.update(Account("a1", 2, version=0))

        assert (refused.value.expected_version, refused.value.found_version) == (0, 1)
        assert refused.value.found == Account("a1", 1, 1)

    def test_update_raises_entity_gone(self, world: World, accounts: Repository[Account]) -> None:
        with pytest.raises(EntityGone):
            accounts.update(Account("a1", 2, version=3))

        assert world.stored(AccountMapping, "a1") is None

    def test_remove_raises_stale_entity(self, world: World, notes: Repository[Note]) -> None:
        notes.update(notes.add(Note("n1")))

        with pytest.raises(StaleEntity):
            notes.remove(Note("n1", version=0))

        assert world.stored(NoteMapping, "n1") is not None

    def test_remove_raises_entity_gone(self, notes: Repository[Note]) -> None:
        with pytest.raises(EntityGone):
            notes.remove(Note("n1"))
