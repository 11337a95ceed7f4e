"""Declarations that must not reach a store as they are, because a layer has to serve them first."""

from __future__ import annotations

from persistence.errors import InvalidRequest
from persistence.table import Table


def refuse_unserved(table: Table) -> None:
    """Refuse to perform what a layer around the store should have changed.

    Layers take what they serve out of the declarations that they pass on.

    Raises:
        InvalidRequest: nothing was sent.
    """
    needed = table.unserved
    if needed is not None:
        raise InvalidRequest(
            f"table {table.name!r} is declared with what only a layer can serve, and none did, so that "
            f"nothing was sent; use the store as layered(store, {needed})",
            table=table.name,
        )
