"""The encryption of cursors by AES-GCM; the only module that knows `cryptography`, where it is installed.

That package is imported when a cursor is first encrypted or decrypted: it takes long, and many never page.
"""

from __future__ import annotations

import hmac
import os
from importlib import import_module
from importlib.util import find_spec
from typing import Protocol

EXTRA = "persistence-dynamodb[encryption]"
"""What to install for it."""

SALT_SIZE = 16
NONCE_SIZE = 12
TAG_SIZE = 16


class _Cipher(Protocol):
    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes: ...


class NotDecrypted(ValueError):
    """The content was not encrypted with this key and these associated data."""


def installed() -> bool:
    """Tell whether `cryptography` is installed, without importing it."""
    return find_spec("cryptography") is not None


def encrypt(key: bytes, content: bytes, associated: bytes) -> bytes:
    """Encrypt bytes and authenticate them together with others.

    Args:
        key: 32 bytes.
        content: what is encrypted.
        associated: what has to be given again to decrypt it.
    """
    salt = os.urandom(SALT_SIZE)
    return salt + _cipher(key, salt).encrypt(salt[:NONCE_SIZE], content, associated)


def decrypt(key: bytes, sealed: bytes, associated: bytes) -> bytes:
    """Decrypt what `encrypt` gave.

    Raises:
        NotDecrypted: it was made with another key or other associated data, or altered.
    """
    salt, encrypted = sealed[:SALT_SIZE], sealed[SALT_SIZE:]
    if len(encrypted) < TAG_SIZE:
        raise NotDecrypted
    cipher = _cipher(key, salt)
    try:
        return cipher.decrypt(salt[:NONCE_SIZE], encrypted, associated)
    except import_module("cryptography.exceptions").InvalidTag:
        raise NotDecrypted from None


def _cipher(key: bytes, salt: bytes) -> _Cipher:
    # A key for each cursor: random nonces under one key alone are safe for 2**32 cursors only.
    own_key = hmac.digest(key, salt, "sha256")
    cipher: _Cipher = import_module("cryptography.hazmat.primitives.ciphers.aead").AESGCM(own_key)
    return cipher
