"""The one way in which a check says no."""

from __future__ import annotations

from typing import ClassVar


class Refused(ValueError):
    """The service's validation would refuse this; the text never contains stored values.

    Attributes:
        code: the service's error code.
        reason: what is wrong, in the service's words where they are known.
        place: path of the attribute at fault, such as `lines[0].sku`, or "".
    """

    code: ClassVar[str] = "ValidationException"

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


class KeyIncomplete(Refused):
    """A key has other attributes than the table's: a transaction of reads is told that per get."""


class EmptyKey(Refused):
    """A key of a table or index is empty: that is wrong with the whole request, of a transaction too."""


class NoSuchIndex(Refused):
    """The live table has no index of that name."""


class NotThere(Refused):
    """What a request about tables names does not exist: an index, or a resource name."""

    code = "ResourceNotFoundException"


class InUse(Refused):
    """A table is in a state in which the request can't be done."""

    code = "ResourceInUseException"


class NameTaken(InUse):
    """A table that is to be restored has the name of one that is there."""

    code = "TableAlreadyExistsException"


class BackupInUse(InUse):
    """A backup is still being made."""

    code = "BackupInUseException"


class LimitReached(Refused):
    """A limit of the table is reached."""

    code = "LimitExceededException"


class NoBackup(Refused):
    """There is no such backup."""

    code = "BackupNotFoundException"


class NoRecovery(Refused):
    """Point-in-time recovery is off."""

    code = "PointInTimeRecoveryUnavailableException"


class WrongTime(Refused):
    """A table can't be restored to that time."""

    code = "InvalidRestoreTimeException"


class NotHere(Refused):
    """The store has nothing of that kind."""

    code = "NotSupported"
