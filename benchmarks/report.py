"""Shows results as plain text and as JSON."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from benchmarks.harness import Result, Seconds, Target

_PACKAGES = ("persistence-dynamodb", "boto3", "botocore", "marshmallow", "moto", "pynamodb")
_UNITS: tuple[tuple[str, float], ...] = (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3))
_LEAST_OF_UNIT = {"us": 1e-5, "ms": 1e-2}


def versions() -> dict[str, str]:
    """Give the versions of Python and of the packages that are compared."""
    found = {"python": f"{platform.python_implementation()} {platform.python_version()}"}
    return found | {name: each for name in _PACKAGES if (each := _version(name)) is not None}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def table(result: Result) -> str:
    """Show one comparison: the time of each contender, and its ratio to the baseline."""
    columns = (result.comparison.title, "median", "ratio", "quartiles")
    rows = [columns, *(_row(result, each.name) for each in result.comparison.contenders)]
    return "\n".join([*_aligned(rows), *(f"  {_judged(result, target)}" for target in targets_of(result))])


def _row(result: Result, name: str) -> tuple[str, ...]:
    low, high = result.spread(name, result.baseline)
    quartiles = "" if name == result.baseline else f"{low:.2f} - {high:.2f}"
    return name, duration(result.typical(name)), f"{result.ratio(name, result.baseline):.2f}x", quartiles


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    (title, *headings), *others = rows
    shown = [(title, *headings), *((f"  {name}", *cells) for name, *cells in others)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for name, *cells in shown:
        right = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield f"{name.ljust(widths[0])}  {right}".rstrip()


def duration(seconds: Seconds) -> str:
    """Write a time with a unit that suits it."""
    unit, size = next(pair for pair in reversed(_UNITS) if seconds >= _LEAST_OF_UNIT.get(pair[0], 0))
    return f"{seconds / size:,.0f} {unit}"


def targets_of(result: Result) -> tuple[Target, ...]:
    """Give what is demanded of a comparison."""
    return result.comparison.targets


def _judged(result: Result, target: Target) -> str:
    ratio = result.ratio(target.slower, target.faster)
    verdict = "met" if target.met_by(ratio) else "MISSED"
    return (
        f"target {verdict}: {target.slower} / {target.faster} {ratio:.2f}x, {target.demand} {target.bound:g}x"
    )


def summary(results: Iterable[Result]) -> str:
    """Tell how many targets are met, and which are not."""
    shown = list(results)
    demanded = sum(len(targets_of(result)) for result in shown)
    missed = [(result, target) for result in shown for target in result.misses()]
    lines = [f"{demanded - len(missed)} of {demanded} targets met"]
    return "\n".join(
        [*lines, *(f"  {result.comparison.title}: {_judged(result, target)}" for result, target in missed)]
    )


def as_json(results: Mapping[str, Sequence[Result]]) -> dict[str, Any]:
    """Give everything that was measured as plain data: times in seconds, by suite."""
    return {
        "versions": versions(),
        "suites": {name: [_result_as_json(each) for each in found] for name, found in results.items()},
    }


def _result_as_json(result: Result) -> dict[str, Any]:
    return {
        "title": result.comparison.title,
        "baseline": result.baseline,
        "contenders": {
            name: {
                "median": result.typical(name),
                "ratio": result.ratio(name, result.baseline),
                "times": list(times),
            }
            for name, times in result.times.items()
        },
        "targets": [_target_as_json(result, target) for target in targets_of(result)],
    }


def _target_as_json(result: Result, target: Target) -> dict[str, Any]:
    ratio = result.ratio(target.slower, target.faster)
    return {
        "slower": target.slower,
        "faster": target.faster,
        "demand": target.demand,
        "bound": target.bound,
        "ratio": ratio,
        "met": target.met_by(ratio),
    }
