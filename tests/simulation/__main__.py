"""Run the simulation from a shell: `python -m tests.simulation --kind tasks --store memory --seconds 60`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import get_args

from persistence.testing.servers import DynamoDBLocal
from tests.simulation.checker.history import Outcome
from tests.simulation.mutants import MUTANTS
from tests.simulation.settings import Place, Settings, Workers
from tests.simulation.simulation import Run, run

SHOWN = 5
"""How many counter-examples are printed."""


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments say.

    Returns:
        0 if no promise was broken, else 1.
    """
    settings = _settings(arguments)
    _say(str(settings))
    begun = time.monotonic()
    if settings.store == "dynamodb-local":
        with DynamoDBLocal() as server:
            done = run(settings, server.endpoint_url)
    else:
        done = run(settings)
    _say(_table(done, time.monotonic() - begun))
    for violation in done.violations[:SHOWN]:
        _say(f"\n{violation}")
    if done.broken:
        _say(f"\nPROMISES WERE BROKEN: {settings}")
    return int(done.broken)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _settings(arguments: Sequence[str]) -> Settings:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--kind", choices=get_args(Workers), default="threads")
    parser.add_argument("--store", choices=get_args(Place), default="memory")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="a new one by default")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seconds", type=float, help="60 by default, unless --units is given")
    parser.add_argument("--units", type=int, help="of each worker")
    parser.add_argument("--default-isolation", dest="serializable", action="store_false")
    parser.add_argument("--records", action="store_true", help="let each unit leave a commit record")
    parser.add_argument("--mutant", choices=tuple(MUTANTS), help="what to break on purpose")
    given = parser.parse_args(arguments)
    if given.seconds is None and given.units is None:
        given.seconds = 60.0
    return Settings(**vars(given))


def _table(done: Run, seconds: float) -> str:
    rows: list[tuple[str, object]] = [
        ("units begun", len(done.history.told)),
        *((f"  {outcome.value}", done.told(outcome)) for outcome in Outcome),
        ("units stored", len(done.history.ledger)),
        ("snapshots", len(done.history.sights)),
        ("faults", done.faults.total()),
        *((f"  {kind}", number) for kind, number in done.faults.most_common()),
        ("workers killed", done.kills),
        ("unknown outcomes resolved", done.resolved),
        ("requests changed in a repetition", done.changed_requests),
        ("anomalies that the isolation allows", len(done.findings) - len(done.violations)),
        ("violations", len(done.violations)),
        ("seconds, checks included", round(seconds, 1)),
    ]
    return "\n".join(f"{name:<38}{value:>10}" for name, value in rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
