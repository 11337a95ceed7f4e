"""What is decrypted of answers; nothing here does I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from persistence.attributes import AttributeValue, Item, type_of
from persistence.encryption import DataKey, Envelope, KeyName, NoSuchKey, is_envelope, opened
from persistence.encryption.cipher import NotOpened
from persistence.errors import DecodeError, DecryptionFailed
from persistence.stores.layers.sealing import place_of
from persistence.table import Table

KeyOf = Callable[[str, KeyName], DataKey]
"""Gives the key that sealed a value of a table, without waiting for anything.

It raises `NoSuchKey` where there is none.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """Attributes of an item, as they were read.

    Attributes:
        table: the declaration by which they were read.
        key: the item's key, or the item.
        attributes: what was read.
    """

    table: Table
    key: Item
    attributes: Mapping[str, AttributeValue]

    def names(self) -> Iterator[str]:
        """Name what is to be decrypted."""
        return (name for name in self.table.encrypted if name in self.attributes)


def keys_needed(found: Sequence[Found]) -> dict[tuple[Table, KeyName], Found]:
    """Name the data keys that sealed what was read, each with one of the items that it sealed."""
    needed: dict[tuple[str, KeyName], tuple[tuple[Table, KeyName], Found]] = {}
    for each in found:
        for name in each.names():
            envelope = envelope_of(each.attributes[name])
            if envelope is not None:
                needed.setdefault((each.table.name, envelope.key), ((each.table, envelope.key), each))
    return dict(needed.values())


def envelope_of(value: AttributeValue) -> Envelope | None:
    """Take an encrypted value apart; None for what is none."""
    if not is_envelope(value):
        return None
    try:
        return Envelope.of(bytes(value["B"]))
    except NotOpened:
        return None


def opened_item(found: Found, key_of: KeyOf, name: str | None) -> Item:
    """Decrypt what was read of an item.

    Args:
        found: what was read.
        key_of: gives the keys.
        name: what the table is called where values are bound to it; None for its own name.

    Raises:
        DecryptionFailed: something can't be decrypted.
        DecodeError: something is not encrypted.
    """
    values = {each: _opened(found, each, key_of, name) for each in found.names()}
    return {**found.attributes, **values}


def _opened(found: Found, attribute: str, key_of: KeyOf, name: str | None) -> AttributeValue:
    stored = found.attributes[attribute]
    if not is_envelope(stored):
        if found.table.encrypted[attribute].accept_plaintext:
            return stored
        raise DecodeError(
            found.table.encrypted[attribute].entity_type,
            attribute,
            "an encrypted value; Encrypted(..., accept_plaintext=True) reads what was stored before it",
            f"plaintext ({type_of(stored)})",
            raw_key(found),
        )
    envelope = envelope_of(stored)
    if envelope is None:
        raise failed(found, attribute, "an envelope that is cut off")
    try:
        key = key_of(found.table.name, envelope.key)
        return opened(envelope, place_of(found.table, found.key, attribute, name), key)
    except NoSuchKey as missing:
        raise failed(found, attribute, f"a value for which there is {missing}", envelope.key) from missing
    except NotOpened:
        what = "a value that was altered, copied from elsewhere, or has another key"
        raise failed(found, attribute, what, envelope.key) from None


def failed(found: Found, attribute: str, what: str, key: KeyName | None = None) -> DecryptionFailed:
    """Make the error for an attribute that can't be decrypted."""
    return DecryptionFailed(
        found.table.encrypted[attribute].entity_type,
        attribute,
        what,
        raw_key(found),
        key_id=None if key is None else key.key_id,
    )


def raw_key(found: Found) -> tuple[Any, ...]:
    """Give the contents of an item's key, as far as it is there."""
    names = found.table.key_names()
    return tuple(next(iter(found.key[name].values())) for name in names if name in found.key)
