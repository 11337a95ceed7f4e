"""Patches: changes of items that were not read, alone and as a part of a unit."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from persistence import (
    CommitConflict,
    ConditionFailed,
    EntityExists,
    EntityGone,
    EntityNotFound,
    QueryError,
    Repository,
    StaleEntity,
    UnitOfWorkStateError,
    ValidationFailed,
)
from persistence.errors import ActionRefused, InvalidRequest, UnitClosed, WrongEntityType
from persistence.expressions import Add, And, AttributeExists, Compare, Path, Plus, Set
from persistence.operations import GetItem, TransactWrite, UpdateItem
from persistence.query import PatchBuilder
from tests.semantics.model import (
    Account,
    Author,
    Hidden,
    HiddenMapping,
    Line,
    Note,
    NoteMapping,
    Purchase,
    PurchaseAsBuyerMapping,
    PurchaseMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.world import BEGINNING, World

Patching = Callable[[PatchBuilder[Any]], PatchBuilder[Any]]


@pytest.fixture(autouse=True)
def stored(world: World, notes: Repository[Note], settings: Repository[Setting]) -> None:
    """A note of version 0, and a setting without a version."""
    notes.add(
        Note(
            "n1",
            "first",
            author=Author("ann"),
            lines=[Line("a")],
            tags={"x"},
            score=Decimal(5),
            extra={"k": 1},
        )
    )
    settings.add(Setting("s1", "on"))
    world.forget()


def present(world: World, id_: str = "n1") -> Note:
    """Read a note past the unit."""
    return world.elsewhere(NoteMapping).get(id_)


class TestAtOnce:
    def test_is_a_transaction_of_one_action(self, world: World, notes: Repository[Note]) -> None:
        """Nothing is read; the client token makes the repetition of a lost request harmless."""
        notes.patch("n1").increment("score").set("title", "new").execute()

        (sent,) = world.sent
        assert isinstance(sent, TransactWrite)
        assert sent.token is not None
        (update,) = sent.actions
        assert isinstance(update, UpdateItem)
        assert (present(world).score, present(world).title) == (Decimal(6), "new")

    def test_moves_version_and_updated_at_along(self, world: World, notes: Repository[Note]) -> None:
        """As every write does; the time of creation stays."""
        later = world.clock.tick()

        notes.patch("n1").increment("score").execute()

        note = present(world)
        assert (note.version, note.created_at, note.updated_at) == (1, BEGINNING, later)

    def test_keeps_what_it_does_not_know(self, world: World, notes: Repository[Note]) -> None:
        """Attributes of newer applications survive."""
        world.amend(NoteMapping, "n1", newer={"S": "x"})

        notes.patch("n1").set("title", "new").execute()

        item = world.stored(NoteMapping, "n1")
        assert item is not None
        assert item["newer"] == {"S": "x"}

    @pytest.mark.parametrize(
        ("patching", "expected"),
        [
            (lambda p: p.set("body", "text"), {"body": "text"}),
            (lambda p: p.set("author", None), {"author": None}),
            (lambda p: p.set("author.city", "Graz"), {"author": Author("ann", "Graz")}),
            (lambda p: p.set_if_missing("title", "new").set_if_missing("body", "b"), {"body": "b"}),
            (lambda p: p.remove("author").remove("score"), {"author": None, "score": Decimal(0)}),
            (lambda p: p.increment("score", Decimal("0.5")), {"score": Decimal("5.5")}),
            (lambda p: p.decrement("score", 7), {"score": Decimal(-2)}),
            (lambda p: p.add("score", 2).add("tags", {"y"}), {"score": Decimal(7), "tags": {"x", "y"}}),
            (lambda p: p.append("lines", Line("b"), Line("c")), {"lines": [Line("a"), Line("b"), Line("c")]}),
            (
                lambda p: p.prepend("lines", Line("b"), Line("c")),
                {"lines": [Line("b"), Line("c"), Line("a")]},
            ),
            (lambda p: p.set_item("lines", 0, Line("z", 3)), {"lines": [Line("z", 3)]}),
            (lambda p: p.set_item("lines", 9, Line("z")), {"lines": [Line("a"), Line("z")]}),
            (lambda p: p.set("lines[0].quantity", 4), {"lines": [Line("a", 4)]}),
            (lambda p: p.increment("lines[0].quantity"), {"lines": [Line("a", 2)]}),
            (lambda p: p.remove_item("lines", 0), {"lines": []}),
            (lambda p: p.set_item("extra", "a.b", "c"), {"extra": {"k": 1, "a.b": "c"}}),
            (lambda p: p.remove_item("extra", "k"), {"extra": {}}),
            (lambda p: p.append("extra.log", "x"), {"extra": {"k": 1, "log": ["x"]}}),
            (lambda p: p.add_to_set("tags", "y", "x"), {"tags": {"x", "y"}}),
            (lambda p: p.discard_from_set("tags", "x", "nothing"), {"tags": set()}),
        ],
    )
    def test_does_what_it_says(
        self, world: World, notes: Repository[Note], patching: Patching, expected: dict[str, Any]
    ) -> None:
        """Each method changes what it names, and nothing else."""
        before = vars(present(world))

        patching(notes.patch("n1")).execute()

        assert vars(present(world)) == {**before, **expected, "version": 1}

    def test_begins_what_is_absent(self, world: World, notes: Repository[Note]) -> None:
        """Numbers count from 0, lists and sets from empty."""
        world.put(NoteMapping, {"id": {"S": "n2"}, "version": {"N": "0"}})

        notes.patch("n2").increment("score").append("lines", Line("a")).add_to_set("tags", "y").execute()

        note = present(world, "n2")
        assert (note.score, note.lines, note.tags) == (Decimal(1), [Line("a")], {"y"})

    def test_needs_an_existing_entity(self, world: World, notes: Repository[Note]) -> None:
        """No ghost item comes to be."""
        with pytest.raises(EntityGone) as gone:
            notes.patch("n2").increment("score").execute()

        assert (gone.value.entity_type, gone.value.key) == (Note, ("n2",))
        assert world.stored(NoteMapping, "n2") is None

    def test_needs_the_version_that_it_demands(self, world: World, notes: Repository[Note]) -> None:
        """`if_version` fails as a stale entity."""
        notes.patch("n1").increment("score").if_version(0).execute()

        with pytest.raises(StaleEntity) as stale:
            notes.patch("n1").increment("score").if_version(0).execute()

        assert (stale.value.expected_version, stale.value.found_version) == (0, 1)
        assert present(world).score == Decimal(6)

    @pytest.mark.parametrize(
        "patching",
        [
            lambda p: p.if_(lambda n: n.score < 5),
            lambda p: p.if_where("title", "begins_with", "x"),
            lambda p: p.if_exists("body"),
            lambda p: p.if_missing("author"),
            lambda p: p.if_version(0).if_(lambda n: n.score < 5),
        ],
    )
    def test_needs_what_its_conditions_demand(
        self, world: World, notes: Repository[Note], patching: Patching
    ) -> None:
        """A condition of the caller's fails as such."""
        with pytest.raises(ConditionFailed) as failed:
            patching(notes.patch("n1").increment("score")).execute()

        assert (failed.value.entity_type, failed.value.key) == (Note, ("n1",))
        assert present(world).score == Decimal(5)

    def test_is_written_where_its_conditions_hold(self, world: World, notes: Repository[Note]) -> None:
        """The same the other way round."""
        patch = notes.patch("n1").decrement("score", 5)

        patch.if_(lambda n: n.score >= 5).if_missing("body").if_exists("author.name").execute()

        assert present(world).score == Decimal(0)

    def test_is_refused_before_it_is_sent(self, world: World, notes: Repository[Note]) -> None:
        """What the mapping refuses costs nothing."""
        with pytest.raises(ValidationFailed):
            notes.patch("n1").set("title", "a title of over twenty characters").execute()
        with pytest.raises(QueryError):
            notes.patch("n1").execute()

        assert world.sent == []

    def test_is_refused_where_its_path_leads_nowhere(self, world: World, notes: Repository[Note]) -> None:
        """A part of what is absent can't be set; nothing takes effect."""
        notes.patch("n1").set("author", None).execute()

        # Local servers refuse the whole request where the service refuses the action.
        with pytest.raises((ActionRefused, InvalidRequest), match="document path"):
            notes.patch("n1").set("author.city", "Graz").execute()

        assert present(world).version == 1

    def test_serves_entities_without_version(self, world: World, settings: Repository[Setting]) -> None:
        """They need to exist, and that is all."""
        settings.patch("s1").set("value", "off").execute()

        assert world.elsewhere(SettingMapping).get("s1").value == "off"
        with pytest.raises(EntityGone):
            settings.patch("s2").set("value", "off").execute()

    def test_serves_entities_whose_version_is_hidden(self, world: World) -> None:
        """A version in the table only moves along, and may be demanded."""
        hidden = world.repository(HiddenMapping)
        hidden.add(Hidden("h1"))

        hidden.patch("h1").set("value", "x").if_version(0).execute()

        assert (world.stored(HiddenMapping, "h1") or {})["version"] == {"N": "1"}

    def test_meets_entities_of_its_own_type_only(self, world: World) -> None:
        """An item that another type has marked is not touched."""
        purchases = world.repository(PurchaseMapping)
        strangers = world.repository(PurchaseAsBuyerMapping)
        purchases.add(Purchase("b1", 1, "monday"))

        with pytest.raises(WrongEntityType):
            strangers.patch("b1", 1).increment("total").execute()

        assert purchases.get("b1", 1).total == Decimal(0)

    def test_keeps_indexes_in_step(self, world: World) -> None:
        """Keys that are made of what is patched move along."""
        purchases = world.repository(PurchaseMapping)
        purchases.add(Purchase("b1", 1, "monday"))

        purchases.patch("b1", 1).set("day", "tuesday").execute()

        assert purchases.query(lambda p: p.day == "monday").all() == []
        assert [each.number for each in purchases.query(lambda p: p.day == "tuesday")] == [1]

    def test_is_a_write_outside_a_unit(self, world: World) -> None:
        """`autocommit=False` refuses it."""
        notes = world.repository(NoteMapping, world.unit_of_work(autocommit=False))

        for returning in ("none", "new"):
            with pytest.raises(UnitOfWorkStateError, match="autocommit=False"):
                notes.patch("n1").increment("score").execute(returning)

        assert world.sent == []

    def test_does_nothing_before_it_is_executed(self, world: World, notes: Repository[Note]) -> None:
        """A patch that is dropped is as a query that is never asked."""
        notes.patch("n1").increment("score")

        assert world.sent == []


class TestUpsert:
    def test_makes_what_add_would_make(self, world: World, notes: Repository[Note]) -> None:
        """A new item has its first version and timestamps, and its defaults."""
        notes.patch("n2").set("title", "new").increment("score").if_missing().execute()

        world.elsewhere(NoteMapping).add(Note("n3", "new", score=Decimal(1)))
        made, added = world.stored(NoteMapping, "n2"), world.stored(NoteMapping, "n3")
        assert made is not None
        assert {**made, "id": {"S": "n3"}} == added

    def test_makes_what_add_would_make_in_a_shared_table(self, world: World) -> None:
        """So do its keys, and the mark of its type."""
        purchases = world.repository(PurchaseMapping)
        purchases.patch("b1", 1).set("day", "monday").if_missing().execute()

        purchases.add(Purchase("b1", 2, "monday"))
        made, added = world.stored(PurchaseMapping, "b1", 1), world.stored(PurchaseMapping, "b1", 2)
        assert made is not None
        assert added is not None
        assert {name for name in added if added[name] != made.get(name)} == {"SK", "GSI1SK", "number"}
        assert made.keys() == added.keys()

    def test_changes_what_is_there(self, world: World, notes: Repository[Note]) -> None:
        """An item that exists keeps what the patch does not name, its version steps."""
        before = vars(present(world))
        later = world.clock.tick()

        notes.patch("n1").increment("score").if_missing().execute()

        assert vars(present(world)) == {**before, "score": Decimal(6), "version": 1, "updated_at": later}

    def test_may_have_conditions(self, world: World, notes: Repository[Note]) -> None:
        """An absent attribute may be demanded, so that what is made is not changed again."""
        patch = notes.patch("n2").set("body", "once").if_missing().if_missing("body")

        patch.execute()

        with pytest.raises(ConditionFailed):
            patch.execute()
        assert present(world, "n2").version == 0


class TestReturning:
    def test_gives_the_entity(self, world: World, notes: Repository[Note]) -> None:
        """Before or after the patch; one UpdateItem, nothing is read."""
        old = notes.patch("n1").set("title", "second").execute("old")
        new = notes.patch("n1").set("title", "third").execute(returning="new")

        assert (old, new) == (
            Note(**{**vars(present(world)), "title": "first", "version": 0}),
            present(world),
        )
        assert [type(each) for each in world.sent] == [UpdateItem, UpdateItem]

    def test_gives_the_values_of_what_changed(self, world: World, notes: Repository[Note]) -> None:
        """By Python name, with the version and timestamp that moved along; what was absent is left out."""
        patch = notes.patch("n1").increment("score")
        world.clock.tick()
        old = patch.set("body", "text").execute("updated_old")
        later = world.clock.tick()

        new = patch.set("body", "more").execute("updated_new")

        assert old == {"score": Decimal(5), "version": 0, "updated_at": BEGINNING}
        assert new == {"score": Decimal(7), "body": "more", "version": 2, "updated_at": later}

    def test_gives_whole_values_of_attributes_that_changed_in_part(self, notes: Repository[Note]) -> None:
        """The value of a nested entity or a list is complete, whatever part of it was patched."""
        patch = notes.patch("n1").set("author.city", "Graz").set("lines[0].quantity", 2)

        new = patch.execute("updated_new")

        assert (new["author"], new["lines"]) == (Author("ann", "Graz"), [Line("a", 2)])
        assert new.keys() == {"author", "lines", "version", "updated_at"}

    def test_gives_nothing_where_nothing_was(self, notes: Repository[Note]) -> None:
        """An upsert of an absent item has no old entity."""
        assert notes.patch("n2").increment("score").if_missing().execute("old") is None
        assert notes.patch("n3").increment("score").if_missing().execute("updated_old") == {}

    def test_raises_the_same_errors(self, notes: Repository[Note]) -> None:
        """What is refused is so for the same reasons."""
        with pytest.raises(EntityGone):
            notes.patch("n2").increment("score").execute("new")
        with pytest.raises(StaleEntity):
            notes.patch("n1").increment("score").if_version(7).execute("new")
        with pytest.raises(ConditionFailed):
            notes.patch("n1").increment("score").if_exists("body").execute("new")

    def test_is_one_of_five(self, world: World, notes: Repository[Note]) -> None:
        """Another word is refused before anything is sent."""
        with pytest.raises(QueryError, match="none, old, new, updated_old, updated_new"):
            notes.patch("n1").increment("score").execute("all_new")  # type: ignore[call-overload]  # the subject

        assert world.sent == []

    def test_is_for_patches_outside_a_unit(self, world: World, notes: Repository[Note]) -> None:
        """A unit writes when it commits, so there is nothing to return before."""
        with pytest.raises(UnitOfWorkStateError, match="nothing to return yet"), world.uow:
            notes.patch("n1").increment("score").execute("new")

        assert world.sent == []


def paths(update: object) -> list[str]:
    """Give the paths that an update changes."""
    assert isinstance(update, UpdateItem)
    return [str(action.path) for action in update.actions]


class TestInAUnit:
    def test_joins_the_transaction(
        self, world: World, notes: Repository[Note], settings: Repository[Setting]
    ) -> None:
        """Patches are written with all else, or not at all."""
        with world.uow:
            notes.patch("n1").increment("score").execute()
            settings.get("s1").value = "off"
            assert [each.verb for each in world.uow.pending] == ["update", "patch"]

        assert [len(actions) for actions in world.writes] == [2]
        assert present(world).score == Decimal(6)

    def test_is_dropped_with_the_unit(self, world: World, notes: Repository[Note]) -> None:
        """An exception discards it, and so does a rollback."""
        with pytest.raises(ZeroDivisionError), world.uow:
            notes.patch("n1").increment("score").execute()
            raise ZeroDivisionError
        with world.uow:
            notes.patch("n1").increment("score").execute()
            world.uow.rollback()

        assert world.sent == []

    def test_fails_the_commit(self, world: World, notes: Repository[Note]) -> None:
        """Its reason names the entity."""
        with pytest.raises(CommitConflict) as refused, world.uow:
            notes.patch("n1").increment("score").if_(lambda n: n.score > 5).execute()
            notes.patch("n2").increment("score").execute()

        assert [(type(reason), reason.key) for reason in refused.value.reasons] == [
            (ConditionFailed, ("n1",)),
            (EntityGone, ("n2",)),
        ]

    def test_becomes_one_update_with_a_change_of_its_entity(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Case 14: actions are concatenated, conditions joined by AND, and the version steps once."""
        with world.uow:
            note = notes.get("n1")
            note.title = "changed"
            notes.patch("n1").increment("score").add_to_set("tags", "y").if_exists("author").execute()
            (pending,) = world.uow.pending
            world.forget()

        ((update,),) = world.writes
        assert pending.verb == "update"
        assert paths(update)[:3] == ["title", "score", "tags"]
        assert paths(update).count("version") == 1
        assert isinstance(update, UpdateItem)
        assert isinstance(update.condition, And)
        demanded = update.condition.conditions
        assert AttributeExists(Path.of("author")) in demanded
        assert any(isinstance(each, Compare) and each.left == Path.of("version") for each in demanded)
        found = present(world)
        assert (found.title, found.score, found.tags, found.version) == ("changed", Decimal(6), {"x", "y"}, 1)

    def test_becomes_one_with_another_of_the_same_entity(self, world: World, notes: Repository[Note]) -> None:
        """Two patches of one item are one action."""
        with world.uow:
            notes.patch("n1").increment("score").execute()
            notes.patch("n1").add("tags", {"y"}).if_version(0).execute()

        ((update,),) = world.writes
        assert isinstance(update, UpdateItem)
        assert [type(action) for action in update.actions[:2]] == [Set, Add]
        assert isinstance(update.actions[0], Set)
        assert isinstance(update.actions[0].value, Plus)
        assert present(world).version == 1

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            (lambda p: p.increment("score"), lambda p: p.set("score", 1)),
            (lambda p: p.set("author.city", "x"), lambda p: p.remove("author")),
            (lambda p: p.increment("score").if_version(1), lambda p: p.set("title", "x").if_version(2)),
            (lambda p: p.increment("score").if_missing(), lambda p: p.set("title", "x")),
        ],
    )
    def test_does_not_contradict_another_one(
        self, world: World, notes: Repository[Note], first: Patching, second: Patching
    ) -> None:
        """Overlapping paths, other versions: refused where they are asked for, nothing is sent."""
        with pytest.raises(QueryError), world.uow:
            first(notes.patch("n1")).execute()
            second(notes.patch("n1")).execute()

        assert world.sent == []

    def test_does_not_overlap_a_change_of_its_entity(self, world: World, notes: Repository[Note]) -> None:
        """Case 14: refused before anything is sent."""
        with pytest.raises(QueryError, match="can't change both"), world.uow:
            notes.get("n1").score = Decimal(1)
            world.forget()
            notes.patch("n1").increment("score").execute()

        assert world.sent == []

    def test_does_not_expect_another_version_than_the_loaded_one(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """One of the two would be wrong in any case."""
        with pytest.raises(UnitOfWorkStateError, match="version"), world.uow:
            notes.get("n1")
            world.forget()
            notes.patch("n1").increment("score").if_version(4).execute()

        assert world.sent == []

    @pytest.mark.parametrize("call", ["add", "remove", "save"])
    @pytest.mark.parametrize("patch_first", [False, True])
    def test_does_not_stand_beside_another_action_on_its_item(
        self, world: World, notes: Repository[Note], call: str, patch_first: bool
    ) -> None:
        """An item that is added, removed or saved is not patched in the same unit."""
        note = Note("n9") if call == "add" else present(world)
        id_ = note.id

        def act() -> None:
            getattr(notes, call)(note)

        def patch() -> None:
            notes.patch(id_).increment("score").execute()

        with pytest.raises(UnitOfWorkStateError), world.uow:
            for step in (patch, act) if patch_first else (act, patch):
                step()

        assert world.sent == []

    def test_is_bound_to_the_unit_that_it_was_made_in(self, world: World, notes: Repository[Note]) -> None:
        """A patch that outlives its unit does not act at once instead."""
        with world.uow:
            patch = notes.patch("n1").increment("score")

        with pytest.raises(UnitClosed):
            patch.execute()

        assert world.sent == []

    def test_that_was_made_outside_joins_the_unit_it_is_executed_in(
        self, world: World, notes: Repository[Note]
    ) -> None:
        """Patches are values, and may be prepared."""
        patch = notes.patch("n1").increment("score")

        with world.uow:
            patch.execute()
            assert world.sent == []

        assert present(world).score == Decimal(6)


class TestThePatchedEntity:
    def test_is_read_again_after_the_commit(self, world: World, notes: Repository[Note]) -> None:
        """What the patch made of it is known to the store only."""
        with world.uow:
            note = notes.get("n1")
            notes.patch("n1").increment("score").execute()
            world.uow.commit()
            world.forget()

            again = notes.get("n1")

            assert again is note
            assert (note.score, note.version) == (Decimal(6), 1)
            assert [type(each) for each in world.sent] == [GetItem]

    def test_may_be_changed_after_it_was_read_again(self, world: World, notes: Repository[Note]) -> None:
        """The unit goes on."""
        with world.uow:
            notes.get("n1")
            notes.patch("n1").increment("score").execute()
            world.uow.commit()
            notes.get("n1").title = "changed"

        found = present(world)
        assert (found.score, found.title, found.version) == (Decimal(6), "changed", 2)

    def test_is_stale_where_it_is_not_read_again(self, world: World, notes: Repository[Note]) -> None:
        """The old object has the old version."""
        with pytest.raises(StaleEntity), world.uow:
            note = notes.get("n1")
            notes.patch("n1").increment("score").execute()
            world.uow.commit()
            note.title = "changed"

        assert present(world).title == "first"

    def test_is_stale_when_it_was_read_elsewhere(self, world: World, notes: Repository[Note]) -> None:
        """A detached entity from before the patch can't overwrite it."""
        note = notes.get("n1")
        notes.patch("n1").increment("score").execute()

        with pytest.raises(StaleEntity):
            notes.update(note)

        assert present(world).score == Decimal(6)

    def test_that_was_changed_too_is_read_again(self, world: World, notes: Repository[Note]) -> None:
        """Also where the change and the patch were one update."""
        with world.uow:
            note = notes.get("n1")
            note.title = "changed"
            notes.patch("n1").increment("score").execute()
            world.uow.commit()

            assert notes.get("n1") is note
            assert (note.title, note.score, note.version) == ("changed", Decimal(6), 1)

    def test_that_is_frozen_is_replaced(self, world: World, accounts: Repository[Account]) -> None:
        """The map holds the new object."""
        accounts.add(Account("a1", 5))

        with world.uow:
            accounts.get("a1")
            accounts.patch("a1").decrement("balance", 2).execute()
            world.uow.commit()

            assert accounts.get("a1") == Account("a1", 3, 1)

    def test_that_was_absent_is_found_after_an_upsert(self, world: World, notes: Repository[Note]) -> None:
        """What the unit knew of the absence is forgotten with the commit."""
        with world.uow:
            assert notes.find("n2") is None
            notes.patch("n2").set("title", "new").if_missing().execute()
            world.uow.commit()

            assert notes.get("n2").title == "new"


class TestErrors:
    def test_name_what_is_missing(self, notes: Repository[Note]) -> None:
        """The arguments are those of `get`."""
        with pytest.raises(QueryError, match=r"the key of Note is \(id\)"):
            notes.patch()

    def test_are_those_of_their_calls(self, notes: Repository[Note]) -> None:
        """A patch reads nothing, so it never finds nothing; `add` is told of what an upsert made."""
        notes.patch("n2").set("title", "new").if_missing().execute()

        with pytest.raises(EntityExists):
            notes.add(Note("n2"))
        with pytest.raises(EntityNotFound):
            notes.get("n3")
