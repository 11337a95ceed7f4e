"""What a table needs that no store is by itself: a layer that prefixes its keys, or encrypts its items."""

from __future__ import annotations

from collections.abc import Mapping

from persistence.errors import ConfigurationError
from persistence.table import ENCRYPTION, TENANT, Table

_REMEDIES: Mapping[str, tuple[str, str]] = {
    TENANT: (
        "its items belong to tenants, and this store has none",
        'use store.for_tenant("..."), as in UnitOfWork(store.for_tenant("acme"))',
    ),
    ENCRYPTION: (
        "it has encrypted attributes, and this store has no keys for them",
        "use layered(store, Encrypting(keys))",
    ),
}
"""Need -> what it means, and what to do."""


def check_served(table: Table) -> None:
    """Refuse a table that needs something between the application and a store.

    Who serves a need passes on the table without it; see `Table.served`.

    Raises:
        ConfigurationError: with the remedy; nothing was sent.
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
    meaning, remedy = _REMEDIES[need]
    return f"nothing was sent for table {table!r}: {meaning}; {remedy}"
