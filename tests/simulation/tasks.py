"""Workers as tasks of one event loop."""

from __future__ import annotations

import asyncio
from itertools import count
from pathlib import Path

from persistence import AsyncUnitOfWork
from tests.simulation.bank.tellers import AsyncTeller
from tests.simulation.journal import Journal
from tests.simulation.kills import Cancelling
from tests.simulation.mutants import AsyncRewriting, Mutant
from tests.simulation.settings import Allowance, Settings, allowances
from tests.simulation.sites import AsyncSite
from tests.simulation.worker import Legacy, Worker


class Tasks:
    """A crew of tasks; see `Threads`.

    Args:
        settings: of the run.
        site: where the bank is.
        mutant: what is broken.
    """

    def __init__(self, settings: Settings, site: AsyncSite, mutant: Mutant) -> None:
        self._settings = settings
        self._site = site
        self._kills = 0
        chance = settings.chance("kills")
        cancelling = Cancelling(site.stormy_async, chance, site.schedule(chance), settings.kill_probability)
        store = AsyncRewriting(cancelling, mutant)
        self._tellers = [
            AsyncTeller(AsyncUnitOfWork(store, **policies), settings.manner) for policies in site.policies()
        ]

    def __call__(self, folder: Path) -> int:
        """Work until all allowances are used up; gives how many were killed."""
        asyncio.run(self._work(folder))
        return self._kills

    async def _work(self, folder: Path) -> None:
        async with asyncio.TaskGroup() as group:
            for number, allowance in enumerate(allowances(self._settings)):
                group.create_task(self._man(folder, number, allowance))

    async def _man(self, folder: Path, seat: int, allowance: Allowance) -> None:
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
            finds_out = inherited if chance.random() < 0.5 else None
            inherited = await asyncio.create_task(self._live(worker, finds_out, allowance))
            journal.close()

    async def _live(self, worker: Worker, inherited: Legacy | None, allowance: Allowance) -> Legacy | None:
        """Live in a task of its own, which alone is cancelled; gives what is left to find out."""
        try:
            if inherited is not None:
                await worker.find_out(inherited)
            await worker.work(allowance)
        except asyncio.CancelledError as death:
            self._kills += 1
            return worker.die(death)
        return None
