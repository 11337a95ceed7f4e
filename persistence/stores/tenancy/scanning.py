"""Scans of a table that several tenants share: only the items of one are given, though all are read.

The service may end a page behind an item of another tenant, whose key is nobody's business here. So a page
that is given ends behind the last item that it shows; where nothing is to be shown, the scan goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from persistence.attributes import Item
from persistence.expressions import And, BeginsWith, Path, Value
from persistence.flows import Flow, perform
from persistence.operations import Capacity, Page, ScanPage
from persistence.stores.tenancy.scoping import position_of, scoped_filter
from persistence.stores.tenancy.tenant import Tenant
from persistence.table import TENANT

LEAST_REACH = 25
GROWTH = 4
"""Items that a request reads at least where few are wanted, and how many times as many the next one does."""

MOST_ITEMS = 1024 * 1024
"""More than a page of 1 MB holds."""


def scanned(scan: ScanPage, tenant: Tenant) -> Flow[Page]:
    """Read one page of a tenant's items.

    Its limit counts the items that are given.

    Raises:
        QueryError: a filter that can't be asked of what is stored.
        ForeignTenant: an item was stored without the tenant's name in all of its keys.
    """
    request, capacity, read = _request(scan, tenant), Capacity(), 0
    while True:
        page = yield from perform(request)
        capacity, read = (*capacity, *page.capacity), read + page.scanned_count
        last = page.last_key
        if page.items or last is None or tenant.owns(last[scan.table.partition]):
            break
        request = replace(request, start=last, limit=_more(request.limit))
    found = page.items if scan.limit is None else page.items[: scan.limit]
    behind = _behind(scan, found, last, tenant, trimmed=len(found) < len(page.items))
    items = () if scan.count_only else tuple(_shown(item, scan, tenant) for item in found)
    return Page(items, behind, len(found), read, capacity)


def _request(scan: ScanPage, tenant: Tenant) -> ScanPage:
    table, projection = scan.table, scan.projection
    # Keys are needed to go on from; what the store refuses is left to it.
    counts = scan.count_only and not scan.whole
    if counts:
        projection = tuple(map(Path.of, _key_names(scan)))
    elif projection:
        projection = (*projection, *map(Path.of, _unasked(scan)))
    wanted = scoped_filter(scan.filter, table, tenant)
    own = BeginsWith(Path.of(table.partition), Value({"S": tenant.prefix}))
    return replace(
        scan,
        table=table.served(TENANT),
        filter=own if wanted is None else And((own, wanted)),
        projection=projection,
        count_only=scan.count_only and not counts,
        start=position_of(scan.start, table, tenant),
        limit=None if scan.limit is None else _reach(scan.limit),
    )


def _reach(limit: int) -> int:
    return limit if limit < 1 else max(limit, LEAST_REACH)


def _more(limit: int | None) -> int | None:
    return None if limit is None or limit * GROWTH > MOST_ITEMS else limit * GROWTH


def _behind(
    scan: ScanPage, found: Sequence[Item], last: Item | None, tenant: Tenant, *, trimmed: bool
) -> Item | None:
    if last is None and not trimmed:
        return None
    if trimmed or last is None or not tenant.owns(last[scan.table.partition]):
        last = {name: found[-1][name] for name in _key_names(scan)}
    return tenant.shown_item(last, scan.table)


def _shown(item: Item, scan: ScanPage, tenant: Tenant) -> Item:
    shown = tenant.shown_item(item, scan.table)
    for name in _unasked(scan):
        shown.pop(name, None)
    return shown


def _key_names(scan: ScanPage) -> tuple[str, ...]:
    names = (*scan.table.key_names(), *(scan.table.key_names(scan.index) if scan.index else ()))
    return tuple(dict.fromkeys(names))


def _unasked(scan: ScanPage) -> tuple[str, ...]:
    """Name the key attributes that a projection leaves out."""
    if not scan.projection:
        return ()
    asked = {path.attribute for path in scan.projection}
    return tuple(name for name in _key_names(scan) if name not in asked)
