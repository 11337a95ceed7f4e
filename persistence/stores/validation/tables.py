"""Declarations of tables and indexes: what CreateTable accepts."""

from __future__ import annotations

from persistence.attributes import KEY_NAME_LIMIT
from persistence.stores.validation.refused import Refused
from persistence.table import (
    GLOBAL_INDEXES_PER_TABLE,
    KEY_TYPES,
    LOCAL_INDEXES_PER_TABLE,
    PROJECTED_ATTRIBUTES_PER_TABLE,
    GlobalIndex,
    LocalIndex,
    Table,
)

NAMES_PER_PAGE = 100

_INVALID = "One or more parameter values were invalid"


def check_table(table: Table) -> None:
    """Check the declaration of a table that is to be made.

    Raises:
        Refused: too many indexes or projected attributes, a local index without a sort key of the table, an
            attribute name or key type that the service does not take.
    """
    if table.sort is None and any(isinstance(index, LocalIndex) for index in table.indexes):
        raise Refused(
            f"{_INVALID}: Table KeySchema does not have a range key, which is required when specifying a "
            "LocalSecondaryIndex"
        )
    check_parts(table)


def check_parts(table: Table) -> None:
    """Check a declaration as `check_table` does, but let local indexes be without a sort key of the table.

    Raises:
        Refused: too many indexes or projected attributes, an attribute name or key type that the service does
            not take.
    """
    _check_index_counts(table)
    for name, kind in table.key_types.items():
        check_attribute_name("key", name)
        if kind not in KEY_TYPES:
            raise Refused(f"{_INVALID}: key attribute {name} is of type {kind}; it must be one of B, N, S")
    projected = [name for index in table.indexes for name in index.projection.attributes]
    for name in projected:
        check_attribute_name("projected", name)
    if len(projected) > PROJECTED_ATTRIBUTES_PER_TABLE:
        raise Refused(
            f"{_INVALID}: Cannot have more than {PROJECTED_ATTRIBUTES_PER_TABLE} projected attributes "
            f"over all indexes, found {len(projected)}"
        )


def _check_index_counts(table: Table) -> None:
    local = sum(isinstance(index, LocalIndex) for index in table.indexes)
    if local > LOCAL_INDEXES_PER_TABLE:
        raise Refused(
            f"{_INVALID}: Number of LocalSecondaryIndexes exceeds the limit of {LOCAL_INDEXES_PER_TABLE}"
        )
    if sum(isinstance(index, GlobalIndex) for index in table.indexes) > GLOBAL_INDEXES_PER_TABLE:
        raise Refused(
            f"{_INVALID}: GlobalSecondaryIndex count exceeds the limit of {GLOBAL_INDEXES_PER_TABLE}"
        )


def check_attribute_name(role: str, name: str) -> None:
    """Check the name of an attribute that a table's definition names.

    Raises:
        Refused: it has no or more than 255 bytes.
    """
    size = len(name.encode())
    if not 1 <= size <= KEY_NAME_LIMIT:
        raise Refused(
            f"{_INVALID}: {role} attribute names have 1 to {KEY_NAME_LIMIT} bytes, {name[:40]!r} has {size}"
        )


def check_list(limit: int | None) -> int:
    """Check how many names or backups a page of a list may have, and give that number.

    Raises:
        Refused: it is not from 1 to 100.
    """
    if limit is None:
        return NAMES_PER_PAGE
    if not 1 <= limit <= NAMES_PER_PAGE:
        bound = "less than or equal to 100" if limit > NAMES_PER_PAGE else "greater than or equal to 1"
        raise Refused(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            f"Member must have value {bound}"
        )
    return limit
