"""Which attributes of a table are encrypted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EncryptedAttribute:
    """That an attribute is encrypted before it is sent, and decrypted when it was read.

    Attributes:
        entity_type: the class whose mapping says so, for errors.
        accept_plaintext: whether what was stored before it was encrypted is read as it is.
    """

    entity_type: type[Any]
    accept_plaintext: bool = False
