"""What is live of a table, read as far as a declaration asks.

Who declares no tags needs no permission to list them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from persistence.errors import NotSupported
from persistence.flows import Flow
from persistence.operations import (
    DescribeInsights,
    DescribeRecovery,
    DescribeScaling,
    DescribeTimeToLive,
    ListTags,
    ScalingDescription,
    TableDescription,
)
from persistence.schema.planning.waiting import Patience
from persistence.table import GlobalIndex, Table
from persistence.table_options import Billing, PointInTimeRecovery, Provisioned


@dataclass(frozen=True, slots=True)
class LiveTable:
    """A live table, as far as it was asked for; None is what was not.

    Attributes:
        description: its keys, indexes and what else a description tells.
        time_to_live: the attribute that time to live is on for; None too while it is off.
        recovery: point-in-time recovery.
        tags: all its tags.
        insights: whether contributor insights are on, of the table (None) and of indexes by their names.
        scaling: how its capacity scales.
    """

    description: TableDescription
    time_to_live: str | None = None
    recovery: PointInTimeRecovery | None = None
    tags: Mapping[str, str] | None = field(default=None, hash=False)
    insights: Mapping[str | None, bool] | None = field(default=None, hash=False)
    scaling: tuple[ScalingDescription, ...] | None = None


def read_live(declared: Table, description: TableDescription, patience: Patience) -> Flow[LiveTable]:
    """Read what is live of a table that is there.

    Args:
        declared: what it shall be; only what that speaks of is read. What shall be off is so in a store that
            does not have it.
        description: the table, described.
        patience: asks.

    Raises:
        NotSupported: the store does not have something that is declared to be on.
        AccessDenied: something that is declared may not be read.
    """
    name, options = declared.name, declared.options
    time_to_live = recovery = tags = scaling = None
    if declared.time_to_live is not None:
        time_to_live = yield from patience.ask(DescribeTimeToLive(name))
    if options.point_in_time_recovery is not None:
        recovery = yield from _recovery(declared, options.point_in_time_recovery, patience)
    if options.tags:
        tags = yield from patience.ask(ListTags(resource_name(description)))
    insights = yield from _insights(declared, description, patience)
    if any(_scales(billing) for billing in _billings(declared)):
        scaling = yield from patience.ask(DescribeScaling(name))
    return LiveTable(description, time_to_live, recovery, tags, insights, scaling)


def resource_name(description: TableDescription) -> str:
    """Give the resource name of a table, which tags are set by.

    Raises:
        NotSupported: the store has none.
    """
    if description.arn is None:
        raise NotSupported(
            "the store tells no resource name (ARN) of its tables, so that they can't have tags",
            table=description.table.name,
        )
    return description.arn


def wanted_insights(declared: Table) -> dict[str | None, bool]:
    """Tell for which of a table (None) and its global indexes contributor insights are declared, and what."""
    general = declared.options.contributor_insights
    wanted: dict[str | None, bool] = {} if general is None else {None: general}
    for index in declared.indexes:
        if isinstance(index, GlobalIndex):
            own = general if index.contributor_insights is None else index.contributor_insights
            if own is not None:
                wanted[index.name] = own
    return wanted


def _insights(
    declared: Table, description: TableDescription, patience: Patience
) -> Flow[dict[str | None, bool] | None]:
    wanted = wanted_insights(declared)
    existing = {index.name for index in description.indexes}
    found: dict[str | None, bool] = {}
    for index, on in wanted.items():
        if index is None or index in existing:
            try:
                found[index] = yield from patience.ask(DescribeInsights(declared.name, index))
            except NotSupported:
                if on:
                    raise
                found[index] = False
    return found if wanted else None


def _recovery(declared: Table, wanted: PointInTimeRecovery, patience: Patience) -> Flow[PointInTimeRecovery]:
    try:
        return (yield from patience.ask(DescribeRecovery(declared.name))).recovery
    except NotSupported:
        if wanted.enabled:
            raise
        return wanted


def _billings(declared: Table) -> Iterator[Billing | None]:
    yield declared.options.billing
    yield declared.options.index_billing
    for index in declared.indexes:
        if isinstance(index, GlobalIndex):
            yield index.billing


def _scales(billing: Billing | None) -> bool:
    return isinstance(billing, Provisioned) and bool(billing.read_scaling or billing.write_scaling)
