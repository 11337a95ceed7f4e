"""Which API performs which operation: `CALLS`, one table of pure functions around a client's method."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import xform_name

from persistence.operation_facts import API_NAMES, WRITES, table_of
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    CreateBackup,
    CreateTable,
    DeleteBackup,
    DeleteItem,
    DeleteScaling,
    DeleteTable,
    DescribeBackup,
    DescribeInsights,
    DescribeRecovery,
    DescribeScaling,
    DescribeTable,
    DescribeTimeToLive,
    DisableTimeToLive,
    EnableTimeToLive,
    GetItem,
    ListBackups,
    ListTables,
    ListTags,
    Operation,
    PutItem,
    PutScaling,
    QueryPage,
    RestoreBackup,
    RestoreToPoint,
    ScanPage,
    TagTable,
    TransactGet,
    TransactWrite,
    UntagTable,
    UpdateInsights,
    UpdateItem,
    UpdateRecovery,
    UpdateTable,
)
from persistence.stores.dynamodb import answers, requests
from persistence.stores.dynamodb.attempts import Repeats
from persistence.stores.dynamodb.exchanges import Exchange
from persistence.stores.dynamodb.fault_rows import Asked
from persistence.stores.dynamodb.tables import (
    backups,
    description,
    losses,
    scaling,
    settings,
)


@dataclass(frozen=True, slots=True)
class Call:
    """How one type of operation is performed.

    Attributes:
        parameters: operation -> keyword arguments of the client's method.
        answer: operation, the method's answer -> the operation's own answer.
        repeats: which failed attempts botocore may repeat.
    """

    parameters: Callable[[Any], dict[str, Any]]
    answer: Callable[[Any, Mapping[str, Any]], Any]
    repeats: Repeats = "always"


@dataclass(frozen=True, slots=True)
class Talk:
    """How a type of operation is performed that takes several requests.

    Attributes:
        exchange: operation -> its requests, one after the other, and the operation's own answer.
        repeats: which failed attempts of the request that does it botocore may repeat.
    """

    exchange: Callable[[Any], Exchange[Any]]
    repeats: Repeats = "always"


def method_of(operation: type[Operation[Any]]) -> str:
    """Give the name of the client's method for a type of operation."""
    return method_named(API_NAMES[operation])


def method_named(api: str) -> str:
    """Give the name of the client's method for an action of a service."""
    return str(xform_name(api))


CALLS: Mapping[type[Operation[Any]], Call | Talk] = {
    GetItem: Call(requests.get_item, answers.item),
    BatchGetItems: Call(requests.batch_get, answers.batch_get),
    TransactGet: Call(requests.transact_get, answers.items),
    PutItem: Call(requests.put_item, answers.attributes, repeats="unless in doubt"),
    UpdateItem: Call(requests.update_item, answers.attributes, repeats="unless in doubt"),
    DeleteItem: Call(requests.delete_item, answers.attributes, repeats="unless in doubt"),
    TransactWrite: Call(requests.transact_write, answers.transact_write),
    BatchWriteItems: Call(requests.batch_write, answers.batch_write),
    QueryPage: Call(requests.query, answers.page),
    ScanPage: Call(requests.scan, answers.page),
    CreateTable: Talk(losses.make, repeats="unless in doubt"),
    DescribeTable: Call(settings.name_only, description.description),
    DeleteTable: Call(settings.name_only, settings.nothing, repeats="unless in doubt"),
    ListTables: Call(settings.list_tables, settings.table_names),
    UpdateTable: Talk(losses.change, repeats="unless in doubt"),
    DescribeTimeToLive: Call(settings.name_only, settings.time_to_live),
    EnableTimeToLive: Call(settings.enable_time_to_live, settings.nothing, repeats="unless in doubt"),
    DisableTimeToLive: Call(settings.disable_time_to_live, settings.nothing, repeats="unless in doubt"),
    DescribeRecovery: Call(settings.name_only, settings.recovery),
    UpdateRecovery: Call(settings.update_recovery, settings.recovery, repeats="unless in doubt"),
    ListTags: Talk(settings.all_tags),
    TagTable: Call(settings.tag_table, settings.nothing),
    UntagTable: Call(settings.untag_table, settings.nothing),
    DescribeInsights: Call(settings.describe_insights, settings.insights),
    UpdateInsights: Call(settings.update_insights, settings.nothing),
    DescribeScaling: Talk(scaling.describe),
    PutScaling: Talk(scaling.put),
    DeleteScaling: Talk(scaling.delete, repeats="unless in doubt"),
    CreateBackup: Call(backups.create_backup, backups.made_backup, repeats="unless in doubt"),
    DescribeBackup: Call(backups.arn_only, backups.backup),
    ListBackups: Call(backups.list_backups, backups.backups),
    DeleteBackup: Call(backups.arn_only, settings.nothing, repeats="unless in doubt"),
    RestoreBackup: Call(backups.restore_backup, description.description, repeats="unless in doubt"),
    RestoreToPoint: Call(backups.restore_to_point, description.description, repeats="unless in doubt"),
}
"""Setting what is set already changes nothing: tags, insights and scaling may be repeated, unlike what begins
something, or is refused the second time."""


def repeats_of(operation: Operation[Any], call: Call) -> Repeats:
    """Say which failed attempts of an operation botocore may repeat.

    A transaction without a client token gets one from botocore, which nobody else could repeat it under.
    """
    has_token = isinstance(operation, TransactWrite) and operation.token is not None
    return "never" if has_token else call.repeats


def asked(operation: Operation[Any]) -> Asked:
    """Describe an operation for errors."""
    return Asked(type(operation).__name__, table_of(operation), type(operation) in WRITES)
