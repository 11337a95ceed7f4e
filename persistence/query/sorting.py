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
    attribute = mapping.resolve((name,)).path.attribute
    keyed = [(_sortable(mapping, name, _stored(mapping, name, attribute, item)), item) for item in items]
    there = [(value, item) for value, item in keyed if value is not None]
    there.sort(key=lambda pair: pair[0], reverse=descending)
    return [item for _, item in there] + [item for value, item in keyed if value is None]


def _stored(mapping: EntityMapping[Any], name: str, attribute: str, item: Item) -> AttributeValue | None:
    """Give what an item stores of a field; fields of a key that is made of them may be there only."""
    if attribute in item or name not in mapping.key_fields:
        return item.get(attribute)
    return mapping.resolve((name,)).encode(mapping.key_values(item)[mapping.key_fields.index(name)])


def _sortable(
    mapping: EntityMapping[Any], name: str, stored: AttributeValue | None
) -> tuple[str, Any] | None:
    """Give what sorts as the service sorts values of one type; types come one after the other."""
    match stored:
        case None | {"NULL": _}:
            return None
        case {"N": text}:
            return "N", Decimal(text)
        case {"S": _} | {"B": _} | {"BOOL": _}:
            return next(iter(stored.items()))
        case _:
            raise QueryError(
                f"{mapping.name}.{name} is stored as {type_of(stored)}, which has no order to be sorted by"
            )
