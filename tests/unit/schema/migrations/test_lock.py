"""The lock: one deployer at a time, taken over only from one who is certainly gone."""

from __future__ import annotations

from typing import TypeVar

import pytest

from persistence import Store
from persistence.errors import (
    MigrationFailed,
    MigrationLocked,
    MigrationLockLost,
    StoreUnavailable,
)
from persistence.flows import run
from persistence.operations import GetItem, Operation, TransactWrite, UpdateItem
from persistence.schema.migrations import LockHolder, MigrationContext
from persistence.schema.migrations.lock import Lock
from persistence.schema.migrations.records import history_table
from persistence.testing.faults import FaultyStore, LostAnswer, Rule, Unreachable
from tests.unit.schema.migrations.work import NOW, Site, Time

R = TypeVar("R")

TABLE = history_table("persistence-migrations")


@pytest.fixture
def site() -> Site:
    return Site()


def taken(site: Site, owner: str = "bob", lease: float = 60.0) -> Lock:
    """Take the lock, and leave it at that: its holder was killed, or is slow."""
    site.ledger().run()  # makes the table
    lock = Lock(TABLE, owner, lease, site.time.timing, site.time.clock)
    run(lock.acquire(), site.store)
    return lock


class TestHeld:
    def test_keeps_others_away(self, site: Site) -> None:
        errors: list[MigrationLocked] = []

        def meanwhile(context: MigrationContext) -> None:
            with pytest.raises(MigrationLocked) as refusal:
                site.ledger(site.migration("1"), owner="eve").run()
            errors.append(refusal.value)

        site.ledger(site.migration("1", work=meanwhile)).run()

        (error,) = errors
        assert (error.owner, error.until, error.retryable) == ("ann", NOW + 60, True)
        assert "ann is running migrations, until 2027-01-15T08:01:00+00:00 at least" in str(error)
        assert site.log == ["up 1_step"]

    def test_tells_who_holds_it(self, site: Site) -> None:
        taken(site)

        holder = site.ledger().holder()

        assert holder is not None
        assert holder == LockHolder("bob", NOW + 60, 60, 2, 1, holder.run)

    def test_is_prolonged_by_what_a_migration_does(self, site: Site) -> None:
        def work(context: MigrationContext) -> None:
            for _ in range(10):
                site.time.seconds += 25
                context.store.perform(GetItem(TABLE, {"id": {"S": "lock"}}))
            until.append(ledger.holder())

        until: list[LockHolder | None] = []
        ledger = site.ledger(site.migration("1", work=work))

        ledger.run()

        (holder,) = until
        assert holder is not None
        assert holder.until == NOW + 250 + 60

    def test_is_not_prolonged_more_often_than_needed(self, site: Site) -> None:
        def work(context: MigrationContext) -> None:
            for _ in range(100):
                context.store.perform(GetItem(TABLE, {"id": {"S": "lock"}}))
            beats.append(ledger.holder())

        beats: list[LockHolder | None] = []
        ledger = site.ledger(site.migration("1", work=work))

        ledger.run()

        assert beats[0] is not None
        assert beats[0].beat == 1


class TestTakenOver:
    def test_after_it_was_watched_for_a_whole_lease(self, site: Site) -> None:
        taken(site)
        site.time.seconds += 61

        site.ledger(site.migration("1")).run()

        assert site.log == ["up 1_step"]
        assert sum(site.time.waits) == 60

    def test_not_before_it_seems_to_be_over(self, site: Site) -> None:
        taken(site)
        site.time.seconds += 59

        with pytest.raises(MigrationLocked):
            site.ledger(site.migration("1")).run()

        assert site.time.waits == []

    def test_not_from_one_who_is_alive_whatever_the_clocks_say(self, site: Site) -> None:
        """A deployer whose clock is an hour ahead takes no lock that is prolonged."""
        lock = taken(site)
        ahead = Time(meanwhile=lambda: run(lock.prolong(), site.store))

        with pytest.raises(MigrationLocked, match="bob is running"):
            site.ledger(site.migration("1"), timing=ahead.timing, clock=lambda: ahead.clock() + 3600).run()

        assert site.log == []

    def test_from_one_whose_clock_was_far_ahead(self, site: Site) -> None:
        taken(site)
        ahead = site.time.clock
        late = site.ledger(site.migration("1"), clock=lambda: ahead() - 1_000_000)

        late.run()

        assert sum(site.time.waits) == 60
        assert site.log == ["up 1_step"]

    def test_at_once_if_it_is_given_back_meanwhile(self, site: Site) -> None:
        lock = taken(site)
        site.time.seconds += 61
        site.time.meanwhile = lambda: run(lock.release(), site.store)

        site.ledger(site.migration("1")).run()

        assert site.log == ["up 1_step"]
        assert site.time.waits == [15]

    def test_by_one_of_two_who_want_it(self, site: Site) -> None:
        taken(site)
        site.time.seconds += 61

        def faster() -> None:
            if site.time.seconds >= 61 + 60:
                site.time.meanwhile = None
                robbed(site)

        site.time.meanwhile = faster

        with pytest.raises(MigrationLocked, match="eve is running"):
            site.ledger(site.migration("1")).run()
        assert site.log == []

    def test_when_another_was_quicker_and_has_given_it_back_since(self, site: Site) -> None:
        eve = Lock(TABLE, "eve", 60, site.time.timing, site.time.clock)
        site.ledger().run()  # makes the table
        lock = Lock(TABLE, "bob", 60, site.time.timing, site.time.clock)

        run(lock.acquire(), Overtaken(site.store, eve))

        holder = site.ledger().holder()
        assert holder is not None
        assert (holder.owner, holder.token) == ("bob", 3)

    def test_a_migration_that_was_under_way_is_run_again(self, site: Site) -> None:
        class Killed(BaseException):
            """As if the process were gone: nothing is recorded, nothing given back."""

        def killed(context: MigrationContext) -> None:
            site.store = Dead(site.store)
            raise Killed

        ledger = site.ledger(site.migration("1"), site.migration("2", work=killed), store=Through(site))
        with pytest.raises(Killed):
            try:
                ledger.run()
            except StoreUnavailable as unavailable:
                raise Killed from unavailable
        assert isinstance(site.store, Dead)
        site.store = site.store.below
        before = site.states(site.ledger(*map(site.migration, "12")))
        site.time.seconds += 120

        site.ledger(*map(site.migration, "12")).run()

        assert before == {"1": "applied", "2": "running"}
        assert site.log == ["up 1_step", "up 2_step", "up 2_step"]


class Through:
    """The store that the site has at this moment."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.limits = site.store.limits

    def perform(self, operation: Operation[R]) -> R:
        return self._site.store.perform(operation)


class Overtaken:
    """A store where somebody holds the lock just while it is first asked for."""

    def __init__(self, below: Store, quicker: Lock) -> None:
        self.below = below
        self.limits = below.limits
        self._quicker: Lock | None = quicker

    def perform(self, operation: Operation[R]) -> R:
        claims = isinstance(operation, UpdateItem)
        if self._quicker is None or not claims:
            return self.below.perform(operation)
        quicker, self._quicker = self._quicker, None
        run(quicker.acquire(), self.below)
        try:
            return self.below.perform(operation)
        finally:
            run(quicker.release(), self.below)


class Dead:
    """A store that can't be reached."""

    def __init__(self, below: Store) -> None:
        self.below = below
        self.limits = below.limits

    def perform(self, operation: Operation[R]) -> R:
        raise StoreUnavailable("no answer", ambiguous=False)


def robbed(site: Site) -> None:
    """Let another take the lock over, as if this process had been asleep for long."""
    elsewhere = Time(seconds=site.time.seconds + 100)
    run(
        Lock(TABLE, "eve", 60, elsewhere.timing, elsewhere.clock).acquire(),
        site.store,
        sleep=elsewhere.timing.sleep,
    )


class TestLost:
    def test_nothing_more_is_sent(self, site: Site) -> None:
        def work(context: MigrationContext) -> None:
            robbed(site)
            site.time.seconds += 100
            context.store.perform(GetItem(TABLE, {"id": {"S": "lock"}}))
            site.log.append("sent")

        ledger = site.ledger(site.migration("1", work=work), site.migration("2"))

        with pytest.raises(MigrationLockLost, match="taken over by somebody else"):
            ledger.run()

        assert site.log == ["up 1_step"]
        holder = ledger.holder()
        assert holder is not None
        assert holder.owner == "eve"

    def test_nothing_is_recorded_even_where_the_loss_is_not_noticed(self, site: Site) -> None:
        """The record itself is written on the condition that the lock is still held."""
        ledger = site.ledger(site.migration("1", work=lambda context: robbed(site)))

        with pytest.raises(MigrationLockLost, match="could be recorded that migration 1_step is applied"):
            ledger.run()

        assert site.states(ledger) == {"1": "running"}

    def test_a_failure_in_it_is_no_failure_of_the_migration(self, site: Site) -> None:
        def work(context: MigrationContext) -> None:
            robbed(site)
            raise ValueError

        ledger = site.ledger(site.migration("1", work=work))

        with pytest.raises(MigrationLockLost):
            ledger.run()

        assert site.states(ledger) == {"1": "running"}


class TestUnreliable:
    """Answers get lost, and the lock is neither lost nor held twice."""

    def test_a_lost_answer_to_taking_it(self, site: Site) -> None:
        site.ledger().run()
        store = FaultyStore(site.store, [Rule(LostAnswer(), (UpdateItem,), count=1)])

        site.ledger(site.migration("1"), store=store).run()

        assert site.log == ["up 1_step"]

    def test_lost_answers_to_recording(self, site: Site) -> None:
        store = FaultyStore(site.store, [Rule(LostAnswer(), (TransactWrite,), count=3)])
        ledger = site.ledger(site.migration("1"), store=store)

        ledger.run()

        assert site.states(ledger) == {"1": "applied"}

    def test_a_lease_that_can_not_be_prolonged_for_a_while(self, site: Site) -> None:
        store = FaultyStore(site.store, [Rule(Unreachable(), (UpdateItem,), after=1, count=1)])

        def work(context: MigrationContext) -> None:
            for _ in range(2):
                site.time.seconds += 25
                context.store.perform(GetItem(TABLE, {"id": {"S": "lock"}}))
            beats.append(ledger.holder())

        beats: list[LockHolder | None] = []
        ledger = site.ledger(site.migration("1", work=work), store=store)

        ledger.run()

        assert beats[0] is not None
        assert beats[0].beat == 2

    def test_a_lease_that_is_over_and_can_not_be_prolonged(self, site: Site) -> None:
        store = FaultyStore(site.store, [Rule(Unreachable(), (UpdateItem,), after=1)])

        def work(context: MigrationContext) -> None:
            site.time.seconds += 61
            context.store.perform(GetItem(TABLE, {"id": {"S": "lock"}}))

        with pytest.raises(MigrationLockLost, match="the store does not answer"):
            site.ledger(site.migration("1", work=work), store=store).run()

    def test_a_lock_that_can_not_be_given_back_is_over_by_itself(self, site: Site) -> None:
        store = FaultyStore(site.store, [Rule(Unreachable(), (UpdateItem,), after=1)])

        done = site.ledger(site.migration("1"), store=store).run()

        assert [each.id for each in done] == ["1"]

    def test_a_record_that_can_not_be_written_at_all(self, site: Site) -> None:
        store = FaultyStore(site.store, [Rule(Unreachable(), (TransactWrite,))])

        with pytest.raises(StoreUnavailable):
            site.ledger(site.migration("1"), store=store).run()

        assert site.log == []

    def test_an_error_of_the_store_in_a_migration_is_a_failure_of_it(self, site: Site) -> None:
        store = FaultyStore(site.store, [Rule(Unreachable(), (GetItem,), after=2, count=1)])

        def work(context: MigrationContext) -> None:
            context.store.perform(GetItem(TABLE, {"id": {"S": "lock"}}))

        with pytest.raises(MigrationFailed, match="StoreUnavailable"):
            site.ledger(site.migration("1", work=work), store=store).run()
