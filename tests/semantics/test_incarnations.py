"""Versions repeat when an item is deleted and made anew; what is checked beside them does not."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from persistence import CommitConflict, Key, MappingError, MappingSchema, Repository, StaleEntity, fields
from persistence.mapping import mapping_of
from tests.semantics.model import Note, NoteMapping, Seat, SeatMapping
from tests.semantics.world import World


@pytest.fixture
def seats(world: World) -> Repository[Seat]:
    return world.repository(SeatMapping)


def anew(world: World, mapping: type[MappingSchema[Seat]] = SeatMapping) -> None:
    """Delete the seat and make it anew, so that it has the same version again."""
    others = world.elsewhere(mapping)
    others.remove(others.get("s1"))
    others.add(Seat("s1", "theirs"))


class TestIncarnation:
    def test_is_stored_beside_the_version(self, world: World, seats: Repository[Seat]) -> None:
        """`fields.Version(incarnation=True)` stores a random id; the entity needs no attribute for it."""
        seats.add(Seat("s1"))
        seats.add(Seat("s2"))

        first, second = world.stored(SeatMapping, "s1"), world.stored(SeatMapping, "s2")
        assert first is not None
        assert second is not None
        assert first["version"] == {"N": "0"}
        assert first["version_incarnation"] != second["version_incarnation"]

    def test_is_checked_with_every_write_of_a_loaded_entity(
        self, world: World, seats: Repository[Seat]
    ) -> None:
        """Another writer deletes and re-creates the item, with the same version: the write is refused."""
        seats.add(Seat("s1"))

        with pytest.raises(CommitConflict) as refused, world.uow:
            seats.get("s1").holder = "mine"
            anew(world)

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.expected_version, reason.found_version) == (0, 0)
        assert "deleted and made anew" in str(reason)
        assert world.elsewhere(SeatMapping).get("s1").holder == "theirs"

    def test_is_checked_with_removals_and_reads(self, world: World, seats: Repository[Seat]) -> None:
        """Removing is a write too, and a serializable read is checked by it."""
        seats.add(Seat("s1"))

        with pytest.raises(CommitConflict), world.uow:
            seats.remove(seats.get("s1"))
            anew(world)
        with pytest.raises(CommitConflict), world.uow(isolation="serializable"):
            seats.get("s1")
            seats.add(Seat("s2"))
            anew(world)

        assert world.elsewhere(SeatMapping).find("s2") is None

    def test_stays_when_the_entity_changes(self, world: World, seats: Repository[Seat]) -> None:
        """It names the item's life, not its version; a detached update and a save keep it."""
        seats.add(Seat("s1"))
        before = world.stored(SeatMapping, "s1")

        with world.uow:
            seats.get("s1").holder = "mine"
        seats.update(replace(seats.get("s1"), holder="again"))
        seats.save(Seat("s1", "saved"))

        after = world.stored(SeatMapping, "s1")
        assert before is not None
        assert after is not None
        assert after["version_incarnation"] == before["version_incarnation"]
        assert after["version"] == {"N": "3"}

    def test_is_given_by_save_to_a_new_item(self, world: World, seats: Repository[Seat]) -> None:
        """An upsert makes one where there is none."""
        seats.save(Seat("s1", "saved"))

        stored = world.stored(SeatMapping, "s1")
        assert stored is not None
        assert len(stored["version_incarnation"]["S"]) == 32

    def test_is_new_for_a_replaced_item(self, world: World, seats: Repository[Seat]) -> None:
        """Remove and add of one key begins a new life, in the next version."""
        seats.add(Seat("s1"))
        before = world.stored(SeatMapping, "s1")

        with world.uow:
            seats.remove(seats.get("s1"))
            seats.add(Seat("s1", "new"))

        after = world.stored(SeatMapping, "s1")
        assert before is not None
        assert after is not None
        assert after["version_incarnation"] != before["version_incarnation"]
        assert after["version"] == {"N": "1"}

    def test_is_adopted(self, world: World, seats: Repository[Seat]) -> None:
        """Items from before have none: the first write demands that they still have none."""
        world.put(SeatMapping, {"id": {"S": "s1"}, "holder": {"S": "old"}, "version": {"N": "4"}})

        with world.uow:
            seats.get("s1").holder = "mine"

        assert world.elsewhere(SeatMapping).get("s1") == Seat("s1", "mine", 5)

    def test_needs_its_attribute_for_itself(self) -> None:
        """Another field in its place is refused when the mapping is first used."""

        @dataclass
        class Clash:
            id: str
            version_incarnation: str = ""
            version: int = 0

        class ClashMapping(MappingSchema[Clash]):
            class Meta:
                table = "clashes"
                key = Key("id")

            version = fields.Version(incarnation=True)

        with pytest.raises(MappingError, match="version_incarnation"):
            mapping_of(ClashMapping)


class TestCreatedAt:
    def test_is_part_of_the_condition(self, world: World, notes: Repository[Note]) -> None:
        """With a `CreatedAt` role the condition includes the loaded `created_at`."""
        notes.add(Note("n1"))
        others = world.elsewhere(NoteMapping)

        with pytest.raises(CommitConflict, match="made anew"), world.uow:
            notes.get("n1").title = "mine"
            others.remove(others.get("n1"))
            world.clock.tick()
            others.add(Note("n1", "theirs"))

        assert others.get("n1").title == "theirs"
