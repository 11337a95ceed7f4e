"""Bulks over stores that behave in ways which no server can be made to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar, cast

import pytest

from persistence import (
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    MemoryStore,
    Repository,
    UnitOfWork,
)
from persistence.bulk import BulkProgress
from persistence.errors import (
    AccessDenied,
    ActionRefused,
    BulkFailed,
    InvalidRequest,
    ItemTooLarge,
    MappingError,
    PersistenceError,
    QueryError,
    StoreUnavailable,
    Throttled,
    UnitOfWorkStateError,
)
from persistence.operations import BatchWriteItems, BatchWriteResult, Operation, PutItem
from persistence.store import Limits
from persistence.timing import Timing
from tests.semantics.model import Account, Note, NoteMapping, Setting, SettingMapping

R = TypeVar("R")

Refuse = Callable[[BatchWriteItems], PersistenceError | None]


class Refusing:
    """A store that refuses the batches that a function gives an error for; it counts threads.

    Args:
        refuse: gives the error, or None.
        limits: what it says that it takes.
    """

    def __init__(self, refuse: Refuse = lambda _: None, limits: Limits | None = None) -> None:
        self.below = MemoryStore()
        self.limits = limits or self.below.limits
        self.refuse = refuse
        self.asked: list[Operation[Any]] = []
        self.threads: set[int] = set()

    def perform(self, operation: Operation[R]) -> R:
        self.asked.append(operation)
        self.threads.add(threading.get_ident())
        if isinstance(operation, BatchWriteItems) and (error := self.refuse(operation)) is not None:
            raise error
        return self.below.perform(operation)


class Time:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.timing = Timing(
            monotonic=lambda: sum(self.seconds), sleep=self.seconds.append, chance=lambda: 0.5
        )


def settings_over(store: Any, time: Time | None = None, **policies: Any) -> Repository[Setting]:
    timing = (time or Time()).timing
    return Repository(SettingMapping, UnitOfWork(store, timing=timing, **policies))


def ids(batch: BatchWriteItems) -> list[str]:
    return [write.item["id"]["S"] for write in batch.writes if isinstance(write, PutItem)]


class TestRefusals:
    @pytest.mark.parametrize(
        ("refusal", "expected"),
        [
            (InvalidRequest("bad", code="ValidationException"), ActionRefused),
            (InvalidRequest("bad"), InvalidRequest),
            (ItemTooLarge("too large"), ItemTooLarge),
        ],
        ids=["service", "store", "size"],
    )
    def test_of_one_write_leave_its_neighbours_alone(
        self, refusal: PersistenceError, expected: type[PersistenceError]
    ) -> None:
        """A batch that is refused as a whole is parted until the one is found that it was refused for."""
        store = Refusing(lambda batch: refusal if "s13" in ids(batch) else None)
        settings = settings_over(store)

        with pytest.raises(BulkFailed) as raised, settings.bulk() as bulk:
            for number in range(25):
                bulk.save(Setting(f"s{number}"))

        (failure,) = raised.value.failures
        assert (failure.key, type(failure.error), bulk.report.written) == (("s13",), expected, 24)
        assert failure.entity == Setting("s13")
        assert len(store.asked) < 12
        assert bulk.report.requests == len(store.asked)

    def test_that_concern_everything_end_the_bulk(self) -> None:
        """Without permission the next batch would be refused too; nothing is repeated."""
        store = Refusing(lambda _: AccessDenied("no"))
        settings = settings_over(store)

        with pytest.raises(BulkFailed) as raised, settings.bulk(buffer=50) as bulk:
            for number in range(100):
                bulk.save(Setting(f"s{number}"))

        assert len(store.asked) == 1
        assert {type(failure.error) for failure in raised.value.failures} == {AccessDenied, StoreUnavailable}
        assert (bulk.report.given, len(bulk.report.failed)) == (50, 50)
        assert isinstance(raised.value.__cause__, AccessDenied)

    def test_stay_in_doubt_once_an_answer_was_lost(self) -> None:
        """What was in doubt once is not made certain by a later refusal because of traffic."""
        answers = iter([StoreUnavailable("lost"), *(Throttled("no") for _ in range(100))])
        settings = settings_over(Refusing(lambda _: next(answers)))

        with pytest.raises(BulkFailed) as raised, settings.bulk() as bulk:
            bulk.save(Setting("a"))

        assert [failure.committed for failure in raised.value.failures] == [None]


class TestPatience:
    def test_ends_after_the_deadline_of_the_unit_of_work(self) -> None:
        """Pauses grow, with full jitter, up to the deadline since anything was written last."""
        time = Time()
        settings = settings_over(Refusing(lambda _: Throttled("no")), time, deadline=3.0)

        with pytest.raises(BulkFailed), settings.bulk() as bulk:
            bulk.save(Setting("a"))

        assert time.seconds == [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.0]
        assert bulk.report.retries == 7

    def test_begins_anew_with_each_progress(self) -> None:
        """One write per request: as long as something is written, it goes on."""

        class Grudging(Refusing):
            def perform(self, operation: Operation[R]) -> R:
                if not isinstance(operation, BatchWriteItems):
                    return super().perform(operation)
                super().perform(BatchWriteItems(operation.writes[:1]))
                return cast(R, BatchWriteResult(operation.writes[1:]))

        time = Time()
        settings = settings_over(Grudging(), time, deadline=3.0)

        with settings.bulk() as bulk:
            for number in range(25):
                bulk.save(Setting(f"s{number}"))

        assert (bulk.report.written, bulk.report.requests, bulk.report.retries) == (25, 25, 24)
        assert sum(time.seconds) > 3.0


class TestRequests:
    def test_are_sent_by_several_threads(self) -> None:
        """As many as the store takes at once; a whole buffer goes at the same time."""
        store = Refusing(limits=Limits(concurrent_requests=4))
        together = threading.Barrier(4)

        def wait(_: BatchWriteItems) -> None:
            together.wait(10)

        store.refuse = wait

        with settings_over(store).bulk() as bulk:
            for number in range(100):
                bulk.save(Setting(f"s{number}"))

        assert bulk.report.written == 100
        assert len(store.threads) == 4

    def test_move_versions_of_what_was_written(self) -> None:
        """Conditional writes are sent by several threads as well."""
        store = Refusing(limits=Limits(concurrent_requests=4))
        notes = Repository(NoteMapping, UnitOfWork(store))
        added = [Note(f"n{number}") for number in range(40)]

        with notes.bulk() as bulk:
            for note in added:
                bulk.add(note)
        with notes.bulk() as bulk:
            for note in added:
                bulk.update(note)

        assert {note.version for note in added} == {1}
        assert notes.get_many([note.id for note in added]) == added


class TestOptions:
    @pytest.mark.parametrize(
        "options",
        [
            {"buffer": 0},
            {"buffer": True},
            {"buffer": "many"},
            {"overwrite": 1},
            {"raise_on_failure": None},
            {"progress": "told"},
        ],
    )
    def test_that_cannot_be_are_refused(self, options: dict[str, Any]) -> None:
        with pytest.raises(UnitOfWorkStateError, match=next(iter(options))):
            settings_over(MemoryStore()).bulk(**options)

    def test_show_in_what_it_prints(self) -> None:
        """Counts only, no values."""
        with settings_over(MemoryStore()).bulk() as bulk:
            bulk.save(Setting("a"))

        assert repr(bulk) == "<bulk of Setting: 1 given, 1 written, 0 removed, 0 failed>"

    def test_other_types_are_refused(self) -> None:
        """Entities and keys of another mapping are not this bulk's."""
        store = MemoryStore()
        notes = Repository(NoteMapping, UnitOfWork(store))

        with settings_over(store).bulk() as bulk:
            with pytest.raises(MappingError, match="maps Setting"):
                bulk.save(cast(Any, Account("a")))
            with pytest.raises(QueryError, match="no key of this bulk"):
                bulk.remove_all([cast(Any, notes.key("n"))])


class TestAsync:
    def test_is_the_same_awaited(self) -> None:
        """Progress may be awaited, and what is removed may come from an asynchronous iterable."""
        told: list[BulkProgress] = []

        async def tell(progress: BulkProgress) -> None:
            await asyncio.sleep(0)
            told.append(progress)

        async def work() -> None:
            settings = AsyncRepository(SettingMapping, AsyncUnitOfWork(AsyncMemoryStore()))
            async with settings.bulk(progress=tell) as bulk:
                for number in range(30):
                    await bulk.save(Setting(f"s{number}"))
                await bulk.flush()

            async def found() -> AsyncIterator[Setting]:
                for number in range(30):
                    yield Setting(f"s{number}")

            async with settings.bulk() as bulk:
                await bulk.remove_all(found())
            assert bulk.report.removed == 30

        asyncio.run(work())

        assert told == [BulkProgress(25, 0, 25), BulkProgress(30, 0, 30)]

    def test_serves_several_tasks(self) -> None:
        """They give one thing after the other, and the order of one key is kept."""

        async def work() -> str:
            settings = AsyncRepository(SettingMapping, AsyncUnitOfWork(AsyncMemoryStore()))
            async with settings.bulk(buffer=3) as bulk, asyncio.TaskGroup() as group:
                for number in range(50):
                    group.create_task(bulk.save(Setting("same", f"{number}")))
                    group.create_task(bulk.save(Setting(f"s{number}")))
            assert bulk.report.written + bulk.report.superseded == 100
            return (await settings.get("same")).value

        assert asyncio.run(work()) == "49"

    def test_of_a_cancelled_task_sends_nothing_more(self) -> None:
        """The report stays readable: what was under way is not settled."""

        async def work() -> tuple[int, int]:
            settings = AsyncRepository(SettingMapping, AsyncUnitOfWork(AsyncMemoryStore()))
            bulk = settings.bulk(buffer=10)

            async def give() -> None:
                async with bulk:
                    for number in range(15):
                        await bulk.save(Setting(f"s{number}"))
                    await asyncio.sleep(60)

            task = asyncio.create_task(give())
            for _ in range(50):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return bulk.report.written, bulk.report.unsettled

        assert asyncio.run(work()) == (10, 5)


class TestInterruptions:
    def test_send_nothing_more(self) -> None:
        """A keyboard interrupt during a request: it goes on its way, and its writes are not settled."""

        def interrupt(_: BatchWriteItems) -> None:
            raise KeyboardInterrupt

        store = Refusing(interrupt)

        with pytest.raises(KeyboardInterrupt), settings_over(store).bulk(buffer=2) as bulk:
            for number in range(10):
                bulk.save(Setting(f"s{number}"))

        assert len(store.asked) == 1
        assert (bulk.report.given, bulk.report.unsettled) == (2, 2)
