"""The command line: `python -m benchmarks [--quick] [--only NAME] [--json FILE] [--strict]`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import report
from benchmarks.footprint import Footprint
from benchmarks.harness import FULL, QUICK, Effort, Result, measured
from benchmarks.suites import QUICK_SUITES, SUITES, Suite


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmarks.

    Args:
        arguments: of the command line; by default the process's own.

    Returns:
        The exit code: 1 where targets are missed and `--strict` was asked for.
    """
    options = _parser().parse_args(arguments)
    print(report.machine())
    print(", ".join(f"{name} {version}" for name, version in report.versions().items()))
    suites, effort = (QUICK_SUITES, QUICK) if options.quick else (SUITES, FULL)
    effort = replace(effort, rounds=min(effort.rounds, options.rounds or effort.rounds))
    names = [name for name in options.only or suites if name in suites]
    results = {name: _run(name, suites[name], effort) for name in names}
    everything = [result for found in results.values() for result in found]
    print(f"\n{report.summary(everything)}")
    if options.json is not None:
        options.json.write_text(json.dumps(report.as_json(results), indent=2) + "\n", encoding="utf-8")
    return int(options.strict and any(result.misses() for result in everything))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure the library side by side with its peers."
    )
    parser.add_argument("--quick", action="store_true", help="some suites, with few and short rounds")
    parser.add_argument("--rounds", type=_rounds, metavar="N", help="at most so many rounds, two at least")
    parser.add_argument(
        "--only",
        action="append",
        choices=SUITES,
        metavar="NAME",
        help=f"one of {', '.join(SUITES)}; repeatable",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured to a file")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a target is missed")
    return parser


def _rounds(text: str) -> int:
    """Read a number of rounds: quartiles need two."""
    number = int(text)
    if number < 2:
        raise argparse.ArgumentTypeError(f"two rounds at least, not {number}")
    return number


def _run(name: str, suite: Suite, effort: Effort) -> list[Result | Footprint]:
    print(f"\n== {name} ==")
    results: list[Result | Footprint] = []
    begun = time.perf_counter()
    for given in suite():
        result = given if isinstance(given, Footprint) else measured(given, effort)
        print(f"\n{report.table(result)}", flush=True)
        results.append(result)
    print(f"\n{name} took {time.perf_counter() - begun:.0f} s", flush=True)
    return results


if __name__ == "__main__":
    sys.exit(main())
