"""Keys, key types, indexes and projections: as requests have them, and read from descriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from persistence.errors import MappingError, StoreError
from persistence.stores.dynamodb.exchanges import Parameters
from persistence.table import GlobalIndex, Index, Key, LocalIndex, Projection, ScalarType, Table


def key_schema(key: Key) -> list[Parameters]:
    """Write a key."""
    return [
        *({"AttributeName": name, "KeyType": "HASH"} for name in key.partitions),
        *({"AttributeName": name, "KeyType": "RANGE"} for name in key.sorts),
    ]


def attribute_definitions(types: Mapping[str, ScalarType]) -> list[Parameters]:
    """Write the types of key attributes; the service takes no others."""
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in types.items()]


def index(name: str, key: Key, projection: Projection) -> Parameters:
    """Write an index, without its capacity."""
    return {"IndexName": name, "KeySchema": key_schema(key), "Projection": _projection(projection)}


def _projection(projection: Projection) -> Parameters:
    further = {"NonKeyAttributes": list(projection.attributes)} if projection.attributes else {}
    return {"ProjectionType": projection.kind, **further}


def told_table(told: Mapping[str, Any]) -> Table:
    """Read the declaration of a table, with its indexes in the order of their names.

    Raises:
        StoreError: it has a key that a declaration can't hold.
    """
    types = {one["AttributeName"]: one["AttributeType"] for one in told.get("AttributeDefinitions", ())}
    name = told["TableName"]
    partition, *sort = _key(name, told["KeySchema"]).names
    indexes = tuple(declared for declared, _ in told_indexes(told))
    return Table(name, partition, sort[0] if sort else None, indexes, types)


def told_indexes(told: Mapping[str, Any]) -> list[tuple[Index, Mapping[str, Any]]]:
    """Read the indexes of a table, each beside what is told of it, in the order of their names.

    Raises:
        StoreError: an index has a key that a declaration can't hold.
    """
    table = told["TableName"]
    local = [(_local(one, table), one) for one in told.get("LocalSecondaryIndexes") or ()]
    everywhere = [(_global(one, table), one) for one in told.get("GlobalSecondaryIndexes") or ()]
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
