"""The identity map and the states of entities, without any store."""

from __future__ import annotations

from decimal import Decimal

import pytest

from persistence.errors import EntityExists, KeyChanged, UnitOfWorkStateError
from persistence.mapping import mapping_of
from persistence.tracking import (
    Detached,
    IdentityMap,
    Intent,
    Loaded,
    State,
    Tracked,
    identity_of,
    key_part,
)
from tests.semantics.model import Account, AccountMapping, Note, NoteMapping, OldNoteMapping, ReadingMapping

NOTES = mapping_of(NoteMapping)
ACCOUNTS = mapping_of(AccountMapping)
ITEM = {"id": {"S": "n1"}, "title": {"S": "first"}, "version": {"N": "3"}}


def loaded(entities: IdentityMap) -> Note:
    note = entities.load(NOTES, ITEM)
    assert note is not None
    return note


def the_only(entities: IdentityMap) -> Tracked[Note]:
    (tracked,) = entities
    return tracked


class TestIdentity:
    @pytest.mark.parametrize("text", ["1", "1.0", "1E0", "+1", "10E-1"])
    def test_of_number_keys_is_their_value(self, text: str) -> None:
        """`1`, `1.0` and `1E0` are one key."""
        readings = mapping_of(ReadingMapping)

        identity = identity_of(readings, {"sensor": {"N": text}, "at": {"N": "5"}})

        assert identity == ("readings", (("N", Decimal(1)), ("N", Decimal(5))))

    def test_tells_types_apart(self) -> None:
        """The text "1" is not the number 1."""
        number = {"sensor": {"N": "1"}, "at": {"N": "1"}}
        text = {"sensor": {"S": "1"}, "at": {"N": "1"}}
        readings = mapping_of(ReadingMapping)

        assert identity_of(readings, number) != identity_of(readings, text)

    def test_is_that_of_the_key_alone(self) -> None:
        """An item and its key have one identity."""
        assert identity_of(NOTES, ITEM) == identity_of(NOTES, key_part(NOTES, ITEM))


class TestStates:
    def test_an_added_entity_is_new(self) -> None:
        entities = IdentityMap()

        entities.add(NOTES, Note("n1"))

        assert (the_only(entities).state, the_only(entities).origin) == (State.NEW, None)

    def test_a_loaded_entity_is_clean(self) -> None:
        entities = IdentityMap()
        note = loaded(entities)

        tracked = the_only(entities)

        assert tracked.state is State.CLEAN
        assert isinstance(tracked.origin, Loaded)
        assert (tracked.origin.item, tracked.origin.snapshot) == (ITEM, None)
        assert tracked.entity is note

    def test_a_changed_entity_is_dirty(self) -> None:
        entities = IdentityMap()
        loaded(entities).title = "second"

        assert the_only(entities).state is State.DIRTY

    def test_a_change_of_what_the_unit_manages_is_none(self) -> None:
        """Version and timestamps are the unit's own business."""
        entities = IdentityMap()
        loaded(entities).version = 99

        assert the_only(entities).state is State.CLEAN

    def test_a_detached_entity_is_dirty(self) -> None:
        """It was not read by this unit, so what differs can't be told."""
        entities = IdentityMap()

        entities.update(NOTES, Note("n1", version=3))

        assert (the_only(entities).state, the_only(entities).origin) == (State.DIRTY, Detached(3))

    def test_a_saved_entity_is_dirty(self) -> None:
        entities = IdentityMap()

        entities.save(NOTES, Note("n1"))

        assert (the_only(entities).state, the_only(entities).intent) == (State.DIRTY, Intent.OVERWRITE)

    def test_a_removed_entity_is_removed_and_not_live(self) -> None:
        entities = IdentityMap()

        entities.remove(NOTES, loaded(entities))

        assert (the_only(entities).state, the_only(entities).live) == (State.REMOVED, False)

    def test_an_entity_that_was_added_and_removed_is_forgotten(self) -> None:
        entities = IdentityMap()
        note = Note("n1")
        entities.add(NOTES, note)

        entities.remove(NOTES, note)

        assert len(entities) == 0

    def test_an_entity_that_was_removed_and_added_is_new_again(self) -> None:
        """Its origin stays: the put that replaces it demands what was loaded."""
        entities = IdentityMap()
        entities.remove(NOTES, loaded(entities))

        entities.add(NOTES, Note("n1", "new"))

        tracked = the_only(entities)
        assert (tracked.state, tracked.intent, tracked.entity.title) == (State.NEW, Intent.REPLACE, "new")
        assert isinstance(tracked.origin, Loaded)


class TestLoading:
    def test_first_loaded_wins(self) -> None:
        """What is tracked already wins over what is read again."""
        entities = IdentityMap()
        note = loaded(entities)

        again = entities.load(NOTES, {**ITEM, "title": {"S": "theirs"}})

        assert again is note
        assert note.title == "first"

    def test_gives_nothing_for_a_removed_entity(self) -> None:
        entities = IdentityMap()
        entities.remove(NOTES, loaded(entities))

        assert entities.load(NOTES, ITEM) is None

    def test_refuses_a_second_mapping(self) -> None:
        """One item under two mappings in a unit raises."""
        entities = IdentityMap()
        loaded(entities)

        with pytest.raises(UnitOfWorkStateError, match="NoteMapping"):
            entities.load(mapping_of(OldNoteMapping), ITEM)

    def test_reload_brings_the_same_object_up_to_date(self) -> None:
        entities = IdentityMap()
        note = loaded(entities)

        again = entities.reload(the_only(entities), {**ITEM, "title": {"S": "theirs"}})

        assert again is note
        assert (note.title, the_only(entities).state) == ("theirs", State.CLEAN)

    def test_remembers_and_forgets_absence(self) -> None:
        """A key that was found absent is known until something is put there."""
        entities = IdentityMap()
        key = key_part(NOTES, ITEM)
        entities.remember_absent(NOTES, key)
        known = entities.known_absent(NOTES, key)

        entities.add(NOTES, Note("n1"))

        assert (known, entities.known_absent(NOTES, key)) == (True, False)


class TestAdding:
    def test_the_same_object_twice_is_nothing_more(self) -> None:
        entities = IdentityMap()
        note = Note("n1")

        entities.add(NOTES, note)
        entities.add(NOTES, note)

        assert len(entities) == 1

    def test_another_object_under_a_live_key_is_refused(self) -> None:
        entities = IdentityMap()
        entities.add(NOTES, Note("n1"))
        second = Note("n1")

        with pytest.raises(EntityExists) as refused:
            entities.add(NOTES, second)

        assert (refused.value.entity, refused.value.key) == (second, ("n1",))

    def test_a_moved_object_is_refused(self) -> None:
        """An object that is tracked under one key is not added under another."""
        entities = IdentityMap()
        note = loaded(entities)
        note.id = "n2"

        with pytest.raises(KeyChanged):
            entities.add(NOTES, note)


class TestStandingIn:
    def test_another_object_takes_the_place_of_an_unchanged_one(self) -> None:
        """With the same version, what was loaded still counts."""
        entities = IdentityMap()
        loaded(entities)
        other = Note("n1", "second", version=3)

        entities.update(NOTES, other)

        tracked = the_only(entities)
        assert tracked.entity is other
        assert isinstance(tracked.origin, Loaded)

    def test_with_another_version_its_own_version_is_demanded(self) -> None:
        entities = IdentityMap()
        loaded(entities)

        entities.update(NOTES, Note("n1", "second", version=2))

        assert the_only(entities).origin == Detached(2)

    def test_another_object_on_a_changed_entity_is_refused(self) -> None:
        entities = IdentityMap()
        loaded(entities).title = "changed"

        with pytest.raises(UnitOfWorkStateError, match="another object"):
            entities.update(NOTES, Note("n1", version=3))

    def test_a_frozen_entity_is_replaced_again_and_again(self) -> None:
        """A frozen entity changes by being replaced."""
        entities = IdentityMap()
        item = {"id": {"S": "a1"}, "balance": {"N": "1"}, "version": {"N": "0"}}
        entities.load(ACCOUNTS, item)

        for balance in (2, 3):
            entities.update(ACCOUNTS, Account("a1", balance))

        (tracked,) = entities
        assert (tracked.entity, tracked.state) == (Account("a1", 3), State.DIRTY)
