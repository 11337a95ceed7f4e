"""Operations of tables and backups in words: what each of them is to change, or to ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from persistence.operations import (
    CreateBackup,
    CreateTable,
    DeleteScaling,
    DisableTimeToLive,
    EnableTimeToLive,
    Operation,
    PutScaling,
    RestoreBackup,
    RestoreToPoint,
    TagTable,
    UntagTable,
    UpdateInsights,
    UpdateRecovery,
    UpdateTable,
)
from persistence.table_options import Billing, Provisioned


def subject_of(operation: Operation[Any]) -> str:
    """Say what an operation of a table changes, without the table and index that it is about.

    Values of tags are not shown, and neither are keys of encryption.

    Returns:
        A text such as "stream KEYS_ONLY"; empty for what has no more to say, such as a description.
    """
    match operation:
        case CreateTable(table):
            return ", ".join(table.options.declared)
        case UpdateTable():
            return ", ".join(_changes(operation))
        case EnableTimeToLive(_, attribute) | DisableTimeToLive(_, attribute):
            return attribute
        case UpdateRecovery(_, recovery):
            return _switched(recovery.enabled) + (f" for {recovery.days} days" if recovery.days else "")
        case UpdateInsights(_, enabled):
            return _switched(enabled)
        case PutScaling(_, dimension, scaling):
            return f"{dimension} from {scaling.least} to {scaling.most}"
        case DeleteScaling(_, dimension):
            return dimension
        case TagTable(_, tags):
            return ", ".join(tags)
        case UntagTable(_, names):
            return ", ".join(names)
        case CreateBackup(_, backup):
            return backup
        case RestoreBackup(arn):
            return f"from {arn.rpartition('/')[2]}"
        case RestoreToPoint(_, target, at):
            return f"to {target}, {'latest' if at is None else at.isoformat()}"
        case _:
            return ""


def _changes(update: UpdateTable) -> Iterator[str]:
    if update.create_index is not None:
        yield "create index"
    if update.delete_index is not None:
        yield "delete index"
    if update.billing is not None:
        yield _billed(update.billing)
    for index, billing in update.index_billing.items():
        yield f"index {index} {_billed(billing)}"
    if update.stream is not None:
        yield f"stream {update.stream}"
    if update.encryption is not None:
        yield f"encryption {update.encryption.kind}"
    if update.deletion_protection is not None:
        yield f"deletion protection {_switched(update.deletion_protection)}"
    if update.table_class is not None:
        yield f"table class {update.table_class}"
    for verb, replica in (("create", update.create_replica), ("update", update.update_replica)):
        if replica is not None:
            yield f"{verb} replica {replica.region}"
    if update.delete_replica is not None:
        yield f"delete replica {update.delete_replica}"


def _billed(billing: Billing) -> str:
    if isinstance(billing, Provisioned):
        return f"provisioned {billing.read_units}/{billing.write_units}"
    limits = [billing.max_read_units, billing.max_write_units]
    if limits == [None, None]:
        return "on demand"
    return f"on demand up to {'/'.join('-' if limit is None else str(limit) for limit in limits)}"


def _switched(enabled: bool) -> str:
    return "on" if enabled else "off"
