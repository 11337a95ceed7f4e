"""From a table into a folder, in segments side by side, each resumable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from persistence.attributes import Item, item_size
from persistence.errors import NotSupported, QueryError
from persistence.flows import Flow, run_together
from persistence.operations import DescribeTable, DescribeTimeToLive, Page, ScanPage, TableDescription
from persistence.schema.checkpoints import Checkpoint
from persistence.schema.pace import Pace
from persistence.schema.patience import patiently, units_of
from persistence.schema.portable.digests import Digest
from persistence.schema.portable.folders import DATA, MANIFEST, PROGRESS, UNFINISHED, check_folder, held
from persistence.schema.portable.lines import line_of
from persistence.schema.portable.manifest import Manifest, read_manifest, write_manifest
from persistence.schema.portable.parts import PartWriter
from persistence.schema.portable.reporting import Reporter
from persistence.schema.portable.stretches import Stretch, ended, stretches_of
from persistence.schema.progress import ProgressCallback
from persistence.table import Table
from persistence.timing import Timing

MOST_SEGMENTS = 1_000_000
"""Of a parallel scan (API reference, Scan: TotalSegments)."""
_READ_UNIT = 4096
_ITEM_BYTES = 1024
"""What an item is taken to have where the table's description does not tell yet."""


@dataclass(frozen=True, slots=True)
class Export:
    """What an export is to be like.

    Attributes:
        folder: where it goes; a folder of its own.
        part_bytes: bytes of lines after which another file is begun.
        segments: in how many parts the table is read.
        consistent: read consistently, at twice the price.
        read_units: units per second that it spends at most on average; None for no limit.
        progress: is told of each page.
    """

    folder: Path
    part_bytes: int
    segments: int = 4
    consistent: bool = False
    read_units: float | None = None
    progress: ProgressCallback | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.segments <= MOST_SEGMENTS:
            raise QueryError(f"an export has 1 to {MOST_SEGMENTS} segments, not {self.segments!r}")
        if self.part_bytes < 1:
            raise QueryError(f"a file takes some bytes before another is begun, not {self.part_bytes!r}")


def export_flow(
    name: str, wanted: Export, timing: Timing, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Flow[Manifest]:
    """Export a table.

    Args:
        name: the table.
        wanted: what the export is to be like.
        timing: time and waiting.
        now: gives the aware time that goes into the manifest.

    Returns:
        What the folder holds.

    Raises:
        FolderInUse: the folder holds something else, or another process is writing to it.
        CheckpointMismatch: it holds an unfinished export of another table, or one with other segments.
        OSError: the folder can't be written to; what is complete stays.
    """
    pace = Pace(wanted.read_units, timing)
    description = yield from patiently(DescribeTable(name), timing)
    table = yield from _declaration(description, timing)
    with held(wanted.folder):
        check_folder(wanted.folder)
        checkpoint = Checkpoint(wanted.folder / PROGRESS, _job(description, table, wanted))
        started = checkpoint.part("started_at")
        if started is None:
            started = now().isoformat()
            checkpoint.save("started_at", started)
        if not (wanted.folder / MANIFEST).exists():
            reporter = Reporter(f"export table {name!r}", wanted.progress, description.item_count or None)
            limit = _page_items(description, wanted)
            reading = _Reading(table, wanted, timing, pace, checkpoint, reporter, limit)
            segments = yield from reading.all_segments()
            begun = datetime.fromisoformat(started)
            write_manifest(wanted.folder, _manifest(table, wanted, segments, begun, now()))
        manifest = read_manifest(wanted.folder)
        for left in (wanted.folder / DATA).glob(f"*{UNFINISHED}"):
            left.unlink()
        checkpoint.clear()
    return manifest


def _declaration(description: TableDescription, timing: Timing) -> Flow[Table]:
    """Give all that the description of a table tells, and its time to live."""
    try:
        attribute = yield from patiently(DescribeTimeToLive(description.table.name), timing)
    except NotSupported:
        attribute = None
    return replace(description.table, time_to_live=attribute, options=description.options)


def _page_items(description: TableDescription, wanted: Export) -> int | None:
    """Bound a page to about what may be spent in a second, so that a slow rate is no row of bursts."""
    if wanted.read_units is None:
        return None
    mean = description.size_bytes / description.item_count if description.item_count else _ITEM_BYTES
    units = mean / _READ_UNIT * (1 if wanted.consistent else 0.5)
    return max(1, int(wanted.read_units / max(units, 1 / _READ_UNIT)))


def _job(description: TableDescription, table: Table, wanted: Export) -> dict[str, Any]:
    created = description.created_at
    return {
        "activity": "export",
        "table": table.name,
        "creation of the table": None if created is None else created.isoformat(),
        "place of the table": description.arn,
        "segments": wanted.segments,
        "consistent": wanted.consistent,
    }


@dataclass(frozen=True, slots=True)
class _Reading:
    """The reading of a table into files."""

    table: Table
    wanted: Export
    timing: Timing
    pace: Pace
    checkpoint: Checkpoint
    reporter: Reporter
    page_items: int | None

    def all_segments(self) -> Flow[list[tuple[Stretch, ...]]]:
        (self.wanted.folder / DATA).mkdir(exist_ok=True)
        done = [self._stretches(number) for number in range(self.wanted.segments)]
        items = sum(stretch.file.items for each in done for stretch in each if stretch.file is not None)
        if items:
            self.reporter.add(items, "read before")
        return run_together([self._segment(number, stretches) for number, stretches in enumerate(done)])

    def _stretches(self, segment: int) -> tuple[Stretch, ...]:
        folder = self.wanted.folder
        return stretches_of(folder, self.checkpoint.part(f"segment-{segment}"), folder / PROGRESS)

    def _segment(self, segment: int, stretches: tuple[Stretch, ...]) -> Flow[tuple[Stretch, ...]]:
        while not ended(stretches):
            name = f"{DATA}/segment-{segment:02}-{len(stretches):04}.jsonl.gz"
            start = stretches[-1].next if stretches else None
            stretches = (*stretches, (yield from self._stretch(segment, name, start)))
            self.checkpoint.save(f"segment-{segment}", [each.as_dict() for each in stretches])
        return stretches

    def _stretch(self, segment: int, name: str, start: Item | None) -> Flow[Stretch]:
        """Read from a key on until a file is full, or the segment ends."""
        digest = Digest()
        with PartWriter(self.wanted.folder, name) as part:
            while True:
                page = yield from self._page(segment, start)
                lines = [line_of(item) for item in page.items]
                part.write(lines)
                digest.add(lines)
                start = page.last_key
                if start is None or part.size >= self.wanted.part_bytes:
                    file = part.finish()
                    self.reporter.add(len(lines), name)
                    return Stretch(file, digest.text, start)
                self.reporter.add(len(lines), name)

    def _page(self, segment: int, start: Item | None) -> Flow[Page]:
        yield from self.pace.wait()
        request = ScanPage(
            self.table,
            limit=self.page_items,
            start=start,
            consistent=self.wanted.consistent,
            segment=segment,
            segments=self.wanted.segments,
        )
        page = yield from patiently(request, self.timing)
        estimate = sum(map(item_size, page.items)) / _READ_UNIT
        self.pace.spent(units_of(page.capacity, estimate))
        return page


def _manifest(
    table: Table, wanted: Export, segments: list[tuple[Stretch, ...]], started: datetime, ended_at: datetime
) -> Manifest:
    stretches = [stretch for segment in segments for stretch in segment]
    digest = Digest()
    for stretch in stretches:
        digest.merge(Digest(stretch.digest))
    files = [stretch.file for stretch in stretches if stretch.file is not None]
    return Manifest(table, started, ended_at, wanted.consistent, wanted.segments, tuple(files), digest.text)
