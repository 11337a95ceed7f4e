"""What a server dropped without a word: parameters that are too new for it.

A server that does not know a parameter often ignores it, and makes a table that is not as it was asked for.
An answer that says nothing of a thing shows that, unless the change is still under way: the service tells
some things only when it has them. So an answer is taken at its word where the table is active already, or
where the server is surely not the service because it tells nothing of deletion protection.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from persistence.errors import NotSupported
from persistence.operations import CreateTable, ListTags, TableDescription, UpdateTable
from persistence.stores.dynamodb.exchanges import Exchange, Request
from persistence.stores.dynamodb.tables.changes import update_table
from persistence.stores.dynamodb.tables.creation import create_table
from persistence.stores.dynamodb.tables.description import description, told_in
from persistence.stores.dynamodb.tables.options import knows_protection
from persistence.stores.dynamodb.tables.settings import all_tags

_NAMES = {
    "StreamSpecification": "the stream",
    "SSESpecification": "encryption with a key of one's own",
    "DeletionProtectionEnabled": "deletion protection",
    "TableClass": "the table class",
    "OnDemandThroughput": "limits of billing on demand",
}
_TOLD_AS = {"SSESpecification": "SSEDescription", "TableClass": "TableClassSummary"}


def make(operation: CreateTable) -> Exchange[TableDescription]:
    """Create a table, and see to it that the server dropped nothing.

    Raises:
        NotSupported: it did; the table exists all the same, and `ambiguous` is true.
    """
    parameters = create_table(operation)
    answer = yield Request("CreateTable", parameters, "unless in doubt", writes=True)
    made = description(operation, answer)
    told = told_in(answer)
    if _is_final(told):
        lost = [*_lost(parameters, told), *_lost_of_indexes(_indexes_in(parameters), told)]
        if operation.table.options.tags and not (yield from _has_tags(operation, made)):
            lost.append("tags")
        if lost:
            what = f"the table was made, but without {', '.join(lost)}"
            raise _dropped("CreateTable", operation.table.name, what)
    return made


def change(operation: UpdateTable) -> Exchange[TableDescription]:
    """Change a table, and see to it that the server did not ignore it.

    Raises:
        NotSupported: it did; `ambiguous` is true, since there may be more to a change.
    """
    parameters = update_table(operation)
    answer = yield Request("UpdateTable", parameters, "unless in doubt", writes=True)
    told = told_in(answer)
    if _is_final(told):
        lost = [
            *_lost(parameters, told),
            *_lost_of_indexes(_indexes_in(parameters), told),
            *_lost_replica(operation, told),
            *_lost_removal(operation, told),
        ]
        if lost:
            raise _dropped("UpdateTable", operation.name, f"the answer to the change lacks {', '.join(lost)}")
    return description(operation, answer)


def _is_final(told: Mapping[str, Any]) -> bool:
    return told["TableStatus"] == "ACTIVE" or not knows_protection(told)


def _lost(asked: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[str]:
    for parameter, name in _NAMES.items():
        if _says_something(asked, parameter) and told.get(_TOLD_AS.get(parameter, parameter)) is None:
            yield name


def _says_something(asked: Mapping[str, Any], parameter: str) -> bool:
    """Tell whether a request wants what an answer has to show: nobody tells of what is not there."""
    match parameter, asked.get(parameter):
        case _, None:
            return False
        case "StreamSpecification", specification:
            return bool(specification["StreamEnabled"])
        case "SSESpecification", specification:
            return bool(specification["Enabled"])
        case "TableClass", table_class:
            return bool(table_class != "STANDARD")
        case "OnDemandThroughput", limits:
            return any(units > 0 for units in limits.values())
        case _, wanted:
            return bool(wanted)


def _indexes_in(asked: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    updates = asked.get("GlobalSecondaryIndexUpdates") or ()
    changed = [update.get("Create") or update.get("Update") for update in updates]
    return [index for index in (*(asked.get("GlobalSecondaryIndexes") or ()), *changed) if index]


def _lost_of_indexes(asked: list[Mapping[str, Any]], told: Mapping[str, Any]) -> Iterator[str]:
    present = {index["IndexName"]: index for index in told.get("GlobalSecondaryIndexes") or ()}
    for index in asked:
        name = index["IndexName"]
        if name not in present:
            yield f"index {name!r}"
        elif _says_something(index, "OnDemandThroughput") and not present[name].get("OnDemandThroughput"):
            yield f"limits of index {name!r}"


def _lost_replica(operation: UpdateTable, told: Mapping[str, Any]) -> Iterator[str]:
    wanted = operation.create_replica or operation.update_replica
    if wanted and wanted.region not in {one["RegionName"] for one in told.get("Replicas") or ()}:
        yield f"the replica in {wanted.region}"


def _lost_removal(operation: UpdateTable, told: Mapping[str, Any]) -> Iterator[str]:
    for index in told.get("GlobalSecondaryIndexes") or ():
        if index["IndexName"] == operation.delete_index and index.get("IndexStatus") == "ACTIVE":
            yield f"that index {operation.delete_index!r} is being deleted"


def _has_tags(operation: CreateTable, made: TableDescription) -> Exchange[bool]:
    wanted = operation.table.options.tags or {}
    if made.arn is None:
        return False
    try:
        present = yield from all_tags(ListTags(made.arn))
    except NotSupported:
        return False
    return wanted.items() <= present.items()


def _dropped(operation: str, table: str, what: str) -> NotSupported:
    error = NotSupported(f"{what}, which this server does not know", operation=operation, table=table)
    error.ambiguous = True
    return error
