"""The description of a live table."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from persistence.operations import (
    CreateTable,
    DescribeTable,
    IndexDescription,
    RestoreBackup,
    RestoreToPoint,
    TableDescription,
    TableStatus,
    UpdateTable,
)
from persistence.stores.dynamodb.exchanges import Answer
from persistence.stores.dynamodb.tables.billing import told_billing, told_index_billing
from persistence.stores.dynamodb.tables.declarations import told_indexes, told_table
from persistence.stores.dynamodb.tables.options import told_options, told_replicas
from persistence.table import GlobalIndex, Index
from persistence.table_options import Billing, TableOptions

Describing = CreateTable | DescribeTable | UpdateTable | RestoreBackup | RestoreToPoint


def description(operation: Describing, answer: Answer) -> TableDescription:
    """Read the description of a table, with its indexes in the order of their names.

    Raises:
        StoreError: an index has a key of more attributes than a declaration can hold.
    """
    told = told_in(answer)
    status = cast(TableStatus, told["TableStatus"])
    billed = told_billing(told)
    return TableDescription(
        table=told_table(told),
        status=status,
        indexes=tuple(_index(declared, one, status, billed) for declared, one in told_indexes(told)),
        item_count=told.get("ItemCount", 0),
        size_bytes=told.get("TableSizeBytes", 0),
        arn=told.get("TableArn"),
        created_at=utc(told.get("CreationDateTime")),
        options=told_options(told, TableOptions(billing=billed)),
        stream_arn=_stream_arn(told),
        replicas=told_replicas(told),
        restoring=bool((told.get("RestoreSummary") or {}).get("RestoreInProgress", False)),
    )


def told_in(answer: Answer) -> Mapping[str, Any]:
    """Give the part of an answer that describes the table."""
    told: Mapping[str, Any] = answer["Table"] if "Table" in answer else answer["TableDescription"]
    return told


def utc(moment: datetime | None) -> datetime | None:
    """Give a time in UTC."""
    return None if moment is None else moment.astimezone(UTC)


def _stream_arn(told: Mapping[str, Any]) -> str | None:
    # The last stream is told for a day after it was switched off.
    enabled = (told.get("StreamSpecification") or {}).get("StreamEnabled")
    return told.get("LatestStreamArn") if enabled else None


def _index(
    declared: Index, told: Mapping[str, Any], table_status: TableStatus, table: Billing
) -> IndexDescription:
    # A local index lives and dies with its table, and has neither status nor capacity of its own.
    return IndexDescription(
        declared.name,
        told.get("IndexStatus", table_status),
        bool(told.get("Backfilling", False)),
        told_index_billing(told, table) if isinstance(declared, GlobalIndex) else None,
        told.get("ItemCount", 0),
        told.get("IndexSizeBytes", 0),
    )
