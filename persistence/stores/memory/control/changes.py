"""UpdateTable: one change of a live table."""

from __future__ import annotations

from persistence.operations import TableDescription, UpdateTable
from persistence.stores.memory.control.managed import ManagedTable
from persistence.stores.memory.control.settings import like, unscaled
from persistence.stores.memory.control.tables import Tables
from persistence.stores.validation.billing import check_new_billing, check_new_index_billing
from persistence.stores.validation.refused import NotHere
from persistence.stores.validation.table_changes import (
    Change,
    change_of,
    check_encryption,
    check_stream,
    with_index,
    without_index,
)
from persistence.table import GlobalIndex
from persistence.table_options import Encryption, OnDemand, Stream, TableClass


def update(operation: UpdateTable, tables: Tables) -> TableDescription:
    """Begin a change; without a delay it is done at once.

    Raises:
        Refused: the service would not do it, or not now.
    """
    change = change_of(operation)
    if change in ("create_replica", "update_replica", "delete_replica"):
        raise NotHere("the memory store has no replicas: it is one region")
    table = tables.named(operation.name)
    _apply(operation, change, table, tables)
    return table.describe()


def _apply(operation: UpdateTable, change: Change, table: ManagedTable, tables: Tables) -> None:
    if operation.create_index is not None:
        _create_index(operation, operation.create_index, table)
        return
    if operation.delete_index is not None:
        _delete_index(operation.delete_index, table)
        return
    table.lifecycle.check_admits(change)
    if operation.encryption is not None:
        _set_encryption(operation.encryption, table)
    elif operation.deletion_protection is not None:
        table.settings.deletion_protection = operation.deletion_protection
    elif operation.stream is not None:
        _set_stream(operation.stream, table, tables)
    elif operation.table_class is not None:
        _set_class(operation.table_class, table)
    else:
        _set_billing(operation, table)


def _create_index(operation: UpdateTable, index: GlobalIndex, table: ManagedTable) -> None:
    asked = index.billing or operation.index_billing.get(index.name)
    settings, items = table.settings, table.items
    widened = with_index(operation, index, items.declaration)
    table.lifecycle.check_admits("create_index", index.name)
    check_new_index_billing(index.name, asked, settings.billing)
    items.declare(widened)
    settings.index_billing[index.name] = unscaled(asked or like(settings.billing))
    table.lifecycle.begin_index(index.name, "CREATING", widened)
    items.indexes[index.name].filling = lambda: table.lifecycle.creates(index.name)


def _delete_index(name: str, table: ManagedTable) -> None:
    present = table.items.declaration
    table.lifecycle.check_admits("delete_index", name)
    table.items.declare(without_index(name, present))
    table.settings.forget_index(name)
    table.lifecycle.begin_index(name, "DELETING", present)


def _set_billing(operation: UpdateTable, table: ManagedTable) -> None:
    settings = table.settings
    check_new_billing(operation, table.items.declaration, settings.billing, settings.index_billing)
    wanted = settings.billing if operation.billing is None else unscaled(operation.billing)
    if wanted == settings.billing and not operation.index_billing:
        return  # on demand as before, which the service takes without doing anything
    switched = type(wanted) is not type(settings.billing)
    settings.index_billing = {
        name: unscaled(operation.index_billing.get(name) or (OnDemand() if switched else present))
        for name, present in settings.index_billing.items()
    }
    settings.billing = wanted
    table.lifecycle.begin("UPDATING")


def _set_stream(wanted: Stream, table: ManagedTable, tables: Tables) -> None:
    check_stream(table.name, table.settings.stream, wanted)
    table.set_stream(wanted, tables.now)
    table.lifecycle.begin("UPDATING")


def _set_encryption(wanted: Encryption, table: ManagedTable) -> None:
    check_encryption(table.settings.encryption, wanted)
    table.settings.encryption = wanted


def _set_class(wanted: TableClass, table: ManagedTable) -> None:
    if wanted != table.settings.table_class:
        table.settings.table_class = wanted
        table.lifecycle.begin("UPDATING")
