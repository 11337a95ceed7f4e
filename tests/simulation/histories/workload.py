"""Makes histories: tasks that append to lists and replace registers, and read them in every way there is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random

from persistence import (
    AsyncMemoryStore,
    AsyncRepository,
    AsyncUnitOfWork,
    CommitOutcomeUnknown,
    GlobalIndex,
    Key,
    MappingSchema,
    MemoryStore,
    PersistenceError,
    Repository,
    UnitOfWork,
    fields,
)
from persistence.testing.faults import AsyncFaultyStore
from persistence.timing import Timing
from persistence.unit_of_work.policies import Isolation
from tests.simulation.histories.checker import check_lists, check_registers
from tests.simulation.histories.model import Anomaly, Fate, Level, Txn, Values
from tests.simulation.mutants import NO_MUTANT, AsyncRewriting, Mutant
from tests.simulation.settings import quiet
from tests.simulation.storm import STORM
from tests.simulation.turns import LoopTurns, TasksTakingTurns

GROUP = "all"
LISTS = tuple(f"list-{number}" for number in range(4))
REGISTERS = tuple(f"register-{number}" for number in range(4))
COLOURS = ("red", "blue")
RESUMPTIONS = 50
INDEX_DELAY = 0.03
"""Seconds by which indexes are late: some 30 turns."""


@dataclass
class Shelf:
    """A list or a register, by its id."""

    group: str
    id: str
    colour: str
    entries: list[int] = field(default_factory=list)
    value: int = 0
    version: int = 0

    @property
    def seen(self) -> Values:
        """What a reader finds."""
        return tuple(self.entries) if self.id in LISTS else (self.value,)


class ShelfMapping(MappingSchema[Shelf]):
    class Meta:
        table = "simulation-shelves"
        key = Key("group", "id")
        indexes = (GlobalIndex("by-colour", Key("colour", "id")),)

    version = fields.Version()


@dataclass(frozen=True, slots=True)
class Told:
    """A history that is over.

    Attributes:
        txns: all that was done.
        lists, registers: what is stored in the end.
        late: what indexes showed after the last write had reached them, where that is not what is stored.
        serializable: whether units had that isolation.
        faults: how many there were.
    """

    txns: tuple[Txn, ...]
    lists: dict[str, Values]
    registers: dict[str, int]
    late: tuple[str, ...]
    serializable: bool
    faults: int

    @property
    def anomalies(self) -> tuple[Anomaly, ...]:
        """All that is wrong, the smallest counter-example first."""
        found = [
            *check_lists(_only(LISTS, self.txns), self.lists, serializable=self.serializable),
            *check_registers(_only(REGISTERS, self.txns), self.registers, serializable=self.serializable),
        ]
        return tuple(sorted(found, key=lambda anomaly: len(anomaly.txns)))

    def stale(self) -> int:
        """Count the reads by indexes that showed less than had been acknowledged: they may."""
        return sum(
            len(values) < len(self.lists[key])
            for txn in self.txns
            if txn.level == "index"
            for key, values in txn.reads
            if key in LISTS
        )


def _only(keys: Sequence[str], txns: Sequence[Txn]) -> list[Txn]:
    return [
        Txn(
            txn.id,
            txn.worker,
            txn.level,
            txn.begun,
            txn.ended,
            txn.fate,
            tuple(read for read in txn.reads if read[0] in keys),
            tuple(write for write in txn.writes if write[0] in keys),
        )
        for txn in txns
    ]


def history(
    seed: int, *, workers: int = 6, units: int = 40, serializable: bool = True, mutant: Mutant = NO_MUTANT
) -> Told:
    """Make a history in memory, in bad weather, with late indexes; a seed repeats it.

    Args:
        seed: of all chance.
        workers: how many tasks there are.
        units: how much each of them does.
        serializable: the isolation of units.
        mutant: what is broken on purpose.
    """
    with mutant.patched(), quiet():
        return asyncio.run(_history(seed, workers, units, serializable, mutant))


async def _history(seed: int, workers: int, units: int, serializable: bool, mutant: Mutant) -> Told:
    turns = LoopTurns(Random(f"{seed}/turns"))
    memory = MemoryStore(clock=turns.now, index_delay=INDEX_DELAY)
    calm = Repository(ShelfMapping, UnitOfWork(memory))
    for number, key in enumerate((*LISTS, *REGISTERS)):
        calm.add(Shelf(GROUP, key, COLOURS[number % 2]))
    faulty = AsyncFaultyStore(AsyncMemoryStore(memory), STORM, seed=seed, sleep=turns.sleep)
    store = AsyncRewriting(TasksTakingTurns(faulty, turns), mutant)
    dice = Random(f"{seed}/backoff").random
    timing = Timing(turns.now, sleep_async=turns.sleep, chance=dice, first_pause=0.04, longest_pause=0.3)
    log = _Log()
    crew = [
        _Worker(
            number,
            AsyncUnitOfWork(store, timing=timing, deadline=120 if number % 2 else 0.01),
            "serializable" if serializable else "default",
            Random(f"{seed}/{number}"),
            log,
        )
        for number in range(workers)
    ]
    async with asyncio.TaskGroup() as group:
        for worker in crew:
            group.create_task(worker.work(units))
    await faulty.settle()
    await turns.sleep(2 * INDEX_DELAY)
    stored = {shelf.id: shelf for shelf in calm.where("group", "=", GROUP).consistent()}
    late = [
        shelf.id
        for colour in COLOURS
        for shelf in calm.where("colour", "=", colour)
        if shelf != stored[shelf.id]
    ]
    return Told(
        tuple(log.txns),
        {key: stored[key].seen for key in LISTS},
        {key: stored[key].value for key in REGISTERS},
        tuple(late),
        serializable,
        len(faulty.injected),
    )


class _Log:
    """What all workers did."""

    def __init__(self) -> None:
        self.txns: list[Txn] = []
        self._moments = count()
        self._values = count(1)

    def now(self) -> int:
        return next(self._moments)

    def new_value(self) -> int:
        return next(self._values)


@dataclass(slots=True)
class _Doing:
    """A transaction in the making."""

    level: Level
    begun: int
    reads: dict[str, Values] = field(default_factory=dict)
    writes: list[tuple[str, int]] = field(default_factory=list)

    def saw(self, shelves: Sequence[Shelf]) -> None:
        for shelf in shelves:
            self.reads.setdefault(shelf.id, shelf.seen)


class _Worker:
    def __init__(
        self, number: int, uow: AsyncUnitOfWork, isolation: Isolation, chance: Random, log: _Log
    ) -> None:
        self._number = number
        self._uow = uow
        self._isolation = isolation
        self._chance = chance
        self._log = log
        self._shelves = AsyncRepository(ShelfMapping, uow)

    async def work(self, units: int) -> None:
        chores: list[tuple[Level, Callable[[_Doing], Awaitable[None]]]] = [
            ("unit", self._write),
            ("unit", self._append_blindly),
            ("snapshot", self._snapshot),
            ("query", self._query),
            ("index", self._ask_the_index),
        ]
        for _unit in range(units):
            ((level, chore),) = self._chance.choices(chores, (10, 3, 3, 3, 4))
            await self._do(level, chore)

    async def _do(self, level: Level, chore: Callable[[_Doing], Awaitable[None]]) -> None:
        doing = _Doing(level, self._log.now())
        fate: Fate = "committed"
        try:
            await chore(doing)
        except CommitOutcomeUnknown as unknown:
            fate = await self._resumed(unknown)
        except PersistenceError:
            fate = "refused"
        if fate == "refused" and not doing.writes:
            return
        self._log.txns.append(
            Txn(
                f"{self._number}-{doing.begun}",
                self._number,
                level,
                doing.begun,
                self._log.now(),
                fate,
                tuple(doing.reads.items()),
                tuple(doing.writes),
            )
        )

    async def _resumed(self, unknown: CommitOutcomeUnknown) -> Fate:
        for _time in range(RESUMPTIONS):
            try:
                await self._uow.resume(unknown)
            except CommitOutcomeUnknown:
                continue
            except PersistenceError:
                return "refused"
            return "committed"
        return "unknown"

    async def _write(self, doing: _Doing) -> None:
        """Read some lists and registers, and write some of those."""
        keys = self._chance.sample((*LISTS, *REGISTERS), self._chance.randint(2, 4))
        async with self._uow(isolation=self._isolation):
            shelves = await self._shelves.get_many([(GROUP, key) for key in keys])
            doing.saw(shelves)
            for shelf in shelves[: self._chance.randint(1, 2)]:
                for _time in range(self._chance.randint(1, 2) if shelf.id in LISTS else 1):
                    value = self._log.new_value()
                    doing.writes.append((shelf.id, value))
                    shelf.value = value
                    if shelf.id in LISTS:
                        shelf.entries.append(value)

    async def _append_blindly(self, doing: _Doing) -> None:
        """Append to two lists without reading them."""
        async with self._uow(isolation=self._isolation):
            for key in self._chance.sample(LISTS, 2):
                value = self._log.new_value()
                doing.writes.append((key, value))
                await self._shelves.patch(GROUP, key).append("entries", value).execute()

    async def _snapshot(self, doing: _Doing) -> None:
        keys = self._chance.sample((*LISTS, *REGISTERS), 4)
        found = await self._uow.snapshot(*(self._shelves.key(GROUP, key) for key in keys))
        doing.saw([shelf for shelf in found if shelf is not None])

    async def _query(self, doing: _Doing) -> None:
        doing.saw(await self._shelves.where("group", "=", GROUP).consistent().all())

    async def _ask_the_index(self, doing: _Doing) -> None:
        doing.saw(await self._shelves.where("colour", "=", self._chance.choice(COLOURS)).all())
