"""Commit records: an item beside each commit that says for good that it took place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import persistence.operations as operations
from persistence import fields
from persistence.errors import UnitOfWorkStateError
from persistence.mapping import EntityMapping, MappingSchema, mapping_of
from persistence.table import Key, Table

KEPT = timedelta(days=7)
"""How long a record stays before the service may delete it."""


@dataclass
class CommitRecord:
    """Says that a commit took effect.

    Attributes:
        id: the commit's id, which is its client token.
        nonce: random, to tell this commit from another one with the same id.
        committed_at: when it was planned, aware, by the unit of work's clock.
        expires_at: when the service may delete the record.
    """

    id: str
    nonce: str
    committed_at: datetime
    expires_at: datetime


def commit_record_mapping(table: str | Table) -> type[MappingSchema[CommitRecord]]:
    """Make the mapping of the commit records in a table, for example to create it by the schema service.

    Args:
        table: the name of a table of their own, with the partition key "id"; or a declaration with text keys,
            in which records lie under `COMMIT#...` beside other items.
    """
    if isinstance(table, str):
        key = Key("id")
    elif isinstance(table, Table):
        key = Key("COMMIT#{id}") if table.sort is None else Key("COMMIT#{id}", "COMMIT")
    else:
        raise UnitOfWorkStateError(
            f"commit_record is the name or declaration of a table, not {type(table).__name__}"
        )
    meta = type("Meta", (), {"table": table, "key": key})
    return type(
        "CommitRecordMapping",
        (MappingSchema,),
        {"Meta": meta, "_entity": CommitRecord, "expires_at": fields.TimeToLive(), "__module__": __name__},
    )


def record_of(
    request: operations.TransactWrite, records: EntityMapping[CommitRecord] | None
) -> operations.PutItem | None:
    """Find the action of a request that writes its commit record."""
    if records is None:
        return None
    puts = (each for each in request.actions if isinstance(each, operations.PutItem) and "nonce" in each.item)
    return next((put for put in puts if put.table.name == records.table.name), None)


def compiled_records(table: str | Table | None) -> EntityMapping[CommitRecord] | None:
    """Give the compiled mapping of commit records; None where there shall be none."""
    return None if table is None else mapping_of(commit_record_mapping(table))
