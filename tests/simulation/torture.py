"""All at once, with a report at the end: `python -m tests.simulation.torture`, or `make torture`.

Parts run in processes of their own, two at a time. The report goes to `.cache/torture/`: `report.md` for
people, `report.json` for machines. The exit status is 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any

from persistence.testing.servers import DynamoDBLocal
from tests.simulation.checker.history import Outcome
from tests.simulation.histories.model import PROMISE_OF
from tests.simulation.histories.workload import history
from tests.simulation.kill_sites import killed_everywhere, scenarios
from tests.simulation.mutants import MUTANTS, NEEDS_BAD_LUCK
from tests.simulation.report import PartReport, Report
from tests.simulation.settings import Place, Settings, Workers
from tests.simulation.simulation import Run, run
from tests.simulation.throttle_storm import Storm, real_storm, simulated_storm

SHOWN = 3
"""How many counter-examples of a part are shown."""

MUTANT_SECONDS = 20.0
"""Seconds of one processor in which each mutant must be caught, unless that takes bad luck."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to do.

    Attributes:
        name: what it is.
        do: does it; a function of this module.
        arguments: of that.
    """

    name: str
    do: Callable[..., PartReport]
    arguments: dict[str, Any] = field(default_factory=dict)

    def done(self) -> PartReport:
        """Do it; what it raises is a promise broken, too."""
        try:
            return replace(self.do(**self.arguments), name=self.name)
        except Exception as error:  # noqa: BLE001  # the other parts go on, and the report shows it
            what = f"{type(error).__name__}: {error}"
            return PartReport(self.name, "", {}, broken={"other": 1}, notes=[what])


def simulate(settings: Settings, *, paced: bool) -> PartReport:
    """Run the bank."""
    if settings.store == "memory":
        return _of_a_run(run(settings), paced=paced)
    with DynamoDBLocal() as server:
        return _of_a_run(run(settings, server.endpoint_url), paced=paced)


def _of_a_run(done: Run, *, paced: bool) -> PartReport:
    settings = done.settings
    broken: Counter[str] = Counter(found.kind.breaks for found in done.violations)
    broken["other"] = done.changed_requests + max(0, done.uncertain - done.kills)
    flags = [*([] if settings.serializable else ["--default-isolation"]), *(["--records"] * settings.records)]
    return PartReport(
        str(settings),
        f"python -m tests.simulation --kind {settings.kind} --store {settings.store} --workers "
        f"{settings.workers} --seconds {settings.seconds:g} --seed {settings.seed} {' '.join(flags)}".strip(),
        {
            "attempted": len(done.history.told),
            "commits": done.told(Outcome.COMMITTED),
            "refused": done.told(Outcome.REFUSED),
            "kills": done.kills,
            "unknown outcomes resolved": done.resolved,
            "snapshots": len(done.history.sights),
            "bulks": len(done.history.mail),
        },
        dict(done.faults),
        dict(broken),
        [str(found) for found in done.violations[:SHOWN]],
        minutes=(settings.seconds or 0) / 60 if paced else 0.0,
        processor_seconds=done.processor_seconds,
    )


def hunt(mutant: str, kind: Workers, seed: int) -> PartReport:
    """Break the library on purpose, and see how long that takes to be noticed."""
    most = MUTANT_SECONDS * (6 if mutant == NEEDS_BAD_LUCK else 1)
    begun = time.process_time()  # of this process alone: others may share the processors
    for attempt in count():
        done = run(Settings(kind, "memory", seed + attempt, units=50, mutant=mutant))
        caught = {found.kind for found in done.violations} & MUTANTS[mutant].gives_it_away
        seconds = time.process_time() - begun
        if caught or seconds > most:
            break
    in_time = bool(caught) and seconds <= most
    return PartReport(
        mutant,
        f"python -m tests.simulation --kind {kind} --units 50 --workers 6 --seed {seed} --mutant {mutant}",
        {"mutants": 1, "mutants caught": int(in_time)},
        broken={"other": int(not in_time)},
        notes=[f"after {seconds:.1f} s: {', '.join(sorted(kind.value for kind in caught)) or 'not caught'}"],
    )


def storm(seed: int, seconds: float, *, real: bool) -> PartReport:
    """Throttle everything for a while."""
    came: Storm = (real_storm if real else simulated_storm)(seed, seconds=seconds)
    return PartReport(
        "storm",
        f"python -m tests.simulation.throttle_storm --seconds {seconds:g} --seed {seed}",
        {"storms": 1, "requests in storms": sum(came.requests)},
        broken={"lost": came.lost, "other": len(came.broken)},
        notes=[str(came), *came.broken],
    )


def die_everywhere(every: int) -> PartReport:
    """Let a worker die at each of its awaits, in every n-th scenario."""
    deaths, problems = 0, list[str]()
    for scenario in [*scenarios()][::every]:
        tolls = killed_everywhere(scenario)
        deaths += tolls.deaths
        problems += tolls.problems
    return PartReport(
        "deaths",
        "pytest tests/simulation/test_kill_sites.py",
        {"deaths at awaits": deaths},
        broken={"other": len(problems)},
        notes=problems[:SHOWN],
    )


def infer(histories: int, seed: int) -> PartReport:
    """Make histories of lists and registers, and infer the order of all that was written."""
    transactions = faults = stale = 0
    broken: Counter[str] = Counter()
    notes: list[str] = []
    for number in range(histories):
        told = history(seed + number, serializable=number % 3 < 2)
        transactions, faults, stale = (
            transactions + len(told.txns),
            faults + told.faults,
            stale + told.stale(),
        )
        broken.update(PROMISE_OF[anomaly.kind] for anomaly in told.anomalies)
        broken["other"] += len(told.late)
        notes += [f"seed {seed + number}: {anomaly}" for anomaly in told.anomalies[:1]]
    return PartReport(
        "histories",
        "tests.simulation.histories.workload.history(seed)",
        {"histories": histories, "transactions of histories": transactions, "stale reads of indexes": stale},
        {"in histories": faults},
        dict(broken),
        notes[:SHOWN],
    )


def compare(programs: int, seed: int) -> PartReport:
    """Try the same generated programs on memory and DynamoDB Local; each must come to what is foretold."""
    # Loaded when it is needed: each process of the bank loads this module, and shall begin soon.
    campaign, worlds_of = (import_module(f"tests.programs.{name}") for name in ("campaign", "worlds"))
    library, outcomes = (import_module(f"tests.programs.{name}") for name in ("library", "outcomes"))
    steps, differences = 0, list[str]()
    with library.event_loop() as loop, DynamoDBLocal() as server:
        local = worlds_of.local_comparisons(loop, server.endpoint_url, "torture")
        worlds = {**worlds_of.memory_comparisons(loop), **local}
        try:
            steps = campaign.try_programs(programs, seed, [*worlds.values()])
        except outcomes.Differs as differs:
            differences.append(str(differs))
    return PartReport(
        "programs",
        f"python -m tests.programs --steps 1 --programs {programs} --seed {seed}",
        {"programs": programs, "steps of programs": steps, "stores compared": len(worlds)},
        broken={"other": len(differences)},
        notes=differences,
    )


def campaign(seed: int, *, seconds: float, workers: int) -> Iterator[Part]:
    """Give all parts of a long campaign: about ten minutes for 60 seconds each."""
    settings = Settings("threads", "memory", seed, workers, seconds=seconds)
    yield from _simulations(settings)
    yield Part("histories of lists and registers", infer, {"histories": 60, "seed": seed})
    yield Part("throttle storm in real time", storm, {"seed": seed, "seconds": 30.0, "real": True})
    for number in range(3):
        name = f"throttle storm in simulated time, {number + 1}"
        yield Part(name, storm, {"seed": seed + number, "seconds": 30.0, "real": False})
    yield Part("death at every await", die_everywhere, {"every": 1})
    for mutant in MUTANTS:
        for kind in ("threads", "tasks"):
            yield Part(f"mutant {mutant}, {kind}", hunt, {"mutant": mutant, "kind": kind, "seed": seed})
    yield Part("generated programs", compare, {"programs": 100, "seed": seed})


def _simulations(settings: Settings) -> Iterator[Part]:
    on_memory: tuple[Settings, ...] = (
        settings,
        replace(settings, kind="tasks"),
        replace(settings, kind="tasks", records=True),
        replace(settings, serializable=False),
    )
    kinds: tuple[tuple[Workers, bool], ...] = (
        ("threads", False),
        ("tasks", False),
        ("processes", False),
        ("processes", True),
    )
    local: Place = "dynamodb-local"
    on_a_server = (replace(settings, kind=kind, store=local, records=records) for kind, records in kinds)
    # Those whose pace counts run side by side: next to the many processes of a server and its crew they would
    # get a small part of a processor.
    for each in on_memory:
        yield Part(str(each), simulate, {"settings": each, "paced": True})
    for each in on_a_server:
        yield Part(str(each), simulate, {"settings": each, "paced": False})


def quick_campaign(seed: int) -> Iterator[Part]:
    """Give the parts of a campaign of about a minute."""
    settings = Settings("threads", "memory", seed, 8, seconds=8.0)
    for kind in ("threads", "tasks"):
        each = replace(settings, kind=kind)
        yield Part(str(each), simulate, {"settings": each, "paced": True})
    local = replace(settings, kind="processes", store="dynamodb-local", records=True)
    yield Part(str(local), simulate, {"settings": local, "paced": False})
    yield Part("histories of lists and registers", infer, {"histories": 6, "seed": seed})
    yield Part("throttle storm in simulated time", storm, {"seed": seed, "seconds": 30.0, "real": False})
    yield Part("death at every await", die_everywhere, {"every": 7})
    # The one that needs bad luck is left to the long campaign.
    for number, mutant in enumerate(name for name in MUTANTS if name != NEEDS_BAD_LUCK):
        kind = ("threads", "tasks")[number % 2]
        yield Part(f"mutant {mutant}, {kind}", hunt, {"mutant": mutant, "kind": kind, "seed": seed})
    yield Part("generated programs", compare, {"programs": 15, "seed": seed})


def main(arguments: Sequence[str]) -> int:
    """Do all parts, and write the report.

    Returns:
        0 if no promise was broken, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.torture", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="a new one by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each simulation")
    parser.add_argument("--workers", type=int, default=8, help="of each simulation")
    parser.add_argument("--jobs", type=int, default=2, help="parts at a time")
    given = parser.parse_args(arguments)
    parts = [
        *(
            quick_campaign(given.seed)
            if given.quick
            else campaign(given.seed, seconds=given.seconds, workers=given.workers)
        )
    ]
    begun = time.monotonic()
    reports = _all_done(parts, given.jobs)
    report = Report(given.seed, time.monotonic() - begun, reports)
    path = report.write(Path(os.environ.get("PERSISTENCE_CACHE", ".cache")) / "torture")
    _say(f"{report.as_markdown()}\n{path}")
    return int(report.failed)


def _all_done(parts: Sequence[Part], jobs: int) -> tuple[PartReport, ...]:
    reports: dict[int, PartReport] = {}
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn) as processes:
        working = {processes.submit(part.done): number for number, part in enumerate(parts)}
        for future in as_completed(working):
            number = working[future]
            reports[number] = future.result()
            _say(f"{reports[number].verdict}: {reports[number].name}")
    return tuple(reports[number] for number in sorted(reports))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
