"""What the contenders that talk to the service store: each shape under a key of two parts.

A partition's name is the number of its items, as the stub understands it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from benchmarks.contenders import handwritten
from benchmarks.shapes import ENTITIES
from persistence.attributes import Item


@dataclass(frozen=True, slots=True)
class Shape:
    """How the entities of a shape are stored; its name is that of its table too.

    Attributes:
        name: of the shape.
        partition: the field that names the partition.
        sort: the field that tells the entities of a partition apart.
        changes: the field that updates change.
        given: what they change it to, as it is stored.
    """

    name: str
    partition: str
    sort: str
    changes: str
    given: Mapping[str, str]

    def entity(self, partition: str, number: int) -> Any:
        """Make one entity, by its place in a partition."""
        return replace(ENTITIES[self.name], **{self.partition: partition, self.sort: f"c-{number:06}"})

    def entities(self, count: int) -> list[Any]:
        """Make the entities of a partition."""
        return [self.entity(str(count), number) for number in range(count)]

    def encode(self, entity: Any) -> Item:
        """Make the item of an entity, by hand."""
        return handwritten.CODECS[self.name].encode(entity)

    def decode(self, item: Item) -> Any:
        """Make the entity of an item, by hand."""
        return handwritten.CODECS[self.name].decode(item)

    def key_of(self, item: Item) -> Item:
        """Take the key out of an item."""
        return {name: item[name] for name in (self.partition, self.sort)}


SHAPES: Mapping[str, Shape] = MappingProxyType(
    {
        "simple": Shape("simple", "name", "id", "age", {"N": "37"}),
        "complex": Shape("complex", "customer_id", "id", "note", {"S": "left at the door"}),
        "wide": Shape("wide", "text_01", "text_02", "count_02", {"N": "37"}),
    }
)
PARTITION = "1"
"""Of the entity that single operations read and write."""
