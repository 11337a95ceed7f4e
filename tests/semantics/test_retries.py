"""`run` and `attempts`: the whole unit again, with fresh reads, on conflicts."""

from __future__ import annotations

import pytest

from persistence import CommitConflict, EntityExists, Repository, UnitOfWorkStateError
from tests.semantics.model import Account, AccountMapping, Note, NoteMapping
from tests.semantics.world import World


@pytest.fixture(autouse=True)
def stored_account(world: World, accounts: Repository[Account]) -> None:
    """An account at version 0."""
    world.elsewhere(AccountMapping).add(Account("a1", 0))
    world.forget()


class Disturbed:
    """Adds 1 to the account, while another writer adds 10 during the first attempts."""

    def __init__(self, world: World, accounts: Repository[Account], disturbances: int) -> None:
        self.world, self.accounts, self.disturbances = world, accounts, disturbances
        self.seen: list[int] = []

    def __call__(self) -> int:
        account = self.accounts.get("a1")
        self.seen.append(account.balance)
        if len(self.seen) <= self.disturbances:
            others = self.world.elsewhere(AccountMapping)
            theirs = others.get("a1")
            others.update(Account("a1", theirs.balance + 10, theirs.version))
        self.accounts.update(Account("a1", account.balance + 1, account.version))
        return account.balance + 1


class TestRun:
    def test_commits_the_work_and_gives_its_result(self, world: World, accounts: Repository[Account]) -> None:
        """`uow.run(work)` gives what the work returned in the attempt that was committed."""
        result = world.uow.run(Disturbed(world, accounts, 0))

        assert result == 1
        assert world.elsewhere(AccountMapping).get("a1").balance == 1

    def test_repeats_it_with_fresh_reads_after_a_conflict(
        self, world: World, accounts: Repository[Account]
    ) -> None:
        """The whole unit is run again, with fresh reads."""
        work = Disturbed(world, accounts, 2)

        result = world.uow.run(work)

        assert work.seen == [0, 10, 20]
        assert result == 21
        assert world.elsewhere(AccountMapping).get("a1").balance == 21

    def test_waits_longer_each_time_with_jitter(self, world: World, accounts: Repository[Account]) -> None:
        """Backoff is jittered: a random part of a bound that doubles."""
        world.uow.run(Disturbed(world, accounts, 3))

        assert world.pauses.seconds == [0.025, 0.05, 0.1]

    def test_gives_up_after_its_attempts(self, world: World, accounts: Repository[Account]) -> None:
        """The last attempt's conflict is raised; the number of attempts is bounded."""
        work = Disturbed(world, accounts, 9)

        with pytest.raises(CommitConflict):
            world.uow.run(work, attempts=3)

        assert len(work.seen) == 3
        assert len(world.pauses.seconds) == 2

    def test_tries_five_times_unless_told_otherwise(
        self, world: World, accounts: Repository[Account]
    ) -> None:
        """`uow.run(work, attempts=5)`."""
        work = Disturbed(world, accounts, 9)

        with pytest.raises(CommitConflict):
            world.uow.run(work)

        assert len(work.seen) == 5

    def test_does_not_repeat_other_failures(self, world: World, accounts: Repository[Account]) -> None:
        """Only conflicts that fresh reads may cure are repeated: an error of the work is not."""
        calls = []

        def work() -> None:
            calls.append(1)
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            world.uow.run(work)

        assert len(calls) == 1

    def test_does_not_repeat_taken_keys(self, world: World, notes: Repository[Note]) -> None:
        """Retried are conflicts whose reasons are all stale, gone, busy or throttled; EntityExists is not."""
        world.elsewhere(NoteMapping).add(Note("n1"))
        calls = []

        def work() -> None:
            calls.append(1)
            notes.add(Note("n1"))

        with pytest.raises(CommitConflict):
            world.uow.run(work)

        assert len(calls) == 1

    def test_repeats_more_on_request(self, world: World, notes: Repository[Note]) -> None:
        """`retry_on=` widens it."""
        world.elsewhere(NoteMapping).add(Note("n1"))
        calls = []

        def work() -> None:
            calls.append(1)
            if len(calls) == 1 or notes.find("n1") is None:
                notes.add(Note("n1"))

        world.uow.run(work, retry_on=(EntityExists,))

        assert len(calls) == 2

    def test_repeats_vanished_entities(self, world: World, accounts: Repository[Account]) -> None:
        """EntityGone is worth a fresh read."""
        calls = []

        def work() -> Account | None:
            calls.append(1)
            account = accounts.find("a1")
            if account is not None:
                others = world.elsewhere(AccountMapping)
                others.remove(others.get("a1"))
                accounts.update(Account("a1", 99, account.version))
            return account

        assert world.uow.run(work) is None
        assert len(calls) == 2

    def test_inside_an_open_unit_raises(self, world: World) -> None:
        """Only a whole unit can be repeated."""
        with world.uow:
            with pytest.raises(UnitOfWorkStateError, match="a unit of work is open"):
                world.uow.run(lambda: None)
            with pytest.raises(UnitOfWorkStateError, match="a unit of work is open"):
                world.uow.attempts()

    @pytest.mark.parametrize("attempts", [0, -1, 1.5, "3"])
    def test_refuses_a_senseless_number_of_attempts(self, world: World, attempts: int) -> None:
        with pytest.raises(UnitOfWorkStateError, match="attempts"):
            world.uow.run(lambda: None, attempts=attempts)


class TestAttempts:
    def test_do_the_same_as_a_loop(self, world: World, accounts: Repository[Account]) -> None:
        """`for attempt in uow.attempts(): with attempt: ...` re-runs the whole unit."""
        work = Disturbed(world, accounts, 2)
        numbers = []

        for attempt in world.uow.attempts():
            with attempt:
                numbers.append(attempt.number)
                work()

        assert numbers == [1, 2, 3]
        assert world.elsewhere(AccountMapping).get("a1").balance == 21

    def test_end_with_the_first_success(self, world: World, accounts: Repository[Account]) -> None:
        """A committed attempt is the last."""
        numbers = []

        for attempt in world.uow.attempts():
            with attempt:
                numbers.append(attempt.number)

        assert numbers == [1]

    def test_raise_the_last_conflict(self, world: World, accounts: Repository[Account]) -> None:
        """The last attempt does not swallow its conflict."""
        work = Disturbed(world, accounts, 9)

        with pytest.raises(CommitConflict):
            for attempt in world.uow.attempts(2):
                with attempt:
                    work()

        assert len(work.seen) == 2

    def test_let_other_failures_pass(self, world: World, accounts: Repository[Account]) -> None:
        """An error of the work leaves the loop."""
        with pytest.raises(ZeroDivisionError):
            for attempt in world.uow.attempts():
                with attempt:
                    raise ZeroDivisionError

        assert world.writes == []

    def test_must_be_entered(self, world: World) -> None:
        """A loop that forgets `with attempt:` is told so, instead of running for ever."""
        with pytest.raises(UnitOfWorkStateError, match="with attempt"):
            for _ in world.uow.attempts():
                pass
