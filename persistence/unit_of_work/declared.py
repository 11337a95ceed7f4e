"""What the mappings of one unit of work say of the tables that they share."""

from __future__ import annotations

from typing import Any

from persistence.errors import MappingError
from persistence.mapping import EntityMapping


class DeclaredTables:
    """The tables that a unit of work works with; safe to share between threads."""

    def __init__(self) -> None:
        self._first: dict[str, EntityMapping[Any]] = {}

    def add(self, mapping: EntityMapping[Any]) -> None:
        """Note that entities of a mapping are worked with.

        Raises:
            MappingError: by another mapping the items of the same table belong to tenants, and by this one
                they don't, or the other way round. Without the tenant's name in keys one reads those of all.
        """
        first = self._first.setdefault(mapping.table.name, mapping)
        if first.table.tenant_scoped is not mapping.table.tenant_scoped:
            raise _contradiction(*sorted((first, mapping), key=lambda each: not each.table.tenant_scoped))


def _contradiction(scoped: EntityMapping[Any], other: EntityMapping[Any]) -> MappingError:
    return MappingError(
        f"the items of table {other.table.name!r} belong to tenants by {scoped.schema.__name__}, and to "
        f"nobody by {other.schema.__name__}, which would read those of all tenants: write tenant_scoped = "
        "True in the Meta of both, or tenant_scoped=True in their Table. What works on the items of all "
        "tenants has a UnitOfWork of its own, over a store without a tenant"
    )
