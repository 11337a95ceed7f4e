"""Finding the mapping that was meant: of an entity, or of a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar, cast

from persistence.errors import MappingError
from persistence.mapping import EntityMapping, MappingSchema
from persistence.mapping.declaration import subject_of
from persistence.mapping.schema import mapping_of
from persistence.table import Table

T = TypeVar("T")


def is_mapping_class(subject: object) -> bool:
    """Tell whether something is a mapping's class rather than an entity."""
    return isinstance(subject, type) and issubclass(subject, MappingSchema)


def mapping_for(
    entity: T, schema: type[MappingSchema[T]] | None = None, known: Iterable[EntityMapping[Any]] = ()
) -> EntityMapping[T]:
    """Give the mapping of an entity.

    Args:
        entity: the entity.
        schema: its mapping, where it was said.
        known: mappings that come first where it was not said.

    Raises:
        MappingError: none of the declared mappings maps it, or several do.
    """
    if schema is not None:
        return mapping_of(schema)
    for mapping in known:
        if mapping.entity_type is type(entity):
            return mapping
    kind = type(entity)
    found = [schema for schema in _declared() if _maps(schema, kind)]
    if len(found) == 1:
        return mapping_of(cast("type[MappingSchema[T]]", found[0]))
    if not found:
        raise MappingError(
            f"no declared mapping maps {kind.__name__}; pass it: mapping=..., and an entity rather than "
            "its class"
        )
    names = ", ".join(schema.__name__ for schema in found)
    raise MappingError(
        f"several mappings map {kind.__name__}: {names}; say which one is meant: mapping={found[0].__name__}"
    )


def mappings_of_table(name: str) -> list[EntityMapping[Any]]:
    """Give all declared mappings of a table that can be used."""
    found: list[EntityMapping[Any]] = []
    for schema in _declared():
        # By what is declared, so that mappings of other tables need not be compiled.
        table = schema.opts.table
        if (table.name if isinstance(table, Table) else table) != name:
            continue
        try:
            found.append(mapping_of(schema))
        except MappingError:
            continue
    return found


def _declared(of: type[Any] = MappingSchema) -> Iterator[type[MappingSchema[Any]]]:
    for schema in of.__subclasses__():
        yield schema
        yield from _declared(schema)


def _maps(schema: type[MappingSchema[Any]], kind: type) -> bool:
    try:
        return subject_of(schema).entity_type is kind and mapping_of(schema).entity_type is kind
    except MappingError:
        return False
