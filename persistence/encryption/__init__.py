"""Encryption of attributes: envelopes that open only in the place that they were sealed for.

| module     | what is in it                                                       |
|------------|---------------------------------------------------------------------|
| `marks`    | which attributes of a table are encrypted, as its declaration has it |
| `keys`     | what gives data keys, and a local ring of them                       |
| `envelope` | the format of what is stored, and its sealing and opening            |
| `cipher`   | AES-256-GCM with nonces of 24 bytes                                  |
| `content`  | attribute values as bytes                                            |

What encrypts and decrypts is a layer around a store, `persistence.stores.layers.Encrypting`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.encryption.marks import EncryptedAttribute
from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.encryption.envelope import Envelope, Place, is_envelope, opened, sealed
    from persistence.encryption.keys import DataKey, KeyName, Keys, LocalKeyRing, NoSuchKey

__all__ = [
    "DataKey",
    "EncryptedAttribute",
    "Envelope",
    "KeyName",
    "Keys",
    "LocalKeyRing",
    "NoSuchKey",
    "Place",
    "is_envelope",
    "opened",
    "sealed",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.encryption.envelope": ("Envelope", "Place", "is_envelope", "opened", "sealed"),
        "persistence.encryption.keys": ("DataKey", "KeyName", "Keys", "LocalKeyRing", "NoSuchKey"),
    },
)
