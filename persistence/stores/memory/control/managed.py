"""A table with its items, its settings and what is under way with it."""

from __future__ import annotations

from datetime import datetime

from persistence.operations import IndexDescription, TableDescription
from persistence.stores.memory.control.lifecycle import IndexChange, Lifecycle
from persistence.stores.memory.control.settings import Settings
from persistence.stores.memory.table import LiveTable
from persistence.table_options import Stream

_ARN = "arn:aws:dynamodb:memory:000000000000:table/"


def table_name(arn: str) -> str:
    """Give the name of the table that a resource name is of."""
    return arn.rpartition("/")[2]


class ManagedTable:
    """A table as its store knows it.

    Args:
        items: the table itself.
        settings: what it has beside its items.
        lifecycle: what is under way with it.
        created_at: when it was made.
        restored: whether it is made from a backup.
    """

    def __init__(
        self,
        items: LiveTable,
        settings: Settings,
        lifecycle: Lifecycle,
        created_at: datetime,
        *,
        restored: bool = False,
    ) -> None:
        self.items = items
        self.settings = settings
        self.lifecycle = lifecycle
        self.created_at = created_at
        self._restored = restored

    @property
    def name(self) -> str:
        """The table's name."""
        return self.items.name

    @property
    def arn(self) -> str:
        """Its resource name."""
        return _ARN + self.name

    def set_stream(self, stream: Stream, now: datetime) -> None:
        """Switch the stream on or off; a new one has a resource name of its own, which it keeps."""
        self.settings.stream = stream
        if stream != "DISABLED":
            self.settings.stream_label = now.isoformat(timespec="milliseconds")[:23]

    def describe(self) -> TableDescription:
        """Describe the table as the service does."""
        settings, status, change = self.settings, self.lifecycle.status, self.lifecycle.index
        leaving = change is not None and change.status == "DELETING"
        table = change.table if change is not None and leaving else self.items.declaration
        records = self.items.records.values()
        return TableDescription(
            table=table,
            status=status,
            indexes=tuple(self._describe_index(index.name, change) for index in table.indexes),
            item_count=len(records),
            size_bytes=sum(record.size for record in records),
            arn=self.arn,
            created_at=self.created_at,
            options=settings.options,
            stream_arn=self._stream_arn,
            restoring=self._restored and status == "CREATING",
        )

    @property
    def _stream_arn(self) -> str | None:
        settings = self.settings
        return f"{self.arn}/stream/{settings.stream_label}" if settings.stream != "DISABLED" else None

    def _describe_index(self, name: str, change: IndexChange | None) -> IndexDescription:
        billing = self.settings.index_billing.get(name)
        live = self.items.indexes.get(name)
        sizes = [record.size for record in live.space.records] if live is not None else []
        if self.lifecycle.status == "CREATING":
            return IndexDescription(name, "CREATING", billing=billing)
        if change is None or change.name != name:
            return IndexDescription(name, "ACTIVE", False, billing, len(sizes), sum(sizes))
        filling = change.status == "CREATING" and self.lifecycle.backfilling
        return IndexDescription(name, change.status, filling, billing, len(sizes), sum(sizes))
