"""AES-256-GCM with nonces of 24 bytes (C2SP, "XAES-256-GCM"), so that random ones never repeat.

Each nonce has a key of its own, derived from its first half, and its second half is AES-GCM's nonce. With the
12 bytes of AES-GCM alone one key may encrypt 2**32 values (NIST SP 800-38D, 8.3), which a table outgrows.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from persistence.errors import ConfigurationError

EXTRA = "persistence-dynamodb[encryption]"
"""What to install for it."""

KEY_SIZE = 32
NONCE_SIZE = 24
TAG_SIZE = 16

_HALF = NONCE_SIZE // 2
_BLOCK = 16
_REDUCTION = 0x87
"""What a doubled block is reduced by (NIST SP 800-38B, 5.3)."""


class NotOpened(ValueError):
    """The content was not sealed with this key and these associated data."""


class Cipher:
    """Encrypts and authenticates with one key.

    Args:
        key: 32 bytes.

    Raises:
        ConfigurationError: `cryptography` is not installed.
    """

    __slots__ = ("_aes", "_aesgcm", "_invalid", "_subkey")

    def __init__(self, key: bytes) -> None:
        try:
            ciphers = import_module("cryptography.hazmat.primitives.ciphers")
            self._aesgcm: Any = import_module("cryptography.hazmat.primitives.ciphers.aead").AESGCM
            self._invalid: type[Exception] = import_module("cryptography.exceptions").InvalidTag
        except ModuleNotFoundError as missing:
            raise ConfigurationError(
                f'encrypted fields need cryptography; install it: pip install "{EXTRA}"'
            ) from missing
        # Of single blocks: two of them make the key of a nonce.
        self._aes: Any = ciphers.Cipher(ciphers.algorithms.AES(key), ciphers.modes.ECB())
        doubled = int.from_bytes(self._blocks(bytes(_BLOCK)), "big") << 1
        if doubled >> 8 * _BLOCK:
            doubled ^= (1 << 8 * _BLOCK) | _REDUCTION
        self._subkey = doubled

    def seal(self, nonce: bytes, content: bytes, associated: bytes) -> bytes:
        """Encrypt bytes and authenticate them together with others.

        Args:
            nonce: 24 bytes, never used before with this key.
            content: what is encrypted.
            associated: what has to be given again to open it.
        """
        sealed: bytes = self._aesgcm(self._key_of(nonce)).encrypt(nonce[_HALF:], content, associated)
        return sealed

    def open(self, nonce: bytes, sealed: bytes, associated: bytes) -> bytes:
        """Decrypt what `seal` gave.

        Raises:
            NotOpened: it was made with another key or other associated data, or altered.
        """
        if len(sealed) < TAG_SIZE:
            raise NotOpened
        try:
            content: bytes = self._aesgcm(self._key_of(nonce)).decrypt(nonce[_HALF:], sealed, associated)
        except self._invalid:
            raise NotOpened from None
        return content

    def _key_of(self, nonce: bytes) -> bytes:
        first, second = (bytes((0, part)) + b"X\x00" + nonce[:_HALF] for part in (1, 2))
        blocks = (int.from_bytes(block, "big") ^ self._subkey for block in (first, second))
        return self._blocks(b"".join(block.to_bytes(_BLOCK, "big") for block in blocks))

    def _blocks(self, blocks: bytes) -> bytes:
        encrypted: bytes = self._aes.encryptor().update(blocks)
        return encrypted
