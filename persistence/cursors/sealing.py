"""Seals: bytes that only who has a key can make or change, and that open only for what they were bound to.

```
signed      form (1 byte), key id (6 bytes), content, HMAC-SHA256 (32 bytes)
encrypted   form (1 byte), key id (6 bytes), salt (16 bytes), content by AES-256-GCM and its tag (16 bytes)
```
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from enum import IntEnum

from persistence.cursors import encryption
from persistence.errors import InvalidCursor

KEY_ID_SIZE = 6
HEADER_SIZE = 1 + KEY_ID_SIZE
SIGNATURE_SIZE = 32


class Form(IntEnum):
    """The first byte of a seal: its version and kind."""

    SIGNED = 1
    ENCRYPTED = 2


class SealingKey:
    """A configured key, as those that are derived from it for each purpose.

    Attributes:
        id: what it is called in seals; nothing about the key can be learned from it.
    """

    __slots__ = ("_encrypting", "_signing", "id")

    def __init__(self, key: bytes) -> None:
        self.id = _derived(key, b"id")[:KEY_ID_SIZE]
        self._signing = _derived(key, b"sign")
        self._encrypting = _derived(key, b"encrypt")

    def seal(self, content: bytes, bound_to: bytes, form: Form) -> bytes:
        """Seal content.

        Args:
            content: what `opened` gives back.
            bound_to: what it has to be opened with, always of the same size.
            form: whether it is only signed, or encrypted.
        """
        header = bytes([form]) + self.id
        if form is Form.ENCRYPTED:
            return header + encryption.encrypt(self._encrypting, content, header + bound_to)
        return header + content + self._signature(header, bound_to, content)

    def opened(self, seal: bytes, bound_to: bytes, form: Form) -> bytes:
        """Give the content of a seal of this key.

        Raises:
            InvalidCursor: it was bound to something else, or altered.
        """
        header, sealed = seal[:HEADER_SIZE], seal[HEADER_SIZE:]
        if form is Form.ENCRYPTED:
            return self._decrypted(header, sealed, bound_to)
        content, signature = sealed[:-SIGNATURE_SIZE], sealed[-SIGNATURE_SIZE:]
        if not hmac.compare_digest(signature, self._signature(header, bound_to, content)):
            raise InvalidCursor("foreign")
        return content

    def _decrypted(self, header: bytes, sealed: bytes, bound_to: bytes) -> bytes:
        if not encryption.installed():
            raise InvalidCursor("encrypted")
        try:
            return encryption.decrypt(self._encrypting, sealed, header + bound_to)
        except encryption.NotDecrypted:
            raise InvalidCursor("foreign") from None

    def _signature(self, header: bytes, bound_to: bytes, content: bytes) -> bytes:
        return hmac.digest(self._signing, header + bound_to + content, "sha256")


class KeyRing:
    """The keys of seals: the first one seals, all of them open."""

    __slots__ = ("_by_id", "_first", "_form")

    def __init__(self, keys: Iterable[bytes], form: Form) -> None:
        sealing_keys = [SealingKey(key) for key in keys]
        self._first = sealing_keys[0]
        self._by_id = {key.id: key for key in sealing_keys}
        self._form = form

    def seal(self, content: bytes, bound_to: bytes) -> bytes:
        """Seal content with the first key; see `SealingKey.seal`."""
        return self._first.seal(content, bound_to, self._form)

    def opened(self, seal: bytes, bound_to: bytes) -> bytes:
        """Give the content of a seal.

        Raises:
            InvalidCursor: it is none of these keys, was bound to something else, or altered.
        """
        if len(seal) <= HEADER_SIZE or seal[0] not in tuple(Form):
            raise InvalidCursor("malformed")
        key = self._by_id.get(seal[1:HEADER_SIZE])
        if key is None:
            raise InvalidCursor("unknown_key")
        return key.opened(seal, bound_to, Form(seal[0]))


def _derived(key: bytes, purpose: bytes) -> bytes:
    return hmac.digest(key, b"persistence cursor: " + purpose, "sha256")
