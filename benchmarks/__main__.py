"""The command line: `python -m benchmarks [--quick] [--only NAME] [--json FILE] [--strict]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import report
from benchmarks.footprint import Footprint
from benchmarks.harness import FULL, QUICK, Comparison, Effort, Result, measured
from benchmarks.suites import SUITES


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
    names = options.only or list(SUITES)
    results = {name: _run(name, QUICK if options.quick else FULL) for name in names}
    everything = [result for found in results.values() for result in found]
    print(f"\n{report.summary(everything)}")
    if options.json is not None:
        options.json.write_text(json.dumps(report.as_json(results), indent=2) + "\n", encoding="utf-8")
    return int(options.strict and any(result.misses() for result in everything))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="Measure the library side by side with its peers."
    )
    parser.add_argument("--quick", action="store_true", help="few and short rounds, for a first impression")
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


def _run(name: str, effort: Effort) -> list[Result | Footprint]:
    print(f"\n== {name} ==")
    results: list[Result | Footprint] = []
    for given in SUITES[name]():
        if effort is QUICK and not _is_quick(given):
            continue
        result = given if isinstance(given, Footprint) else measured(given, effort)
        print(f"\n{report.table(result)}", flush=True)
        results.append(result)
    return results


def _is_quick(given: Comparison | Footprint) -> bool:
    return isinstance(given, Comparison) and given.quick


if __name__ == "__main__":
    sys.exit(main())
