"""Tell items apart: which table, which key."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from persistence.attributes import AttributeValue, NumberRefused, normalised_key, parse_number
from persistence.operations import GetItem, PutItem, TransactAction
from persistence.table import Table


def key_of(action: TransactAction | GetItem) -> Mapping[str, AttributeValue]:
    """Give what holds the key of an action: its key, or the item that it puts."""
    return action.item if isinstance(action, PutItem) else action.key


def identity_of(table: Table, key: Mapping[str, AttributeValue]) -> Hashable:
    """Give a value that is equal for equal keys of one table; None for what is no key at all.

    What is no key is the service's to refuse, with its own words.

    Args:
        table: says which attributes make the key.
        key: the key, or an item that holds it.
    """
    names = table.key_names()
    if not all(_fits_a_key(key.get(name)) for name in names):
        return None
    return table.name, normalised_key(key, names)


def _fits_a_key(value: AttributeValue | None) -> bool:
    match value:
        case {"S": str(), **others} | {"B": bytes(), **others} if not others:
            return True
        case {"N": str(text), **others} if not others:
            return _is_number(text)
        case _:
            return False


def _is_number(text: str) -> bool:
    try:
        parse_number(text)
    except NumberRefused:
        return False
    return True
