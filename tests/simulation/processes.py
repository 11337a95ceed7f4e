"""Workers as processes, killed by the operating system."""

from __future__ import annotations

import multiprocessing
import time
from dataclasses import dataclass
from itertools import count
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from persistence import UnitOfWork
from tests.simulation.bank.tellers import SyncTeller, drive
from tests.simulation.journal import BEGINNING, Journal, unsettled_in
from tests.simulation.settings import Allowance, Settings, allowances, quiet
from tests.simulation.sites import LocalSite, local_policies, local_store
from tests.simulation.worker import Worker

if TYPE_CHECKING:
    # Not every platform has both.
    from multiprocessing.context import ForkServerContext, SpawnContext

BYTES_BETWEEN_KILLS = 6000
"""How much a worker notes before it is killed, on average: some 40 units."""

_GLANCE = 0.003
"""Seconds between two looks at the journals."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What a process is told to do.

    Attributes:
        settings: of the run.
        endpoint_url: of the proxy.
        access_key_id: whose tables they are.
        folder: where its journal goes.
        seat: its number.
        name: the worker's.
        forebear: the journal of the one that was killed, if there was one.
        units: how many it does at most; None for no end.
        until: in the time of `time.time()`; None for no end.
    """

    settings: Settings
    endpoint_url: str
    access_key_id: str
    folder: Path
    seat: int
    name: str
    forebear: Path | None
    units: int | None
    until: float | None


def work_in_process(assignment: Assignment) -> None:
    """Work, as the whole life of a process."""
    settings = assignment.settings
    store = local_store(assignment.endpoint_url, assignment.access_key_id)
    policies = local_policies(settings, of=assignment.name)
    uow = UnitOfWork(store, **policies[assignment.seat % len(policies)])
    journal = Journal(assignment.folder, assignment.name)
    worker = Worker(
        SyncTeller(uow, settings.manner), journal, settings.chance(assignment.name), mail=settings.mail
    )
    with quiet():
        drive(_live(worker, assignment))


async def _live(worker: Worker, assignment: Assignment) -> None:
    unsettled = None if assignment.forebear is None else unsettled_in(assignment.forebear)
    if unsettled is not None and assignment.settings.records:
        await worker.ask_about(unsettled)
    await worker.work(Allowance(assignment.units, assignment.until))


class Processes:
    """A crew of processes; whoever is killed is replaced.

    Args:
        settings: of the run.
        site: where the bank is.
    """

    def __init__(self, settings: Settings, site: LocalSite) -> None:
        self._settings = settings
        self._site = site
        self._context = _context()

    def __call__(self, folder: Path) -> int:
        """Work until all allowances are used up; gives how many were killed."""
        seats = [
            _Seat(self, folder, number, allowance)
            for number, allowance in enumerate(allowances(self._settings))
        ]
        try:
            manned = seats
            while manned:
                manned = [seat for seat in manned if seat.look()]
                time.sleep(_GLANCE)
        finally:
            for seat in seats:
                seat.leave()
        return sum(seat.kills for seat in seats)

    def chance(self, seat: int) -> Random:
        """Make the dice that decide when workers of a seat are killed."""
        return self._settings.chance(f"kills of {seat}")

    def name(self, seat: int, generation: int) -> str:
        """Name a worker."""
        return f"{self._site.prefix}{seat}.{generation}"

    def start(
        self, folder: Path, seat: int, name: str, forebear: Path | None, allowance: Allowance
    ) -> BaseProcess:
        """Start a worker."""
        assignment = Assignment(
            self._settings,
            self._site.proxy.endpoint_url,
            self._site.access_key_id,
            folder,
            seat,
            name,
            forebear,
            allowance.units,
            allowance.until,
        )
        process = self._context.Process(target=work_in_process, args=(assignment,), name=name)
        process.start()
        return process


def _context() -> ForkServerContext | SpawnContext:
    """Choose how to start processes: by a server that has everything imported, where there can be one."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


class _Seat:
    """A place for one worker at a time."""

    def __init__(self, crew: Processes, folder: Path, number: int, allowance: Allowance) -> None:
        self.kills = 0
        self._crew = crew
        self._folder = folder
        self._number = number
        self._allowance = allowance
        self._chance = crew.chance(number)
        self._generations = count()
        self._journal: Path | None = None
        self._begin()

    def look(self) -> bool:
        """See to the worker; tells whether there still is one."""
        if self._process.exitcode is not None:
            if self._process.exitcode != 0:
                raise RuntimeError(f"{self._process.name} failed with exit code {self._process.exitcode}")
            return False
        if _size(self._journal) >= self._kill_at:
            self._kill()
            if not self._allowance.left:
                return False
            self._begin()
        return True

    def leave(self) -> None:
        """Let nobody stay behind."""
        self._process.kill()
        self._process.join()

    def _begin(self) -> None:
        name, forebear = self._crew.name(self._number, next(self._generations)), self._journal
        self._journal = self._folder / f"{name}.jsonl"
        self._kill_at = self._chance.expovariate(1 / BYTES_BETWEEN_KILLS)
        self._process = self._crew.start(self._folder, self._number, name, forebear, self._allowance)

    def _kill(self) -> None:
        self._process.kill()
        self._process.join()
        if self._process.exitcode == 0:  # it had just ended by itself
            return
        self.kills += 1
        if self._allowance.units is not None and self._journal is not None:
            self._allowance.units -= self._journal.read_text(encoding="utf-8").count(BEGINNING)


def _size(path: Path | None) -> int:
    return path.stat().st_size if path is not None and path.exists() else 0
