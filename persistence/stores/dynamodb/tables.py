"""Operations of tables as requests, and the service's answers to them; nothing here does I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from persistence.errors import MappingError, StoreError
from persistence.operations import (
    CreateTable,
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    EnableTimeToLive,
    IndexDescription,
    TableDescription,
    TableStatus,
)
from persistence.table import GlobalIndex, Index, Key, LocalIndex, Projection, ScalarType, Table

Parameters = dict[str, Any]

_TIME_TO_LIVE_IS_ON = frozenset({"ENABLED", "ENABLING"})


def create_table(operation: CreateTable) -> Parameters:
    """Write a `CreateTable`: billed on demand, types declared for key attributes only."""
    table = operation.table
    both = (
        (
            "LocalSecondaryIndexes",
            [_index(table, index) for index in table.indexes if isinstance(index, LocalIndex)],
        ),
        (
            "GlobalSecondaryIndexes",
            [_index(table, index) for index in table.indexes if isinstance(index, GlobalIndex)],
        ),
    )
    return {
        "TableName": table.name,
        "KeySchema": _key_schema(table.key),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": kind} for name, kind in table.key_types.items()
        ],
        "BillingMode": "PAY_PER_REQUEST",
        **{parameter: indexes for parameter, indexes in both if indexes},
    }


def name_only(operation: DescribeTable | DeleteTable | DescribeTimeToLive) -> Parameters:
    """Write a request that needs nothing but the table's name."""
    return {"TableName": operation.name}


def enable_time_to_live(operation: EnableTimeToLive) -> Parameters:
    """Write an `EnableTimeToLive`."""
    specification = {"Enabled": True, "AttributeName": operation.attribute}
    return {"TableName": operation.name, "TimeToLiveSpecification": specification}


def description(operation: CreateTable | DescribeTable, answer: Mapping[str, Any]) -> TableDescription:
    """Read the description of a table, with its indexes in the order of their names.

    Raises:
        StoreError: an index has a key of more attributes than a declaration can hold.
    """
    told = answer["Table"] if "Table" in answer else answer["TableDescription"]
    types = {one["AttributeName"]: one["AttributeType"] for one in told.get("AttributeDefinitions", ())}
    status = cast(TableStatus, told["TableStatus"])
    return TableDescription(
        table=_table(told, types),
        status=status,
        indexes=tuple(_index_description(index, status) for _, index in _indexes(told)),
        item_count=told.get("ItemCount", 0),
        size_bytes=told.get("TableSizeBytes", 0),
        arn=told.get("TableArn"),
        created_at=_utc(told.get("CreationDateTime")),
    )


def time_to_live(operation: DescribeTimeToLive, answer: Mapping[str, Any]) -> str | None:
    """Read the attribute of the time to live, if it is on or being switched on."""
    told = answer["TimeToLiveDescription"]
    attribute: str | None = told.get("AttributeName")
    return attribute if told.get("TimeToLiveStatus") in _TIME_TO_LIVE_IS_ON else None


def nothing(operation: DeleteTable | EnableTimeToLive, answer: Mapping[str, Any]) -> None:
    """Read an answer that says no more than that it was done."""


def _key_schema(key: Key) -> list[Parameters]:
    return [
        *({"AttributeName": name, "KeyType": "HASH"} for name in key.partitions),
        *({"AttributeName": name, "KeyType": "RANGE"} for name in key.sorts),
    ]


def _index(table: Table, index: Index) -> Parameters:
    return {
        "IndexName": index.name,
        "KeySchema": _key_schema(table.index_key(index.name)),
        "Projection": _projection(index.projection),
    }


def _projection(projection: Projection) -> Parameters:
    further = {"NonKeyAttributes": list(projection.attributes)} if projection.attributes else {}
    return {"ProjectionType": projection.kind, **further}


def _table(told: Mapping[str, Any], types: Mapping[str, ScalarType]) -> Table:
    name = told["TableName"]
    partition, *sort = _key(name, told["KeySchema"]).names
    indexes = tuple(index for index, _ in _indexes(told))
    return Table(name, partition, sort[0] if sort else None, indexes, types)


def _indexes(told: Mapping[str, Any]) -> list[tuple[Index, Mapping[str, Any]]]:
    table = told["TableName"]
    local = [(_local(index, table), index) for index in told.get("LocalSecondaryIndexes") or ()]
    everywhere = [(_global(index, table), index) for index in told.get("GlobalSecondaryIndexes") or ()]
    return sorted([*local, *everywhere], key=lambda pair: pair[0].name)


def _local(told: Mapping[str, Any], table: str) -> Index:
    _, sort = _key(table, told["KeySchema"]).names
    return LocalIndex(told["IndexName"], sort, _told_projection(told))


def _global(told: Mapping[str, Any], table: str) -> Index:
    return GlobalIndex(told["IndexName"], _key(table, told["KeySchema"]), _told_projection(told))


def _told_projection(told: Mapping[str, Any]) -> Projection:
    projection = told["Projection"]
    return Projection(projection["ProjectionType"], tuple(projection.get("NonKeyAttributes", ())))


def _key(table: str, schema: Sequence[Mapping[str, str]]) -> Key:
    partition = [part["AttributeName"] for part in schema if part["KeyType"] == "HASH"]
    sort = [part["AttributeName"] for part in schema if part["KeyType"] == "RANGE"]
    try:
        return Key(tuple(partition), tuple(sort) or None)
    except MappingError as refused:
        raise StoreError(
            f"a key of {len(partition)} partition and {len(sort)} sort attributes can't be declared here: "
            f"{refused}",
            operation="DescribeTable",
            table=table,
        ) from refused


def _index_description(index: Mapping[str, Any], table_status: TableStatus) -> IndexDescription:
    # A local index lives and dies with its table and has no status of its own.
    return IndexDescription(
        index["IndexName"], index.get("IndexStatus", table_status), bool(index.get("Backfilling", False))
    )


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
