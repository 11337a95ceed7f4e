"""Errors of encrypted attributes and of the keys for them."""

from __future__ import annotations

from persistence.errors.entities import DecodeError
from persistence.errors.stores import StoreError, StoreUnavailable


class DecryptionFailed(DecodeError):
    """An encrypted attribute can't be decrypted.

    Its key is not known; or it was altered, or copied from another item, attribute or table.

    Attributes:
        key_id: the name of the key that it says to be encrypted with; None where it is no envelope.
    """

    def __init__(
        self,
        entity_type: type,
        attribute: str,
        found: str,
        key: tuple[object, ...] | None = None,
        *,
        key_id: str | None = None,
    ) -> None:
        self.key_id = key_id
        expected = "what was encrypted for this item and attribute"
        if key_id is not None:
            expected = f"{expected} with key {key_id!r}"
        super().__init__(entity_type, attribute, expected, found, key)


class KeyUnavailable(StoreUnavailable):
    """A data key could not be got just now; nothing was sent to the table, or a read is not answered."""

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message, ambiguous=False, code=code)


class KeyRefused(StoreError):
    """A data key is refused: the key is disabled, deleted or unknown, or its use is not permitted."""
