"""What was found about partitions: the most frequent ones, and why the service throttled."""

from __future__ import annotations

from dataclasses import dataclass

from persistence.stores.layers.tabular import text_table


@dataclass(frozen=True, slots=True)
class PartitionRow:
    """The traffic of one partition key.

    Attributes:
        table, index: where.
        key: the partition key in words; it is shown here and nowhere else.
        hash: what stands for it in events.
        operations: reads and writes of it lately, at most; what is older than a window counts half.
        share: which share of the traffic of the table or index it surely has, from 0 to 1.
        throttled: how many of its operations were throttled lately.
    """

    table: str
    index: str | None
    key: str
    hash: str
    operations: float
    share: float
    throttled: float = 0.0


@dataclass(frozen=True, slots=True)
class ThrottlingRow:
    """How often the service gave one reason for throttling.

    Attributes:
        table, index: where, as far as the service tells it.
        reason: the service's word, such as "TableReadKeyRangeThroughputExceeded".
        times: how often, since the layer was made.
    """

    table: str | None
    index: str | None
    reason: str
    times: int


@dataclass(frozen=True, slots=True)
class PartitionsReport:
    """What was found about all partitions; `print` shows it as tables, real keys included.

    Attributes:
        rows: the partitions, those with the largest share first.
        throttling: the reasons of throttling, most frequent first.
    """

    rows: tuple[PartitionRow, ...]
    throttling: tuple[ThrottlingRow, ...] = ()

    def as_rows(self) -> list[dict[str, object]]:
        """Give one dict per partition, column -> plain value."""
        return [
            {
                "table": row.table,
                "index": row.index,
                "key": row.key,
                "hash": row.hash,
                "operations": row.operations,
                "share": row.share,
                "throttled": row.throttled,
            }
            for row in self.rows
        ]

    def __str__(self) -> str:
        reasons: list[dict[str, object]] = [
            {"table": row.table, "index": row.index, "reason": row.reason, "times": row.times}
            for row in self.throttling
        ]
        return "\n\n".join(table for table in (text_table(self.as_rows()), text_table(reasons)) if table)
