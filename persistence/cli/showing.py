"""Values of fields as plain data: as they are stored, under the names that conditions use."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from persistence.attributes import AttributeValue, Item
from persistence.mapping import EntityMapping
from persistence.mapping.containers import ListOf, MapOf, TupleOf
from persistence.mapping.nodes import Node
from persistence.mapping.paths import bare
from persistence.mapping.records import HookedRecord, Record
from persistence.mapping.refusal import Refused


def shown_row(mapping: EntityMapping[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Give the values of some fields as plain data.

    Args:
        mapping: the entity's mapping.
        values: Python name, or dotted path -> Python value.
    """
    nodes = {field.name: field.node for field in mapping.plan.fields}
    return {name: _shown(nodes.get(name), value) for name, value in values.items()}


def _shown(node: Node | None, value: Any) -> Any:
    if value is None:
        return None
    match None if node is None else bare(node):
        case HookedRecord():
            return _by_type(value)
        case Record(plan=plan):
            return {each.name: _shown(each.node, getattr(value, each.name, None)) for each in plan.fields}
        case ListOf(inner=inner):
            return [_shown(inner, each) for each in value]
        case TupleOf(inner=parts):
            return [_shown(part, each) for part, each in zip(parts, value, strict=True)]
        case MapOf(inner=inner):
            return {name: _shown(inner, each) for name, each in value.items()}
        case None:
            return _by_type(value)
        case known:
            return _stored(known, value)


def _stored(node: Node, value: Any) -> Any:
    try:
        return plain_of(node.encode(value, validate=False))
    except Refused:  # an empty set, which is not stored, or what only its reader knows
        return _by_type(value)


def plain_of(stored: AttributeValue) -> Any:
    """Give an attribute value as plain data: numbers as such, bytes in base64, sets as sorted lists."""
    ((tag, content),) = stored.items()
    match tag:
        case "N":
            return number_of(content)
        case "NULL":
            return None
        case "B":
            return b64encode(content).decode()
        case "M":
            return {name: plain_of(each) for name, each in content.items()}
        case "L":
            return [plain_of(each) for each in content]
        case "NS":
            return sorted(map(number_of, content))
        case "SS":
            return sorted(content)
        case "BS":
            return sorted(b64encode(each).decode() for each in content)
        case _:
            return content


def number_of(text: str) -> int | Decimal:
    """Read a number exactly: an int where it is whole."""
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number


def _by_type(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str() | Decimal():
            return value
        case bytes():
            return b64encode(value).decode()
        case Mapping():
            return {str(name): _by_type(each) for name, each in value.items()}
        case list() | tuple():
            return [_by_type(each) for each in value]
        case set() | frozenset():
            return sorted((_by_type(each) for each in value), key=str)
        case _:
            return str(value)


def raw_json(item: Item) -> dict[str, Any]:
    """Give an item in DynamoDB's own JSON: tagged values, bytes in base64."""
    return {name: _raw(value) for name, value in item.items()}


def _raw(stored: AttributeValue) -> dict[str, Any]:
    ((tag, content),) = stored.items()
    match tag:
        case "B":
            return {tag: b64encode(content).decode()}
        case "BS":
            return {tag: [b64encode(each).decode() for each in content]}
        case "M":
            return {tag: raw_json(content)}
        case "L":
            return {tag: [_raw(each) for each in content]}
        case _:
            return {tag: content}
