"""Keys of tables and indexes: which attributes, of which types, how long."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from persistence.attributes import (
    PARTITION_KEY_SIZE_LIMIT,
    SORT_KEY_SIZE_LIMIT,
    AttributeValue,
    Item,
    type_of,
)
from persistence.stores.validation.refused import EmptyKey, KeyIncomplete, Refused, SchemaMismatch
from persistence.stores.validation.values import check_value
from persistence.table import ScalarType, Table

_INVALID = "One or more parameter values were invalid"
SCHEMA_MISMATCH = "The provided key element does not match the schema"

_SHORT = range(1, SORT_KEY_SIZE_LIMIT + 1)
"""The lengths that a text of ASCII may have as any part of a key."""


@dataclass(frozen=True, slots=True)
class KeyPart:
    """One attribute of a key.

    Attributes:
        name: the attribute.
        type: its declared type.
        partition: False for a sort key.
        index: the index that it belongs to, or None for the table's own key.
    """

    name: str
    type: ScalarType
    partition: bool
    index: str | None = None


def key_parts(table: Table, index: str | None = None) -> tuple[KeyPart, ...]:
    """Give the parts of a table's or an index's key, partition key first."""
    key = table.index_key(index)
    return (
        *(KeyPart(name, table.type_of(name), True, index) for name in key.partitions),
        *(KeyPart(name, table.type_of(name), False, index) for name in key.sorts),
    )


def index_key_parts(table: Table) -> tuple[KeyPart, ...]:
    """Give the parts of all indexes' keys that are not in the table's own key anyway."""
    own = table.key_names()
    parts = (part for index in table.indexes for part in key_parts(table, index.name))
    return tuple(part for part in parts if part.name not in own)


PlainKey = Callable[[Mapping[str, AttributeValue]], tuple[str, ...] | None]
"""Gives the contents of a key, or of that of an item; None for what has to be looked at closely."""


def plain_key(parts: tuple[KeyPart, ...]) -> PlainKey:
    """Make what gives the contents of a key at a glance, if all its attributes hold short texts, as most do.

    Args:
        parts: those of the key.
    """
    if any(part.type != "S" for part in parts):
        return lambda _: None
    names = [part.name for part in parts]
    (first, *others) = names

    def of_one(item: Mapping[str, AttributeValue]) -> tuple[str] | None:
        value = item.get(first)
        if type(value) is dict and len(value) == 1:
            text = value.get("S")
            if type(text) is str and len(text) in _SHORT and text.isascii():
                return (text,)
        return None

    def of_several(item: Mapping[str, AttributeValue]) -> tuple[str, ...] | None:
        found = []
        for name in names:
            value = item.get(name)
            if type(value) is not dict or len(value) != 1:
                return None
            text = value.get("S")
            if type(text) is not str or len(text) not in _SHORT or not text.isascii():
                return None
            found.append(text)
        return tuple(found)

    return of_several if others else of_one


def check_key(parts: tuple[KeyPart, ...], key: Item) -> None:
    """Check a key that stands alone: all its attributes, no others, of the right types and sizes.

    Raises:
        KeyIncomplete: it has other attributes than the table's key.
        EmptyKey: a value is empty.
        Refused: a value is malformed.
        SchemaMismatch: a value has another type, or is too long.
    """
    for name, value in key.items():
        check_value(value, name)
    names = [part.name for part in parts]
    if len(key) != len(parts) or not all(name in key for name in names):
        raise KeyIncomplete(f"{SCHEMA_MISMATCH}: {_names(parts)} expected, found {_shape(key)}")
    for part in parts:
        if part.type not in key[part.name]:
            raise SchemaMismatch(f"{SCHEMA_MISMATCH}: {_names(parts)} expected, found {_shape(key)}")
        _check_size(part, key[part.name])


def check_item_keys(parts: tuple[KeyPart, ...], item: Item) -> None:
    """Check the table's key within an item.

    Raises:
        EmptyKey: a key attribute is empty.
        Refused: a key attribute is missing.
        SchemaMismatch: it has another type, or is too long.
    """
    for part in parts:
        value = item.get(part.name)
        if value is None:
            raise Refused(f"{_INVALID}: Missing the key {part.name} in the item")
        if part.type not in value:
            raise SchemaMismatch(
                f"{_INVALID}: Type mismatch for key {part.name} "
                f"expected: {part.type} actual: {type_of(value)}"
            )
        _check_size(part, value)


def check_index_keys(parts: tuple[KeyPart, ...], item: Item) -> None:
    """Check the attributes of an item that are keys of indexes; they may be absent.

    Raises:
        EmptyKey: one is empty.
        SchemaMismatch: one is of another type, or too long.
    """
    for part in parts:
        value = item.get(part.name)
        if value is None:
            continue
        if part.type not in value:
            raise SchemaMismatch(
                f"{_INVALID}: Type mismatch for Index Key {part.name} "
                f"Expected: {part.type} Actual: {type_of(value)} IndexName: {part.index}"
            )
        _check_size(part, value)


def fits(part: KeyPart, item: Mapping[str, AttributeValue]) -> bool:
    """Tell whether an item has a key attribute in a form that an index can hold."""
    value = item.get(part.name)
    if value is None or part.type not in value:
        return False
    return 0 < _bytes(part, value) <= _limit(part)


def _check_size(part: KeyPart, value: AttributeValue) -> None:
    size = _bytes(part, value)
    if not size:
        raise EmptyKey(_empty(part))
    if size > _limit(part):
        word = "hashkey" if part.partition else "rangekey"
        where = f" IndexName: {part.index}" if part.index else ""
        raise SchemaMismatch(
            f"{_INVALID}: Size of {word} has exceeded the maximum size limit of {_limit(part)} bytes: "
            f"{part.name} has {size}{where}"
        )


def _bytes(part: KeyPart, value: AttributeValue) -> int:
    content = value[part.type]
    if part.type == "N":
        return 1
    return len(content.encode()) if isinstance(content, str) and not content.isascii() else len(content)


def _limit(part: KeyPart) -> int:
    return PARTITION_KEY_SIZE_LIMIT if part.partition else SORT_KEY_SIZE_LIMIT


def _empty(part: KeyPart) -> str:
    kind = "string" if part.type == "S" else "binary"
    empty = f"The AttributeValue for a key attribute cannot contain an empty {kind} value."
    if part.index is None:
        return f"One or more parameter values are not valid. {empty} Key: {part.name}"
    return (
        "One or more parameter values are not valid. A value specified for a secondary index key is not "
        f"supported. {empty} IndexName: {part.index}, IndexKey: {part.name}"
    )


def _names(parts: tuple[KeyPart, ...]) -> str:
    return ", ".join(f"{part.name} ({part.type})" for part in parts)


def _shape(key: Item) -> str:
    return ", ".join(f"{name} ({type_of(value)})" for name, value in key.items()) or "nothing"
