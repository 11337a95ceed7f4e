"""Known hazards of units of work on DynamoDB, each by its number in the project's list of cases."""

from __future__ import annotations

import asyncio
import threading
from contextvars import copy_context
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from persistence import (
    CommitConflict,
    CommitOutcomeUnknown,
    EntityExists,
    EntityGone,
    QueryError,
    Repository,
    StaleEntity,
    Throttled,
    TransactionTooLarge,
    UnitOfWork,
    ValidationFailed,
)
from persistence.errors import (
    CancellationReason,
    ConcurrentUse,
    KeyChanged,
    TransactionBusy,
    TransactionCancelled,
    UnitBroken,
    UnitClosed,
)
from persistence.operations import Operation, TransactWrite, UpdateItem
from persistence.store import Limits, Store
from persistence.stores.layers import Retries, layered
from persistence.testing.faults import ExpiredCredentials, FaultyStore, InProgress, Rule, Throttling
from persistence.unit_of_work import Committed
from tests.semantics.model import (
    Account,
    AccountMapping,
    Author,
    Line,
    Note,
    NoteMapping,
    OldAuthor,
    OldNote,
    OldNoteMapping,
    Order,
    OrderMapping,
)
from tests.semantics.world import WithMoreActions, World

R = TypeVar("R")


class Trouble(Exception):
    """What goes wrong in the tests."""


class Cancelling:
    """A layer that cancels every commit for given reasons, since no local server ever reports traffic."""

    def __init__(self, store: Store, *codes: str) -> None:
        self.below, self.codes, self.commits = store, codes, 0

    @property
    def limits(self) -> Limits:
        return self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        if not isinstance(operation, TransactWrite):
            return self.below.perform(operation)
        self.commits += 1
        raise TransactionCancelled(CancellationReason(code) for code in self.codes)


def test_case_09_a_failed_condition_beside_traffic_is_not_repeated(
    world: World, notes: Repository[Note]
) -> None:
    """`[TransactionConflict, ConditionalCheckFailed]`: a conflict that names each entity; no blind retry."""
    store = Cancelling(world.store, "TransactionConflict", "ConditionalCheckFailed")
    uow = UnitOfWork(store, timing=world.pauses.timing)
    notes = Repository(NoteMapping, uow)

    with pytest.raises(CommitConflict) as refused, uow:
        notes.add(Note("busy"))
        taken = notes.add(Note("taken"))

    assert [(type(reason), reason.key) for reason in refused.value.reasons] == [
        (TransactionBusy, ("busy",)),
        (EntityExists, ("taken",)),
    ]
    assert refused.value.reasons[1].entity is taken
    assert (store.commits, world.pauses.seconds) == (1, [])


def test_case_12_create_and_delete_leave_no_action(world: World, notes: Repository[Note]) -> None:
    """create + delete in one unit: no action for the key, the rest commits."""
    with world.uow:
        notes.remove(notes.add(Note("n1")))
        notes.add(Note("n2"))

    assert [len(actions) for actions in world.writes] == [1]
    assert world.stored(NoteMapping, "n1") is None
    assert world.stored(NoteMapping, "n2") is not None


@pytest.mark.parametrize("patch_first", [True, False])
def test_case_14_a_change_and_a_patch_of_one_item_are_merged(
    world: World, notes: Repository[Note], patch_first: bool
) -> None:
    """Change an entity and run an update builder on the same key: one action, both take effect."""
    world.elsewhere(NoteMapping).add(Note("n1", "first", score=Decimal(1)))

    with world.uow:
        note = notes.get("n1")
        if patch_first:
            notes.patch("n1").increment("score").execute()
        note.title = "changed"
        if not patch_first:
            notes.patch("n1").increment("score").execute()

    ((update,),) = world.writes
    assert isinstance(update, UpdateItem)
    found = world.elsewhere(NoteMapping).get("n1")
    assert (found.title, found.score, found.version) == ("changed", Decimal(2), 1)


@pytest.mark.parametrize("patch_first", [True, False])
def test_case_14_a_change_and_a_patch_of_one_attribute_are_refused(
    world: World, notes: Repository[Note], patch_first: bool
) -> None:
    """What can't be merged is refused before sending."""
    world.elsewhere(NoteMapping).add(Note("n1", score=Decimal(1)))

    with pytest.raises(QueryError, match="score"), world.uow:
        note = notes.get("n1")
        world.forget()
        if patch_first:
            notes.patch("n1").increment("score").execute()
        note.score = Decimal(5)
        if not patch_first:
            notes.patch("n1").increment("score").execute()

    assert world.sent == []


def test_case_15_a_changed_key_sends_nothing(world: World, notes: Repository[Note]) -> None:
    """A key field changed after load: KeyChanged, 0 requests."""
    world.elsewhere(NoteMapping).add(Note("n1"))

    with pytest.raises(KeyChanged), world.uow:
        note = notes.get("n1")
        world.forget()
        note.id = "n2"

    assert world.sent == []


def test_case_16_too_many_actions_send_nothing(world: World, notes: Repository[Note]) -> None:
    """101 actions: a typed error, 0 requests, not split."""
    count = world.store.limits.transaction_actions + 1

    with pytest.raises(TransactionTooLarge) as refused, world.uow:
        for number in range(count):
            notes.add(Note(f"n{number}"))

    assert (refused.value.actions, refused.value.by_type) == (count, {"Note": count})
    assert world.sent == []


def test_case_16_too_many_bytes_send_nothing(world: World, notes: Repository[Note]) -> None:
    """More than 4 MB in few actions: a typed error, 0 requests, not split."""
    world.store.below = WithMoreActions(world.store.below)

    with pytest.raises(TransactionTooLarge) as refused, world.uow:
        for number in range(11):
            notes.add(Note(f"n{number}", body="x" * 400_000))

    assert refused.value.limit == "4194304 bytes"
    assert world.sent == []


@pytest.mark.synchronous("it looks into a context of its own")
def test_case_27_an_exception_in_the_body_writes_nothing(world: World, notes: Repository[Note]) -> None:
    """An exception in the `with uow` body: 0 writes, and the unit is closed."""
    with pytest.raises(Trouble), world.uow:
        notes.add(Note("n1"))
        context = copy_context()
        raise Trouble

    assert world.sent == []
    with pytest.raises(UnitClosed):
        context.run(notes.find, "n1")


def test_case_28_a_second_commit_sends_nothing_again(world: World, notes: Repository[Note]) -> None:
    """Commit twice: what was sent is not sent again."""
    with world.uow as uow:
        notes.add(Note("n1"))
        uow.commit()
        uow.commit()

    assert len(world.writes) == 1


def test_case_28_a_commit_after_a_failure_is_refused(world: World, notes: Repository[Note]) -> None:
    """A second commit after failure raises, and sends nothing again."""
    world.elsewhere(NoteMapping).add(Note("n1"))

    with pytest.raises(CommitConflict), world.uow as uow:
        notes.add(Note("n1"))
        with pytest.raises(CommitConflict):
            uow.commit()
        with pytest.raises(UnitBroken):
            uow.commit()

    assert len(world.writes) == 1


def test_case_28_use_after_close_is_refused(world: World, orders: Repository[Order]) -> None:
    """Use after close, a generator consumed after close: an error each."""
    world.elsewhere(OrderMapping).add(Order("c1", 1))
    with world.uow:
        query = orders.query(lambda o: o.customer_id == "c1")
        begun = iter(query)

    for use in (query.all, query.first, query.count, lambda: next(begun)):
        with pytest.raises(UnitClosed):
            use()


@pytest.mark.synchronous("threads and loops; test_async.py has its counterpart")
@pytest.mark.parametrize("kind", ["thread", "event loop"])
def test_case_29_a_unit_is_not_shared(world: World, notes: Repository[Note], kind: str) -> None:
    """Two threads, or tasks of different event loops, on one unit: ConcurrentUse."""
    caught: list[BaseException] = []

    def use() -> None:
        try:
            notes.get("n1")
        except ConcurrentUse as error:
            caught.append(error)

    async def use_in_a_loop() -> None:
        use()

    with world.uow:
        if kind == "thread":
            thread = threading.Thread(target=copy_context().run, args=(use,))
            thread.start()
            thread.join()
        else:
            asyncio.run(use_in_a_loop())

    assert [type(error) for error in caught] == [ConcurrentUse]


def test_case_30_an_inner_failure_is_the_outer_units(world: World, notes: Repository[Note]) -> None:
    """Nested unit, inner fails: the outer one can't commit half."""
    with pytest.raises(Trouble), world.uow:
        notes.add(Note("n1"))
        with pytest.raises(Trouble), world.uow:
            notes.add(Note("n2"))
            raise Trouble

    assert world.sent == []


def test_case_30_a_success_of_the_inner_unit_is_not_half_a_commit(
    world: World, notes: Repository[Note]
) -> None:
    """Nested unit, the outer one fails after it: nothing of the inner one is committed either."""
    with pytest.raises(Trouble), world.uow:
        notes.add(Note("n1"))
        with world.uow:
            notes.add(Note("n2"))
        raise Trouble

    assert world.sent == []


def test_case_30_an_inner_failure_that_is_caught_still_writes_nothing(
    world: World, notes: Repository[Note]
) -> None:
    """The outer unit ends without an exception of its own, and shows the inner failure instead."""
    with pytest.raises(Trouble) as shown, world.uow:
        notes.add(Note("n1"))
        with pytest.raises(Trouble) as inner, world.uow:
            notes.add(Note("n2"))
            raise Trouble

    assert shown.value is inner.value
    assert world.sent == []


@pytest.mark.parametrize("version", [{}, {"version": {"N": "0"}}], ids=["no version", "version 0"])
def test_case_42_an_item_of_an_older_writer_is_adopted_once(
    world: World, notes: Repository[Note], version: dict[str, dict[str, str]]
) -> None:
    """An existing item without version attribute, or version 0: adopted once, then checked."""
    world.put(NoteMapping, {"id": {"S": "n1"}, "title": {"S": "old"}, **version})
    others = world.elsewhere(NoteMapping)
    early = others.get("n1")

    with world.uow:
        notes.get("n1").title = "adopted"
    early.title = "too late"
    with pytest.raises(StaleEntity):
        others.update(early)

    assert (others.get("n1").title, others.get("n1").version) == ("adopted", 1)


def test_case_43_a_stale_delete_is_a_conflict(world: World, notes: Repository[Note]) -> None:
    """Delete of a stale entity: a conflict, and the item stays."""
    others = world.elsewhere(NoteMapping)
    note = others.add(Note("n1"))
    others.update(Note("n1", "theirs"))

    with pytest.raises(StaleEntity):
        notes.remove(note)

    assert others.get("n1").title == "theirs"


def test_case_43_a_delete_of_a_missing_entity_is_entity_gone(notes: Repository[Note]) -> None:
    """Delete of a missing one: the declared rule is `EntityGone`."""
    with pytest.raises(EntityGone):
        notes.remove(Note("n1"))


def test_case_45_an_update_of_a_vanished_entity_makes_no_ghost(world: World, notes: Repository[Note]) -> None:
    """Update of a vanished entity: a conflict, no ghost item."""
    others = world.elsewhere(NoteMapping)
    others.add(Note("n1"))

    with pytest.raises(CommitConflict) as refused, world.uow:
        note = notes.get("n1")
        others.remove(others.get("n1"))
        note.title = "changed"

    assert [type(reason) for reason in refused.value.reasons] == [EntityGone]
    assert world.stored(NoteMapping, "n1") is None


def test_case_45_a_removing_update_makes_no_ghost_either(world: World, notes: Repository[Note]) -> None:
    """An update that only removes attributes demands the item too."""
    others = world.elsewhere(NoteMapping)
    others.add(Note("n1", body="text"))

    with pytest.raises(CommitConflict), world.uow:
        note = notes.get("n1")
        others.remove(others.get("n1"))
        note.body = None

    assert world.stored(NoteMapping, "n1") is None


def test_case_46_a_taken_key_is_entity_exists(world: World, notes: Repository[Note]) -> None:
    """Create of an existing key: EntityExists, distinct from a stale write."""
    world.elsewhere(NoteMapping).add(Note("n1", "theirs"))

    with pytest.raises(CommitConflict) as refused, world.uow:
        notes.add(Note("n1", "mine"))

    (reason,) = refused.value.reasons
    assert type(reason) is EntityExists
    assert not isinstance(reason, StaleEntity)


def test_case_47_commits_that_are_throttled_all_the_time_end_at_their_deadline(world: World) -> None:
    """All commits throttled for 30 s: no busy loop, deadline kept, and the error says throttled."""
    uow, layer = world.faulty(Rule(Throttling(), (TransactWrite,)), deadline=30.0)
    notes = world.repository(NoteMapping, uow)

    with pytest.raises(Throttled) as throttled, uow:
        notes.add(Note("n1"))

    assert 30 - 2 < sum(world.pauses.seconds) < 30
    assert len(layer.transactions) < 2 * 30
    assert len({each.token for each in layer.transactions}) == 1
    assert throttled.value.code == "ProvisionedThroughputExceededException"
    assert world.elsewhere(NoteMapping).find("n1") is None


def test_case_48_credentials_that_expire_during_a_job_are_renewed(world: World) -> None:
    """ExpiredToken: one refresh, then success."""
    faulty = FaultyStore(world.store, [Rule(ExpiredCredentials(), (TransactWrite,), count=1, after=2)])
    renewed: list[str] = []
    world.repository(NoteMapping)
    store = layered(faulty, Retries(renew=lambda: renewed.append("now")))
    notes = Repository(NoteMapping, UnitOfWork(store))

    for number in range(5):
        notes.add(Note(f"n{number}"))

    assert renewed == ["now"]
    assert world.elsewhere(NoteMapping).scan().count() == 5


def test_case_49_a_transaction_in_progress_is_waited_for(world: World, notes: Repository[Note]) -> None:
    """TransactionInProgress for 5 s, then OK: success with the same token."""
    uow, layer = world.faulty(Rule(InProgress(), (TransactWrite,), count=10))
    notes = world.repository(NoteMapping, uow)

    with uow:
        note = notes.add(Note("n1"))

    assert 5 < sum(world.pauses.seconds) < 8
    assert world.elsewhere(NoteMapping).get("n1") == note
    first, *others = layer.transactions
    assert others == [first] * 10
    assert isinstance(uow.last_outcome, Committed)
    assert uow.last_outcome.token == first.token


def test_case_49_a_transaction_that_stays_in_progress_is_unknown(
    world: World, notes: Repository[Note]
) -> None:
    """It may take effect after the deadline: nobody can tell yet, and resuming finds out."""
    uow, layer = world.faulty(Rule(InProgress(), (TransactWrite,), count=1), deadline=0.01)
    notes = world.repository(NoteMapping, uow)

    with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
        note = notes.add(Note("n1", version=7))
    outcome = uow.resume(unknown.value)

    assert outcome.token == unknown.value.token
    assert (note.version, world.elsewhere(NoteMapping).get("n1")) == (0, note)
    assert {each.token for each in layer.transactions} == {outcome.token}


def test_case_50_a_repeated_unit_reads_afresh(world: World, accounts: Repository[Account]) -> None:
    """A retried unit function: fresh reads each time, bounded attempts, jittered pauses."""
    others = world.elsewhere(AccountMapping)
    others.add(Account("a1", 0))
    seen: list[Account] = []

    def work() -> None:
        account = accounts.get("a1")
        seen.append(account)
        others.update(Account("a1", account.balance + 10, account.version))
        accounts.update(Account("a1", account.balance + 1, account.version))

    with pytest.raises(CommitConflict):
        world.uow.run(work, attempts=4)

    assert [account.balance for account in seen] == [0, 10, 20, 30]
    assert world.pauses.seconds == [0.025, 0.05, 0.1]


def test_case_52_an_index_without_its_sort_key_is_sparse(world: World, orders: Repository[Order]) -> None:
    """A missing range key of a global index: the entity is stored, and absent from the index."""
    with world.uow:
        orders.add(Order("c1", 1, courier=None, total=Decimal(1)))

    assert orders.query(lambda o: o.courier == "ann").index("by-courier").all() == []
    assert orders.get("c1", 1).total == Decimal(1)


@pytest.mark.parametrize("courier", ["", "x" * 2049, 5], ids=["empty", "2049 bytes", "wrong type"])
def test_case_52_a_bad_index_key_is_refused_alike(
    world: World, orders: Repository[Order], courier: Any
) -> None:
    """An empty, too long or mistyped key of a global index: refused alike on every store."""
    with pytest.raises(ValidationFailed) as refused:
        orders.add(Order("c1", 1, courier=courier))

    assert refused.value.messages.keys() == {"courier"}
    assert world.writes == []


def test_case_60_two_versions_of_the_application_lose_nothing(world: World, notes: Repository[Note]) -> None:
    """Two versions of the app write alternately: no field is lost, the order of deployment is irrelevant."""
    new = notes
    old_uow = world.unit_of_work()
    old = world.repository(OldNoteMapping, old_uow)
    with world.uow:
        new.add(
            Note("n1", "by new", body="text", author=Author("Ann", "Rome"), lines=[Line("a", 2)], tags={"x"})
        )

    with old_uow:
        note = old.get("n1")
        note.title = "by old"
        note.author = OldAuthor("Bea") if note.author is None else note.author
        note.author.name = "Bea"
        note.lines[0].quantity = 3
    with world.uow:
        new.get("n1").body = "by new again"
    with old_uow:
        old.get("n1").title = "by old again"

    found = world.elsewhere(NoteMapping).get("n1")
    assert (found.title, found.body, found.author) == ("by old again", "by new again", Author("Bea", "Rome"))
    assert (found.lines, found.tags, found.version) == ([Line("a", 3)], {"x"}, 3)


def test_case_60_what_the_old_version_creates_the_new_one_reads(
    world: World, notes: Repository[Note]
) -> None:
    """A missing attribute loads as the default, and is not written back by itself."""
    old = world.elsewhere(OldNoteMapping)
    old.add(OldNote("n1", "by old"))

    with world.uow:
        note = notes.get("n1")

    assert (note.title, note.body, note.tags, note.score) == ("by old", None, set(), Decimal(0))
    assert world.writes == []
