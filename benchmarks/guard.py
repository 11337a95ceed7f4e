"""Guards what hot paths cost, by counting instead of by the clock: part of `make check`.

    python -m benchmarks.guard [--renew]

Each path is run beside a plain way to do the same, and both have the instructions of Python counted that they
execute. The quotient is the same on an idle machine and on a busy one, and nearly the same on all versions of
Python and botocore. It is compared with what was recorded in `budgets.json`, with some slack. What happens
inside of C is not seen; for that there is `make bench`.
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from benchmarks.guarded import paths

SLACK = 1.15
"""How many times its recorded quotient a path may have."""

GAIN = 0.85
"""A path at most so many times its recorded quotient has become so cheap that it is worth recording."""

FILE = Path(__file__).with_name("budgets.json")

_WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """What one path costs.

    Attributes:
        name: what it does.
        quotient: its instructions, by those of the plain way.
        recorded: what that was when it was recorded; None for a path that is new.
    """

    name: str
    quotient: float
    recorded: float | None

    @property
    def is_over(self) -> bool:
        """Whether it costs too much, or can't be judged."""
        return self.recorded is None or self.quotient > self.recorded * SLACK

    def __str__(self) -> str:
        if self.recorded is None:
            return f"{self.name}: {self.quotient:.2f}x of the plain way; nothing is recorded"
        told = f"{self.name}: {self.quotient:.2f}x of the plain way, recorded {self.recorded:.2f}x"
        if self.is_over:
            return f"{told}, so at most {self.recorded * SLACK:.2f}x: TOO MUCH"
        return f"{told}: cheaper; record it" if self.quotient < self.recorded * GAIN else told


def instructions(work: Callable[[], object]) -> int:
    """Count the instructions of Python that some work executes, once it is warm.

    Args:
        work: is done several times.

    Returns:
        How many it took at the least.
    """
    for _ in range(_WARM_UP):
        work()
    return min(_counted(work) for _ in range(2))


def _counted(work: Callable[[], object]) -> int:
    count = 0

    def within(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal count
        count += event == "opcode"
        return within

    def entered(frame: FrameType, _event: str, _argument: object) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return within

    here, before = inspect.currentframe(), sys.gettrace()
    if here is not None:
        here.f_trace_opcodes = True  # Python 3.12 heeds it from the next `settrace` on
    sys.settrace(entered)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def measured(recorded: Mapping[str, float]) -> list[Cost]:
    """Measure all paths.

    Args:
        recorded: path -> its quotient when it was recorded.
    """
    with paths() as known:
        return [
            Cost(name, instructions(work) / instructions(plain), recorded.get(name))
            for name, (work, plain) in known.items()
        ]


def main(arguments: Sequence[str] | None = None, file: Path = FILE) -> int:
    """Measure all paths, and compare them with what was recorded.

    Args:
        arguments: of the command line; by default the process's own.
        file: what was recorded.

    Returns:
        The exit code: 1 where a path costs too much.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.guard")
    parser.add_argument("--renew", action="store_true", help="record what is measured")
    renew = parser.parse_args(arguments).renew
    costs = measured(json.loads(file.read_text(encoding="utf-8")))
    print("\n".join(map(str, costs)))
    if renew:
        recorded = {each.name: round(each.quotient, 3) for each in costs}
        file.write_text(json.dumps(recorded, indent=2) + "\n", encoding="utf-8")
        return 0
    if any(each.is_over for each in costs):
        print(
            "\nA hot path executes more than it did. Make it cheap again; where the price is meant, run "
            "python -m benchmarks.guard --renew and say why in the commit."
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
