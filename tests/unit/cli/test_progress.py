"""Progress where there is no terminal: lines, and not too many."""

from __future__ import annotations

from persistence.cli.progress import Lines
from persistence.schema.progress import Progress


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class TestLines:
    def test_tell_of_beginning_and_end_and_now_and_then(self) -> None:
        written: list[str] = []
        clock = Clock()
        lines = Lines(written.append, clock)

        for second in range(25):
            clock.now = float(second)
            lines(Progress("copy", second, 24))

        assert written == [
            "copy: 0 of 24 items",
            "copy: 10 of 24 items",
            "copy: 20 of 24 items",
            "copy: 24 of 24 items",
        ]

    def test_tell_of_something_else_at_once(self) -> None:
        written: list[str] = []
        lines = Lines(written.append, Clock())

        lines(Progress("copy", 1))
        lines(Progress("verify", 0, unit="steps", detail="first pass"))
        lines(Progress("verify", 1, unit="steps"))

        assert written == ["copy: 1 items", "verify: 0 steps (first pass)"]
