"""Everything that can be asked of a store, as frozen values named after the service's own actions.

An operation carries the declaration of its table, so that every store knows keys, types and indexes. Its
type parameter is the type of the answer: `store.perform(GetItem(...))` is an `ItemResult`.

Items, keys and values are tagged attribute values. They belong to the operation that holds them: whoever
makes an operation doesn't change them afterwards, and stores never do.

| module     | what is in it                                                             |
|------------|---------------------------------------------------------------------------|
| `items`    | what all have in common, and the reading of one item                      |
| `writes`   | writes of items; loaded when they are first used, as what follows         |
| `batches`  | operations on many items at once                                          |
| `pages`    | pages of queries and scans                                                |
| `tables`   | operations on tables                                                      |
| `settings` | operations on settings of live tables: time to live, recovery, scaling .. |
| `backups`  | operations on backups, and those that restore tables                      |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face
from persistence.operations.items import (
    Capacity,
    ConsumedCapacity,
    GetItem,
    ItemResult,
    Operation,
    Returning,
)

if TYPE_CHECKING:
    from persistence.operations.backups import (
        BackupDescription,
        BackupPage,
        CreateBackup,
        DeleteBackup,
        DescribeBackup,
        ListBackups,
        RestoreBackup,
        RestoreToPoint,
    )
    from persistence.operations.batches import (
        BatchGetItems,
        BatchGetResult,
        BatchWriteItems,
        BatchWriteResult,
        ItemsResult,
        TransactGet,
    )
    from persistence.operations.pages import (
        Page,
        QueryPage,
        ScanPage,
    )
    from persistence.operations.settings import (
        DeleteScaling,
        DescribeInsights,
        DescribeRecovery,
        DescribeScaling,
        DescribeTimeToLive,
        DisableTimeToLive,
        EnableTimeToLive,
        ListTags,
        PutScaling,
        RecoveryDescription,
        ScalingDescription,
        ScalingDimension,
        TagTable,
        UntagTable,
        UpdateInsights,
        UpdateRecovery,
    )
    from persistence.operations.tables import (
        CreateTable,
        DeleteTable,
        DescribeTable,
        IndexDescription,
        ListTables,
        ReplicaDescription,
        TableDescription,
        TableNames,
        TableStatus,
        UpdateTable,
    )
    from persistence.operations.writes import (
        ConditionCheck,
        DeleteItem,
        PutItem,
        TransactAction,
        TransactWrite,
        TransactWriteResult,
        UpdateItem,
        WriteResult,
    )

__all__ = [
    "BackupDescription",
    "BackupPage",
    "BatchGetItems",
    "BatchGetResult",
    "BatchWriteItems",
    "BatchWriteResult",
    "Capacity",
    "ConditionCheck",
    "ConsumedCapacity",
    "CreateBackup",
    "CreateTable",
    "DeleteBackup",
    "DeleteItem",
    "DeleteScaling",
    "DeleteTable",
    "DescribeBackup",
    "DescribeInsights",
    "DescribeRecovery",
    "DescribeScaling",
    "DescribeTable",
    "DescribeTimeToLive",
    "DisableTimeToLive",
    "EnableTimeToLive",
    "GetItem",
    "IndexDescription",
    "ItemResult",
    "ItemsResult",
    "ListBackups",
    "ListTables",
    "ListTags",
    "Operation",
    "Page",
    "PutItem",
    "PutScaling",
    "QueryPage",
    "RecoveryDescription",
    "ReplicaDescription",
    "RestoreBackup",
    "RestoreToPoint",
    "Returning",
    "ScalingDescription",
    "ScalingDimension",
    "ScanPage",
    "TableDescription",
    "TableNames",
    "TableStatus",
    "TagTable",
    "TransactAction",
    "TransactGet",
    "TransactWrite",
    "TransactWriteResult",
    "UntagTable",
    "UpdateInsights",
    "UpdateItem",
    "UpdateRecovery",
    "UpdateTable",
    "WriteResult",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.operations.backups": (
            "BackupDescription",
            "BackupPage",
            "CreateBackup",
            "DeleteBackup",
            "DescribeBackup",
            "ListBackups",
            "RestoreBackup",
            "RestoreToPoint",
        ),
        "persistence.operations.batches": (
            "BatchGetItems",
            "BatchGetResult",
            "BatchWriteItems",
            "BatchWriteResult",
            "ItemsResult",
            "TransactGet",
        ),
        "persistence.operations.pages": (
            "Page",
            "QueryPage",
            "ScanPage",
        ),
        "persistence.operations.settings": (
            "DeleteScaling",
            "DescribeInsights",
            "DescribeRecovery",
            "DescribeScaling",
            "DescribeTimeToLive",
            "DisableTimeToLive",
            "EnableTimeToLive",
            "ListTags",
            "PutScaling",
            "RecoveryDescription",
            "ScalingDescription",
            "ScalingDimension",
            "TagTable",
            "UntagTable",
            "UpdateInsights",
            "UpdateRecovery",
        ),
        "persistence.operations.tables": (
            "CreateTable",
            "DeleteTable",
            "DescribeTable",
            "IndexDescription",
            "ListTables",
            "ReplicaDescription",
            "TableDescription",
            "TableNames",
            "TableStatus",
            "UpdateTable",
        ),
        "persistence.operations.writes": (
            "ConditionCheck",
            "DeleteItem",
            "PutItem",
            "TransactAction",
            "TransactWrite",
            "TransactWriteResult",
            "UpdateItem",
            "WriteResult",
        ),
    },
)
