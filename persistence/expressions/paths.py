"""Document paths."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Path:
    """A document path: an attribute name, then names of map entries and indexes of list elements.

    Attributes:
        segments: the first is a str; each further one a str (map entry) or int (list element).
    """

    segments: tuple[str | int, ...]

    @classmethod
    def of(cls, *segments: str | int) -> Path:
        """Make a path from its segments."""
        return cls(segments)

    def child(self, segment: str | int) -> Path:
        """Give the path of an entry or element below this one."""
        return Path((*self.segments, segment))

    def overlaps(self, other: Path) -> bool:
        """Tell whether one path is the other or lies within it."""
        shorter = min(len(self.segments), len(other.segments))
        return self.segments[:shorter] == other.segments[:shorter]

    def contradicts(self, other: Path) -> bool:
        """Tell whether the paths part at something that would have to be a list and a map at once."""
        for one, two in zip(self.segments, other.segments, strict=False):
            if one != two:
                return isinstance(one, int) is not isinstance(two, int)
        return False

    @property
    def attribute(self) -> str:
        """The top-level attribute."""
        return str(self.segments[0])

    def __str__(self) -> str:
        first, *rest = self.segments
        return f"{first}{''.join(f'[{part}]' if isinstance(part, int) else f'.{part}' for part in rest)}"
