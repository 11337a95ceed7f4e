"""Tell items apart: which table, which key."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Mapping

import persistence.operations as operations
from persistence.attributes import AttributeValue, NumberRefused, canonical_number
from persistence.errors import InvalidRequest
from persistence.operations import GetItem
from persistence.table import Table

DOUBLES_IN_A_TRANSACTION = "Transaction request cannot include multiple operations on one item"
DOUBLES_IN_A_BATCH = "Provided list of item keys contains duplicates"
"""What the service says of actions of which two have one key."""

_canonical_already = re.compile(r"(?:0|-?[1-9][0-9]{0,37})\Z").match


def key_of(action: operations.TransactAction | GetItem) -> Mapping[str, AttributeValue]:
    """Give what holds the key of an action: its key, or the item that it puts."""
    return action.item if isinstance(action, operations.PutItem) else action.key


def identity_of(table: Table, key: Mapping[str, AttributeValue]) -> Hashable:
    """Give a value that is equal for equal keys of one table; None for what is no key at all.

    What is no key is the service's to refuse, with its own words.

    Args:
        table: says which attributes make the key.
        key: the key, or an item that holds it.
    """
    partition = _part(key.get(table.partition))
    if table.sort is None:
        return None if partition is None else (table.name, partition)
    sort = _part(key.get(table.sort))
    return None if partition is None or sort is None else (table.name, partition, sort)


def refuse_doubles(where: str, actions: Collection[operations.TransactAction | GetItem], text: str) -> None:
    """Refuse actions of which two have one key.

    Args:
        where: the operation that they are part of.
        actions: its parts.
        text: what the service says of it.

    Raises:
        InvalidRequest: two have one key.
    """
    if _surely_differ(actions):
        return
    seen: set[Hashable] = set()
    for action in actions:
        identity = identity_of(action.table, key_of(action))
        if identity is None:
            continue
        if identity in seen:
            raise InvalidRequest(text, operation=where, table=action.table.name, code="ValidationException")
        seen.add(identity)


def _surely_differ(actions: Collection[operations.TransactAction | GetItem]) -> bool:
    """Tell whether no two have one key, as far as keys of texts tell."""
    seen: set[Hashable] = set()
    try:
        for action in actions:
            table, key = action.table, key_of(action)
            partition, sort = key[table.partition]["S"], table.sort
            seen.add((table.name, partition, None if sort is None else key[sort]["S"]))
    except (KeyError, TypeError):
        return False
    return len(seen) == len(actions)


def _part(value: AttributeValue | None) -> Hashable:
    """Give a value that is equal where attributes of a key are; None where it can't be part of one.

    A text stands for itself, so that the usual key costs least.
    """
    if (type(value) is not dict and not isinstance(value, Mapping)) or len(value) != 1:
        return None
    if "S" in value:
        content = value["S"]
        return content if isinstance(content, str) else None
    ((tag, content),) = value.items()
    if tag == "N":
        return _number(content)
    return (tag, content) if tag == "B" and isinstance(content, bytes) else None


def _number(content: object) -> Hashable:
    if not isinstance(content, str):
        return None
    if _canonical_already(content):
        return "N", content
    try:
        return "N", canonical_number(content)
    except NumberRefused:
        return None
