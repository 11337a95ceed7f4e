"""What came of a campaign: figures of each part, their sums, and how to repeat what failed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import get_args

from tests.simulation.checker.findings import Promise

PROMISES: tuple[Promise, ...] = get_args(Promise)

PACE = {"commits": 4_000, "faults": 2_000, "kills": 100}
"""What a minute of the simulation holds at least, with 8 workers in memory."""

_A_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class PartReport:
    """What came of one part.

    Attributes:
        name: what it did.
        repeat: the command that does it again, with its seed.
        figures: name -> number, such as units, commits, kills.
        faults: kind -> how many were injected.
        broken: promise -> how often it was broken; "other" for those of the part itself.
        notes: what else is to be said, counter-examples included.
        minutes: how long its workers worked, where the pace counts; 0 where it doesn't.
        processor_seconds: how long a processor worked for them in that time. Much less than the time itself
            means that others had the processors.
    """

    name: str
    repeat: str
    figures: Mapping[str, int]
    faults: Mapping[str, int] = field(default_factory=dict)
    broken: Mapping[str, int] = field(default_factory=dict)
    notes: Sequence[str] = ()
    minutes: float = 0.0
    processor_seconds: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether a promise was broken."""
        return any(self.broken.values())

    @property
    def pace(self) -> Mapping[str, int]:
        """What there was in each minute; empty where the pace doesn't count."""
        if not self.minutes:
            return {}
        counted = {**self.figures, "faults": sum(self.faults.values())}
        return {name: int(counted.get(name, 0) / self.minutes) for name in PACE}

    @property
    def too_slow(self) -> tuple[str, ...]:
        """What there was too little of for its time."""
        return tuple(name for name, number in self.pace.items() if number < PACE[name])

    @property
    def verdict(self) -> str:
        """In a word or two, whether promises were kept, and the pace where it counts."""
        words = ["FAILED" if self.failed else "kept"]
        if self.pace:
            words.append("pace not met" if self.too_slow else "pace met")
        return ", ".join(words)


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all parts.

    Attributes:
        seed: of the campaign.
        seconds: how long it took.
        parts: in the order in which they were begun.
    """

    seed: int
    seconds: float
    parts: tuple[PartReport, ...]

    @property
    def failed(self) -> bool:
        """Whether a promise was broken."""
        return any(part.failed for part in self.parts)

    @property
    def figures(self) -> Mapping[str, int]:
        """The sums of all figures."""
        return _summed(part.figures for part in self.parts)

    @property
    def faults(self) -> Mapping[str, int]:
        """The faults of all parts, the most frequent first."""
        return dict(Counter(_summed(part.faults for part in self.parts)).most_common())

    @property
    def broken(self) -> Mapping[str, int]:
        """How often each promise was broken."""
        found = _summed(part.broken for part in self.parts)
        return {promise: found.get(promise, 0) for promise in (*PROMISES, "other")}

    def as_json(self) -> str:
        """Give all of it for machines."""
        whole = {
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "failed": self.failed,
            "figures": self.figures,
            "faults": self.faults,
            "broken": self.broken,
            "parts": [{**asdict(part), "pace": part.pace, "too_slow": part.too_slow} for part in self.parts],
        }
        return json.dumps(whole, indent=2)

    def as_markdown(self) -> str:
        """Give all of it for people."""
        verdict = "PROMISES WERE BROKEN" if self.failed else "All promises were kept"
        paced = [part for part in self.parts if part.pace]
        lines = [
            "# Torture",
            "",
            f"{verdict}: {len(self.parts)} parts in {self.seconds:.0f} s, seed {self.seed}.",
            f"Pace met: by {sum(not part.too_slow for part in paced)} of {len(paced)} parts in memory.",
            "",
            *_table(("promise", "broken"), self.broken.items()),
            *_table(("in all", "number"), self.figures.items()),
            *_table(
                ("faults injected", "number"), [*self.faults.items(), ("all", sum(self.faults.values()))]
            ),
            *(line for part in self.parts for line in _told(part)),
        ]
        return "\n".join(lines)

    def write(self, folder: Path) -> Path:
        """Write both; gives the one for people."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "report.json").write_text(self.as_json() + "\n", encoding="utf-8")
        path = folder / "report.md"
        path.write_text(self.as_markdown() + "\n", encoding="utf-8")
        return path


def _told(part: PartReport) -> list[str]:
    figures = {**part.figures, **({"faults": sum(part.faults.values())} if part.faults else {})}
    lines = [
        f"## {part.name}: {part.verdict}",
        "",
        ", ".join(f"{number} {name}" for name, number in figures.items()),
        "",
        f"    {part.repeat}",
        "",
    ]
    if part.pace:
        numbers = ", ".join(f"{number} {name} ({PACE[name]})" for name, number in part.pace.items())
        processor = f"{part.processor_seconds:.0f} of {part.minutes * 60:.0f} s"
        lines += [
            f"In each minute (at least): {numbers}. A processor worked for its workers in {processor}.",
            "",
        ]
    for note in part.notes:
        lines += ["```", note, "```", ""]
    return lines


def _table(head: tuple[str, str], rows: Iterable[tuple[str, int]]) -> list[str]:
    return [f"| {head[0]} | {head[1]} |", "|---|---:|", *(f"| {name} | {n} |" for name, n in rows), ""]


def _summed(counts: Iterable[Mapping[str, int]]) -> Mapping[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)
