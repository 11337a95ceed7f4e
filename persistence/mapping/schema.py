"""What users declare: `MappingSchema`, and the way to its compiled mapping."""

from __future__ import annotations

import threading
from typing import Any, Generic, TypeVar, cast

from persistence.errors import MappingError, UnusableMapping
from persistence.mapping.codec import Codec
from persistence.mapping.compiled import EntityMapping
from persistence.mapping.compiling import compile_mapping
from persistence.mapping.declaration import Declaration
from persistence.mapping.encrypted import refuse_mixed
from persistence.table import Table

T = TypeVar("T")

_lock = threading.RLock()


class _CodecOf:
    """`OrderMapping.codec`, on the class and on its instances."""

    def __get__(self, instance: MappingSchema[T] | None, owner: type[MappingSchema[T]]) -> Codec[T]:
        try:
            return mapping_of(owner).codec
        except MappingError as error:
            raise UnusableMapping(str(error)) from error


class MappingSchema(Declaration[T], Generic[T]):
    """Declares how the entities of a dataclass are stored.

    ```python
    class OrderMapping(MappingSchema[Order]):
        class Meta:
            table = "orders"
            key = Key("id")

        version = fields.Version()
    ```

    It is a marshmallow schema: `OrderMapping().dump(order)` and `.load(data)` work as in any other. Dataclass
    fields that are not declared are inferred from their type hints at first use, which is also when errors of
    the declaration are raised; those of unknown `Meta` options come at once.

    Attributes:
        codec: converts entities to items and back; compiled once, at first use.
    """

    codec = _CodecOf()


def mapping_of(schema: type[MappingSchema[T]]) -> EntityMapping[T]:
    """Give the compiled mapping of a declaration; compiled once, at first use.

    Args:
        schema: a subclass of `MappingSchema[Entity]`.

    Raises:
        MappingError: it is no such class, or can't be used as it is declared.
    """
    if not (isinstance(schema, type) and issubclass(schema, MappingSchema)):
        came = schema.__name__ if isinstance(schema, type) else type(schema).__name__
        raise MappingError(
            f"a mapping is a subclass of MappingSchema[Entity], such as OrderMapping; got {came}. Pass the "
            "class itself"
        )
    known = schema.__dict__.get("_mapping")
    if known is None:
        with _lock:
            known = schema.__dict__.get("_mapping")
            if known is None:
                known = compile_mapping(schema)
                schema._scopes.clear()  # all hints are resolved
                schema._mapping = known  # type: ignore[attr-defined]  # cached on the class that it describes
    return cast("EntityMapping[T]", known)


class MappingRegistry:
    """The mappings of an application, by entity type. Safe to use from several threads.

    Args:
        schemas: mappings to begin with.
    """

    def __init__(self, *schemas: type[MappingSchema[Any]]) -> None:
        self._lock = threading.Lock()
        self._mappings: dict[type, EntityMapping[Any]] = {}
        for schema in schemas:
            self.add(schema)

    def add(self, schema: type[MappingSchema[T]]) -> EntityMapping[T]:
        """Add a mapping; adding it again changes nothing.

        Raises:
            MappingError: the entity type has another mapping here, or the mapping can't be used.
        """
        mapping = mapping_of(schema)
        with self._lock:
            known = self._mappings.setdefault(mapping.entity_type, mapping)
        if known is not mapping:
            raise MappingError(
                f"{mapping.name} is mapped by {known.schema.__name__} already; a registry holds one mapping "
                f"per entity type, so that {schema.__name__} needs another one"
            )
        return mapping

    def for_entity(self, entity_type: type[T]) -> EntityMapping[T]:
        """Give the mapping of an entity type.

        Raises:
            MappingError: it has none here.
        """
        with self._lock:
            known = self._mappings.get(entity_type)
        if known is None:
            raise MappingError(
                f"{entity_type.__name__} has no mapping in this registry; add one: registry.add(...)"
            )
        return known

    def mappings(self) -> tuple[EntityMapping[Any], ...]:
        """Give all mappings in the order in which they were added."""
        with self._lock:
            return tuple(self._mappings.values())

    def tables(self) -> tuple[Table, ...]:
        """Give the tables of all mappings, the declarations of each joined.

        Raises:
            MappingError: two declarations of one table contradict each other.
        """
        tables: dict[str, Table] = {}
        refuse_mixed(self.mappings())
        for mapping in self.mappings():
            known = tables.get(mapping.table.name)
            tables[mapping.table.name] = known.merged_with(mapping.table) if known else mapping.table
        return tuple(tables.values())
