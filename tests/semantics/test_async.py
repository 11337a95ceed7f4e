"""What only asynchronous units of work have: tasks that share a unit, cancellation, timeouts, other loops."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextvars import copy_context
from typing import Any, TypeVar

import anyio
import pytest

from persistence import (
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    CommitConflict,
    CommitOutcomeUnknown,
    MemoryStore,
    Repository,
    UnitOfWork,
)
from persistence.errors import (
    ConcurrentUse,
    HandlersFailed,
    UnitBroken,
    UnitClosed,
    UnitOfWorkStateError,
)
from persistence.operations import GetItem, Operation, TransactWrite
from persistence.store import AsyncStore, Limits
from persistence.testing.faults import AsyncFaultyStore, Delay, LostAnswer, Rule
from persistence.unit_of_work import Committed
from tests.semantics.model import Account, AccountMapping, Note, NoteMapping, Setting, SettingMapping

R = TypeVar("R")


class Bench:
    """An asynchronous unit of work over a store in memory, which a synchronous one shares."""

    def __init__(self, store: AsyncStore | None = None, **policies: Any) -> None:
        self.memory = MemoryStore()
        self.store = store or AsyncMemoryStore(self.memory)
        self.uow = AsyncUnitOfWork(self.store, **policies)
        self.notes = AsyncRepository(NoteMapping, self.uow)
        self.elsewhere = Repository(NoteMapping, UnitOfWork(self.memory))
        for number in range(3):
            self.elsewhere.add(Note(f"n{number}", "first"))

    def titles(self) -> list[str]:
        return sorted(note.title for note in self.elsewhere.scan())


class Gate:
    """A layer whose operations of one kind wait until they are let through."""

    def __init__(self, store: AsyncStore, kind: type[Operation[Any]]) -> None:
        self._store = store
        self._kind = kind
        self.reached = asyncio.Event()
        self.open = asyncio.Event()

    @property
    def limits(self) -> Limits:
        return self._store.limits

    async def perform(self, operation: Operation[R]) -> R:
        if isinstance(operation, self._kind):
            self.reached.set()
            await self.open.wait()
        return await self._store.perform(operation)


def gated(kind: type[Operation[Any]]) -> tuple[Bench, Gate]:
    bench = Bench()
    gate = Gate(bench.store, kind)
    bench.uow = AsyncUnitOfWork(gate)
    bench.notes = AsyncRepository(NoteMapping, bench.uow)
    return bench, gate


class TestTasks:
    def test_gathered_in_a_unit_share_its_entities(self) -> None:
        """Tasks of the same loop may use a unit together: same key, same object, one commit."""
        bench = Bench()

        async def main() -> None:
            async with bench.uow:
                found = await asyncio.gather(*(bench.notes.get(f"n{number % 3}") for number in range(9)))
                assert [id(note) for note in found[:3]] == [id(note) for note in found[3:6]]
                for note in found:
                    note.title = "changed"

        asyncio.run(main())

        assert bench.titles() == ["changed"] * 3
        assert [note.version for note in bench.elsewhere.scan()] == [1, 1, 1]

    def test_in_a_task_group_join_by_blocks_of_their_own(self) -> None:
        """`async with uow:` in a task joins the unit of the task that made it."""
        bench = Bench()

        async def change(id_: str) -> None:
            async with bench.uow:
                (await bench.notes.get(id_)).title = "changed"

        async def main() -> None:
            async with bench.uow, asyncio.TaskGroup() as group:
                for number in range(3):
                    group.create_task(change(f"n{number}"))

        asyncio.run(main())

        assert bench.titles() == ["changed"] * 3

    def test_that_fail_in_a_task_group_discard_the_unit(self) -> None:
        """A failure inside breaks the outer one too."""
        bench = Bench()

        async def fail() -> None:
            async with bench.uow:
                (await bench.notes.get("n0")).title = "changed"
                raise ZeroDivisionError

        async def main() -> None:
            async with bench.uow, asyncio.TaskGroup() as group:
                group.create_task(fail())

        with pytest.raises(ExceptionGroup):
            asyncio.run(main())

        assert bench.titles() == ["first"] * 3

    def test_still_inside_break_the_unit_and_nothing_is_written(self) -> None:
        """If tasks that joined are still inside when the opener leaves, the unit breaks."""
        bench = Bench()

        async def linger(leave: asyncio.Event) -> None:
            with pytest.raises(UnitOfWorkStateError, match="still inside"):
                async with bench.uow:
                    (await bench.notes.get("n0")).title = "changed"
                    await leave.wait()

        async def main() -> None:
            leave = asyncio.Event()
            with pytest.raises(UnitOfWorkStateError, match="still inside"):
                async with bench.uow:
                    task = asyncio.create_task(linger(leave))
                    await asyncio.sleep(0.01)
            leave.set()
            await task

        asyncio.run(main())

        assert bench.titles() == ["first"] * 3

    def test_whose_answer_comes_too_late_are_refused(self) -> None:
        """Every flow re-checks the unit after each answer: one that has closed takes nothing in."""
        bench, gate = gated(GetItem)

        async def main() -> None:
            async with bench.uow:
                task = asyncio.create_task(bench.notes.get("n0"))
                await gate.reached.wait()
            gate.open.set()
            with pytest.raises(UnitClosed):
                await task

        asyncio.run(main())

    def test_whose_unit_broke_meanwhile_see_its_first_failure(self) -> None:
        """A broken unit shows its first failure to every later call."""
        bench, gate = gated(GetItem)

        async def main() -> None:
            with pytest.raises(CommitConflict):
                async with bench.uow:
                    task = asyncio.create_task(bench.notes.get("n0"))
                    await gate.reached.wait()
                    await bench.notes.add(Note("n1"))
                    with pytest.raises(CommitConflict):
                        await bench.uow.commit()
                    gate.open.set()
                    with pytest.raises(UnitBroken, match="CommitConflict"):
                        await task

        asyncio.run(main())

    def test_are_refused_while_the_unit_commits(self) -> None:
        """A unit that is being committed takes no calls."""
        bench, gate = gated(TransactWrite)

        async def main() -> None:
            async with bench.uow:
                (await bench.notes.get("n0")).title = "changed"
                committing = asyncio.create_task(bench.uow.commit())
                await gate.reached.wait()
                with pytest.raises(UnitOfWorkStateError, match="being committed"):
                    await bench.notes.get("n1")
                gate.open.set()
                await committing

        asyncio.run(main())

        assert bench.titles() == ["changed", "first", "first"]

    def test_without_a_unit_have_units_of_their_own(self) -> None:
        """A task that was made outside any unit opens its own."""
        bench = Bench()

        async def change(id_: str) -> None:
            async with bench.uow:
                (await bench.notes.get(id_)).title = "changed"
                await asyncio.sleep(0.01)

        async def main() -> None:
            await asyncio.gather(*(change(f"n{number}") for number in range(3)))

        asyncio.run(main())

        assert bench.titles() == ["changed"] * 3


class TestOvertakenReads:
    """What a commit of another task overtook is read again."""

    def test_do_not_bring_back_what_was_committed_over(self) -> None:
        """A read that was answered before a patch of the unit was committed is out of date."""
        memory = AsyncMemoryStore()
        settings = AsyncRepository(SettingMapping, AsyncUnitOfWork(memory))

        class Slow:
            """Holds the answer of the first read back."""

            limits = memory.limits
            held = True
            reached, open = asyncio.Event(), asyncio.Event()

            async def perform(self, operation: Operation[R]) -> R:
                answer = await memory.perform(operation)
                if isinstance(operation, GetItem) and self.held:
                    self.held = False
                    self.reached.set()
                    await self.open.wait()
                return answer

        slow = Slow()
        uow = AsyncUnitOfWork(slow)
        inside = AsyncRepository(SettingMapping, uow)

        async def main() -> None:
            await settings.add(Setting("s1", "first"))
            async with uow:
                reading = asyncio.create_task(inside.get("s1"))
                await slow.reached.wait()
                await inside.patch("s1").set("value", "patched").execute()
                await uow.commit()
                slow.open.set()
                assert (await reading).value == "patched"

        asyncio.run(main())


class TestColours:
    def test_of_store_and_unit_of_work_go_together(self) -> None:
        """A synchronous store under an asynchronous unit would act and then fail: refused at once."""
        with pytest.raises(UnitOfWorkStateError, match="AsyncMemoryStore"):
            AsyncUnitOfWork(MemoryStore())  # type: ignore[arg-type]  # on purpose
        with pytest.raises(UnitOfWorkStateError, match="a synchronous store"):
            UnitOfWork(AsyncMemoryStore())  # type: ignore[arg-type]  # on purpose
        with pytest.raises(UnitOfWorkStateError, match="a synchronous store"):
            _ = UnitOfWork(lambda: AsyncMemoryStore()).store  # type: ignore[arg-type,return-value]  # on purpose


class TestOwnership:
    def test_a_worker_thread_is_refused(self) -> None:
        """`asyncio.to_thread` inherits the context: another thread gets `ConcurrentUse`."""
        bench = Bench()

        async def main() -> None:
            async with bench.uow:
                with pytest.raises(ConcurrentUse):
                    await asyncio.to_thread(asyncio.run, bench.notes.get("n0"))
                with pytest.raises(ConcurrentUse):
                    await asyncio.to_thread(lambda: bench.uow.pending)

        asyncio.run(main())

    def test_another_loop_is_refused(self) -> None:
        """A unit belongs to the event loop that opened it."""
        bench = Bench()
        first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
        try:
            block, context = bench.uow(), copy_context()
            first.run_until_complete(first.create_task(block.__aenter__(), context=context))
            with pytest.raises(ConcurrentUse):
                second.run_until_complete(second.create_task(bench.notes.get("n0"), context=context))
            first.run_until_complete(first.create_task(block.__aexit__(None, None, None), context=context))
        finally:
            first.close()
            second.close()

    def test_repositories_and_units_of_work_go_together(self) -> None:
        """A synchronous repository needs a synchronous unit of work, and the other way round."""
        bench = Bench()

        with pytest.raises(UnitOfWorkStateError, match="AsyncRepository"):
            Repository(NoteMapping, bench.uow)  # type: ignore[call-overload]  # on purpose
        with pytest.raises(UnitOfWorkStateError, match="Repository"):
            AsyncRepository(NoteMapping, UnitOfWork(bench.memory))  # type: ignore[call-overload]  # on purpose


class TestCancellation:
    """A cancelled task leaves "unknown" or "committed", never "failed"."""

    @pytest.mark.parametrize("steps", range(14))
    def test_at_every_await_leaves_all_or_nothing(self, steps: int) -> None:
        """Wherever the task is cancelled: nothing was sent, or the outcome is committed or unknown."""
        bench = Bench()
        outcomes: list[Any] = []

        async def work() -> None:
            async with bench.uow:
                for number in range(2):
                    (await bench.notes.get(f"n{number}")).title = "changed"
                await bench.notes.add(Note("n9", "changed"))

        async def main() -> None:
            task = asyncio.create_task(work())
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as cancelled:
                outcomes.append(cancelled)

        asyncio.run(main())

        changed = bench.titles().count("changed")
        assert changed in (0, 3)
        outcome = bench.uow.last_outcome
        if outcome is None:
            assert changed == 0
        elif isinstance(outcome, CommitOutcomeUnknown):
            assert outcomes[0].__context__ is outcome
            asyncio.run(_resume(bench.uow, outcome))
            assert bench.titles().count("changed") == 3
        else:
            assert (outcome.committed, changed) == (True, 3)

    def test_reaches_every_kind_of_outcome(self) -> None:
        """The steps above meet all of them: nothing sent, unknown (applied or not), done."""
        kinds: set[tuple[str, int]] = set()
        for steps in range(14):
            bench = Bench()

            async def main(bench: Bench = bench, steps: int = steps) -> None:
                async def work() -> None:
                    async with bench.uow:
                        (await bench.notes.get("n0")).title = "changed"

                task = asyncio.create_task(work())
                for _ in range(steps):
                    await asyncio.sleep(0)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

            asyncio.run(main())
            kinds.add((type(bench.uow.last_outcome).__name__, bench.titles().count("changed")))

        assert kinds == {
            ("NoneType", 0),
            ("CommitOutcomeUnknown", 0),
            ("CommitOutcomeUnknown", 1),
            ("Committed", 1),
        }

    def test_while_waiting_to_try_again_leaves_it_unknown(self) -> None:
        """Between two attempts nobody knows either."""
        bench = Bench()
        faulty = AsyncFaultyStore(bench.store, [Rule(LostAnswer(), (TransactWrite,), count=1)])
        uow = AsyncUnitOfWork(faulty, deadline=60)
        notes = AsyncRepository(NoteMapping, uow)

        async def work() -> None:
            async with uow:
                (await notes.get("n0")).title = "changed"

        async def main() -> None:
            task = asyncio.create_task(work())
            while not faulty.injected:  # noqa: ASYNC110  # the layer below has no event to wait for
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            unknown = uow.last_outcome
            assert isinstance(unknown, CommitOutcomeUnknown)
            assert (await uow.resume(unknown)).committed

        asyncio.run(main())

        assert bench.elsewhere.get("n0").version == 1

    def test_by_a_timeout_is_a_cancellation(self) -> None:
        """`asyncio.timeout` around a unit: TimeoutError, and the outcome is there to be resumed."""
        bench = Bench()
        slow = AsyncFaultyStore(bench.store, [Rule(Delay(60.0), (TransactWrite,), count=1)])
        uow = AsyncUnitOfWork(slow, deadline=60)
        notes = AsyncRepository(NoteMapping, uow)
        changed: list[Note] = []

        async def expire(limit: asyncio.Timeout) -> None:
            while not slow.injected:  # noqa: ASYNC110  # the layer below has no event to wait for
                await asyncio.sleep(0)
            limit.reschedule(asyncio.get_running_loop().time())

        async def main() -> None:
            with pytest.raises(TimeoutError) as timed_out:
                async with asyncio.timeout(None) as limit, uow:
                    expiring = asyncio.create_task(expire(limit))
                    changed.append(await notes.get("n0"))
                    changed[0].title = "changed"
            cancelled = timed_out.value.__cause__
            assert isinstance(cancelled, asyncio.CancelledError)
            assert cancelled.__context__ is uow.last_outcome
            assert changed[0].version == 0
            await expiring
            await uow.resume(uow.last_outcome.token)  # type: ignore[union-attr]  # it is unknown

        asyncio.run(main())

        assert changed[0].version == 1
        assert bench.elsewhere.get("n0") == changed[0]

    def test_of_the_body_sends_nothing(self) -> None:
        """Before the commit a cancellation discards the unit, like any exception."""
        bench = Bench()

        async def work() -> None:
            async with bench.uow:
                (await bench.notes.get("n0")).title = "changed"
                await asyncio.sleep(60)

        async def main() -> None:
            task = asyncio.create_task(work())
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(main())

        assert (bench.uow.last_outcome, bench.titles()) == (None, ["first"] * 3)


class TestInterruption:
    @pytest.mark.parametrize("applied", [True, False])
    def test_of_a_synchronous_commit_is_the_same(self, applied: bool) -> None:
        """KeyboardInterrupt during a commit propagates with the unknown outcome as context."""
        memory = MemoryStore()

        class Interrupted:
            limits = memory.limits
            calls = 0

            def perform(self, operation: Operation[R]) -> R:
                if isinstance(operation, TransactWrite) and not self.calls:
                    self.calls += 1
                    if applied:
                        memory.perform(operation)
                    raise KeyboardInterrupt
                return memory.perform(operation)

        uow = UnitOfWork(Interrupted())
        accounts = Repository(AccountMapping, uow)

        with pytest.raises(KeyboardInterrupt) as interrupted, uow:
            accounts.add(Account("a1"))

        unknown = uow.last_outcome
        assert isinstance(unknown, CommitOutcomeUnknown)
        assert interrupted.value.__context__ is unknown
        assert uow.resume(unknown) == Committed(unknown.token, {"Account": 1})
        assert accounts.get("a1") == Account("a1")


class TestRunning:
    def test_repeats_a_coroutine_function(self) -> None:
        """`await uow.run(work)` re-runs the whole unit with fresh reads."""
        bench = Bench()
        seen: list[str] = []

        async def work() -> str:
            note = await bench.notes.get("n0")
            seen.append(note.title)
            if len(seen) == 1:
                theirs = bench.elsewhere.get("n0")
                theirs.title = "theirs"
                bench.elsewhere.update(theirs)
            note.title = f"{note.title}, mine"
            return note.title

        assert asyncio.run(bench.uow.run(work)) == "theirs, mine"

        assert seen == ["first", "theirs"]
        assert bench.elsewhere.get("n0").title == "theirs, mine"

    def test_takes_a_plain_function(self) -> None:
        """Work that has nothing to await need not be a coroutine function."""
        bench = Bench()

        assert asyncio.run(bench.uow.run(lambda: 7)) == 7

    def test_loops_over_attempts(self) -> None:
        """`async for attempt in uow.attempts(): async with attempt: ...`."""
        bench = Bench()
        numbers: list[int] = []

        async def main() -> None:
            async for attempt in bench.uow.attempts(3):
                async with attempt:
                    numbers.append(attempt.number)
                    note = await bench.notes.get("n0")
                    if attempt.number == 1:
                        bench.elsewhere.remove(bench.elsewhere.get("n0"))
                        bench.elsewhere.add(Note("n0", "anew"))
                    note.title = "mine"

        asyncio.run(main())

        assert numbers == [1, 2]

    def test_that_was_left_after_a_refusal_is_reported(self) -> None:
        """`break` inside the block goes on although the commit was refused: that is not kept quiet."""
        bench = Bench()
        reported: list[dict[str, Any]] = []

        async def main() -> None:
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda _loop, context: reported.append(context))
            async for attempt in bench.uow.attempts():
                async with attempt:
                    note = await bench.notes.get("n0")
                    note.title = "mine"
                    bench.elsewhere.remove(bench.elsewhere.get("n0"))
                    break
            gc.collect()
            for _ in range(100):  # turns, in which the loop ends what was left
                await asyncio.sleep(0)

        asyncio.run(main())

        (context,) = reported
        assert isinstance(context["exception"], UnitOfWorkStateError)


class TestHandlers:
    def test_may_be_coroutine_functions(self) -> None:
        """Handlers of an asynchronous unit are awaited, one after the other, outside the unit."""
        told: list[object] = []

        async def tell(event: object) -> None:
            await asyncio.sleep(0)
            told.append((event, bench.uow.current_unit()))
            await bench.notes.add(Note(f"n-{event}"))

        bench = Bench(events=tell)

        async def main() -> None:
            async with bench.uow:
                bench.uow.record("one")
                bench.uow.record("two")
                await bench.uow.commit()
                bench.uow.record("three")

        asyncio.run(main())

        assert told == [("one", None), ("two", None), ("three", None)]
        assert len(bench.titles()) == 6

    def test_that_fail_are_collected(self) -> None:
        """As in a synchronous unit."""

        async def fail(event: object) -> None:
            raise RuntimeError("deaf")

        bench = Bench(events=fail)

        async def main() -> None:
            async with bench.uow:
                await bench.notes.add(Note("n9"))
                bench.uow.record("event")

        with pytest.raises(HandlersFailed, match="fail for str raised RuntimeError"):
            asyncio.run(main())

        assert bench.elsewhere.find("n9") is not None


class TestGenerators:
    def test_a_one_shot_scope_may_be_left_in_another_context(self) -> None:
        """In generators and fixtures write `async with uow():`."""
        bench = Bench()

        async def unit() -> AsyncIterator[None]:
            async with bench.uow():
                yield

        async def main() -> None:
            fixture = unit()
            await asyncio.create_task(_next(fixture))
            with pytest.raises(StopAsyncIteration):
                await asyncio.create_task(_next(fixture))

        asyncio.run(main())

    def test_a_query_that_outlives_its_unit_raises(self) -> None:
        """Lazy queries consumed after the unit closed raise."""
        bench = Bench()

        async def main() -> None:
            async with bench.uow:
                results = aiter(bench.notes.scan())
                await anext(results)
            with pytest.raises(UnitClosed):
                await anext(results)

        asyncio.run(main())


class TestAnyio:
    def test_task_groups_and_cancel_scopes_work_on_asyncio(self) -> None:
        """anyio's own tasks and timeouts on the asyncio backend."""
        bench = Bench()
        slow = AsyncFaultyStore(bench.store, [Rule(Delay(60.0), (TransactWrite,), count=1)])
        uow = AsyncUnitOfWork(slow, deadline=60)
        notes = AsyncRepository(NoteMapping, uow)

        async def change(id_: str) -> None:
            (await bench.notes.get(id_)).title = "changed"

        async def main() -> None:
            async with bench.uow, anyio.create_task_group() as group:
                for number in range(3):
                    group.start_soon(change, f"n{number}")
            with anyio.move_on_after(0.01) as scope:
                async with uow:
                    (await notes.get("n0")).title = "slow"
            assert scope.cancelled_caught
            unknown = uow.last_outcome
            assert isinstance(unknown, CommitOutcomeUnknown)
            await uow.resume(unknown)

        anyio.run(main)

        assert bench.titles() == ["changed", "changed", "slow"]


async def _resume(uow: AsyncUnitOfWork, unknown: CommitOutcomeUnknown) -> None:
    await uow.resume(unknown)


async def _next(iterator: AsyncIterator[R]) -> R:
    return await anext(iterator)
