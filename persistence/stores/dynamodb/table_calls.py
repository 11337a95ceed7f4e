"""Which API performs which operation: `CALLS`, the table of all; for items see `calls`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.operations import (
    CreateBackup,
    CreateTable,
    DeleteBackup,
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
    ListBackups,
    ListTables,
    ListTags,
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
from persistence.stores.dynamodb.calls import Call, Talk
from persistence.stores.dynamodb.item_calls import ITEM_CALLS
from persistence.stores.dynamodb.tables import (
    backups,
    description,
    losses,
    scaling,
    settings,
)

CALLS: Mapping[type[Operation[Any]], Call | Talk] = {
    **ITEM_CALLS,
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
