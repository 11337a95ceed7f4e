"""A whole copy or backfill: its tables, its passes one after the other, and what is told at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from persistence.attributes import Item
from persistence.errors import ConditionFailed, CopyIncomplete, ItemFailure
from persistence.expressions import AttributeNotExists, Path
from persistence.flows import Flow
from persistence.operations import PutItem
from persistence.schema.evolution.places import backup_of, make_backup_table
from persistence.schema.evolution.report import EvolutionReport, Outcome
from persistence.schema.evolution.walk import Settle, TooManyFailures, Walk, one_by_one
from persistence.schema.flows import TableFlows
from persistence.table import Table

PASSES = 5
"""How often at most the source is gone over once more, to catch up with what was changed meanwhile."""

BACKUP, COPY, BACKFILL, VERIFY = "back up", "copy", "backfill", "verify"

KEPT_FAILURES = 100
"""How many failures a report lists."""

_BEGUN = "backup begun"
_SETTLED = "settled"


@dataclass(eq=False, slots=True)
class Job:
    """One copy or backfill.

    Attributes:
        activity: what it is called, such as "evolve 'orders'".
        walk: goes over the source.
        settle: what is done with each item.
        verify: what is done with each item when the source is gone over once more.
        first_pass: the name of the first pass.
        dry_run: whether nothing is written.
    """

    activity: str
    walk: Walk
    settle: Settle
    verify: Settle
    first_pass: str = COPY
    dry_run: bool = False

    def back_up(self, tables: TableFlows, name: str, *, copy: bool) -> Flow[None]:
        """Copy the source as it is to a table that is made for it.

        Args:
            tables: what is done to tables.
            name: of that table.
            copy: False makes the table only.

        Raises:
            TableInUse: a table of that name has items that are not this job's.
        """
        table = backup_of(self.walk.place.table, name)
        checkpoint = self.walk.checkpoint
        begun = bool(checkpoint.part(_BEGUN))
        yield from make_backup_table(tables, table, begun=begun)
        if copy:
            checkpoint.save(_BEGUN, True)
            yield from self.walk.go(BACKUP, self._backing_up(table))

    def _backing_up(self, table: Table) -> Settle:
        def settle(item: Item) -> Flow[Outcome]:
            free = AttributeNotExists(Path.of(table.partition))
            try:
                yield from self.walk.writer.write(PutItem(table, item, free))
            except ConditionFailed:
                return Outcome.UNCHANGED  # by this job, before it was interrupted
            return Outcome.WRITTEN

        return one_by_one(settle)

    def run(self, *, changing: bool = True) -> Flow[EvolutionReport]:
        """Go over the source until a pass finds nothing to do, and retry what failed in an earlier run.

        Args:
            changing: whether anything is done with the items beside backing them up.

        Raises:
            CopyIncomplete: items failed; what is in the checkpoint lets the next run retry just those.
        """
        walk = self.walk
        passes = tuple(self._passes())
        counts, settled = Counter[str](), True
        if changing:
            failed_before = bool(walk.failures(*passes))
            try:
                settled = yield from self._go(passes)
                if failed_before:
                    counts += yield from walk.retry(passes, self.verify)
            except TooManyFailures:
                settled = False
        counts += walk.tallied(self.first_pass)
        counts["caught_up"] = sum(walk.tallied(name)[Outcome.WRITTEN.value] for name in passes[1:])
        report = self._report(counts, walk.failures(BACKUP, *passes), settled=settled)
        if report.failed:
            walk.checkpoint.save(_SETTLED, settled)
            raise CopyIncomplete(self.activity, report.failures, report.failed, report)
        walk.checkpoint.clear()
        return report

    def _passes(self) -> Iterator[str]:
        """Name the passes: those that earlier runs have begun, and as many as this one may need."""
        yield self.first_pass
        begun = 0
        while self.walk.begun(f"{VERIFY} {begun + 1}"):
            begun += 1
        for number in range(1, begun + PASSES + 1):
            yield f"{VERIFY} {number}"

    def _go(self, passes: tuple[str, ...]) -> Flow[bool]:
        """Do the passes, and tell whether the last one found nothing to do."""
        if self.walk.checkpoint.part(_SETTLED):
            return True
        first, *further = passes
        yield from self.walk.go(first, self.settle)
        if self.dry_run:
            return True
        for name in further:
            # What an interrupted run has compared may have been changed since.
            resumed = self.walk.begun(name)
            outcomes = yield from self.walk.go(name, self.verify)
            if not outcomes[Outcome.WRITTEN.value] and not resumed:
                return True
        return False

    def _report(self, counts: Counter[str], failed: dict[str, str], *, settled: bool) -> EvolutionReport:
        backup = self.walk.tallied(BACKUP)
        listed = tuple(ItemFailure(key, reason) for key, reason in list(failed.items())[:KEPT_FAILURES])
        return EvolutionReport(
            read=counts["read"],
            written=counts["written"],
            unchanged=counts["unchanged"],
            left_out=counts["left_out"],
            kept_newer=counts["kept_newer"],
            caught_up=counts["caught_up"],
            backed_up=backup["written"] + backup["unchanged"],
            failed=len(failed),
            settled=settled,
            dry_run=self.dry_run,
            write_units=self.walk.writer.units,
            failures=listed,
        )
