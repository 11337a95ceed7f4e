"""What a declaration implies, and what is refused of it before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from persistence.errors import MappingError
from persistence.table import (
    GLOBAL_INDEXES_PER_TABLE,
    KEY_TYPES,
    PROJECTED_ATTRIBUTES_PER_TABLE,
    GlobalIndex,
    Index,
    LocalIndex,
    Table,
)
from persistence.table_options import Billing, OnDemand, Stream, TableOptions, check_index_billing

REPLICATED_STREAM: Stream = "NEW_AND_OLD_IMAGES"
"""What the stream of a table with replicas holds, since copies are made from it (API reference)."""


def with_options(declared: Table, options: TableOptions) -> Table:
    """Give a declaration with further options, which win over its own.

    Args:
        declared: the declaration.
        options: what is not None of them replaces what is declared.

    Raises:
        MappingError: they contradict what else is declared.
    """
    given = {**declared.options.declared, **options.declared}
    return replace(declared, options=TableOptions(**given))


def completed(declared: Table) -> Table:
    """Give a declaration with what it implies, and refuse what no table can have.

    Raises:
        MappingError: too many indexes or projected attributes, an unknown type, a local index without a sort
            key of the table, or options that exclude each other; the message says what to do.
    """
    for problem in _problems(declared):
        raise MappingError(f"table {declared.name!r} {problem}")
    options = declared.options
    if options.replicas and options.stream is None:
        declared = replace(declared, options=replace(options, stream=REPLICATED_STREAM))
    return declared


def index_billing(declared: Table, index: Index) -> Billing | None:
    """Give what is declared for the billing of an index: its own, or that for all."""
    own = index.billing if isinstance(index, GlobalIndex) else None
    return own or declared.options.index_billing


def globals_of(table: Table) -> tuple[GlobalIndex, ...]:
    """Give the global indexes of a declaration."""
    return tuple(index for index in table.indexes if isinstance(index, GlobalIndex))


def projected(indexes: tuple[Index, ...]) -> int:
    """Count the attributes that indexes project by name."""
    return sum(len(index.projection.attributes) for index in indexes)


def check_billing_of_new(declared: Table) -> None:
    """Refuse indexes of a table to make that are billed in another way than the table will be.

    Raises:
        MappingError: the table's billing is not declared, so that it is made on demand, and theirs is not.
    """
    for index in globals_of(declared):
        try:
            check_index_billing(declared.options.billing or OnDemand(), index_billing(declared, index))
        except MappingError as refused:
            raise MappingError(
                f"table {declared.name!r}: index {index.name!r}: {refused}. Declare the table's billing too; "
                "a table without is made on demand"
            ) from refused


def _problems(declared: Table) -> Iterator[str]:
    number = len(globals_of(declared))
    if number > GLOBAL_INDEXES_PER_TABLE:
        yield (
            f"declares {number} global indexes; DynamoDB allows {GLOBAL_INDEXES_PER_TABLE}. Remove some, "
            "or let one index serve several kinds of entities"
        )
    named = projected(declared.indexes)
    if named > PROJECTED_ATTRIBUTES_PER_TABLE:
        yield (
            f"names {named} attributes in the projections of its indexes; DynamoDB allows "
            f"{PROJECTED_ATTRIBUTES_PER_TABLE} in all. Use Projection.all() or Projection.keys_only() for "
            "some"
        )
    for name, kind in declared.key_types.items():
        if kind not in KEY_TYPES:
            yield (
                f"declares the key attribute {name!r} to be of type {kind!r}; keys are of type S, N or B. "
                f"Declare another type in Table.types, or another attribute for the key"
            )
    if declared.sort is None:
        for index in declared.indexes:
            if isinstance(index, LocalIndex):
                yield (
                    f"has no sort key, which the local index {index.name!r} needs; declare a global index, "
                    "or a sort key"
                )
    stream = declared.options.stream
    if declared.options.replicas and stream not in {None, REPLICATED_STREAM}:
        yield (
            f"has replicas, whose stream must hold {REPLICATED_STREAM}, but declares {stream}. Leave the "
            "stream out, or the replicas"
        )
