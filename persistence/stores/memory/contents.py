"""The contents of key attributes, in a form that has the service's order and equality."""

from __future__ import annotations

from decimal import Decimal
from zlib import crc32

from persistence.attributes import Item, number_text
from persistence.stores.validation.keys import KeyPart

Content = str | Decimal | bytes
Partition = Content | tuple[Content, ...]
"""What tells a partition: the partition key's content, or those of its attributes where it has several."""
Position = tuple[Content, ...]
"""A place within a partition: the sort key's contents, and in an index the table's key to settle ties."""


def content(part: KeyPart, item: Item) -> Content:
    """Give a key attribute's value."""
    found: str | bytes | bytearray = item[part.name][part.type]
    if isinstance(found, str):
        return Decimal(found) if part.type == "N" else found
    return bytes(found)  # a bytearray is taken too


def stable_hash(value: Partition) -> int:
    """Hash a partition key so that it stays in its segment, in this process and any other."""
    if isinstance(value, tuple):
        return crc32(b"".join(stable_hash(part).to_bytes(4, "big") for part in value))
    if isinstance(value, Decimal):
        value = number_text(value)
    return crc32(value.encode() if isinstance(value, str) else value)
