"""The format of an encrypted attribute, and its sealing and opening.

    magic and version   4 bytes
    key id              2 bytes of length, UTF-8
    wrapped data key    2 bytes of length; none for a local ring
    nonce               24 bytes
    content             encrypted, with 16 bytes that authenticate it

Authenticated with the content are all that stands before the nonce, the name of the table, the key of the
item as DynamoDB compares keys, and the name of the attribute; each with its length before it, so that no two
places look alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from persistence.attributes import AttributeValue, Item, canonical_number, type_of
from persistence.encryption.cipher import NONCE_SIZE, TAG_SIZE, NotOpened
from persistence.encryption.content import from_bytes
from persistence.encryption.keys import DataKey, KeyName

MAGIC = b"\xe5pe\x01"

_LENGTH = 2


@dataclass(frozen=True, slots=True)
class Place:
    """Where an encrypted value is stored, and where alone it can be read.

    Attributes:
        table: the name of the table.
        key: the item's key attributes, and others that don't matter.
        key_names: the names of the key attributes, partition key first.
        attribute: the name of the attribute.
    """

    table: str
    key: Item
    key_names: tuple[str, ...]
    attribute: str

    @property
    def associated(self) -> bytes:
        """The place as bytes, different for each."""
        parts = [self.table.encode(), self.attribute.encode()]
        for name in self.key_names:
            parts += [name.encode(), *_key_part(self.key[name])]
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def _key_part(value: AttributeValue) -> tuple[bytes, bytes]:
    tag = type_of(value)
    content = value[tag]
    if tag == "N":
        content = canonical_number(content)
    return tag.encode(), content.encode() if isinstance(content, str) else bytes(content)


@dataclass(frozen=True, slots=True, repr=False)
class Envelope:
    """An encrypted value, taken apart.

    Attributes:
        key: which data key sealed it.
        nonce, sealed: what is opened with it.
    """

    key: KeyName
    nonce: bytes
    sealed: bytes

    @property
    def head(self) -> bytes:
        """What stands before the nonce."""
        return MAGIC + _with_length(self.key.key_id.encode()) + _with_length(self.key.wrapped)

    def __bytes__(self) -> bytes:
        return self.head + self.nonce + self.sealed

    @classmethod
    def of(cls, stored: bytes) -> Envelope:
        """Take an envelope apart.

        Raises:
            NotOpened: it is none, or cut off.
        """
        if not stored.startswith(MAGIC):
            raise NotOpened
        key_id, rest = _split(stored[len(MAGIC) :])
        wrapped, rest = _split(rest)
        nonce, sealed = rest[:NONCE_SIZE], rest[NONCE_SIZE:]
        if len(sealed) < TAG_SIZE:
            raise NotOpened
        try:
            return cls(KeyName(key_id.decode(), wrapped), nonce, sealed)
        except UnicodeDecodeError:
            raise NotOpened from None


def is_envelope(value: Mapping[str, object]) -> bool:
    """Tell whether an attribute value looks like an encrypted one; only opening it can show that it is."""
    stored = value.get("B")
    return isinstance(stored, bytes | bytearray) and stored.startswith(MAGIC)


def sealed(content: bytes, place: Place, key: DataKey, nonce: bytes) -> AttributeValue:
    """Encrypt a value for a place.

    Args:
        content: the value, as `content.to_bytes` writes it.
        place: where it is stored.
        key: what it is encrypted with.
        nonce: 24 random bytes.

    Returns:
        The attribute value to store.
    """
    bare = Envelope(key.name, nonce, b"")
    return {"B": bytes(bare) + key.cipher.seal(nonce, content, bare.head + place.associated)}


def opened(envelope: Envelope, place: Place, key: DataKey) -> AttributeValue:
    """Decrypt a value that was read at a place.

    Raises:
        NotOpened: it was sealed with another key or for another place, or altered.
    """
    content = key.cipher.open(envelope.nonce, envelope.sealed, envelope.head + place.associated)
    try:
        return from_bytes(content)
    except (ValueError, AttributeError, RecursionError):
        raise NotOpened from None


def _with_length(part: bytes) -> bytes:
    return len(part).to_bytes(_LENGTH, "big") + part


def _split(stored: bytes) -> tuple[bytes, bytes]:
    end = _LENGTH + int.from_bytes(stored[:_LENGTH], "big")
    if len(stored) < max(end, _LENGTH):
        raise NotOpened
    return stored[_LENGTH:end], stored[end:]
