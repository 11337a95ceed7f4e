"""Sorting items by a field, after all were read."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from persistence.attributes import AttributeValue, Item, type_of
from persistence.errors import QueryError
from persistence.mapping import EntityMapping


def sorted_items(
    mapping: EntityMapping[Any], items: Sequence[Item], name: str, *, descending: bool
) -> list[Item]:
    """Sort items by a field; those without it come last, in either direction.

    Args:
        mapping: the entity's mapping.
        items: whole items, or with the field at least.
        name: Python name of the field.
        descending: greatest first.

    Raises:
        QueryError: a value is none that can be sorted by, such as a list.
    """
    place = mapping.key_fields.index(name) if name in mapping.key_fields else None
    attribute = mapping.resolve((name,)).path.attribute

    def value(item: Item) -> Any:
        if place is not None:
            return mapping.key_values(item)[place]
        return _sortable(mapping, name, item.get(attribute))

    keyed = [(value(item), item) for item in items]
    there = [pair for pair in keyed if pair[0] is not None]
    there.sort(key=lambda pair: pair[0], reverse=descending)
    return [item for _, item in there] + [item for found, item in keyed if found is None]


def _sortable(mapping: EntityMapping[Any], name: str, stored: AttributeValue | None) -> Any:
    match stored:
        case None | {"NULL": _}:
            return None
        case {"N": text}:
            return Decimal(text)
        case {"S": content} | {"B": content} | {"BOOL": content}:
            return content
        case _:
            raise QueryError(
                f"{mapping.name}.{name} is stored as {type_of(stored)}, which has no order to be sorted by"
            )
