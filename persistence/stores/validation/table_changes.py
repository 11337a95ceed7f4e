"""Changes of live tables: what UpdateTable accepts.

Sources: API reference, UpdateTable; developer guide, "Managing global secondary indexes in DynamoDB". The
texts are the service's, where they are known.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, get_args

from persistence.operations import UpdateTable
from persistence.stores.validation.refused import LimitReached, NotThere, Refused
from persistence.stores.validation.tables import check_parts
from persistence.table import GLOBAL_INDEXES_PER_TABLE, GlobalIndex, LocalIndex, Table
from persistence.table_options import Encryption, Stream

Change = Literal[
    "create_index",
    "delete_index",
    "billing",
    "index_billing",
    "stream",
    "encryption",
    "deletion_protection",
    "table_class",
    "create_replica",
    "update_replica",
    "delete_replica",
]

ONE_INDEX_AT_A_TIME = (
    "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table"
)

_INVALID = "One or more parameter values were invalid"
_ALONE: tuple[Change, ...] = tuple(change for change in get_args(Change) if change != "index_billing")


def change_of(update: UpdateTable) -> Change:
    """Tell which change is asked for.

    Raises:
        Refused: none is, or more than one.
    """
    given: list[Change] = [name for name in _ALONE if getattr(update, name) is not None]
    if len(given) > 1:
        raise Refused(f"UpdateTable makes one change at a time, found {', '.join(given)}")
    if not update.index_billing:
        if not given:
            raise Refused(
                "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, "
                "GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, DeletionProtectionEnabled, "
                "OnDemandThroughput or TableClass is required"
            )
        return given[0]
    if not given:
        return "index_billing"
    if given[0] == "create_index" and update.create_index is not None:
        if set(update.index_billing) != {update.create_index.name}:
            raise Refused("index_billing beside create_index is for the index that is made, and for no other")
    elif given[0] != "billing":
        raise Refused(f"UpdateTable makes one change at a time, found {given[0]}, index_billing")
    return given[0]


def with_index(update: UpdateTable, index: GlobalIndex, table: Table) -> Table:
    """Check an index that is to be made, and give the table's declaration with it.

    Args:
        update: what is asked.
        index: the index.
        table: the live table's declaration.

    Raises:
        LimitReached: the table has as many global indexes as it may have.
        Refused: the name is taken, the type of a key attribute is another than the live table has, or the
            table would have what the service refuses.
    """
    if any(other.name == index.name for other in table.indexes):
        raise Refused(f"Attempting to create an index which already exists: {index.name}")
    if sum(isinstance(other, GlobalIndex) for other in table.indexes) >= GLOBAL_INDEXES_PER_TABLE:
        raise LimitReached(
            "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of "
            f"{GLOBAL_INDEXES_PER_TABLE}"
        )
    wanted = {name: update.key_types.get(name, "S") for name in index.key.names}
    for name, kind in wanted.items():
        present = table.key_types.get(name, kind)
        if present != kind:
            raise Refused(
                f"{_INVALID}: Attributes cannot be redefined. Please check that your attribute has the same "
                f"type as previously defined. {name} is of type {present}, not {kind}"
            )
    widened = replace(table, indexes=(*table.indexes, index), types={**table.types, **wanted}).structure
    check_parts(widened)
    return widened


def without_index(name: str, table: Table) -> Table:
    """Check that an index can be deleted, and give the table's declaration without it.

    Args:
        name: the index.
        table: the live table's declaration.

    Raises:
        NotThere: there is none of that name.
        Refused: it is a local one.
    """
    found = {index.name: index for index in table.indexes}.get(name)
    if isinstance(found, LocalIndex):
        raise Refused(f"Cannot delete an index that is not a GlobalSecondaryIndex: {name}")
    if found is None:
        raise NotThere(f"Requested resource not found: Index {name} for table {table.name}")
    return replace(table, indexes=tuple(index for index in table.indexes if index.name != name))


def check_stream(table: str, current: Stream, wanted: Stream) -> None:
    """Check a change of a table's stream.

    Raises:
        Refused: one is on already, whatever it holds; or none is on that could be disabled.
    """
    if wanted == "DISABLED" and current == "DISABLED":
        raise Refused(f"Table has no stream to disable: TableName: {table}")
    if wanted != "DISABLED" and current != "DISABLED":
        raise Refused(f"Table already has an enabled stream: TableName: {table}")


def check_encryption(current: Encryption, wanted: Encryption) -> None:
    """Check a change of a table's encryption.

    Raises:
        Refused: it is encrypted in that way. The key that AWS manages in the account can be asked for again.
    """
    if current != wanted or wanted.kind == "MANAGED":
        return
    if wanted.kind == "OWNED":
        raise Refused(f"{_INVALID}: Table is already encrypted by default")
    raise Refused(f"{_INVALID}: Table is already encrypted with given KMSMasterKeyId")
