"""Lines of generated source."""

from __future__ import annotations


class Source:
    """Collects lines."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, *lines: str) -> Source:
        """Add lines."""
        self._lines.extend(lines)
        return self

    def extend(self, other: Source) -> Source:
        """Add the lines of another source."""
        self._lines.extend(other._lines)
        return self

    def indented(self, levels: int = 2) -> str:
        """Give the text, each line behind four blanks per level."""
        return "\n".join(f"{'    ' * levels}{line}" for line in self._lines)


def any_of(conditions: list[str]) -> str:
    """Join conditions by `or`."""
    return " or ".join(conditions)
