"""Where an item has nested entities, so that changes can be found by path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from persistence.mapping.containers import ListOf, MapOf
from persistence.mapping.nodes import Node
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.wrapping import Nullable, Validated


@dataclass(frozen=True)
class RecordShape:
    """A map with the attributes of a nested entity.

    Attributes:
        fields: attribute name -> its shape.
    """

    fields: Mapping[str, Shape]


@dataclass(frozen=True)
class ListShape:
    """A list whose elements have a shape."""

    element: Shape


@dataclass(frozen=True)
class MapShape:
    """A map with free names whose values have a shape."""

    value: Shape


Shape = RecordShape | ListShape | MapShape | None
"""What can be compared and updated in parts; None is replaced as a whole."""


def shape_of(plan: RecordPlan) -> RecordShape:
    """Give the shape of the entities of a schema."""
    return RecordShape(_Fields(plan))


class _Fields(Mapping[str, Shape]):
    """The shapes of a schema's attributes, found when asked for: entities may hold their own kind."""

    def __init__(self, plan: RecordPlan) -> None:
        self._nodes = {
            field.attribute: field.node
            for field in plan.fields
            if field.stored and not plan.hooked and field.encrypted is None
        }
        self._found: dict[str, Shape] = {}

    def __getitem__(self, attribute: str) -> Shape:
        if attribute not in self._found:
            self._found[attribute] = _shape(self._nodes[attribute])
        return self._found[attribute]

    def get(self, attribute: str, default: Any = None) -> Any:
        found = self._found
        return found[attribute] if attribute in found else super().get(attribute, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)


def _shape(node: Node) -> Shape:
    match node:
        case HookedRecord():
            return None
        case Record():
            return shape_of(node.plan)
        case ListOf():
            element = _shape(node.inner)
            return None if element is None else ListShape(element)
        case MapOf():
            value = _shape(node.inner)
            return None if value is None else MapShape(value)
        case Nullable() | Validated():
            return _shape(node.inner)
        case _:
            return None
