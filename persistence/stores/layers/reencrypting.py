"""Encrypts anew, with the current key, what older keys encrypted and what was stored before encryption."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from persistence.attributes import AttributeValue, Item
from persistence.encryption import Keys
from persistence.errors import ConditionFailed, ConfigurationError, TransactionBusy
from persistence.expressions import And, Compare, Path, Set, Value
from persistence.flows import Flow, perform, run, run_async
from persistence.mapping import MappingSchema, mapping_of
from persistence.operations import Page, ScanPage, UpdateItem
from persistence.store import AsyncStore, Store, tenant_of
from persistence.stores.layers.encrypting import Encrypting
from persistence.stores.layers.sealing import bare
from persistence.table import TENANT, Table


@dataclass(slots=True)
class Reencryption:
    """What was done.

    Attributes:
        read: items that were looked at.
        changed: items of which something was encrypted anew.
        overtaken: items that somebody else wrote in between; run it again until there are none.
    """

    read: int = 0
    changed: int = 0
    overtaken: int = field(default=0)


def reencrypt(
    store: Store,
    keys: Keys,
    mapping: type[MappingSchema[Any]],
    *,
    table_names: Mapping[str, str] | None = None,
) -> Reencryption:
    """Encrypt all items of a mapping's table with the current key, while the application goes on working.

    What the current key encrypted is left as it is; plaintext is encrypted where the field accepts it. An
    item is written only if its encrypted attributes are still what was read. Its version does not move, since
    what it says is the same.

    Args:
        store: the store itself, without the layer that encrypts, and no tenant's: of a table that is scoped
            to tenants it does the items of all of them.
        keys: the keys, the older ones included.
        mapping: says what is encrypted.
        table_names: as of `Encrypting`.

    Raises:
        ConfigurationError: the store is a tenant's, and the table is scoped to tenants.
        DecryptionFailed: something can't be decrypted; what was done before stays done.
    """
    return run(_reencrypted(Encrypting(keys, table_names=table_names), _stored(mapping, store)), store)


async def reencrypt_async(
    store: AsyncStore,
    keys: Keys,
    mapping: type[MappingSchema[Any]],
    *,
    table_names: Mapping[str, str] | None = None,
) -> Reencryption:
    """Do the same as `reencrypt`, awaited."""
    layer = Encrypting(keys, table_names=table_names)
    return await run_async(_reencrypted(layer, _stored(mapping, store)), store)


def _stored(mapping: type[MappingSchema[Any]], store: object) -> Table:
    """Give the declaration by which items are read as they are stored, since values are bound to that key."""
    table = mapping_of(mapping).table
    if not table.tenant_scoped:
        return table
    tenant = tenant_of(store)
    if tenant is not None:
        raise ConfigurationError(
            f"reencrypt works on the items of table {table.name!r} as they are stored, of all tenants; give "
            f"it the store that the one of tenant {tenant!r} was made from"
        )
    return table.served(TENANT)


def _reencrypted(layer: Encrypting, table: Table) -> Flow[Reencryption]:
    done = Reencryption()
    paths = tuple(Path.of(name) for name in (*table.key_names(), *table.encrypted))
    start: Item | None = None
    while True:
        page: Page = yield from perform(ScanPage(bare(table), projection=paths, start=start, consistent=True))
        for item in page.items:
            done.read += 1
            old = {name: item[name] for name in table.encrypted if name in item}
            new = yield from layer.renewed(table, item, old)
            if new:
                try:
                    yield from perform(_replacing(table, item, old, new))
                except (ConditionFailed, TransactionBusy):
                    done.overtaken += 1
                else:
                    done.changed += 1
        start = page.last_key
        if start is None:
            return done


def _replacing(
    table: Table, item: Item, old: Mapping[str, AttributeValue], new: Mapping[str, AttributeValue]
) -> UpdateItem:
    unchanged = tuple(Compare("=", Path.of(name), Value(old[name])) for name in new)
    return UpdateItem(
        bare(table),
        {name: item[name] for name in table.key_names()},
        tuple(Set(Path.of(name), Value(value)) for name, value in new.items()),
        unchanged[0] if len(unchanged) == 1 else And(unchanged),
    )
