"""What is refused before anything is sent: moved keys, and more than one transaction holds."""

from __future__ import annotations

from decimal import Decimal

import pytest

from persistence import (
    QueryError,
    Repository,
    TransactionTooLarge,
    ValidationFailed,
)
from persistence.errors import ItemTooLarge, KeyChanged, UnitBroken
from tests.semantics.model import (
    Buyer,
    BuyerMapping,
    Note,
    NoteMapping,
    Order,
    OrderMapping,
    Purchase,
    PurchaseMapping,
    Reading,
    ReadingMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.world import WithMoreActions, World


class TestKeyChanged:
    def test_a_moved_entity_is_refused(self, world: World, notes: Repository[Note]) -> None:
        """Keys are immutable: a changed key attribute on a tracked entity is `KeyChanged` at commit."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with pytest.raises(KeyChanged) as refused, world.uow:
            note = notes.get("n1")
            note.id = "n2"

        assert (refused.value.entity, refused.value.entity_type) == (note, Note)
        assert (refused.value.key, refused.value.attributes) == (("n1",), ("id",))
        assert world.writes == []

    def test_says_how_to_mend_it(self, world: World, notes: Repository[Note]) -> None:
        """The error comes with the remedy."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with pytest.raises(KeyChanged, match="remove it and add a copy with the new key"), world.uow:
            notes.get("n1").id = "n2"

    def test_an_added_entity_is_held_to_its_key_as_well(self, world: World, notes: Repository[Note]) -> None:
        """An added entity is tracked under the key that it had."""
        with pytest.raises(KeyChanged), world.uow:
            notes.add(Note("n1")).id = "n2"

        assert world.sent == []

    def test_a_removed_entity_is_deleted_under_the_key_it_was_loaded_with(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """What is deleted is the item that was read."""
        world.elsewhere(NoteMapping).add(Note("n1"))

        with world.uow:
            note = notes.get("n1")
            notes.remove(note)
            note.id = "n2"

        assert world.stored(NoteMapping, "n1") is None

    def test_moving_is_removing_and_adding_a_copy(self, world: World, notes: Repository[Note]) -> None:
        """The remedy works, in one unit."""
        world.elsewhere(NoteMapping).add(Note("n1", "first"))

        with world.uow:
            note = notes.get("n1")
            notes.remove(note)
            notes.add(Note("n2", note.title))

        assert world.stored(NoteMapping, "n1") is None
        assert world.elsewhere(NoteMapping).get("n2").title == "first"

    def test_another_spelling_of_a_number_is_the_same_key(self, world: World) -> None:
        """Number keys are compared by value."""
        readings = world.repository(ReadingMapping)
        world.elsewhere(ReadingMapping).add(Reading(Decimal(1), 1))

        with world.uow:
            reading = readings.get(1, 1)
            reading.sensor = Decimal("1.0")
            reading.value = Decimal(3)

        assert world.elsewhere(ReadingMapping).get(1, 1).value == Decimal(3)

    def test_a_field_of_a_key_template_is_part_of_the_key(self, world: World) -> None:
        """A template's fields are as immutable as the key that they fill."""
        purchases = world.repository(PurchaseMapping)
        world.elsewhere(PurchaseMapping).add(Purchase("b1", 1, "monday"))

        with pytest.raises(KeyChanged) as refused, world.uow:
            purchases.get("b1", 1).number = 2

        assert refused.value.attributes == ("number",)

    def test_fields_of_index_keys_may_change(self, world: World) -> None:
        """Only the table's own key is immutable; index keys follow their fields."""
        purchases = world.repository(PurchaseMapping)
        world.elsewhere(PurchaseMapping).add(Purchase("b1", 1, "monday"))

        with world.uow:
            purchases.get("b1", 1).day = "tuesday"

        assert [found.number for found in purchases.query(lambda p: p.day == "tuesday")] == [1]
        assert purchases.query(lambda p: p.day == "monday").all() == []


class TestTransactionTooLarge:
    def test_as_many_actions_as_fit_are_committed(self, world: World, notes: Repository[Note]) -> None:
        """A unit may hold as many actions as one transaction takes."""
        most = world.store.limits.transaction_actions

        with world.uow:
            for number in range(most):
                notes.add(Note(f"n{number}"))

        assert [len(actions) for actions in world.writes] == [most]

    def test_one_more_is_refused_and_counted_by_type(
        self, world: World, notes: Repository[Note], settings: Repository[Setting]
    ) -> None:
        """Too many actions: `TransactionTooLarge` before anything is sent, counted by entity type."""
        most = world.store.limits.transaction_actions

        with pytest.raises(TransactionTooLarge) as refused, world.uow:
            settings.add(Setting("s1"))
            for number in range(most):
                notes.add(Note(f"n{number}"))

        assert refused.value.actions == most + 1
        assert refused.value.by_type == {"Setting": 1, "Note": most}
        assert refused.value.limit == f"{most} actions"
        assert world.sent == []

    def test_unchanged_entities_don_t_count(self, world: World, notes: Repository[Note]) -> None:
        """Only what is written is an action."""
        most = world.store.limits.transaction_actions
        others = world.elsewhere(NoteMapping)
        for number in range(most + 5):
            others.add(Note(f"n{number}"))

        with world.uow:
            found = notes.get_many([f"n{number}" for number in range(most + 5)])
            found[0].title = "changed"

        assert [len(actions) for actions in world.writes] == [1]

    def test_more_than_4_megabytes_are_refused(self, world: World) -> None:
        """More than 4 MB: nothing is sent and nothing is split, however few the actions are."""
        notes = world.repository(NoteMapping)
        count = world.store.limits.transaction_bytes // 400_000 + 1
        world.store.below = WithMoreActions(world.store.below)

        with pytest.raises(TransactionTooLarge) as refused, world.uow:
            for number in range(count):
                notes.add(Note(f"n{number}", body="x" * 400_000))

        assert (refused.value.actions, refused.value.limit) == (count, "4194304 bytes")
        assert refused.value.size > 4 * 1024 * 1024
        assert world.sent == []


class TestItemTooLarge:
    def test_an_item_over_400_kilobytes_is_refused(self, world: World, notes: Repository[Note]) -> None:
        """An item over 400 KB is ItemTooLarge before anything is sent."""
        with pytest.raises(ItemTooLarge) as refused, world.uow:
            notes.add(Note("n1"))
            large = notes.add(Note("n2", body="x" * 409_600))

        assert (refused.value.entity, refused.value.entity_type, refused.value.key) == (large, Note, ("n2",))
        assert world.sent == []

    def test_an_update_that_would_make_one_is_refused(self, world: World, notes: Repository[Note]) -> None:
        """What counts is the item as it would be."""
        world.elsewhere(NoteMapping).add(Note("n1", body="x" * 300_000))

        with pytest.raises(ItemTooLarge), world.uow:
            notes.get("n1").extra = {"more": "x" * 200_000}

        assert world.writes == []

    def test_unknown_attributes_count_too(self, world: World, notes: Repository[Note]) -> None:
        """What this version does not know is part of the item: refused, here or by the service."""
        world.elsewhere(NoteMapping).add(Note("n1"))
        world.amend(NoteMapping, "n1", ballast={"S": "x" * 300_000})

        with pytest.raises(ItemTooLarge), world.uow:
            notes.get("n1").body = "x" * 200_000

        assert world.elsewhere(NoteMapping).get("n1").body is None

    def test_the_message_has_no_content(self, world: World, notes: Repository[Note]) -> None:
        """Messages name entity types and keys, never values."""
        with pytest.raises(ItemTooLarge) as refused, world.uow:
            notes.add(Note("n1", body="secret" * 70_000))

        assert "secret" not in str(refused.value)


class TestBadKeys:
    @pytest.mark.parametrize("key", ["", "x" * 2049])
    def test_empty_or_too_long_keys_are_refused_before_sending(
        self, world: World, notes: Repository[Note], key: str
    ) -> None:
        """Keys that are empty or too long have a clear error before anything is sent."""
        with pytest.raises(QueryError):
            notes.get(key)
        with pytest.raises(ValidationFailed) as refused:
            notes.add(Note(key))

        assert refused.value.messages.keys() == {"id"}
        assert world.sent == []

    @pytest.mark.parametrize(
        ("args", "kwargs"),
        [((), {}), (("c1",), {}), (("c1", 1, 2), {}), (("c1",), {"customer_id": "c1"}), ((), {"nr": 1})],
    )
    def test_wrong_key_arguments_are_refused_before_sending(
        self, world: World, orders: Repository[Order], args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        """`get(*key)` takes the key's fields in order of first appearance, or by keyword."""
        with pytest.raises(QueryError):
            orders.get(*args, **kwargs)

        assert world.sent == []

    def test_keys_may_be_given_by_name(self, world: World, orders: Repository[Order]) -> None:
        """`get` takes the key's fields in order of first appearance, or by keyword."""
        order = world.elsewhere(OrderMapping).add(Order("c1", 1))

        assert (
            orders.get("c1", 1)
            == orders.get(number=1, customer_id="c1")
            == orders.get("c1", number=1)
            == order
        )

    @pytest.mark.parametrize("key", [["n1"], {"n1"}, {"id": "n1"}, object(), None, 1.5, float("nan"), True])
    def test_keys_of_no_key_type_are_refused_before_sending(
        self, world: World, notes: Repository[Note], key: object
    ) -> None:
        """Unhashable or mutable keys, and others that no key attribute can hold, have a clear error."""
        with pytest.raises(QueryError):
            notes.get(key)

        assert world.sent == []

    def test_a_key_that_would_forge_another_is_refused(self, world: World) -> None:
        """A value that contains the template's separator can't forge another key."""
        world.repository(BuyerMapping)
        purchases = world.repository(PurchaseMapping)

        with pytest.raises((ValidationFailed, QueryError)):
            purchases.get("b1", 100_000)

        assert world.sent == []

    def test_templates_are_filled_and_parsed_back(self, world: World) -> None:
        """Templates fill from the entity and are parsed back; the discriminator tells the types apart."""
        buyers, purchases = world.repository(BuyerMapping), world.repository(PurchaseMapping)

        with world.uow:
            buyers.add(Buyer("b1", "Ann"))
            purchases.add(Purchase("b1", 7, "monday", Decimal(3)))

        assert buyers.get("b1") == Buyer("b1", "Ann")
        assert purchases.get("b1", 7) == Purchase("b1", 7, "monday", Decimal(3))
        stored = world.stored(PurchaseMapping, "b1", 7)
        assert stored is not None
        assert {name: stored[name] for name in ("PK", "SK", "GSI1PK", "GSI1SK", "_type")} == {
            "PK": {"S": "BUYER#b1"},
            "SK": {"S": "PURCHASE#00007"},
            "GSI1PK": {"S": "DAY#monday"},
            "GSI1SK": {"S": "00007"},
            "_type": {"S": "Purchase"},
        }


class TestBrokenUnits:
    @pytest.fixture
    def broken(self, world: World, notes: Repository[Note]) -> None:
        """A stored note whose next change will be refused."""
        world.elsewhere(NoteMapping).add(Note("n1"))

    def test_keep_their_first_failure(self, world: World, notes: Repository[Note], broken: None) -> None:
        """After a failed commit the unit is broken and keeps its first failure: every later call shows it."""
        with pytest.raises(KeyChanged) as left, world.uow as uow:
            notes.get("n1").id = "n2"
            with pytest.raises(KeyChanged) as first:
                uow.commit()
            for call in (uow.commit, uow.rollback, lambda: uow.pending, lambda: notes.get("n1")):
                with pytest.raises(UnitBroken) as shown:
                    call()
                assert shown.value.first_failure is first.value

        assert left.value is first.value

    def test_left_without_an_exception_raise_it_again(
        self, world: World, notes: Repository[Note], broken: None
    ) -> None:
        """Leaving a broken unit without an exception raises its first failure again."""
        with pytest.raises(KeyChanged), world.uow as uow:
            notes.get("n1").id = "n2"
            with pytest.raises(KeyChanged):
                uow.commit()

        assert world.writes == []

    def test_left_with_another_exception_let_it_pass(
        self, world: World, notes: Repository[Note], broken: None
    ) -> None:
        """The caller's exception is not replaced."""
        with pytest.raises(ZeroDivisionError), world.uow as uow:
            notes.get("n1").id = "n2"
            with pytest.raises(KeyChanged):
                uow.commit()
            raise ZeroDivisionError

    def test_are_followed_by_a_fresh_one(self, world: World, notes: Repository[Note], broken: None) -> None:
        """A broken unit leaves no trace in the next."""
        with pytest.raises(KeyChanged), world.uow:
            notes.get("n1").id = "n2"

        with world.uow:
            notes.get("n1").title = "changed"

        assert world.elsewhere(NoteMapping).get("n1").title == "changed"


class TestAllOrNothingInMemory:
    def test_objects_stay_as_they_were_after_a_refused_commit(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Versions and `updated_at` on the objects move only after the store said yes."""
        others = world.elsewhere(NoteMapping)
        others.add(Note("n1"))
        before = others.add(Note("n2"))
        others.add(Note("taken"))
        world.clock.tick()

        with pytest.raises(Exception, match="refused"), world.uow:
            note = notes.get("n2")
            note.title = "changed"
            added = notes.add(Note("taken", version=17))

        assert (note.title, note.version, note.updated_at) == ("changed", 0, before.updated_at)
        assert (added.version, added.created_at, added.updated_at) == (17, None, None)

    def test_nothing_of_a_refused_commit_is_stored(self, world: World, notes: Repository[Note]) -> None:
        """A commit takes effect as a whole or not at all."""
        others = world.elsewhere(NoteMapping)
        others.add(Note("n1", "first"))
        others.add(Note("taken"))

        with pytest.raises(Exception, match="refused"), world.uow:
            notes.get("n1").title = "changed"
            notes.add(Note("n3"))
            notes.add(Note("taken"))

        assert others.get("n1").title == "first"
        assert others.find("n3") is None

    def test_a_refused_commit_may_be_repeated_with_the_same_objects(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """What stayed as it was can be put under a new unit."""
        others = world.elsewhere(NoteMapping)
        others.add(Note("n1", "first"))
        others.add(Note("taken"))
        with pytest.raises(Exception, match="refused"), world.uow:
            note = notes.get("n1")
            note.title = "changed"
            notes.add(Note("taken"))

        with world.uow:
            notes.update(note)

        assert (others.get("n1").title, others.get("n1").version) == ("changed", 1)


class TestPending:
    def test_lists_the_planned_actions(self, world: World, notes: Repository[Note]) -> None:
        """`uow.pending` lists the planned actions, in order, and sends nothing."""
        others = world.elsewhere(NoteMapping)
        for key in ("n1", "n2", "n3"):
            others.add(Note(key))

        with world.uow as uow:
            notes.remove(notes.get("n1"))
            notes.get("n2").title = "changed"
            notes.get("n3")
            notes.add(Note("n4"))
            world.forget()
            pending = uow.pending
            assert world.sent == []

        assert [(planned.verb, planned.key_values) for planned in pending] == [
            ("remove", ("n1",)),
            ("update", ("n2",)),
            ("create", ("n4",)),
        ]

    def test_is_what_the_commit_sends(self, world: World, notes: Repository[Note]) -> None:
        """What will be sent can always be printed before it is sent."""
        with world.uow as uow:
            notes.add(Note("n1"))
            planned = [each.action for each in uow.pending]

        assert [list(actions) for actions in world.writes] == [planned]

    def test_shows_no_values(self, world: World, notes: Repository[Note]) -> None:
        """A planned action shows type, key and attribute names."""
        world.elsewhere(NoteMapping).add(Note("n1", body="secret"))

        with world.uow as uow:
            notes.get("n1").body = "secret too"

            assert repr(uow.pending) == "(<update Note 'n1' body>,)"

    def test_changes_nothing(
        self, world: World, notes: Repository[Note], settings: Repository[Setting]
    ) -> None:
        """Looking at a plan absorbs nothing."""
        with world.uow as uow:
            setting = settings.add(Setting("s1"))
            assert uow.pending
            settings.remove(setting)
            assert not uow.pending

        assert world.stored(SettingMapping, "s1") is None
