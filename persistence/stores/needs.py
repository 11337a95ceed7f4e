"""What a table needs that no store is by itself: a layer that prefixes its keys, or encrypts its items."""

from __future__ import annotations

from collections.abc import Mapping

from persistence.errors import ConfigurationError
from persistence.table import TENANT, Table

_REMEDIES: Mapping[str, tuple[str, str]] = {
    TENANT: (
        "its items belong to tenants, and this store has none",
        'use store.for_tenant("..."), as in UnitOfWork(store.for_tenant("acme"))',
    ),
}
"""Need -> what it means, and what to do."""


def check_served(table: Table) -> None:
    """Refuse a table that needs something between the application and a store.

    Raises:
        ConfigurationError: with the remedy.
    """
    if table.needs:
        raise ConfigurationError("; ".join(_told(table.name, need) for need in sorted(table.needs)))


def served_name(table: Table) -> str:
    """Give the name of a table that needs nothing more.

    Raises:
        ConfigurationError: see `check_served`.
    """
    if table.needs:
        check_served(table)
    return table.name


def _told(table: str, need: str) -> str:
    meaning, remedy = _REMEDIES.get(
        need, (f"it needs {need!r}", "put the layer that serves it around the store")
    )
    return f"nothing was sent for table {table!r}: {meaning}; {remedy}"
