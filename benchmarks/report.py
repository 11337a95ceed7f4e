"""Shows results as plain text and as JSON."""

from __future__ import annotations

import os
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.footprint import Bytes, Footprint
from benchmarks.harness import Limit, Result, Seconds, Target, Verdict

_PACKAGES = (
    *("persistence-dynamodb", "boto3", "botocore", "marshmallow", "moto", "msgspec", "aiohttp"),
    *("pynamodb", "dyntastic", "pydantic", "bloop", "pydynox", "aiodynamo"),
)
_UNITS: tuple[tuple[str, float], ...] = (("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3))
AT_FLOOR: Verdict = "met at this machine's floor"
_LEAST_OF_UNIT = {"us": 1e-5, "ms": 1e-2}


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a target is met, in words too."""

    verdict: Verdict
    text: str


def versions() -> dict[str, str]:
    """Give the versions of Python and of the packages that are compared."""
    found = {"python": f"{platform.python_implementation()} {platform.python_version()}"}
    return found | {name: each for name in _PACKAGES if (each := _version(name)) is not None}


def machine() -> str:
    """Tell what machine this is."""
    named = [line for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")]
    processor = named[0].partition(": ")[2] if named else platform.processor() or platform.machine()
    return f"{platform.system()} {platform.release()}, {os.cpu_count()} x {processor}"


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def table(result: Result | Footprint) -> str:
    """Show times with their ratios to the baseline, or memory; and whether the targets are met."""
    rows = _rows_of_footprint(result) if isinstance(result, Footprint) else _rows(result)
    return "\n".join([*_aligned(rows), *(f"  {each.text}" for each in judgements(result))])


def _rows(result: Result) -> list[tuple[str, ...]]:
    comparison = result.comparison
    columns = (
        *(comparison.title, "median", "ratio"),
        *(("net",) if comparison.floor is not None else ()),
        "quartiles",
        *(("wall",) if result.walls else ()),
        *(("differs",) if comparison.marks else ()),
    )
    return [columns, *(_row(result, each.name) for each in comparison.contenders)]


def _rows_of_footprint(footprint: Footprint) -> list[tuple[str, ...]]:
    columns = (footprint.title, "above base")
    return [columns, *((name, size(used)) for name, used in footprint.used.items())]


def _row(result: Result, name: str) -> tuple[str, ...]:
    low, high = result.spread(name, result.baseline)
    quartiles = "" if name == result.baseline else f"{low:.2f} - {high:.2f}"
    ratio, wall = f"{result.ratio(name, result.baseline):.2f}x", result.wall_ratio(name)
    net, marks = result.net(name, result.baseline), result.comparison.marks
    return (
        *(name, duration(result.typical(name)), ratio),
        *(() if net is None else ("" if name == result.comparison.floor else f"{net:.2f}x",)),
        quartiles,
        *(("" if wall is None else f"{wall:.2f}x",) if result.walls else ()),
        *((", ".join(marks.get(name, ())),) if marks else ()),
    )


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    (title, *headings), *others = rows
    shown = [(title, *headings), *((f"  {name}", *cells) for name, *cells in others)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for name, *cells in shown:
        right = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True))
        yield f"{name.ljust(widths[0])}  {right}".rstrip()


def duration(seconds: Seconds) -> str:
    """Write a time with a unit that suits it."""
    unit, size = next(pair for pair in reversed(_UNITS) if abs(seconds) >= _LEAST_OF_UNIT.get(pair[0], 0))
    return f"{seconds / size:,.0f} {unit}"


def size(count: Bytes) -> str:
    """Write a number of bytes in megabytes of a million bytes."""
    return f"{count / 1e6:,.1f} MB"


def judgements(result: Result | Footprint) -> list[Judgement]:
    """Judge all that is demanded of a result."""
    if isinstance(result, Footprint):
        missed = result.misses()
        return [_judged_use(result, name, met=name not in missed) for name in result.limited]
    limits = result.comparison.limits
    return [
        *(_judged(result, each) for each in result.comparison.targets),
        *(_kept(result, each) for each in limits),
    ]


def _judged(result: Result, target: Target) -> Judgement:
    ratio, net = result.ratio(target.slower, target.faster), result.net(target.slower, target.faster)
    here = bound_here(result, target)
    told = (
        f"{target.slower} / {target.faster} {ratio:.2f}x{'' if net is None else f' (net {net:.2f}x)'}, "
        f"{target.demand} {target.bound:g}x{'' if here is None else f' ({here:.2f}x at this floor)'}"
    )
    return _judgement(told, result.verdict(target))


def bound_here(result: Result, target: Target) -> float | None:
    """Give a target's bound at this machine's floor; None where it makes no difference."""
    floor = result.comparison.floor
    if floor is None or target.floor is None:
        return None
    return target.bound_at(result.ratio(floor, target.faster))


def _kept(result: Result, limit: Limit) -> Judgement:
    taken, over = result.limited(limit), "" if limit.over is None else f" over {limit.over}"
    told = f"{limit.name} {duration(taken)}{over}, at most {duration(limit.most)}"
    return _judgement(told, "met" if taken <= limit.most else "missed")


def _judged_use(footprint: Footprint, name: str, *, met: bool) -> Judgement:
    told = f"{name} {size(footprint.used[name])}, at most {size(footprint.most)}"
    return _judgement(told, "met" if met else "missed")


def _judgement(told: str, verdict: Verdict) -> Judgement:
    return Judgement(verdict, f"target {'MISSED' if verdict == 'missed' else verdict}: {told}")


def summary(results: Iterable[Result | Footprint]) -> str:
    """Tell how many targets are met, and which are not as they were set."""
    judged = [(result, each) for result in results for each in judgements(result)]
    others = [f"  {_title(result)}: {each.text}" for result, each in judged if each.verdict != "met"]
    return "\n".join([counted([each.verdict for _, each in judged]), *others])


def counted(verdicts: Sequence[Verdict]) -> str:
    """Tell how often there is each verdict."""
    number = Counter(verdicts)
    return (
        f"{number['met']} of {len(verdicts)} targets met as set, "
        f"{number[AT_FLOOR]} more at this machine's floor, {number['missed']} missed"
    )


def _title(result: Result | Footprint) -> str:
    return result.title if isinstance(result, Footprint) else result.comparison.title


def as_json(results: Mapping[str, Sequence[Result | Footprint]]) -> dict[str, Any]:
    """Give everything that was measured as plain data: times in seconds, memory in bytes, by suite."""
    return {
        "machine": machine(),
        "versions": versions(),
        "suites": {name: [_result_as_json(each) for each in found] for name, found in results.items()},
    }


def _result_as_json(result: Result | Footprint) -> dict[str, Any]:
    return _footprint_as_json(result) if isinstance(result, Footprint) else _times_as_json(result)


def _footprint_as_json(footprint: Footprint) -> dict[str, Any]:
    targets = [
        {
            "name": name,
            "demand": "at most",
            "bound": footprint.most,
            "verdict": "missed" if name in footprint.misses() else "met",
        }
        for name in footprint.limited
    ]
    return {"title": footprint.title, "used": dict(footprint.used), "targets": targets}


def _times_as_json(result: Result) -> dict[str, Any]:
    return {
        "title": result.comparison.title,
        "baseline": result.baseline,
        "floor": result.comparison.floor,
        "contenders": {
            name: {
                "median": result.typical(name),
                "ratio": result.ratio(name, result.baseline),
                "net": result.net(name, result.baseline),
                "wall": result.wall_ratio(name),
                "marks": list(result.comparison.marks.get(name, ())),
                "quartiles": list(result.spread(name, result.baseline)),
                "times": list(times),
            }
            for name, times in result.times.items()
        },
        "targets": [_target_as_json(result, target) for target in result.comparison.targets],
        "limits": [
            {
                "name": each.name,
                "over": each.over,
                "most": each.most,
                "taken": result.limited(each),
                "verdict": "met" if result.limited(each) <= each.most else "missed",
            }
            for each in result.comparison.limits
        ],
    }


def _target_as_json(result: Result, target: Target) -> dict[str, Any]:
    ratio = result.ratio(target.slower, target.faster)
    return {
        "slower": target.slower,
        "faster": target.faster,
        "demand": target.demand,
        "bound": target.bound,
        "here": bound_here(result, target),
        "ratio": ratio,
        "net": result.net(target.slower, target.faster),
        "verdict": result.verdict(target),
    }
