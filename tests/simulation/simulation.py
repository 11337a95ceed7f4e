"""A run from its beginning to what the checker finds."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from persistence import Repository, UnitOfWork
from tests.simulation.bank.activities import MONEY, open_bank
from tests.simulation.bank.domain import Account, Doctor, LedgerEntry, Letter, Registration, Touch, touch_of
from tests.simulation.bank.domain import Counter as CounterItem
from tests.simulation.bank.mappings import MAPPINGS, RECORDS, RecordMapping
from tests.simulation.bank.tellers import SyncTeller, drive
from tests.simulation.checker.checker import check
from tests.simulation.checker.findings import Finding
from tests.simulation.checker.history import History, Outcome, Told
from tests.simulation.journal import read_journals
from tests.simulation.mutants import MUTANTS, NO_MUTANT, Mutant
from tests.simulation.processes import Processes
from tests.simulation.settings import Settings, Workers, quiet
from tests.simulation.sites import LocalSite, LoopSite, MemorySite, Site, faults_by_kind
from tests.simulation.tasks import Tasks
from tests.simulation.threads import Threads


@dataclass(frozen=True)
class Run:
    """A run that is over.

    Attributes:
        faults: kind -> how many were injected.
        kills: how many workers were killed.
        changed_requests: how many commits were repeated with another request than the first one.
        resolved: how many unknown outcomes became known by resuming them.
        processor_seconds: for how long a processor worked in this process, while workers worked.
    """

    settings: Settings
    history: History
    faults: Counter[str]
    kills: int
    changed_requests: int
    resolved: int
    processor_seconds: float

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """All that is wrong, anomalies that the isolation allows included."""
        return check(self.history)

    @property
    def violations(self) -> tuple[Finding, ...]:
        """All that breaks a promise."""
        return tuple(
            found
            for found in self.findings
            if self.settings.serializable or not found.kind.needs_serializable
        )

    def told(self, outcome: Outcome) -> int:
        """Count the units whose workers were told so."""
        return sum(told.outcome is outcome for told in self.history.told)

    @property
    def broken(self) -> bool:
        """Whether a promise was broken.

        Two are not the checker's: a repetition is the same request; who lives knows what became of its units.
        """
        return bool(self.violations or self.changed_requests or self.uncertain > self.kills)

    @property
    def uncertain(self) -> int:
        """How many units have an outcome that their worker does not know."""
        return self.told(Outcome.UNKNOWN) + self.told(Outcome.SILENT)


Crew = Callable[[Path], int]
"""Does all the work of a run, with journals in the folder; gives the number of workers killed."""


def run(settings: Settings, server_url: str | None = None) -> Run:
    """Run a simulation.

    Args:
        settings: what it is to be.
        server_url: of a DynamoDB Local, where the settings say so.

    Raises:
        ValueError: settings that don't go together.
    """
    mutant = MUTANTS[settings.mutant] if settings.mutant else NO_MUTANT
    with mutant.patched(), quiet():
        match settings.kind, settings.store:
            case "threads", "memory":
                memory = MemorySite(settings)
                return _run_at(memory, settings, Threads(settings, memory, mutant))
            case "tasks", "memory":
                loop = LoopSite(settings)
                return _run_at(loop, settings, Tasks(settings, loop, mutant))
            case kind, "dynamodb-local" if server_url is not None:
                with LocalSite(settings, server_url) as local:
                    return _run_at(local, settings, _crew(kind, local, mutant))
            case kind, store:
                raise ValueError(f"{kind} can't work on {store}, or its server is missing")


def _crew(kind: Workers, site: LocalSite, mutant: Mutant) -> Crew:
    settings = site.settings
    match kind:
        case "threads":
            return Threads(settings, site, mutant)
        case "tasks":
            return Tasks(settings, site, mutant)
        case "processes":
            return Processes(settings, site)


def _run_at(site: Site, settings: Settings, crew: Crew) -> Run:
    """Open a bank, let a crew work there, and gather what happened."""
    record = RECORDS if settings.records else None
    calm = UnitOfWork(site.calm, scan_policy="allow", commit_record=record)
    opening = drive(open_bank(SyncTeller(calm, settings.manner), site.prefix))
    with tempfile.TemporaryDirectory(prefix="simulation-") as folder:
        begun = time.process_time()
        kills = crew(Path(folder))
        processor_seconds = time.process_time() - begun
        site.settle()
        stored = _stored_for_good(calm)
        notes = read_journals(Path(folder))
    told = (*(Told(id_, "opening", Outcome.COMMITTED) for id_ in opening), *notes.told)
    history = History(
        settings.serializable,
        MONEY,
        told,
        stored.ledger,
        notes.sights,
        stored.final,
        stored.records if settings.records else None,
        notes.mail,
        stored.letters,
    )
    return Run(
        settings,
        history,
        faults_by_kind(site.injected),
        kills,
        site.changed_requests,
        notes.resolved,
        processor_seconds,
    )


class _Stored(NamedTuple):
    final: dict[str, Touch]
    ledger: tuple[LedgerEntry, ...]
    records: frozenset[str]
    letters: dict[str, frozenset[int]]


def _stored_for_good(uow: UnitOfWork) -> _Stored:
    """Read all that is stored, once nothing changes any more: a server may still be at work."""
    found = _stored_in(uow)
    while (again := _stored_in(uow)) != found:
        found = again
    return found


def _stored_in(uow: UnitOfWork) -> _Stored:
    final: dict[str, Touch] = {}
    for kind in (Account, Registration, CounterItem, Doctor):
        touches = map(touch_of, Repository(MAPPINGS[kind], uow).scan().consistent())
        final.update((touch.item, touch) for touch in touches)
    ledger = Repository(MAPPINGS[LedgerEntry], uow).scan().consistent()
    records = Repository(RecordMapping, uow).scan().consistent()
    letters: dict[str, frozenset[int]] = {}
    for letter in Repository(MAPPINGS[Letter], uow).scan().consistent():
        letters[letter.box] = letters.get(letter.box, frozenset()) | {letter.number}
    return _Stored(final, tuple(ledger), frozenset(record.id for record in records), letters)
