"""Workers as threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path
from random import Random

from persistence import UnitOfWork
from tests.simulation.bank.tellers import SyncTeller, drive
from tests.simulation.journal import Journal
from tests.simulation.kills import Killed, Killing
from tests.simulation.mutants import Mutant, Rewriting
from tests.simulation.settings import Allowance, Settings, allowances
from tests.simulation.sites import LocalSite, MemorySite
from tests.simulation.worker import Legacy, Worker


class Threads:
    """A crew of threads.

    They share two units of work: every other one has too little patience to find out about a commit whose
    answer was lost, and resumes it later.

    Args:
        settings: of the run.
        site: where the bank is.
        mutant: what is broken.
    """

    def __init__(self, settings: Settings, site: MemorySite | LocalSite, mutant: Mutant) -> None:
        self._settings = settings
        self._site = site
        self._kills = 0
        store = Rewriting(Killing(site.stormy, settings.chance("kills"), settings.kill_probability), mutant)
        self._tellers = [
            SyncTeller(UnitOfWork(store, **policies), settings.manner) for policies in site.policies()
        ]

    def __call__(self, folder: Path) -> int:
        """Work until all allowances are used up; gives how many were killed."""
        jobs = [
            partial(self._man, folder, number, allowance)
            for number, allowance in enumerate(allowances(self._settings))
        ]
        if isinstance(self._site, MemorySite):
            self._site.turns.run(jobs)
        else:
            _run_freely(jobs)
        return self._kills

    def _man(self, folder: Path, seat: int, allowance: Allowance) -> None:
        """Put one worker after the other on a seat, until its allowance is used up."""
        inherited: Legacy | None = None
        for generation in count():
            if not allowance.left:
                return
            name = f"{self._site.prefix}{seat}.{generation}"
            journal, chance = Journal(folder, name), self._settings.chance(f"{seat}.{generation}")
            worker = Worker(
                self._tellers[seat % len(self._tellers)], journal, chance, mail=self._settings.mail
            )
            try:
                drive(_live(worker, inherited, allowance, chance))
            except Killed as death:
                self._kills += 1
                inherited = worker.die(death)
            finally:
                journal.close()


async def _live(worker: Worker, inherited: Legacy | None, allowance: Allowance, chance: Random) -> None:
    if inherited is not None and chance.random() < 0.5:
        await worker.find_out(inherited)
    await worker.work(allowance)


def _run_freely(jobs: Sequence[Callable[[], None]]) -> None:
    with ThreadPoolExecutor(len(jobs)) as threads:
        for future in [threads.submit(job) for job in jobs]:
            future.result()
