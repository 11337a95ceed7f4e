"""The error of a cursor that is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from persistence.errors.base import PersistenceError

CursorFault = Literal["malformed", "foreign", "unknown_key", "expired", "too_long", "encrypted"]
"""Why a cursor is refused; see `InvalidCursor`."""

_CURSOR_FAULTS: Mapping[CursorFault, str] = {
    "malformed": "it is no text that this library writes",
    "foreign": "it was altered, or made for another table, index, condition, order or tenant",
    "unknown_key": "it was made with a key that is not among the cursor keys here",
    "expired": "its lifetime is over",
    "too_long": "it is longer than the max_length of the cursor keys",
    "encrypted": (
        "it is encrypted, and cryptography is not installed here: install persistence-dynamodb[encryption]"
    ),
}


class InvalidCursor(PersistenceError, ValueError):
    """A page cursor is forged, foreign, expired or damaged; nothing was sent.

    Attributes:
        reason: "malformed", "foreign" (of another query, or altered), "unknown_key", "expired", "too_long",
            or "encrypted" where it can't be decrypted.
    """

    def __init__(self, reason: CursorFault) -> None:
        self.reason = reason
        super().__init__(
            f"the cursor is refused: {_CURSOR_FAULTS[reason]}. Use a cursor as a page gave it, with the same "
            "query; without one, reading begins at the first page"
        )
