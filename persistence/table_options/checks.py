"""Words and numbers of options, and the refusal of others."""

from __future__ import annotations

from typing import Literal

from persistence.errors import MappingError

StreamView = Literal["KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"]
Stream = StreamView | Literal["DISABLED"]
TableClass = Literal["STANDARD", "STANDARD_INFREQUENT_ACCESS"]
EncryptionKind = Literal["OWNED", "MANAGED", "CUSTOMER"]

MOST_UNITS = 2**31 - 1
TAGS_PER_TABLE = 50
RECOVERY_DAYS = 35
SCALING_TARGETS = (20.0, 90.0)
"""Percent of use that a policy for DynamoDB may aim at (Application Auto Scaling user guide)."""


def check_units(where: str, units: object) -> None:
    """Refuse what is no number of capacity units."""
    if not is_whole(units) or not 1 <= units <= MOST_UNITS:  # type: ignore[operator]  # it is an int
        raise MappingError(f"{where} is {units!r}; it is a whole number of capacity units, at least 1")


def is_whole(value: object) -> bool:
    """Tell whether a value is a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: object) -> bool:
    """Tell whether a value is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_kind(where: str, value: object, kind: type | tuple[type, ...]) -> None:
    """Refuse a value of another type."""
    if not isinstance(value, kind):
        kinds = kind if isinstance(kind, tuple) else (kind,)
        wanted = " or ".join(each.__name__ for each in kinds)
        raise MappingError(f"{where} takes {wanted}, not {type(value).__name__}")


def check_word(where: str, value: object, words: tuple[str, ...]) -> None:
    """Refuse what is none of some words."""
    if value not in words:
        raise MappingError(f"{where} is {value!r}; it is one of {', '.join(words)}")
