"""`python -m tests.fuzz`: many inputs for each target; what breaks a promise is kept and shown."""

from __future__ import annotations

import argparse
import sys
import time
import traceback

from tests.fuzz.fuzzing import fuzzed, keep
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Fuzz, and tell how it ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], help="all by default")
    parser.add_argument("--count", type=int, default=100_000, help="inputs for each target")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keep", action="store_true", help="keep the first input of each new outcome")
    given = parser.parse_args()
    broken = 0
    _say(f"seed {given.seed}")
    for name in given.targets or TARGETS:
        begun = time.perf_counter()
        run = fuzzed(name, TARGETS[name], given.count, given.seed)
        seconds = time.perf_counter() - begun
        _say(f"{name}: {given.count} inputs in {seconds:.0f} s, {dict(run.outcomes.most_common(8))}")
        for content in run.novel if given.keep else ():
            keep(name, content)
        for content, error in run.found[:3]:
            _say(f"BROKEN, kept as {keep(name, content)}")
            traceback.print_exception(error, limit=-6)
        broken += len(run.found)
    _say(f"{broken} inputs broke a promise")
    return 1 if broken else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
