"""A worker that dies at every place where it can: at each await, those of repetitions and pauses included.

A unit of work is done again and again, and ended at its first await, its second one, and so on. It is
cancelled, as a task is, or runs out of memory there, or vanishes without another word, as a process does that
is killed by the system.
What is stored must then be all of the unit or nothing, once, and what is known of it must be true.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, TypeVar, get_args

from persistence import (
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    CommitOutcomeUnknown,
    ConflictError,
    MemoryStore,
    PersistenceError,
    Repository,
    UnitOfWork,
)
from persistence.errors import AlreadyCommitted
from persistence.operations import Operation, TransactWrite, UpdateItem
from persistence.store import AsyncStore, Limits
from persistence.testing.faults import (
    AsyncFaultyStore,
    Cancellation,
    InProgress,
    LateArrival,
    LostAnswer,
    LostRequest,
    Rule,
    ServerError,
    Throttling,
)
from persistence.timing import Timing
from persistence.unit_of_work import Committed
from tests.simulation.bank.domain import Account, Counter, LedgerEntry
from tests.simulation.bank.mappings import RECORDS, AccountMapping, CounterMapping, LedgerMapping
from tests.simulation.settings import quiet

R = TypeVar("R")

Death = Literal["cancelled", "starved", "vanished"]
Work = Callable[[AsyncUnitOfWork], Coroutine[Any, Any, None]]

COMMIT_ID = "the-unit"
BALANCE = 100

_CALM: tuple[Rule, ...] = ()
_WRITES = (TransactWrite, UpdateItem)

WEATHERS: dict[str, tuple[Rule, ...]] = {
    "calm": _CALM,
    "answer lost": (Rule(LostAnswer(), _WRITES, count=1),),
    "request lost": (Rule(LostRequest(), _WRITES, count=1),),
    "request late": (Rule(LateArrival(1), _WRITES, count=1),),
    "applied, and status 500": (Rule(ServerError(applied=True), _WRITES, count=1),),
    "throttled": (Rule(Throttling(), _WRITES, count=2),),
    "busy, then answer lost": (
        Rule(Cancellation(("TransactionConflict",)), (TransactWrite,), count=1),
        Rule(LostAnswer(), _WRITES, count=1),
    ),
    "answer lost, then in progress": (
        Rule(LostAnswer(), _WRITES, count=1),
        Rule(InProgress(), (TransactWrite,), count=2),
    ),
}
"""What happens to the commit, beside the death of its worker."""


async def move(uow: AsyncUnitOfWork) -> None:
    """Move money, count it without reading the counter, read another one, and write it down."""
    accounts, counters = AsyncRepository(AccountMapping, uow), AsyncRepository(CounterMapping, uow)
    async with uow(isolation="serializable", commit_id=_commit_id(uow)):
        source, target = await accounts.get_many(["a", "b"])
        await counters.get("calls")
        source.balance -= 10
        target.balance += 10
        await counters.patch("visits").increment("value", 1).execute()
        await AsyncRepository(LedgerMapping, uow).add(LedgerEntry("unit", "move"))


async def tally(uow: AsyncUnitOfWork) -> None:
    """Change one item, as the only thing that the unit does."""
    async with uow(commit_id=_commit_id(uow)):
        visits = await AsyncRepository(CounterMapping, uow).get("visits")
        visits.value += 1


def _commit_id(uow: AsyncUnitOfWork) -> str | None:
    return COMMIT_ID if uow.policies.records is not None else None


@dataclass(frozen=True, slots=True)
class Scenario:
    """One unit in one weather.

    Attributes:
        work: the unit.
        weather: see `WEATHERS`.
        policies: of its unit of work.
    """

    work: Work
    weather: str
    policies: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.work.__name__}, {self.weather}, {self.policies or 'default policies'}"


def scenarios() -> Iterator[Scenario]:
    """Give all of them."""
    for weather in WEATHERS:
        yield Scenario(move, weather)
        yield Scenario(move, weather, {"commit_record": RECORDS})
        yield Scenario(tally, weather)
        if "busy" not in weather and "progress" not in weather:
            yield Scenario(tally, weather, {"single_write": "conditional"})


@dataclass(slots=True)
class Tolls:
    """What came of all deaths of a scenario.

    Attributes:
        deaths: how many there were: two for each await.
        problems: promises that were broken.
    """

    deaths: int = 0
    problems: list[str] = field(default_factory=list)


def killed_everywhere(scenario: Scenario) -> Tolls:
    """Let the worker of a scenario die at each of its awaits, in both ways."""
    tolls = Tolls()
    for death in get_args(Death):
        for site in count(1):
            with quiet():
                trial = asyncio.run(_tried(scenario, site, death))
            tolls.problems += [f"{scenario}, {death} at await {site}: {each}" for each in trial.problems]
            if not trial.died:
                break
            tolls.deaths += 1
    return tolls


_DEATHS: dict[Death, type[BaseException]] = {"cancelled": asyncio.CancelledError, "starved": MemoryError}


class _Mortal:
    """Awaits work, up to its n-th suspension.

    Args:
        work: what is awaited.
        site: the number of the suspension.
        death: what happens then.
    """

    def __init__(self, work: Coroutine[Any, Any, None], site: int, death: Death) -> None:
        self.died = False
        self._work = work
        self._site = site
        self._death = death

    def __await__(self) -> Generator[Any, Any, None]:
        for number in count(1):
            try:
                if number == self._site + 1:
                    self.died = True
                    if self._death == "vanished":
                        return
                    waited = self._work.throw(_DEATHS[self._death]())
                else:
                    waited = self._work.send(None)
            except StopIteration:
                return
            yield waited


@dataclass(slots=True)
class _Trial:
    scenario: Scenario
    memory: MemoryStore = field(default_factory=MemoryStore)
    problems: list[str] = field(default_factory=list)
    died: bool = False

    def __post_init__(self) -> None:
        uow = UnitOfWork(self.memory)
        for id_ in ("a", "b"):
            Repository(AccountMapping, uow).add(Account(id_, BALANCE, 1))
        for id_ in ("visits", "calls"):
            Repository(CounterMapping, uow).add(Counter(id_))

    def expect(self, applied: int, why: str) -> None:
        found = self.applied()
        if found != {applied}:
            self.problems.append(f"{why}: expected {applied} times, found {sorted(found)}")

    def applied(self) -> set[int]:
        """Give how often each part of the unit took effect."""
        uow = UnitOfWork(self.memory)
        visits = Repository(CounterMapping, uow).get("visits")
        found = {visits.value, visits.version}
        if self.scenario.work is move:
            accounts = Repository(AccountMapping, uow)
            a, b = accounts.get_many(["a", "b"])
            found |= {(BALANCE - a.balance) // 10, (b.balance - BALANCE) // 10, a.version, b.version}
            found.add(int(Repository(LedgerMapping, uow).find("unit") is not None))
        return found


class _Stepping:
    """A layer that gives up its turn before and after each operation."""

    def __init__(self, store: AsyncStore) -> None:
        self._store = store

    @property
    def limits(self) -> Limits:
        return self._store.limits

    async def perform(self, operation: Operation[R]) -> R:
        await asyncio.sleep(0)
        try:
            answer = await self._store.perform(operation)
        except PersistenceError:
            await asyncio.sleep(0)
            raise
        await asyncio.sleep(0)
        return answer


async def _tried(scenario: Scenario, site: int, death: Death) -> _Trial:
    trial = _Trial(scenario)
    memory = AsyncMemoryStore(trial.memory)
    faulty = AsyncFaultyStore(_Stepping(memory), WEATHERS[scenario.weather], sleep=_no_time)
    uow = _unit_of_work(_Stepping(faulty), scenario)
    mortal = _Mortal(scenario.work(uow), site, death)
    raised = await _ended(mortal)
    trial.died = mortal.died
    if mortal.died and death == "vanished":
        await faulty.settle()
        await _find_out_afterwards(trial, _unit_of_work(memory, scenario))
    else:
        await _hold_to_its_word(trial, uow, raised)
        await faulty.settle()
        if len(trial.applied()) > 1:
            trial.problems.append("a late request took effect in part")
    return trial


async def _ended(mortal: _Mortal) -> BaseException | None:
    async def live() -> None:
        await mortal

    try:
        await asyncio.create_task(live())
    except (asyncio.CancelledError, MemoryError, PersistenceError) as raised:
        return raised
    return None


async def _hold_to_its_word(trial: _Trial, uow: AsyncUnitOfWork, raised: BaseException | None) -> None:
    """Hold what is known of a unit against what is stored."""
    outcome = uow.last_outcome
    if isinstance(outcome, Committed):
        trial.expect(1, "it was said to be committed")
    elif isinstance(outcome, CommitOutcomeUnknown):
        try:
            await uow.resume(outcome)
        except ConflictError:
            trial.expect(0, "resuming it was refused")
        except CommitOutcomeUnknown as unknown:
            if "single_write" not in trial.scenario.policies or trial.applied() not in ({0}, {1}):
                trial.problems.append(f"it stayed unknown: {unknown}")
        else:
            trial.expect(1, "it was resumed")
    elif raised is None:
        trial.problems.append("it ended without an outcome")
    else:
        trial.expect(0, f"it ended with {type(raised).__name__}, and the outcome {outcome!r}")


async def _find_out_afterwards(trial: _Trial, uow: AsyncUnitOfWork) -> None:
    """Find out what a worker had done that has vanished, and do it if it had not."""
    if uow.policies.records is None:
        if trial.applied() not in ({0}, {1}):
            trial.problems.append(f"it took effect in part: {sorted(trial.applied())}")
        return
    known = await uow.was_committed(COMMIT_ID)
    trial.expect(int(known), f"its commit record says {known}")
    again = _Mortal(trial.scenario.work(uow), 1_000_000, "cancelled")
    raised = await _ended(again)
    if isinstance(raised, AlreadyCommitted) is not known:
        trial.problems.append(f"done again, it ended with {raised!r}, and its record said {known}")
    trial.expect(1, "it was done again")


def _unit_of_work(store: AsyncStore, scenario: Scenario) -> AsyncUnitOfWork:
    passed = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal passed
        passed += seconds
        await asyncio.sleep(0)

    timing = Timing(monotonic=lambda: passed, sleep_async=sleep, chance=lambda: 0.5)
    return AsyncUnitOfWork(store, timing=timing, **scenario.policies)


async def _no_time(_seconds: float) -> None:
    await asyncio.sleep(0)
