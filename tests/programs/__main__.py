"""Try random programs for longer than tests do: `python -m tests.programs --steps 20000`."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import SystemRandom

from persistence.testing.servers import DynamoDBLocal, ServerUnavailable
from tests.programs.campaign import try_programs
from tests.programs.comparing import Comparison
from tests.programs.library import event_loop
from tests.programs.outcomes import Differs
from tests.programs.worlds import local_comparisons, memory_comparisons

BATCH = 50
"""So many programs are made of one seed."""


def main(arguments: list[str]) -> int:
    """Try programs in every world until each has taken so many steps.

    Returns:
        0 if all of them came to what was foretold.
    """
    options = _options(arguments)
    say(f"seed {options.seed}")
    try:
        with _worlds(options.stores) as worlds:
            for name, comparison in worlds.items():
                _try_in(name, comparison, options)
    except Differs as differs:
        say(str(differs))
        return 1
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.programs", description=__doc__)
    parser.add_argument("--steps", type=int, default=20_000, help="steps in each world")
    parser.add_argument("--programs", type=int, default=0, help="programs in each world, at least")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**9), help="repeats a run")
    parser.add_argument("--stores", nargs="+", default=["memory", "dynamodb-local"], help="where to try them")
    return parser.parse_args(arguments)


@contextmanager
def _worlds(stores: list[str]) -> Iterator[Mapping[str, Comparison]]:
    with event_loop() as loop:
        worlds = dict(memory_comparisons(loop)) if "memory" in stores else {}
        if "dynamodb-local" not in stores:
            yield worlds
            return
        with _served(loop) as local:
            yield worlds | local


@contextmanager
def _served(loop: asyncio.AbstractEventLoop) -> Iterator[dict[str, Comparison]]:
    server = DynamoDBLocal()
    try:
        server.start()
    except ServerUnavailable as unavailable:
        say(f"without dynamodb-local: {unavailable}")
        yield {}
        return
    with server:
        yield dict(local_comparisons(loop, server.endpoint_url, access_key_id="programs"))


def _try_in(name: str, comparison: Comparison, options: argparse.Namespace) -> None:
    begun, done, programs = time.monotonic(), 0, 0
    while done < options.steps or programs < options.programs:
        done += try_programs(BATCH, options.seed + programs, [comparison])
        programs += BATCH
    say(f"{name}: {programs} programs, {done} steps, {time.monotonic() - begun:.0f} s, as foretold")


def say(text: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
