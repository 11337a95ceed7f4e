"""What a table has beside its items, keys and indexes."""

from __future__ import annotations

from dataclasses import dataclass, field

from persistence.operations import ScalingDimension
from persistence.table import GlobalIndex, Table
from persistence.table_options import (
    RECOVERY_DAYS,
    Billing,
    Encryption,
    OnDemand,
    Provisioned,
    Scaling,
    Stream,
    TableClass,
    TableOptions,
)


@dataclass(slots=True)
class Settings:
    """The settings of a live table.

    Attributes:
        billing: of the table, without how it scales.
        index_billing: the same for each global index.
        stream: what its stream holds.
        stream_label: the time at which the stream was enabled, as a part of its resource name.
        insights: for what contributor insights are on: names of indexes, None for the table itself.
        scaling: by index, or None for the table itself, and dimension.
        recovery_days: how far back point-in-time recovery goes, or would go if it were on.
    """

    billing: Billing = field(default_factory=OnDemand)
    index_billing: dict[str, Billing] = field(default_factory=dict)
    stream: Stream = "DISABLED"
    stream_label: str = ""
    encryption: Encryption = field(default_factory=Encryption)
    deletion_protection: bool = False
    table_class: TableClass = "STANDARD"
    tags: dict[str, str] = field(default_factory=dict)
    time_to_live: str | None = None
    insights: set[str | None] = field(default_factory=set)
    scaling: dict[tuple[str | None, ScalingDimension], Scaling] = field(default_factory=dict)
    recovery_days: int = RECOVERY_DAYS

    @classmethod
    def created(cls, table: Table) -> Settings:
        """Give the settings that CreateTable makes a table with."""
        options = table.options
        billing = unscaled(options.billing or OnDemand())
        return cls(
            billing,
            {
                index.name: unscaled(index.billing or options.index_billing or like(billing))
                for index in table.indexes
                if isinstance(index, GlobalIndex)
            },
            options.stream or "DISABLED",
            encryption=options.encryption or Encryption(),
            deletion_protection=bool(options.deletion_protection),
            table_class=options.table_class or "STANDARD",
            tags=dict(options.tags or {}),
        )

    def declare_all(self, table: Table) -> None:
        """Take over what CreateTable leaves to other operations: for a table that is made by its use."""
        options = table.options
        self.time_to_live = table.time_to_live
        if options.contributor_insights:
            self.insights.add(None)
        self._declare_scaling(None, options.billing)
        for index in table.indexes:
            if isinstance(index, GlobalIndex):
                on = index.contributor_insights
                if options.contributor_insights if on is None else on:
                    self.insights.add(index.name)
                self._declare_scaling(index.name, index.billing or options.index_billing)
        if options.point_in_time_recovery is not None:
            self.recovery_days = options.point_in_time_recovery.days or RECOVERY_DAYS

    def _declare_scaling(self, index: str | None, billing: Billing | None) -> None:
        if isinstance(billing, Provisioned):
            if billing.read_scaling is not None:
                self.scaling[index, "reads"] = billing.read_scaling
            if billing.write_scaling is not None:
                self.scaling[index, "writes"] = billing.write_scaling

    def forget_index(self, name: str) -> None:
        """Drop what was set for an index that is gone."""
        self.index_billing.pop(name, None)
        self.insights.discard(name)
        self.scaling = {place: scaling for place, scaling in self.scaling.items() if place[0] != name}

    @property
    def options(self) -> TableOptions:
        """What the description of a table tells of them."""
        return TableOptions(
            billing=self.billing,
            stream=self.stream,
            encryption=self.encryption,
            deletion_protection=self.deletion_protection,
            table_class=self.table_class,
            replicas=(),
        )


def unscaled(billing: Billing) -> Billing:
    """Give billing without how it scales, as descriptions tell it."""
    if isinstance(billing, Provisioned):
        return Provisioned(billing.read_units, billing.write_units)
    return billing


def like(billing: Billing) -> Billing:
    """Give the billing of an index for which nothing is asked: the table's units, or no limits of its own."""
    return OnDemand() if isinstance(billing, OnDemand) else billing
