"""Items as they are stored, read along an access path: what their mapping can't read is given too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from persistence.attributes import Item
from persistence.evaluate import holds
from persistence.expressions import all_of
from persistence.operations import GetItem, QueryPage, ScanPage
from persistence.query import AccessPath
from persistence.store import Store
from persistence.table import Table


def raw_items(store: Store, table: Table, path: AccessPath, limit: int | None) -> Iterator[Item]:
    """Read whole items; of an index, what it holds.

    Args:
        store: where they are.
        table: their table.
        path: how they are found.
        limit: how many at most; None for all.
    """
    found = _by_key(store, table, path) if path.keys else _by_page(store, table, path, limit)
    return islice(found, limit)


def _by_key(store: Store, table: Table, path: AccessPath) -> Iterator[Item]:
    demanded = all_of(path.filter, path.check)
    for key in path.keys:
        item = store.perform(GetItem(table, key, path.consistent)).item
        if item is not None and (demanded is None or holds(demanded, item)):
            yield item


def _by_page(store: Store, table: Table, path: AccessPath, limit: int | None) -> Iterator[Item]:
    operation = _operation(table, path, None if path.discards else limit)
    while True:
        page = store.perform(operation)
        for item in page.items:
            if path.check is None or holds(path.check, item):
                yield item
        if page.last_key is None:
            return
        operation = replace(operation, start=page.last_key)


def _operation(table: Table, path: AccessPath, limit: int | None) -> QueryPage | ScanPage:
    if path.key_condition is None:
        return ScanPage(table, path.index, path.filter, limit=limit, consistent=path.consistent)
    return QueryPage(
        table,
        path.key_condition,
        path.index,
        path.filter,
        descending=path.descending,
        limit=limit,
        consistent=path.consistent,
    )
