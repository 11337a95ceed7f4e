"""The side of the schema service that writes: code from tables, documents from mappings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from persistence.errors import QueryError
from persistence.mapping import MappingSchema, mapping_of
from persistence.schema import codegen, documents
from persistence.schema.base import Schema, SchemaBase
from persistence.table import Table

if TYPE_CHECKING:
    # Queries need modules that take longer to load than all of the schema service.
    from persistence.query import AsyncQuery, Query


class DocumentMethods(SchemaBase):
    """Texts: code from live tables, and documents from mappings."""

    def codegen(
        self,
        table: str,
        *,
        sample: int = 200,
        discriminator: str | None = None,
        enums: Collection[str] = (),
        version: str | None = "version",
        created_at: str | None = None,
        updated_at: str | None = None,
    ) -> str:
        """Write a Python module with dataclasses and mappings for a live table and some of its items.

        The module is tried before it is given: each sampled item is read and written back by it without loss.
        It reads the table's description and a part of its items, eventually consistent, from several places.

        Args:
            table: the table's name.
            sample: how many items to read at most; 0 to go by the description alone.
            discriminator: the attribute that tells entity types apart; by default it is looked for.
            enums: the names of attributes whose texts are members of an enum.
            version: the attribute that becomes a `fields.Version`, if its values can be one; None for none.
            created_at: the one that becomes a `fields.CreatedAt`.
            updated_at: the one that becomes a `fields.UpdatedAt`.

        Returns:
            The module's text.

        Raises:
            TableNotFound: there is no such table.
            QueryError: the number of items is negative.
        """
        if isinstance(sample, bool) or not isinstance(sample, int) or sample < 0:
            raise QueryError(f"codegen(sample=...) is a number of items, 0 or more, not {sample!r}")
        if isinstance(enums, str):
            raise QueryError(f"codegen(enums=...) is a collection of names; write ({enums!r},)")
        taken = self._drive(codegen.sampled(table, sample))
        roles = codegen.Roles(version, created_at, updated_at)
        return codegen.generated(taken, codegen.Wishes(discriminator, enums, roles))

    def json_schema(self, mapping: type[MappingSchema[Any]]) -> dict[str, Any]:
        """Describe the entities of a mapping in JSON Schema (draft 2020-12).

        The properties are named as they are stored, which is how the mapping's `dump` and `load` name them.
        Fields that exist in the table only are left out. Of validators it tells what JSON Schema has words
        for.

        Args:
            mapping: the mapping.

        Returns:
            JSON data, the same for the same mapping.

        Raises:
            MappingError: the mapping can't be used.
        """
        return documents.json_schema_of(mapping_of(mapping))

    def diagram(self, *schemas: Schema) -> str:
        """Draw tables, keys, indexes and entities as a Mermaid `erDiagram`.

        Args:
            schemas: mappings, or `Table` declarations; all mappings of the service if none are named.

        Returns:
            The diagram's text, the same for the same mappings; to be put into a block ```` ```mermaid ````.
        """
        named = [mapping_of(schema) for schema in schemas if not isinstance(schema, Table)]
        return documents.diagram_of(self._tables(schemas), named if schemas else self._registry.mappings())

    def access_patterns(self, queries: Mapping[str, Query[Any] | AsyncQuery[Any]]) -> str:
        """Write a Markdown table of queries: condition, access path, index, cost and advice of each.

        Nothing is sent: it is what `explain()` tells of each query. Values are not shown.

        Args:
            queries: the name of each access pattern, and its query.

        Returns:
            The table's text.

        Raises:
            QueryError: a query can't be answered, or is none.
        """
        return documents.access_patterns_of(queries)
