"""The one way in which a check says no."""

from __future__ import annotations


class Refused(ValueError):
    """The service's validation would refuse this; the text never contains stored values.

    Attributes:
        reason: what is wrong, in the service's words where they are known.
        place: path of the attribute at fault, such as `lines[0].sku`, or "".
    """

    def __init__(self, reason: str, place: str = "") -> None:
        self.reason = reason
        self.place = place
        super().__init__(reason, place)

    def below(self, segment: str | int) -> Refused:
        """Say the same of a place that lies within a map entry, a list element or an attribute."""
        if isinstance(segment, int):
            segment = f"[{segment}]"
        joint = "." if self.place and not self.place.startswith("[") else ""
        return type(self)(self.reason, f"{segment}{joint}{self.place}")

    def __str__(self) -> str:
        return f"{self.reason} (attribute {self.place!r})" if self.place else self.reason


class ItemTooBig(Refused):
    """An item is larger than the service takes."""


class SchemaMismatch(Refused):
    """A key does not fit the table: in a transaction the service reports that per action."""


class NoSuchIndex(Refused):
    """The live table has no index of that name."""
