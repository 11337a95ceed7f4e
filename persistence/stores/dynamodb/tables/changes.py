"""`UpdateTable`: one change of a live table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from persistence.errors import InvalidRequest
from persistence.operations import UpdateTable
from persistence.stores.dynamodb.exchanges import Parameters
from persistence.stores.dynamodb.tables import billing, declarations, options
from persistence.stores.validation.refused import Refused
from persistence.stores.validation.table_changes import Change, change_of
from persistence.table import ScalarType


def update_table(operation: UpdateTable) -> Parameters:
    """Write an `UpdateTable`.

    Raises:
        InvalidRequest: it has no change, or several.
    """
    try:
        change = change_of(operation)
    except Refused as refused:
        raise InvalidRequest(str(refused), operation="UpdateTable", table=operation.name) from refused
    return {"TableName": operation.name, **_WRITTEN[change](operation)}


def _index_made(operation: UpdateTable) -> Parameters:
    index = operation.create_index
    assert index is not None
    billed = index.billing or operation.index_billing.get(index.name)
    made = declarations.index(index.name, index.key, index.projection) | billing.new_throughput(billed)
    own: dict[str, ScalarType] = {name: operation.key_types.get(name, "S") for name in index.key.names}
    types: dict[str, ScalarType] = {**own, **operation.key_types}
    return {
        "AttributeDefinitions": declarations.attribute_definitions(types),
        "GlobalSecondaryIndexUpdates": [{"Create": made}],
    }


def _index_deleted(operation: UpdateTable) -> Parameters:
    return {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": operation.delete_index}}]}


def _billing(operation: UpdateTable) -> Parameters:
    written: Parameters = {}
    if operation.billing is not None:
        written = {
            **billing.billing_mode(operation.billing),
            **billing.changed_throughput(operation.billing),
        }
    updates = [
        {"Update": {"IndexName": name, **billing.changed_throughput(billed)}}
        for name, billed in operation.index_billing.items()
    ]
    return {**written, **({"GlobalSecondaryIndexUpdates": updates} if updates else {})}


def _stream(operation: UpdateTable) -> Parameters:
    assert operation.stream is not None
    return options.stream(operation.stream)


def _encryption(operation: UpdateTable) -> Parameters:
    assert operation.encryption is not None
    return options.encryption(operation.encryption)


def _replica_made(operation: UpdateTable) -> Parameters:
    assert operation.create_replica is not None
    return {"ReplicaUpdates": [{"Create": options.replica(operation.create_replica)}]}


def _replica_changed(operation: UpdateTable) -> Parameters:
    assert operation.update_replica is not None
    return {"ReplicaUpdates": [{"Update": options.replica(operation.update_replica)}]}


_WRITTEN: Mapping[Change, Callable[[UpdateTable], Parameters]] = {
    "create_index": _index_made,
    "delete_index": _index_deleted,
    "billing": _billing,
    "index_billing": _billing,
    "stream": _stream,
    "encryption": _encryption,
    "deletion_protection": lambda operation: {"DeletionProtectionEnabled": operation.deletion_protection},
    "table_class": lambda operation: {"TableClass": operation.table_class},
    "create_replica": _replica_made,
    "update_replica": _replica_changed,
    "delete_replica": lambda operation: {
        "ReplicaUpdates": [{"Delete": {"RegionName": operation.delete_replica}}]
    },
}
