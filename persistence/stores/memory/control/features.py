"""What is switched on and off, set and asked for by operations of its own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from persistence.operations import (
    DeleteScaling,
    DescribeInsights,
    DescribeRecovery,
    DescribeScaling,
    DescribeTimeToLive,
    DisableTimeToLive,
    EnableTimeToLive,
    ListTags,
    PutScaling,
    RecoveryDescription,
    ScalingDescription,
    TagTable,
    UntagTable,
    UpdateInsights,
    UpdateRecovery,
)
from persistence.stores.memory.control.managed import ManagedTable, table_name
from persistence.stores.memory.control.tables import Tables
from persistence.stores.memory.journal import Journal
from persistence.stores.validation.refused import NotThere, Refused
from persistence.stores.validation.tables import check_attribute_name
from persistence.stores.validation.tags import check_arn, check_new_tags, check_old_tags
from persistence.table_options import PointInTimeRecovery


class Features:
    """The features of tables; whoever uses it holds the store's lock.

    Args:
        tables: the live tables.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def describe_time_to_live(self, operation: DescribeTimeToLive) -> str | None:
        """Tell the attribute that was set as the time to live."""
        return self._tables.ready(operation.name).settings.time_to_live

    def enable_time_to_live(self, operation: EnableTimeToLive) -> None:
        """Record the attribute that holds the time to live."""
        settings = self._tables.ready(operation.name).settings
        check_attribute_name("time to live", operation.attribute)
        if settings.time_to_live == operation.attribute:
            raise Refused("TimeToLive is already enabled")
        _check_attribute(settings.time_to_live, operation.attribute)
        settings.time_to_live = operation.attribute

    def disable_time_to_live(self, operation: DisableTimeToLive) -> None:
        """Forget the attribute."""
        settings = self._tables.ready(operation.name).settings
        check_attribute_name("time to live", operation.attribute)
        if settings.time_to_live is None:
            raise Refused("TimeToLive is already disabled")
        _check_attribute(settings.time_to_live, operation.attribute)
        settings.time_to_live = None

    def describe_recovery(self, operation: DescribeRecovery) -> RecoveryDescription:
        """Tell whether point-in-time recovery is on."""
        return _recovery(self._tables.ready(operation.name))

    def update_recovery(self, operation: UpdateRecovery) -> RecoveryDescription:
        """Switch it on or off; what was recorded is forgotten when it is switched off."""
        table, wanted = self._tables.ready(operation.name), operation.recovery
        if wanted.days is not None:
            table.settings.recovery_days = wanted.days
        if not wanted.enabled:
            table.items.journal = None
        elif table.items.journal is None:
            table.items.journal = Journal(self._tables.clock, table.settings.recovery_days)
        else:
            table.items.journal.days = table.settings.recovery_days
        return _recovery(table)

    def tags(self, operation: ListTags) -> Mapping[str, str]:
        """Give all tags of a table."""
        return dict(self._tagged(operation.arn).settings.tags)

    def tag(self, operation: TagTable) -> None:
        """Set tags."""
        settings = self._tagged(operation.arn).settings
        check_new_tags(operation.tags, settings.tags)
        settings.tags.update(operation.tags)

    def untag(self, operation: UntagTable) -> None:
        """Remove tags; one that is not there is no error."""
        settings = self._tagged(operation.arn).settings
        check_old_tags(operation.names)
        for name in operation.names:
            settings.tags.pop(name, None)

    def _tagged(self, arn: str) -> ManagedTable:
        check_arn(arn)
        table = self._tables.find(table_name(arn))
        if table is None or table.arn != arn or table.lifecycle.status in ("CREATING", "DELETING"):
            raise NotThere(f"Requested resource not found: ResourceArn: {arn} not found")
        return table

    def describe_insights(self, operation: DescribeInsights) -> bool:
        """Tell whether contributor insights are on."""
        table = self._tables.ready(operation.name)
        _check_index(table, operation.index)
        return operation.index in table.settings.insights

    def update_insights(self, operation: UpdateInsights) -> None:
        """Switch contributor insights on or off; nothing is ever measured."""
        table = self._tables.ready(operation.name)
        _check_index(table, operation.index)
        if operation.enabled:
            table.settings.insights.add(operation.index)
        else:
            table.settings.insights.discard(operation.index)

    def describe_scaling(self, operation: DescribeScaling) -> tuple[ScalingDescription, ...]:
        """Give how the capacity of a table and of its indexes scales."""
        scaling = self._tables.ready(operation.name).settings.scaling
        return tuple(
            ScalingDescription(dimension, scaling[index, dimension], index)
            for index, dimension in sorted(scaling, key=lambda place: (place[0] or "", place[1]))
        )

    def put_scaling(self, operation: PutScaling) -> None:
        """Record how something scales; nothing ever does."""
        table = self._tables.ready(operation.name)
        _check_index(table, operation.index)
        table.settings.scaling[operation.index, operation.dimension] = operation.scaling

    def delete_scaling(self, operation: DeleteScaling) -> None:
        """Forget how something scales; what does not scale is no error, not even for want of a table."""
        table = self._tables.find(operation.name)
        if table is not None:
            table.settings.scaling.pop((operation.index, operation.dimension), None)


def _check_attribute(present: str | None, wanted: str) -> None:
    if present is not None and present != wanted:
        raise Refused(
            f"TimeToLive is active on a different AttributeName: current AttributeName is {present}"
        )


def _check_index(table: ManagedTable, index: str | None) -> None:
    if index is not None and index not in table.settings.index_billing:
        raise NotThere(f"Requested resource not found: Index: {index} not found for table: {table.name}")


def _recovery(table: ManagedTable) -> RecoveryDescription:
    journal = table.items.journal
    if journal is None:
        return RecoveryDescription(PointInTimeRecovery(enabled=False))
    return RecoveryDescription(
        PointInTimeRecovery(days=journal.days),
        datetime.fromtimestamp(journal.earliest, UTC),
        datetime.fromtimestamp(journal.latest, UTC),
    )
