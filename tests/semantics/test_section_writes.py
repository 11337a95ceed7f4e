"""What a write holds and demands, down to the corners: nested values, raw conditions, shared tables."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from persistence import CommitConflict, Key, MappingSchema, Repository, StaleEntity, UnitOfWork, fields
from persistence.attributes import Item
from persistence.errors import EntityExists, UnitOfWorkStateError, ValidationFailed
from persistence.expressions import (
    AttributeExists,
    AttributeNotExists,
    Compare,
    IfNotExists,
    Path,
    Plus,
    Remove,
    Set,
    Value,
)
from persistence.operations import DeleteItem, PutItem, TransactWrite, UpdateItem
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
    Purchase,
    PurchaseMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.test_commit import conditions, paths_removed, paths_set
from tests.semantics.world import BEGINNING, World

LATER = datetime(2026, 3, 1, tzinfo=UTC)
LATER_TEXT = {"S": "2026-03-01T00:00:00.000000Z"}


@dataclass
class Leaf:
    name: str
    size: int = 0


@dataclass
class Branch:
    leaf: Leaf
    leaves: list[Leaf] = field(default_factory=list)
    by_name: dict[str, Leaf] = field(default_factory=dict)


@dataclass
class Tree:
    """Has nested dataclasses at every level: in a dataclass, a list and a dict."""

    id: str
    branch: Branch
    plain: dict[str, Any] = field(default_factory=dict)
    version: int = 0


class TreeMapping(MappingSchema[Tree]):
    class Meta:
        table = "trees"
        key = Key("id")

    version = fields.Version()


@dataclass
class Plan:
    """Has no version, and values that may be stored in several spellings."""

    id: str
    day: datetime | None = None
    labels: set[str] = field(default_factory=set)
    title: str = "none"


class ComparedPlanMapping(MappingSchema[Plan]):
    class Meta:
        table = "plans"
        key = Key("id")
        concurrency = "compare"


@dataclass
class Ratio:
    """Has numbers that are no int."""

    id: str
    exact: Decimal = Decimal(0)
    rough: float = 0.0
    version: int = 0


class RatioMapping(MappingSchema[Ratio]):
    class Meta:
        table = "ratios"
        key = Key("id")

    exact = fields.Decimal(data_key="exactNumber")
    version = fields.Version()


def stored(world: World, mapping: type[MappingSchema[Any]], *key: object) -> Item:
    """Give an item that is stored."""
    item = world.stored(mapping, *key)
    assert item is not None
    return item


class TestNestedValues:
    """Nested dataclasses that existed when loaded are updated by path, so that unknown attributes survive."""

    @pytest.fixture
    def trees(self, world: World) -> Repository[Tree]:
        """One stored tree, whose every map has an attribute that the mapping does not know."""
        trees = world.repository(TreeMapping)

        def leaf(name: str) -> dict[str, Any]:
            return {"M": {"name": {"S": name}, "size": {"N": "1"}, "x": {"S": f"x of {name}"}}}

        branch = {
            "leaf": leaf("a"),
            "leaves": {"L": [leaf("b"), leaf("c")]},
            "by_name": {"M": {"d": leaf("d"), "e": leaf("e")}},
            "x": {"S": "x of branch"},
        }
        item: Item = {
            "id": {"S": "t1"},
            "version": {"N": "0"},
            "branch": {"M": branch},
            "x": {"S": "x of tree"},
        }
        world.put(TreeMapping, item)
        world.forget()
        return trees

    def test_are_changed_by_path_at_every_level(self, world: World, trees: Repository[Tree]) -> None:
        """Within a dataclass, a list of the same length and a dict of the same keys."""
        with world.uow:
            branch = trees.get("t1").branch
            for leaf in (branch.leaf, branch.leaves[1], branch.by_name["e"]):
                leaf.size = 7

        ((update,),) = world.writes
        assert paths_set(update) == {
            "branch.leaf.size",
            "branch.leaves[1].size",
            "branch.by_name.e.size",
            "version",
        }
        assert paths_removed(update) == set()

    def test_keep_what_is_unknown_at_every_level(self, world: World, trees: Repository[Tree]) -> None:
        """Nothing but the changed attributes differs afterwards."""
        before = stored(world, TreeMapping, "t1")

        with world.uow:
            branch = trees.get("t1").branch
            for leaf in (branch.leaf, branch.leaves[0], branch.leaves[1], branch.by_name["d"]):
                leaf.size = 7

        after = stored(world, TreeMapping, "t1")
        inner = before["branch"]["M"]
        for changed in (
            inner["leaf"],
            *inner["leaves"]["L"],
            inner["by_name"]["M"]["d"],
        ):
            changed["M"]["size"] = {"N": "7"}
        assert after == {**before, "version": {"N": "1"}}

    def test_of_equal_kind_may_be_replaced_by_another_object(
        self, world: World, trees: Repository[Tree]
    ) -> None:
        """What counts is what is stored, not which object holds it."""
        with world.uow:
            trees.get("t1").branch.leaf = Leaf("new", 1)

        ((update,),) = world.writes
        assert paths_set(update) == {"branch.leaf.name", "version"}
        leaf = stored(world, TreeMapping, "t1")["branch"]["M"]["leaf"]
        assert leaf == {"M": {"name": {"S": "new"}, "size": {"N": "1"}, "x": {"S": "x of a"}}}

    @pytest.mark.parametrize("change", ["append", "remove", "entry"])
    def test_in_replaced_containers_lose_what_is_unknown(
        self, world: World, trees: Repository[Tree], change: str
    ) -> None:
        """Lists whose length changed, and dicts whose keys did, are replaced whole."""
        with world.uow:
            branch = trees.get("t1").branch
            if change == "append":
                branch.leaves.append(Leaf("new"))
            elif change == "remove":
                del branch.leaves[0]
            else:
                branch.by_name["new"] = Leaf("new")

        ((update,),) = world.writes
        replaced = "by_name" if change == "entry" else "leaves"
        assert paths_set(update) == {f"branch.{replaced}", "version"}
        branch_stored = stored(world, TreeMapping, "t1")["branch"]["M"]
        assert "x of" not in str(branch_stored[replaced])
        assert branch_stored["leaf"]["M"]["x"] == {"S": "x of a"}
        assert branch_stored["x"] == {"S": "x of branch"}

    def test_in_plain_dicts_are_replaced_whole(self, world: World, trees: Repository[Tree]) -> None:
        """Plain dicts have no shape of their own that a path could follow."""
        with world.uow:
            trees.get("t1").plain = {"a": {"b": 1}}
        world.forget()

        with world.uow:
            trees.get("t1").plain["a"]["b"] = 2

        ((update,),) = world.writes
        assert paths_set(update) == {"plain", "version"}


class TestTimes:
    def test_of_a_commit_are_one(self, world: World, notes: Repository[Note]) -> None:
        """`created_at` and `updated_at` come from the clock, the same for all entities of a commit."""
        ticking = world.unit_of_work(clock=world.clock.tick)
        notes = world.repository(NoteMapping, ticking)

        with ticking:
            first, second = notes.add(Note("n1")), notes.add(Note("n2"))

        assert {first.created_at, first.updated_at, second.created_at, second.updated_at} == {
            first.created_at
        }

    def test_are_utc_without_a_clock_of_ones_own(self, world: World) -> None:
        """The clock is injectable; the default is the present, aware."""
        before = datetime.now(UTC)
        plain = UnitOfWork(world.store.below)
        note = world.repository(NoteMapping, plain).add(Note("n1"))

        assert note.created_at is not None
        assert before <= note.created_at <= datetime.now(UTC)

    def test_of_creation_begin_anew_with_a_replacing_put(self, world: World, notes: Repository[Note]) -> None:
        """`created_at` is set on create: what takes the place of a removed entity is created."""
        notes.add(Note("n1"))
        later = world.clock.tick()

        with world.uow:
            notes.remove(notes.get("n1"))
            note = notes.add(Note("n1", "new"))

        assert (note.created_at, note.updated_at, note.version) == (later, later, 1)

    def test_of_creation_are_not_what_the_entity_says(self, world: World, notes: Repository[Note]) -> None:
        """Timestamps are kept by the unit; what an application puts there is no change."""
        notes.add(Note("n1", created_at=LATER, updated_at=LATER))
        world.forget()

        with world.uow:
            note = notes.get("n1")
            note.created_at = note.updated_at = LATER

        assert world.writes == []
        assert stored(world, NoteMapping, "n1")["created_at"] != LATER_TEXT


class TestVersions:
    def test_that_the_application_changes_are_no_change(self, world: World, notes: Repository[Note]) -> None:
        """The version of a loaded entity is what was loaded."""
        notes.add(Note("n1"))
        world.forget()

        with world.uow:
            notes.get("n1").version = 40
        with world.uow:
            note = notes.get("n1")
            note.version, note.title = 40, "changed"

        assert [len(actions) for actions in world.writes] == [1]
        assert (note.version, stored(world, NoteMapping, "n1")["version"]) == (1, {"N": "1"})

    def test_step_in_the_table_where_the_class_has_none(self, world: World) -> None:
        """A replacing put stores old + 1, also of a version that only the table has."""
        hidden = world.repository(HiddenMapping)
        hidden.add(Hidden("h1"))

        with world.uow:
            hidden.remove(hidden.get("h1"))
            hidden.add(Hidden("h1", "new"))

        assert stored(world, HiddenMapping, "h1")["version"] == {"N": "1"}

    def test_of_frozen_entities_step_with_a_replacing_put(
        self, world: World, accounts: Repository[Account]
    ) -> None:
        """The map holds the stored copy."""
        accounts.update(accounts.add(Account("a1", 1)))

        with world.uow as uow:
            accounts.remove(accounts.get("a1"))
            accounts.add(Account("a1", 5, version=70))
            uow.commit()
            held = accounts.get("a1")

        assert held == Account("a1", 5, version=2)
        assert accounts.get("a1") == held

    def test_are_not_needed_for_a_replacing_put(self, world: World) -> None:
        """Without a version the condition is that the item exists."""
        settings = world.repository(SettingMapping)
        settings.add(Setting("s1"))
        world.forget()

        with world.uow:
            settings.remove(settings.get("s1"))
            settings.add(Setting("s1", "new"))

        ((put,),) = world.writes
        assert isinstance(put, PutItem)
        assert conditions(put) == [AttributeExists(Path.of("id"))]


class TestDetachedUpdates:
    def test_demand_the_version_of_the_entity(self, world: World, accounts: Repository[Account]) -> None:
        """Sets every known attribute, on the condition `version = entity.version`."""
        accounts.update(accounts.add(Account("a1", 1)))
        world.forget()

        with world.uow:
            accounts.update(Account("a1", 5, version=1))

        ((update,),) = world.writes
        assert isinstance(update, UpdateItem)
        assert update.actions == (
            Set(Path.of("balance"), Value({"N": "5"})),
            Set(Path.of("version"), Value({"N": "2"})),
        )
        assert conditions(update) == [Compare("=", Path.of("version"), Value({"N": "1"}))]

    def test_remove_what_the_entity_lacks(self, world: World, notes: Repository[Note]) -> None:
        """Removes absent attributes; what the mapping does not know is not touched."""
        notes.add(Note("n1"))
        world.forget()

        with world.uow:
            notes.update(Note("n1", "second", version=0))

        ((update,),) = world.writes
        assert paths_set(update) == {"title", "lines", "score", "extra", "version", "updated_at"}
        assert paths_removed(update) == {"body", "author", "tags"}

    def test_in_a_shared_table_keep_key_and_type(self, world: World) -> None:
        """Keys and the discriminator stay; the keys of indexes follow the entity."""
        purchases = world.repository(PurchaseMapping)
        purchases.add(Purchase("b1", 7, "monday", Decimal(3)))
        world.amend(PurchaseMapping, "b1", 7, colour={"S": "red"})

        with world.uow:
            purchases.update(Purchase("b1", 7, None, Decimal(4), version=0))

        assert stored(world, PurchaseMapping, "b1", 7) == {
            "PK": {"S": "BUYER#b1"},
            "SK": {"S": "PURCHASE#00007"},
            "_type": {"S": "Purchase"},
            "buyer_id": {"S": "b1"},
            "number": {"N": "7"},
            "total": {"N": "4"},
            "colour": {"S": "red"},
            "version": {"N": "1"},
            "GSI1SK": {"S": "00007"},
        }

    def test_under_comparison_demand_existence(self, world: World) -> None:
        """Nothing was loaded that could be compared."""
        compared = world.repository(ComparedSettingMapping)
        compared.add(Setting("s1", "old"))
        world.forget()

        with world.uow:
            compared.update(Setting("s1", "new"))

        ((update,),) = world.writes
        assert conditions(update) == [AttributeExists(Path.of("id"))]


class TestSave:
    def test_is_an_update_of_everything(self, world: World, accounts: Repository[Account]) -> None:
        """`save` upserts by Update: version `if_not_exists(version, -1) + 1`."""
        with world.uow:
            accounts.save(Account("a1", 5, version=70))

        ((update,),) = world.writes
        assert isinstance(update, UpdateItem)
        stepped = Plus(IfNotExists(Path.of("version"), Value({"N": "-1"})), Value({"N": "1"}))
        assert update.actions == (
            Set(Path.of("balance"), Value({"N": "5"})),
            Set(Path.of("version"), stepped),
        )
        assert update.condition is None

    @pytest.mark.parametrize("call", ["add", "update"])
    def test_never_stands_beside_a_later_action_that_would_check(
        self, world: World, notes: Repository[Note], call: str
    ) -> None:
        """Never beside another action on its key: the checks of `add` and `update` are not dropped."""
        world.elsewhere(NoteMapping).add(Note("n1", "theirs"))

        with pytest.raises((UnitOfWorkStateError, EntityExists)), world.uow:
            note = notes.save(Note("n1", "saved", version=70))
            getattr(notes, call)(note)

        assert world.elsewhere(NoteMapping).get("n1").title == "theirs"

    def test_never_stands_beside_a_detached_update(self, world: World, notes: Repository[Note]) -> None:
        """The other way round: the version check of `update` is not dropped."""
        note = world.elsewhere(NoteMapping).add(Note("n1", "theirs"))

        with world.uow as uow:
            notes.update(note)
            with pytest.raises(UnitOfWorkStateError, match="save"):
                notes.save(note)
            uow.rollback()

    def test_in_a_shared_table_makes_what_add_would_make(self, world: World) -> None:
        """Keys from templates and the discriminator included."""
        purchases = world.repository(PurchaseMapping)
        purchases.save(Purchase("b1", 1, "monday"))
        purchases.add(Purchase("b1", 2, "monday"))

        saved, added = (stored(world, PurchaseMapping, "b1", number) for number in (1, 2))
        own = {"SK": {"S": "PURCHASE#00002"}, "number": {"N": "2"}, "GSI1SK": {"S": "00002"}}
        assert {**saved, **own} == added


class TestWithoutVersion:
    def test_a_vanished_parent_is_a_conflict_for_removals_too(
        self, world: World, settings: Repository[Setting]
    ) -> None:
        """A nested change demands that its parent map exists: `StaleEntity`, not an error of the service."""
        settings.add(Setting("s1", author=Author("Ann", "Rome")))

        with pytest.raises(CommitConflict) as refused, world.uow:
            author = settings.get("s1").author
            assert author is not None
            author.city = None
            world.elsewhere(SettingMapping).update(Setting("s1"))

        assert [type(reason) for reason in refused.value.reasons] == [StaleEntity]


class TestComparing:
    """`Meta.concurrency = "compare"` demands that the changed attributes still hold their loaded values."""

    def test_demands_raw_loaded_values(self, world: World) -> None:
        """Expected values in conditions are the raw loaded attribute values, never re-encoded ones."""
        plans = world.repository(ComparedPlanMapping)
        raw = {"S": "2026-01-02T05:04:05+02:00"}
        world.put(ComparedPlanMapping, {"id": {"S": "p1"}, "day": raw, "title": {"S": "old"}})
        world.forget()

        with world.uow:
            plans.get("p1").day = LATER

        ((update,),) = world.writes
        assert conditions(update) == [Compare("=", Path.of("day"), Value(raw))]
        assert stored(world, ComparedPlanMapping, "p1")["day"] == LATER_TEXT

    def test_demands_that_what_was_absent_still_is(self, world: World) -> None:
        """An absent value is a loaded value too."""
        plans = world.repository(ComparedPlanMapping)
        world.put(ComparedPlanMapping, {"id": {"S": "p1"}})

        with pytest.raises(CommitConflict) as refused, world.uow:
            plans.get("p1").day = LATER
            world.amend(ComparedPlanMapping, "p1", day={"S": "2026-02-02T00:00:00Z"})

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert reason.changed_by_me == {"day": (None, LATER)}
        assert reason.changed_by_other == {"day": (None, datetime(2026, 2, 2, tzinfo=UTC))}
        ((update,),) = world.writes
        assert conditions(update) == [AttributeNotExists(Path.of("day")), AttributeExists(Path.of("id"))]

    def test_takes_sets_without_order(self, world: World) -> None:
        """Sets are compared without order, by the store as well."""
        plans = world.repository(ComparedPlanMapping)
        world.put(ComparedPlanMapping, {"id": {"S": "p1"}, "labels": {"SS": ["b", "a"]}})

        with world.uow:
            plans.get("p1").labels.add("c")

        assert plans.get("p1").labels == {"a", "b", "c"}

    def test_demands_each_changed_attribute(self, world: World) -> None:
        """Those that did not change may have been changed by others."""
        plans = world.repository(ComparedPlanMapping)
        plans.add(Plan("p1", BEGINNING, {"a"}, "old"))
        world.forget()

        with world.uow:
            plan = plans.get("p1")
            plan.title, plan.day = "new", None

        ((update,),) = world.writes
        assert conditions(update) == [
            Compare("=", Path.of("day"), Value({"S": "2026-01-02T03:04:05.000006Z"})),
            Compare("=", Path.of("title"), Value({"S": "old"})),
        ]
        assert isinstance(update, UpdateItem)
        assert update.actions == (Set(Path.of("title"), Value({"S": "new"})), Remove(Path.of("day")))


class TestAdoption:
    def test_of_a_removed_item_demands_that_it_still_has_no_version(
        self, world: World, accounts: Repository[Account]
    ) -> None:
        """Adopted at their first write (condition: still none), of which a removal is one."""
        world.put(AccountMapping, {"id": {"S": "a1"}, "balance": {"N": "1"}})
        world.forget()

        with world.uow:
            accounts.remove(accounts.get("a1"))

        ((delete,),) = world.writes
        assert isinstance(delete, DeleteItem)
        assert conditions(delete) == [AttributeExists(Path.of("id")), AttributeNotExists(Path.of("version"))]

    def test_by_a_removal_is_refused_once_somebody_adopted_it(
        self, world: World, accounts: Repository[Account]
    ) -> None:
        """Then it is checked."""
        world.put(AccountMapping, {"id": {"S": "a1"}, "balance": {"N": "1"}})

        with pytest.raises(CommitConflict) as refused, world.uow:
            accounts.remove(accounts.get("a1"))
            others = world.elsewhere(AccountMapping)
            others.update(replace(others.get("a1"), balance=7))

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.found_version, reason.found) == (1, Account("a1", 7, 1))

    def test_by_a_patch_and_by_save_begins_at_version_1_and_0(
        self, world: World, accounts: Repository[Account]
    ) -> None:
        """A patch takes an item without a version for one of version 0; an upsert begins with 0."""
        for key in ("patched", "saved"):
            world.put(AccountMapping, {"id": {"S": key}, "balance": {"N": "1"}})

        accounts.patch("patched").increment("balance").execute()
        accounts.save(Account("saved", 5))

        assert accounts.get("patched") == Account("patched", 2, 1)
        assert accounts.get("saved") == Account("saved", 5, 0)


class TestRequests:
    def test_are_one_transaction_with_one_token(self, world: World, notes: Repository[Note]) -> None:
        """A unit of one write is one `TransactWriteItems` too, with a token of 1 to 36 characters."""
        with world.uow:
            notes.add(Note("n1"))
        notes.save(Note("n2"))

        sent = [each for each in world.sent if isinstance(each, TransactWrite)]
        assert [len(each.actions) for each in sent] == [1, 1]
        tokens = [each.token or "" for each in sent]
        assert [1 <= len(token) <= 36 for token in tokens] == [True, True]
        assert len(set(tokens)) == 2

    def test_have_their_sets_sorted(self, world: World, notes: Repository[Note]) -> None:
        """The request of a commit is encoded once, frozen (sets sorted), whatever the order in memory."""
        with world.uow:
            notes.add(Note("n1", tags=set("cabfed")))

        ((put,),) = world.writes
        assert isinstance(put, PutItem)
        assert put.item["tags"] == {"SS": ["a", "b", "c", "d", "e", "f"]}


class TestNumbers:
    def test_of_other_fields_may_be_given_as_ints(self, world: World) -> None:
        """An int is accepted for Decimal and float fields."""
        ratios = world.repository(RatioMapping)

        ratios.add(Ratio("r1", exact=3, rough=2))  # type: ignore[arg-type]  # checkers let an int be a float only

        found = ratios.get("r1")
        assert (found, type(found.exact), type(found.rough)) == (
            Ratio("r1", Decimal(3), 2.0),
            Decimal,
            float,
        )

    def test_as_operands_may_be_ints(self, world: World) -> None:
        """An int is accepted for Decimal and float operands: in lambdas, `where` and patches."""
        ratios = world.repository(RatioMapping)
        ratios.add(Ratio("r1", Decimal(3), 2.0))

        by_lambda = ratios.scan(lambda r: (r.exact > 2) & (r.rough <= 2)).all()
        by_name = ratios.scan().where("exact", "=", 3).where("rough", "between", 1, 2).all()
        ratios.patch("r1").increment("exact").set("rough", 4).if_where("exact", "=", 3).execute()

        assert [len(by_lambda), len(by_name)] == [1, 1]
        assert ratios.get("r1") == Ratio("r1", Decimal(4), 4.0, 1)

    def test_and_all_else_are_named_in_python(self, world: World) -> None:
        """`where`, `patch` and lambdas speak Python names, whatever the attribute is called."""
        ratios = world.repository(RatioMapping)
        ratios.add(Ratio("r1", Decimal(3)))

        with pytest.raises(ValueError, match="exactNumber"):
            ratios.scan().where("exactNumber", "=", 3).all()
        with pytest.raises(ValueError, match="exactNumber"):
            ratios.patch("r1").set("exactNumber", 4).execute()
        ratios.patch("r1").set("exact", 4).execute()

        assert stored(world, RatioMapping, "r1")["exactNumber"] == {"N": "4"}


class TestValidation:
    def test_reports_all_fields_at_once_with_type_and_key(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Validators run at encode time on the Python value; nothing is sent."""
        with pytest.raises(ValidationFailed) as refused, world.uow:
            notes.add(
                Note("n1", "x" * 21, lines=[Line("a"), Line("b", "many")])  # type: ignore[arg-type]  # that is the subject
            )

        assert refused.value.messages.keys() == {"title", "lines"}
        assert (refused.value.entity_type, refused.value.key, refused.value.committed) == (
            Note,
            ("n1",),
            False,
        )
        assert world.sent == []

    def test_of_a_change_does_not_touch_the_object(self, world: World, notes: Repository[Note]) -> None:
        """All or nothing in memory too."""
        notes.add(Note("n1", author=Author("Ann")))
        world.clock.tick()

        with pytest.raises(ValidationFailed), world.uow:
            note = notes.get("n1")
            note.title = "x" * 21

        assert (note.version, note.updated_at, note.title) == (0, BEGINNING, "x" * 21)
