"""What a copy needs to know of single items: keys as text, equality, and whether they can be stored."""

from __future__ import annotations

import base64
import json

from persistence.attributes import (
    ITEM_SIZE_LIMIT,
    PARTITION_KEY_SIZE_LIMIT,
    SORT_KEY_SIZE_LIMIT,
    Item,
    item_size,
    same,
    surely_fits,
    type_of,
    value_size,
)
from persistence.mapping.wellformed import Malformed, well_formed
from persistence.table import Table


class UnfitItem(Exception):
    """An item can't be transformed or stored; the reason has no stored values."""


def key_of(table: Table, item: Item) -> Item:
    """Give the key attributes of an item."""
    return {name: item[name] for name in table.key_names()}


def key_text(key: Item) -> str:
    """Write a key as JSON, binary in base 64."""
    return json.dumps(
        {name: {tag: _as_json(content) for tag, content in value.items()} for name, value in key.items()}
    )


def key_from_text(text: str) -> Item:
    """Read what `key_text` wrote."""
    return {
        name: {tag: base64.b64decode(content) if tag == "B" else content for tag, content in value.items()}
        for name, value in json.loads(text).items()
    }


def _as_json(content: str | bytes) -> str:
    return content if isinstance(content, str) else base64.b64encode(content).decode()


def same_items(one: Item, other: Item) -> bool:
    """Tell whether two items are the same as stored: numbers by value, sets without order."""
    return one == other or (
        one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    )


def check_storable(table: Table, item: object) -> Item:
    """Refuse what a table can't hold, as far as can be seen without asking it.

    Returns:
        A copy that shares nothing with what made it.

    Raises:
        UnfitItem: it is no item, its key is not whole, or it is too large.
    """
    try:
        item = well_formed(item)
    except Malformed as malformed:
        raise UnfitItem(f"the result is no item that can be stored: {malformed}") from malformed
    for name, limit in zip(table.key_names(), (PARTITION_KEY_SIZE_LIMIT, SORT_KEY_SIZE_LIMIT), strict=False):
        if name not in item:
            raise UnfitItem(f"the item has no key attribute {name!r}")
        _check_key(table, name, item[name], limit)
    if not surely_fits(item, ITEM_SIZE_LIMIT) and item_size(item) > ITEM_SIZE_LIMIT:
        raise UnfitItem(f"the item is larger than DynamoDB's limit of {ITEM_SIZE_LIMIT} bytes")
    return item


def _check_key(table: Table, name: str, value: Item, limit: int) -> None:
    tag = type_of(value)
    if tag != table.type_of(name):
        raise UnfitItem(f"the key attribute {name!r} is of type {tag}, the table's is {table.type_of(name)}")
    if tag != "N" and not 1 <= value_size(value) <= limit:
        raise UnfitItem(f"the key attribute {name!r} has {value_size(value)} bytes; 1 to {limit} are allowed")
