"""The mapping layer: from declarations to compiled codecs and keys.

Users declare a `MappingSchema`; everything else of the library works with its `EntityMapping`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.mapping.codec import Codec
    from persistence.mapping.compiled import EntityMapping
    from persistence.mapping.encrypted import refuse_encrypted, refuse_mixed
    from persistence.mapping.keys import KeyPart
    from persistence.mapping.paths import MappedPath
    from persistence.mapping.roles import RoleField, Roles
    from persistence.mapping.schema import MappingRegistry, MappingSchema, mapping_of
    from persistence.mapping.shapes import ListShape, MapShape, RecordShape, Shape
    from persistence.mapping.upcasting import SchemaVersions, upcast
    from persistence.mapping.watching import Difference, Memento, Watch

__all__ = [
    "Codec",
    "Difference",
    "EntityMapping",
    "KeyPart",
    "ListShape",
    "MapShape",
    "MappedPath",
    "MappingRegistry",
    "MappingSchema",
    "Memento",
    "RecordShape",
    "RoleField",
    "Roles",
    "SchemaVersions",
    "Shape",
    "Watch",
    "mapping_of",
    "refuse_encrypted",
    "refuse_mixed",
    "upcast",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.mapping.codec": ("Codec",),
        "persistence.mapping.encrypted": ("refuse_encrypted", "refuse_mixed"),
        "persistence.mapping.keys": ("KeyPart",),
        "persistence.mapping.paths": ("MappedPath",),
        "persistence.mapping.compiled": ("EntityMapping",),
        "persistence.mapping.roles": ("RoleField", "Roles"),
        "persistence.mapping.schema": ("MappingRegistry", "MappingSchema", "mapping_of"),
        "persistence.mapping.shapes": ("ListShape", "MapShape", "RecordShape", "Shape"),
        "persistence.mapping.upcasting": ("SchemaVersions", "upcast"),
        "persistence.mapping.watching": ("Difference", "Memento", "Watch"),
    },
)
