"""The identity map: within a unit there is one object per stored item."""

# a unit of work is a block of statements, and how it ends is the subject

from __future__ import annotations

from decimal import Decimal

import pytest

from persistence import EntityNotFound, Repository, UnitOfWorkStateError
from persistence.errors import WrongEntityType
from persistence.operations import GetItem, QueryPage
from tests.semantics.model import (
    Note,
    NoteMapping,
    OldNoteMapping,
    Order,
    OrderMapping,
    OrderStatus,
    Purchase,
    PurchaseAsBuyerMapping,
    PurchaseMapping,
    Reading,
    ReadingMapping,
)
from tests.semantics.world import BEGINNING, World


@pytest.fixture(autouse=True)
def stored_notes(world: World, notes: Repository[Note]) -> None:
    """Two stored notes."""
    others = world.elsewhere(NoteMapping)
    others.add(Note("n1", "first"))
    others.add(Note("n2", "other"))
    world.forget()


class TestSameKeySameObject:
    def test_get_twice_is_one_object_and_one_call(self, world: World, notes: Repository[Note]) -> None:
        """In a unit: same key, same object."""
        with world.uow:
            assert notes.get("n1") is notes.get("n1")

        assert len(world.sent) == 1

    def test_reads_of_a_unit_are_strongly_consistent(self, world: World, notes: Repository[Note]) -> None:
        """`get` is strongly consistent by default."""
        with world.uow:
            notes.get("n1")

        (get,) = world.sent
        assert isinstance(get, GetItem)
        assert get.consistent

    def test_two_repositories_share_the_units_entities(self, world: World, notes: Repository[Note]) -> None:
        """The identity map belongs to the unit, not to a repository."""
        again = world.repository(NoteMapping, world.uow)

        with world.uow:
            assert again.get("n1") is notes.get("n1")

    @pytest.mark.parametrize("spelling", [Decimal("1"), Decimal("1.0"), Decimal("1E0"), 1])
    def test_number_keys_are_equal_by_value(self, world: World, spelling: Decimal) -> None:
        """Number keys `1`, `1.0` and `1E0` are one."""
        readings = world.repository(ReadingMapping)
        world.elsewhere(ReadingMapping).add(Reading(Decimal("1"), 5, Decimal("20.5")))

        with world.uow:
            assert readings.get(spelling, 5) is readings.get(Decimal("1.00"), 5)

    def test_units_don_t_share_objects(self, world: World, notes: Repository[Note]) -> None:
        """Each unit reads afresh."""
        with world.uow:
            first = notes.get("n1")
        with world.uow:
            second = notes.get("n1")

        assert first is not second
        assert first == second

    def test_outside_a_unit_every_read_is_another_object(self, world: World, notes: Repository[Note]) -> None:
        """Outside a unit each call is a unit of its own."""
        assert notes.get("n1") is not notes.get("n1")


class TestFirstLoadedWins:
    def test_later_reads_don_t_overwrite(self, world: World, notes: Repository[Note]) -> None:
        """Later reads return the tracked object untouched."""
        others = world.elsewhere(NoteMapping)

        with world.uow:
            note = notes.get("n1")
            theirs = others.get("n1")
            theirs.title = "theirs"
            others.update(theirs)

            assert notes.find_many(["n1", "n2"])[0] is note
            assert note.title == "first"

    def test_index_hits_don_t_overwrite(self, world: World, orders: Repository[Order]) -> None:
        """Index hits return the tracked object untouched, with its unsaved changes."""
        world.elsewhere(OrderMapping).add(Order("c1", 1, BEGINNING))

        with world.uow:
            order = orders.get("c1", 1)
            order.total = Decimal(5)

            assert orders.query(lambda o: o.status == OrderStatus.OPEN).index("by-status").all() == [order]
            assert orders.query(lambda o: o.status == OrderStatus.OPEN).index("by-status").first() is order
            assert order.total == Decimal(5)

    def test_changed_entities_are_found_though_they_no_longer_match(
        self, world: World, orders: Repository[Order]
    ) -> None:
        """A query sees the table: changed ones come as the tracked object even if they no longer match."""
        world.elsewhere(OrderMapping).add(Order("c1", 1, BEGINNING))

        with world.uow:
            order = orders.get("c1", 1)
            order.status = OrderStatus.SHIPPED

            assert orders.query(lambda o: o.status == OrderStatus.OPEN).index("by-status").all() == [order]
            assert orders.query(lambda o: o.status == OrderStatus.SHIPPED).index("by-status").all() == []

    def test_untracked_reads_see_what_is_stored(self, world: World, orders: Repository[Order]) -> None:
        """`.untracked()` reads without tracking."""
        world.elsewhere(OrderMapping).add(Order("c1", 1, BEGINNING))

        with world.uow:
            orders.get("c1", 1).total = Decimal(5)
            (found,) = orders.query(lambda o: o.customer_id == "c1").untracked()
            found.courier = "changed by nobody who is tracked"

        assert found.total == Decimal(0)
        assert world.elsewhere(OrderMapping).get("c1", 1).courier is None


class TestRefresh:
    def test_brings_a_clean_entity_up_to_date(self, world: World, notes: Repository[Note]) -> None:
        """`refresh(entity)` reloads a clean one, in place."""
        others = world.elsewhere(NoteMapping)

        with world.uow:
            note = notes.get("n1")
            theirs = others.get("n1")
            theirs.title = "theirs"
            others.update(theirs)
            refreshed = notes.refresh(note)
            note.body = "mine"

        assert refreshed is note
        assert others.get("n1") == note
        assert (note.title, note.version) == ("theirs", 2)

    def test_refuses_a_dirty_entity(self, world: World, notes: Repository[Note]) -> None:
        """`refresh(entity)` raises on a dirty one."""
        with world.uow:
            note = notes.get("n1")
            note.title = "mine"

            with pytest.raises(UnitOfWorkStateError, match="dirty"):
                notes.refresh(note)

    def test_refuses_an_entity_of_nobody(self, world: World, notes: Repository[Note]) -> None:
        """Only an entity of the unit can be refreshed."""
        with world.uow, pytest.raises(UnitOfWorkStateError, match="not part of the unit"):
            notes.refresh(Note("n1"))

    def test_of_a_deleted_entity_says_so(self, world: World, notes: Repository[Note]) -> None:
        """What was deleted meanwhile can't be refreshed."""
        others = world.elsewhere(NoteMapping)

        with world.uow:
            note = notes.get("n1")
            others.remove(others.get("n1"))

            with pytest.raises(EntityNotFound):
                notes.refresh(note)


class TestTwoMappingsOfOneItem:
    def test_is_refused(self, world: World, notes: Repository[Note]) -> None:
        """One item under two mappings in a unit raises."""
        old_notes = world.repository(OldNoteMapping, world.uow)

        with world.uow:
            notes.get("n1")
            with pytest.raises(UnitOfWorkStateError, match="one mapping per item"):
                old_notes.get("n1")

    def test_a_foreign_discriminator_is_refused(self, world: World) -> None:
        """A foreign discriminator is `WrongEntityType`."""
        impostors = world.repository(PurchaseAsBuyerMapping)
        world.elsewhere(PurchaseMapping).add(Purchase("b1", 1, "monday"))

        with pytest.raises(WrongEntityType) as wrong:
            impostors.get("b1", 1)

        assert (wrong.value.entity_type, wrong.value.found) == (Purchase, "Purchase")


class TestAddedAndRemovedKeys:
    def test_an_added_key_is_found_without_a_call(self, world: World, notes: Repository[Note]) -> None:
        """In a unit `get` of an added key returns it without a call."""
        with world.uow:
            note = notes.add(Note("n3"))

            assert notes.get("n3") is note
            assert notes.find("n3") is note
            assert notes.get_many(["n3", "n3"]) == [note, note]
            assert world.sent == []

    def test_a_removed_key_is_not_found(self, world: World, notes: Repository[Note]) -> None:
        """`get` of a removed key raises `EntityNotFound`, `find` gives None; neither asks the store."""
        with world.uow:
            notes.remove(notes.get("n1"))
            world.forget()

            with pytest.raises(EntityNotFound):
                notes.get("n1")
            assert notes.find("n1") is None
            assert notes.find_many(["n1"]) == [None]
            assert world.sent == []

    def test_absence_is_remembered(self, world: World, notes: Repository[Note]) -> None:
        """`find` = None is remembered: the unit doesn't ask again, and doesn't see what others add."""
        with world.uow:
            assert notes.find("n9") is None
            world.elsewhere(NoteMapping).add(Note("n9"))

            assert notes.find("n9") is None
            assert len(world.sent) == 1

    def test_an_absent_key_can_be_added(self, world: World, notes: Repository[Note]) -> None:
        """Looking for a key first does not stand in the way of adding it."""
        with world.uow:
            assert notes.find("n9") is None
            note = notes.add(Note("n9"))

            assert notes.find("n9") is note

        assert world.stored(NoteMapping, "n9") is not None

    def test_queries_don_t_see_added_entities(self, world: World, orders: Repository[Order]) -> None:
        """A query sees the table, not pending changes: added entities are absent."""
        with world.uow:
            orders.add(Order("c1", 1))

            assert orders.query(lambda o: o.customer_id == "c1").all() == []

    def test_queries_drop_removed_entities(self, world: World, orders: Repository[Order]) -> None:
        """A query drops what the unit has removed."""
        others = world.elsewhere(OrderMapping)
        others.add(Order("c1", 1))
        others.add(Order("c1", 2))

        with world.uow:
            orders.remove(orders.get("c1", 1))

            assert [order.number for order in orders.query(lambda o: o.customer_id == "c1")] == [2]

    def test_a_limit_counts_what_is_given_not_what_is_dropped(
        self, world: World, orders: Repository[Order]
    ) -> None:
        """`limit(n)` counts results, of which removed entities are none; no more is read than is wanted."""
        others = world.elsewhere(OrderMapping)
        for number in (1, 2, 3):
            others.add(Order("c1", number))

        with world.uow:
            orders.remove(orders.get("c1", 1))
            world.forget()

            found = orders.query(lambda o: o.customer_id == "c1").limit(2).all()
            pages = [page.limit for page in world.sent if isinstance(page, QueryPage)]
            first = orders.query(lambda o: o.customer_id == "c1").first()

        assert [order.number for order in found] == [2, 3]
        assert pages == [2, 1]
        assert first is found[0]

    def test_explain_says_what_a_query_does_not_see(self, orders: Repository[Order]) -> None:
        """`explain()` says that pending changes are not seen."""
        assert "pending changes" in str(orders.query(lambda o: o.customer_id == "c1").explain())
