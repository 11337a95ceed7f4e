"""What reads give, and what a unit remembers of them: identity, order, keys, snapshots."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from persistence import (
    CommitConflict,
    EntityNotFound,
    Key,
    MappingSchema,
    QueryError,
    Repository,
    StaleEntity,
    Throttled,
    UnitOfWorkStateError,
    fields,
)
from persistence.errors import WrongEntityType
from persistence.operations import BatchGetItems, ConditionCheck, GetItem, UpdateItem
from persistence.testing.faults import Rule, Throttling, Unprocessed
from tests.semantics.model import (
    Account,
    AccountMapping,
    Buyer,
    BuyerMapping,
    Note,
    NoteMapping,
    OldNote,
    OldNoteMapping,
    Order,
    OrderMapping,
    Purchase,
    PurchaseAsBuyerMapping,
    PurchaseMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.world import World


@dataclass
class Memo:
    """Has the same keys as notes, in another table."""

    id: str
    title: str = "memo"
    version: int = 0


class MemoMapping(MappingSchema[Memo]):
    class Meta:
        table = "memos"
        key = Key("id")

    version = fields.Version()


def store_notes(world: World, *keys: str) -> None:
    """Store notes as another writer."""
    for key in keys:
        world.elsewhere(NoteMapping).add(Note(key))


class TestConsistency:
    @pytest.mark.parametrize("call", ["get", "find", "get_many", "find_many", "refresh"])
    def test_is_strong_by_default_outside_a_unit_too(
        self, world: World, notes: Repository[Note], call: str
    ) -> None:
        """The entity; strongly consistent by default."""
        store_notes(world, "n1")
        argument: Any = {"get_many": ["n1"], "find_many": ["n1"], "refresh": Note("n1")}.get(call, "n1")

        getattr(notes, call)(argument)

        (read,) = world.sent
        gets = read.gets if isinstance(read, BatchGetItems) else [read]
        assert [isinstance(get, GetItem) and get.consistent for get in gets] == [True]


class TestKeyArguments:
    def test_of_templates_are_their_fields_in_order_of_first_appearance(self, world: World) -> None:
        """`get(*key)` takes the key's fields in order of first appearance, or by keyword."""
        world.repository(BuyerMapping)
        purchases = world.repository(PurchaseMapping)
        purchase = world.elsewhere(PurchaseMapping).add(Purchase("b1", 7, "monday"))

        with world.uow:
            found = [
                purchases.get("b1", 7),
                purchases.get(number=7, buyer_id="b1"),
                purchases.get("b1", number=7),
                *purchases.get_many([("b1", 7), {"number": 7, "buyer_id": "b1"}]),
            ]

        assert found[0] == purchase
        assert [each is found[0] for each in found] == [True] * 5

    def test_of_one_field_may_be_scalars(self, world: World) -> None:
        """Scalars stand for single-attribute keys, also where a template makes two attributes of them."""
        buyers = world.repository(BuyerMapping)
        others = world.elsewhere(BuyerMapping)
        others.add(Buyer("b1"))
        others.add(Buyer("b2"))

        found = buyers.find_many(["b2", ("b1",), ["b1"], {"id": "b2"}, "b3"])

        assert [buyer and buyer.id for buyer in found] == ["b2", "b1", "b1", "b2", None]

    def test_of_several_fields_are_no_scalars(self, world: World, orders: Repository[Order]) -> None:
        """Refused before anything is sent."""
        with pytest.raises(QueryError, match=r"\(customer_id, number\)"):
            orders.get_many(["c1"])

        assert world.sent == []

    def test_may_come_from_any_iterable(self, world: World, notes: Repository[Note]) -> None:
        """Any number of keys, however they come."""
        store_notes(world, "n1", "n2")

        found = notes.get_many(key for key in ("n2", "n1"))

        assert [note.id for note in found] == ["n2", "n1"]

    @pytest.mark.parametrize("call", ["find", "key", "patch"])
    def test_are_taken_alike_by_all_calls(self, world: World, orders: Repository[Order], call: str) -> None:
        """`patch(*key)` and `key(*key)` take what `get` takes, and refuse what it refuses."""
        getattr(orders, call)("c1", number=1)

        for args, kwargs in ((("c1",), {}), (("c1", 1, 2), {}), (("c1", 1), {"number": 1})):
            with pytest.raises(QueryError, match=r"\(customer_id, number\)"):
                getattr(orders, call)(*args, **kwargs)


class TestManyKeys:
    def test_that_are_unprocessed_are_asked_for_again(self, world: World, notes: Repository[Note]) -> None:
        """Unprocessed keys are retried, in the order of the keys all the same."""
        keys = [f"n{number}" for number in range(7)]
        store_notes(world, *keys)
        uow, layer = world.faulty(Rule(Unprocessed(3), (BatchGetItems,), count=2))

        found = world.repository(NoteMapping, uow).get_many(["n3", *keys, "n3"])

        assert [note.id for note in found] == ["n3", *keys, "n3"]
        assert [each.operation for each in layer.injected] == ["BatchGetItems"] * 2
        assert world.pauses.seconds == [0.025, 0.05]

    def test_that_are_all_throttled_are_no_absence(self, world: World, notes: Repository[Note]) -> None:
        """A table that answers nothing is an error, never taken for an empty one."""
        uow, _layer = world.faulty(Rule(Throttling(), (BatchGetItems,)))

        with pytest.raises(Throttled):
            world.repository(NoteMapping, uow).find_many(["n1", "n2"])

    def test_that_are_missing_are_all_named_in_order(self, world: World, orders: Repository[Order]) -> None:
        """`get_many(keys)` raises `EntityNotFound` with all missing keys."""
        with world.uow, pytest.raises(EntityNotFound) as missing:
            orders.get_many([("c2", 1), ("c1", 1), ("c2", 1)])

        assert (missing.value.entity_type, missing.value.key, missing.value.keys) == (
            Order,
            ("c2", 1),
            (("c2", 1), ("c1", 1)),
        )


class TestIdentity:
    def test_is_table_and_key(self, world: World, notes: Repository[Note]) -> None:
        """The identity map is keyed by (table, stored key): equal keys of two tables are two entities."""
        memos = world.repository(MemoMapping)
        store_notes(world, "x")
        world.elsewhere(MemoMapping).add(Memo("x"))

        with world.uow:
            note, memo = notes.get("x"), memos.get("x")
            note.title = memo.title = "changed"

        assert (type(note), type(memo)) == (Note, Memo)
        assert [len(actions) for actions in world.writes] == [2]

    def test_is_kept_by_every_way_to_read(self, world: World, orders: Repository[Order]) -> None:
        """In a unit: same key, same object."""
        world.elsewhere(OrderMapping).add(Order("c1", 1))

        with world.uow:
            order = orders.get("c1", 1)
            found = [
                orders.find("c1", 1),
                *orders.get_many([("c1", 1)]),
                *orders.find_many([("c1", 1)]),
                *orders.query(lambda o: o.customer_id == "c1"),
                orders.query(lambda o: o.customer_id == "c1").first(),
                orders.where("customer_id", "=", "c1").one(),
                *orders.scan(),
                *world.uow.snapshot(orders.key("c1", 1)),
                orders.refresh(order),
                orders.update(order),
            ]

        assert [each is order for each in found] == [True] * len(found)

    def test_is_that_of_the_first_read_whatever_it_was(self, world: World, orders: Repository[Order]) -> None:
        """First loaded wins, also where a query loaded it."""
        world.elsewhere(OrderMapping).add(Order("c1", 1))

        with world.uow:
            (order,) = orders.query(lambda o: o.customer_id == "c1")
            world.forget()

            assert orders.get("c1", 1) is order
            assert world.sent == []


class TestOneMappingPerItem:
    """One item under two mappings in a unit raises."""

    @pytest.fixture
    def old(self, world: World, notes: Repository[Note]) -> Repository[OldNote]:
        store_notes(world, "n1")
        return world.repository(OldNoteMapping, world.uow)

    @pytest.mark.parametrize(
        "call",
        [
            pytest.param(lambda world, old: old.get("n1"), id="get"),
            pytest.param(lambda world, old: old.find_many(["n1"]), id="find_many"),
            pytest.param(lambda world, old: old.scan().all(), id="scan"),
            pytest.param(lambda world, old: old.add(OldNote("n1")), id="add"),
            pytest.param(lambda world, old: old.update(OldNote("n1")), id="update"),
            pytest.param(lambda world, old: old.save(OldNote("n1")), id="save"),
            pytest.param(lambda world, old: old.remove(OldNote("n1")), id="remove"),
            pytest.param(lambda world, old: old.patch("n1").set("title", "x").execute(), id="patch"),
            pytest.param(lambda world, old: world.uow.snapshot(old.key("n1")), id="snapshot"),
        ],
    )
    def test_after_a_read(
        self,
        world: World,
        notes: Repository[Note],
        old: Repository[OldNote],
        call: Callable[[World, Repository[OldNote]], object],
    ) -> None:
        """Whatever the second mapping is used for."""
        with world.uow:
            notes.get("n1")
            with pytest.raises(UnitOfWorkStateError, match="one mapping per item"):
                call(world, old)

        assert world.writes == []

    @pytest.mark.parametrize("call", ["patch", "get", "get and change"])
    def test_after_a_patch(
        self, world: World, notes: Repository[Note], old: Repository[OldNote], call: str
    ) -> None:
        """A patch is a use of the item under its mapping, too."""
        with pytest.raises(UnitOfWorkStateError, match="one mapping per item"), world.uow:
            old.patch("n1").set("title", "by old").execute()
            if call == "patch":
                notes.patch("n1").set("body", "by new").execute()
            elif call == "get":
                notes.get("n1")
            else:
                notes.get("n1").body = "by new"

        assert world.writes == []

    def test_within_a_snapshot(self, world: World, notes: Repository[Note], old: Repository[OldNote]) -> None:
        """Two keys of one item by two mappings are refused, inside and outside of units."""
        with pytest.raises((UnitOfWorkStateError, QueryError)):
            world.uow.snapshot(notes.key("n1"), old.key("n1"))
        with world.uow, pytest.raises((UnitOfWorkStateError, QueryError)):
            world.uow.snapshot(notes.key("n1"), old.key("n1"))

    def test_is_a_rule_of_units_only(
        self, world: World, notes: Repository[Note], old: Repository[OldNote]
    ) -> None:
        """Another unit may use another mapping."""
        with world.uow:
            notes.get("n1").body = "by new"
        with world.uow:
            old.get("n1").title = "by old"

        found = world.elsewhere(NoteMapping).get("n1")
        assert (found.title, found.body, found.version) == ("by old", "by new", 2)


class TestAForeignDiscriminator:
    """A foreign discriminator is `WrongEntityType`, for whoever asks for that very key."""

    @pytest.fixture
    def strangers(self, world: World) -> Repository[Purchase]:
        world.elsewhere(PurchaseMapping)
        world.repository(PurchaseMapping).add(Purchase("b1", 1, "monday"))
        world.forget()
        return world.repository(PurchaseAsBuyerMapping)

    @pytest.mark.parametrize("in_a_unit", [True, False])
    @pytest.mark.parametrize(
        "call",
        [
            pytest.param(lambda uow, strangers: strangers.get("b1", 1), id="get"),
            pytest.param(lambda uow, strangers: strangers.find("b1", 1), id="find"),
            pytest.param(lambda uow, strangers: strangers.get_many([("b1", 1)]), id="get_many"),
            pytest.param(lambda uow, strangers: strangers.find_many([("b1", 1)]), id="find_many"),
            pytest.param(lambda uow, strangers: uow.snapshot(strangers.key("b1", 1)), id="snapshot"),
        ],
    )
    def test_is_told_by_every_read(
        self, world: World, strangers: Repository[Purchase], call: Callable[..., object], in_a_unit: bool
    ) -> None:
        """The error names type, key and mark."""
        with pytest.raises(WrongEntityType) as wrong:
            if in_a_unit:
                with world.uow:
                    call(world.uow, strangers)
            else:
                call(world.uow, strangers)

        assert (wrong.value.entity_type, wrong.value.key, wrong.value.found) == (
            Purchase,
            ("b1", 1),
            "Purchase",
        )

    def test_is_told_by_every_blind_write(self, world: World, strangers: Repository[Purchase]) -> None:
        """Of a unit too, as the reason of its conflict."""
        for call in (strangers.update, strangers.save, strangers.remove):
            with pytest.raises(CommitConflict) as refused, world.uow:
                call(Purchase("b1", 1, "sunday"))

            (reason,) = refused.value.reasons
            assert isinstance(reason, WrongEntityType)
            assert (reason.entity_type, reason.key, reason.found) == (Purchase, ("b1", 1), "Purchase")

    def test_is_passed_over_by_queries(self, strangers: Repository[Purchase]) -> None:
        """A query asks for entities of its type, of which this is none."""
        assert strangers.query(lambda p: p.buyer_id == "b1").all() == []


class TestRefresh:
    @pytest.mark.parametrize("state", ["new", "dirty", "removed"])
    def test_raises_on_whatever_is_not_clean(self, world: World, notes: Repository[Note], state: str) -> None:
        """`refresh(entity)` reloads a clean one, raises on a dirty one."""
        store_notes(world, "n1")

        with world.uow as uow:
            note = notes.add(Note("n2")) if state == "new" else notes.get("n1")
            if state == "dirty":
                note.lines = []
                note.tags = {"x"}
            elif state == "removed":
                notes.remove(note)
            world.forget()
            with pytest.raises(UnitOfWorkStateError, match=state):
                notes.refresh(note)
            uow.rollback()

        assert world.sent == []

    @pytest.mark.parametrize("call", ["update", "save"])
    def test_raises_on_what_was_put_under_the_unit(
        self, world: World, accounts: Repository[Account], call: str
    ) -> None:
        """A detached or saved entity is dirty."""
        account = accounts.add(Account("a1"))

        with world.uow as uow:
            getattr(accounts, call)(account)
            with pytest.raises(UnitOfWorkStateError, match="dirty"):
                accounts.refresh(account)
            uow.rollback()

    def test_counts_as_the_read_under_serializable(self, world: World, notes: Repository[Note]) -> None:
        """What was read last is what the commit demands."""
        store_notes(world, "n1", "n2")

        with world.uow(isolation="serializable"):
            note = notes.get("n1")
            world.elsewhere(NoteMapping).update(replace(note, title="theirs"))
            notes.refresh(note)
            notes.get("n2").title = "mine"

        ((update, check),) = world.writes
        assert (type(update), type(check)) == (UpdateItem, ConditionCheck)


class TestAbsence:
    def test_that_get_met_is_remembered_too(self, world: World, notes: Repository[Note]) -> None:
        """`get`, `get_many` and `snapshot` find nothing in the same way."""
        with world.uow:
            with pytest.raises(EntityNotFound):
                notes.get("n1")
            with pytest.raises(EntityNotFound):
                notes.get_many(["n2"])
            world.uow.snapshot(notes.key("n3"))
            world.forget()

            assert notes.find_many(["n1", "n2", "n3"]) == [None, None, None]
            assert world.sent == []

    def test_is_over_when_a_query_finds_the_entity(self, world: World, orders: Repository[Order]) -> None:
        """A query sees the table; the same key is then the object that it gave."""
        with world.uow:
            assert orders.find("c1", 1) is None
            world.elsewhere(OrderMapping).add(Order("c1", 1))
            (order,) = orders.query(lambda o: o.customer_id == "c1")

            assert orders.get("c1", 1) is order

    def test_does_not_hide_a_removal_that_was_committed(self, world: World, notes: Repository[Note]) -> None:
        """After an early commit the unit asks anew."""
        store_notes(world, "n1")

        with world.uow as uow:
            notes.remove(notes.get("n1"))
            uow.commit()
            assert notes.find("n1") is None
            assert isinstance(world.sent[-1], GetItem)


class TestUntracked:
    def test_reads_in_constant_memory(self, world: World, orders: Repository[Order]) -> None:
        """`.untracked()` reads without tracking: nothing holds on to what was given before."""
        others = world.elsewhere(OrderMapping)
        for number in range(20):
            others.add(Order("c1", number))
        seen: list[weakref.ref[Order]] = []
        most = 0

        with world.uow:
            for order in orders.query(lambda o: o.customer_id == "c1").untracked():
                seen.append(weakref.ref(order))
                most = max(most, sum(each() is not None for each in seen))

        assert len(seen) == 20
        assert most <= 2

    def test_does_not_drop_removed_entities(self, world: World, orders: Repository[Order]) -> None:
        """It shows what is stored."""
        world.elsewhere(OrderMapping).add(Order("c1", 1))

        with world.uow as uow:
            orders.remove(orders.get("c1", 1))
            found = orders.query(lambda o: o.customer_id == "c1").untracked().all()
            uow.rollback()

        assert [order.number for order in found] == [1]


class TestSerializable:
    def test_protects_what_queries_gave(self, world: World, orders: Repository[Order]) -> None:
        """A check for every entity that was read and not written, however it was read."""
        others = world.elsewhere(OrderMapping)
        others.add(Order("c1", 1))
        others.add(Order("c1", 2))

        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            first, _second = orders.query(lambda o: o.customer_id == "c1").all()
            first.total = Decimal(5)
            others.update(replace(others.get("c1", 2), total=Decimal(9)))

        assert [(type(each), each.key) for each in refused.value.reasons] == [(StaleEntity, ("c1", 2))]

    def test_protects_an_item_that_has_no_version_yet(self, world: World, notes: Repository[Note]) -> None:
        """An unversioned read is checked by its loaded attributes, also of a type that has versions."""
        world.put(NoteMapping, {"id": {"S": "n1"}, "title": {"S": "old"}})
        store_notes(world, "n2")

        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            notes.get("n1")
            notes.get("n2").title = "mine"
            world.amend(NoteMapping, "n1", title={"S": "theirs"})

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.key, reason.changed_by_other) == (("n1",), {"title": ("old", "theirs")})

    def test_says_what_happened_to_such_an_item(self, world: World, notes: Repository[Note]) -> None:
        """It was changed, not deleted and made anew."""
        world.put(NoteMapping, {"id": {"S": "n1"}, "title": {"S": "old"}})
        store_notes(world, "n2")

        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            notes.get("n1")
            notes.get("n2").title = "mine"
            world.amend(NoteMapping, "n1", title={"S": "theirs"})

        assert "made anew" not in str(refused.value)

    def test_protects_what_a_patched_item_was(self, world: World, notes: Repository[Note]) -> None:
        """The read of an item that is patched is folded into the patch."""
        store_notes(world, "n1")

        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            notes.get("n1")
            notes.patch("n1").increment("score").execute()
            others = world.elsewhere(NoteMapping)
            others.update(replace(others.get("n1"), title="theirs"))

        assert [(type(each), each.key) for each in refused.value.reasons] == [(StaleEntity, ("n1",))]
        assert world.elsewhere(NoteMapping).get("n1").score == Decimal(0)

    def test_tells_both_versions_of_a_patched_item(self, world: World, notes: Repository[Note]) -> None:
        """`.expected_version` is what the write demanded."""
        store_notes(world, "n1")

        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            notes.get("n1")
            notes.patch("n1").increment("score").execute()
            others = world.elsewhere(NoteMapping)
            others.update(replace(others.get("n1"), title="theirs"))

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.expected_version, reason.found_version) == (0, 1)

    def test_demands_an_absence_of_an_upsert_by_patch(self, world: World, notes: Repository[Note]) -> None:
        """`find` = None becomes an absence check, folded into a patch that may make the item."""
        with pytest.raises(CommitConflict), world.uow(isolation="serializable"):
            assert notes.find("n1") is None
            notes.patch("n1").set("title", "mine").if_missing().execute()
            store_notes(world, "n1")

        assert world.elsewhere(NoteMapping).get("n1").title == "untitled"

    def test_knows_an_unversioned_snapshot(
        self, world: World, notes: Repository[Note], settings: Repository[Setting]
    ) -> None:
        """Consistent multi-reads are `snapshot()`, which counts as read."""
        settings.add(Setting("s1", "on"))
        world.forget()

        with pytest.raises(CommitConflict) as refused, world.uow(isolation="serializable"):
            world.uow.snapshot(settings.key("s1"), notes.key("n1"))
            notes.add(Note("n2"))
            world.elsewhere(SettingMapping).update(Setting("s1", "off"))

        assert [(type(each), each.key) for each in refused.value.reasons] == [(StaleEntity, ("s1",))]

    def test_is_the_same_for_frozen_entities_of_many(
        self, world: World, accounts: Repository[Account]
    ) -> None:
        """`get_many` reads, and is checked, too."""
        others = world.elsewhere(AccountMapping)
        for key in ("a1", "a2", "a3"):
            others.add(Account(key))

        with world.uow(isolation="serializable"):
            first, *_rest = accounts.get_many(["a1", "a2", "a3"])
            accounts.update(replace(first, balance=5))

        ((update, *checks),) = world.writes
        assert isinstance(update, UpdateItem)
        assert [check.key for check in checks if isinstance(check, ConditionCheck)] == [
            {"id": {"S": "a2"}},
            {"id": {"S": "a3"}},
        ]
