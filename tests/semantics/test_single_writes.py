"""`UnitOfWork(store, single_write="conditional")`: one write at half the price, and its lost answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from persistence import CommitConflict, CommitOutcomeUnknown, EntityExists, EntityGone, StaleEntity, Throttled
from persistence.commit_plan import COMMIT_ID
from persistence.errors import ItemTooLarge, UnitOfWorkStateError
from persistence.operations import (
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    TransactWrite,
    UpdateItem,
)
from persistence.testing.faults import (
    Fault,
    LateArrival,
    LostAnswer,
    LostRequest,
    Rule,
    ServerError,
    Throttling,
)
from persistence.unit_of_work import Committed
from tests.semantics.model import (
    Account,
    AccountMapping,
    Note,
    NoteMapping,
    Setting,
    SettingMapping,
)
from tests.semantics.world import World

WRITES: tuple[type[Operation[Any]], ...] = (PutItem, UpdateItem, DeleteItem)


def trouble(fault: Fault, count: int | None = None) -> Rule:
    return Rule(fault, WRITES, count=count)


def kinds(world: World) -> list[str]:
    return [type(each).__name__ for each in world.sent]


@pytest.fixture
def note(world: World) -> Note:
    note = Note("n1", "first")
    world.repository(NoteMapping).add(note)
    world.forget()
    return note


class TestOneWrite:
    def test_is_sent_without_a_transaction(self, world: World) -> None:
        """A unit of one write is one conditional write; each kind of it."""
        uow = world.unit_of_work(single_write="conditional")
        notes = world.repository(NoteMapping, uow)
        world.forget()

        with uow:
            note = notes.add(Note("n1"))
        note.title = "changed"
        notes.update(note)
        notes.remove(note)

        assert kinds(world) == ["PutItem", "UpdateItem", "DeleteItem"]

    def test_carries_its_commit_id(self, world: World, note: Note) -> None:
        """The id stays in the item, unknown to the mapping."""
        uow = world.unit_of_work(single_write="conditional", ids=lambda: "the-id")
        with uow:
            world.repository(NoteMapping, uow).get("n1").title = "second"

        stored = world.stored(NoteMapping, "n1")
        assert stored is not None
        assert stored[COMMIT_ID] == {"S": "the-id"}
        assert world.elsewhere(NoteMapping).get("n1").version == 1
        assert uow.last_outcome == Committed("the-id", {"Note": 1})

    def test_of_several_is_a_transaction(self, world: World, note: Note) -> None:
        """Two writes need one."""
        uow = world.unit_of_work(single_write="conditional")
        notes = world.repository(NoteMapping, uow)
        world.forget()
        with uow:
            notes.add(Note("n2"))
            notes.add(Note("n3"))

        assert kinds(world) == ["TransactWrite"]

    def test_with_a_check_is_a_transaction(self, world: World, note: Note) -> None:
        """So does a check of what was read."""
        uow = world.unit_of_work(single_write="conditional")
        notes = world.repository(NoteMapping, uow)
        world.forget()
        with uow(isolation="serializable"):
            notes.get("n1")
            notes.add(Note("n2"))

        assert kinds(world) == ["GetItem", "TransactWrite"]

    def test_takes_one_of_two_words(self, world: World) -> None:
        """The policy is a word."""
        with pytest.raises(UnitOfWorkStateError, match="conditional"):
            world.unit_of_work(single_write="sometimes")


class TestRefusals:
    def test_are_conflicts_with_reasons(self, world: World, note: Note) -> None:
        """The same reasons as of a transaction, also on a server that does not return the item."""
        uow = world.unit_of_work(single_write="conditional")
        notes = world.repository(NoteMapping, uow)

        with pytest.raises(CommitConflict) as exists, uow:
            notes.add(Note("n1"))
        with pytest.raises(CommitConflict) as stale, uow:
            notes.get("n1").title = "mine"
            world.elsewhere(NoteMapping).update(replace(note, title="theirs"))
        with pytest.raises(CommitConflict) as gone, uow:
            notes.get("n1").title = "mine"
            others = world.elsewhere(NoteMapping)
            others.remove(others.get("n1"))

        assert [type(each.value.reasons[0]) for each in (exists, stale, gone)] == [
            EntityExists,
            StaleEntity,
            EntityGone,
        ]
        (reason,) = stale.value.reasons
        assert isinstance(reason, StaleEntity)
        assert (reason.expected_version, reason.found_version) == (0, 1)
        assert reason.changed_by_other == {"title": ("first", "theirs")}

    def test_name_the_entity_that_is_too_large(self, world: World, note: Note) -> None:
        """What only the service can know, since others made the item larger, in our words."""
        uow = world.unit_of_work(single_write="conditional")
        notes = world.repository(NoteMapping, uow)

        with pytest.raises(CommitConflict) as refused, uow:
            notes.get("n1").body = "x" * 200_000
            world.amend(NoteMapping, "n1", other={"S": "y" * 300_000})

        (reason,) = refused.value.reasons
        assert (type(reason), reason.key) == (ItemTooLarge, ("n1",))

    def test_are_retried_when_throttled(self, world: World, note: Note) -> None:
        """Until the deadline; then the failure is certain."""
        uow, _layer = world.faulty(trouble(Throttling()), single_write="conditional")
        notes = world.repository(NoteMapping, uow)

        with pytest.raises(Throttled) as failed, uow:
            notes.get("n1").title = "second"

        assert failed.value.committed is False


class TestLostAnswers:
    @pytest.mark.parametrize(
        "fault",
        [
            pytest.param(LostAnswer(), id="after apply"),
            pytest.param(LostRequest(), id="before apply"),
            pytest.param(ServerError(applied=True), id="500 after apply"),
            pytest.param(ServerError(applied=False), id="500 before apply"),
            pytest.param(LateArrival(after=1), id="late"),
            pytest.param(LateArrival(after=2), id="later"),
        ],
    )
    def test_are_resolved_by_the_commit_id(self, world: World, note: Note, fault: Fault) -> None:
        """Read back, and sent again where the condition can hold only once: applied exactly once."""
        uow, _layer = world.faulty(trouble(fault, 2), single_write="conditional")
        notes = world.repository(NoteMapping, uow)

        with uow:
            changed = notes.get("n1")
            changed.title = "second"

        stored = world.elsewhere(NoteMapping).get("n1")
        assert stored == changed
        assert stored.version == 1

    @pytest.mark.parametrize(
        "fault", [LostAnswer(), ServerError(applied=True), LateArrival(after=1)], ids=["lost", "500", "late"]
    )
    def test_of_creations_are_found(self, world: World, note: Note, fault: Fault) -> None:
        """A new item that carries the id was made by this commit."""
        uow, _layer = world.faulty(trouble(fault, 1), single_write="conditional")
        notes = world.repository(NoteMapping, uow)

        with uow:
            added = notes.add(Note("n2", "second"))

        assert world.elsewhere(NoteMapping).get("n2") == added

    def test_of_creations_that_are_not_found_stay_unknown(self, world: World, note: Note) -> None:
        """A free key proves nothing: others may have deleted the item, and it must not come back."""
        _while_waiting(world, lambda: others.remove(others.get("n2")))
        others = world.elsewhere(NoteMapping)
        uow, layer = world.faulty(trouble(LostAnswer(), 1), single_write="conditional", deadline=1.0)
        notes = world.repository(NoteMapping, uow)

        with pytest.raises(CommitOutcomeUnknown), uow:
            notes.add(Note("n2", "second"))

        assert others.find("n2") is None
        assert len(layer.injected) == 1

    def test_are_not_mixed_up_with_a_later_life_of_the_item(self, world: World) -> None:
        """A version without a time of creation repeats: what has it now may be another item."""
        accounts = world.repository(AccountMapping)
        accounts.add(Account("a1", 1))
        others = world.elsewhere(AccountMapping)

        def anew() -> None:
            others.remove(others.get("a1"))
            others.add(Account("a1", 50))

        _while_waiting(world, anew)
        uow, _layer = world.faulty(trouble(LostAnswer(), 1), single_write="conditional", deadline=1.0)
        accounts = world.repository(AccountMapping, uow)

        with pytest.raises(CommitOutcomeUnknown), uow:
            accounts.update(Account("a1", 2, accounts.get("a1").version))

        assert others.get("a1") == Account("a1", 50, 0)

    def test_of_writes_that_may_hold_twice_are_only_looked_up(self, world: World) -> None:
        """Without a version the write is never sent again after a doubt."""
        settings = world.repository(SettingMapping)
        settings.add(Setting("s1"))
        uow, layer = world.faulty(trouble(LostRequest(), 1), single_write="conditional", deadline=1.0)
        world.forget()

        with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
            world.repository(SettingMapping, uow).get("s1").value = "on"

        assert unknown.value.keys == (("Setting", ("s1",)),)
        assert len(layer.injected) == 1
        assert not [each for each in world.sent if isinstance(each, UpdateItem | TransactWrite)]
        assert [each for each in world.sent if isinstance(each, GetItem)]

    def test_of_writes_that_took_effect_are_found(self, world: World) -> None:
        """The commit id is there: the answer is known."""
        settings = world.repository(SettingMapping)
        settings.add(Setting("s1"))
        uow, _layer = world.faulty(trouble(LostAnswer(), 1), single_write="conditional")

        with uow:
            world.repository(SettingMapping, uow).get("s1").value = "on"

        assert world.elsewhere(SettingMapping).get("s1").value == "on"

    def test_of_removals_stay_unknown_where_the_item_is_gone(self, world: World, note: Note) -> None:
        """A deletion leaves no id behind: gone by us or by others, nobody can tell."""
        uow, _layer = world.faulty(trouble(LostAnswer(), 1), single_write="conditional")
        notes = world.repository(NoteMapping, uow)

        with pytest.raises(CommitOutcomeUnknown), uow:
            notes.remove(notes.get("n1"))

    def test_of_removals_that_did_not_arrive_are_sent_again(self, world: World, note: Note) -> None:
        """Its condition holds still, so it is done now."""
        uow, _layer = world.faulty(trouble(LostRequest(), 1), single_write="conditional")
        notes = world.repository(NoteMapping, uow)

        with uow:
            notes.remove(notes.get("n1"))

        assert world.stored(NoteMapping, "n1") is None

    def test_prove_that_others_were_faster(self, world: World, note: Note) -> None:
        """Somebody else made the step that ours would have made: refused for certain."""
        _while_waiting(world, lambda: world.elsewhere(NoteMapping).update(replace(note, title="theirs")))
        uow, _layer = world.faulty(trouble(LostRequest(), 1), single_write="conditional")
        notes = world.repository(NoteMapping, uow)

        with pytest.raises(CommitConflict) as refused, uow:
            notes.get("n1").title = "mine"

        (reason,) = refused.value.reasons
        assert isinstance(reason, StaleEntity)
        assert reason.found_version == 1

    def test_may_be_resumed(self, world: World, note: Note) -> None:
        """`resume` looks for the id, and sends what may be sent again."""
        uow, _layer = world.faulty(trouble(LostRequest(), 1), single_write="conditional", deadline=0.01)
        notes = world.repository(NoteMapping, uow)
        changed: list[Note] = []
        with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
            changed.append(notes.get("n1"))
            changed[0].title = "second"

        assert uow.resume(unknown.value).committed

        assert world.elsewhere(NoteMapping).get("n1") == changed[0]
        assert changed[0].version == 1


def _while_waiting(world: World, work: Callable[[], object]) -> None:
    """Let another writer work while the unit of work waits for the first time."""
    seconds = world.pauses.seconds

    class Waiting(list[float]):
        def append(self, pause: float) -> None:
            if not self:
                work()
            super().append(pause)

    world.pauses.seconds = Waiting(seconds)
