"""Whether a folder is as its export wrote it, and whether a table holds what a folder has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from persistence.attributes import Item, NormalisedKey, item_size, normalised_key
from persistence.errors import BackupDamaged
from persistence.flows import Flow, run_together
from persistence.operations import GetItem, ScanPage
from persistence.schema.pace import Pace
from persistence.schema.patience import patiently, read_together, units_of
from persistence.schema.portable.digests import Digest
from persistence.schema.portable.lines import InvalidLine, item_of, line_of, text_of_key
from persistence.schema.portable.manifest import Manifest, read_manifest
from persistence.schema.portable.parts import check_part, lines_of_part
from persistence.schema.portable.reporting import Reporter
from persistence.store import Limits
from persistence.table import Table
from persistence.timing import Timing

EXAMPLES = 20
"""Keys of items that differ, which a verification has at most."""
_READ_UNIT = 4096
_MOST_SEGMENTS = 64


def verify_folder(folder: Path) -> Manifest:
    """Check a backup: manifest, checksums, counts, and that each line is an item.

    Returns:
        Its manifest.

    Raises:
        BackupDamaged: it is not as it was written; `path` is the file.
    """
    manifest = read_manifest(folder)
    digest = Digest()
    for file in manifest.files:
        check_part(folder, file)
        for number, line in enumerate(lines_of_part(folder, file), 1):
            try:
                digest.add([line_of(item_of(line))])
            except InvalidLine as damage:
                raise BackupDamaged(str(folder / file.name), f"line {number}: {damage}") from None
    if digest.text != manifest.digest:
        raise BackupDamaged(str(folder), "its items are not those that were exported: their digest differs")
    return manifest


def check_files(folder: Path, manifest: Manifest, reporter: Reporter) -> None:
    """Check that the files are as they were written, without a look at their items.

    Raises:
        BackupDamaged: they are not; `path` is the file.
    """
    for file in manifest.files:
        check_part(folder, file)
        for _ in lines_of_part(folder, file):
            pass
        reporter.add(file.items, file.name)


@dataclass(frozen=True, slots=True)
class Verification:
    """A table held against a backup.

    Attributes:
        items: how many items the table has.
        digest: the digest over them.
        missing: how many items of the backup it does not have.
        different: how many it has with another content.
        extra: how many it has beyond the backup.
        examples: keys of some that are missing or different, as JSON.
    """

    items: int
    digest: str
    missing: int = 0
    different: int = 0
    extra: int = 0
    examples: tuple[str, ...] = field(default=(), repr=False)

    @property
    def equal(self) -> bool:
        """Whether it holds exactly the items of the backup."""
        return not (self.missing or self.different or self.extra)


@dataclass(frozen=True, slots=True)
class TableCheck:
    """Holds a table against a backup.

    Args:
        folder: the folder of the backup.
        manifest: its manifest.
        table: the table.
        limits: of the store.
        pace: of the reads.
        timing: time and waiting.
        reporter: is told of the items that were read.
    """

    folder: Path
    manifest: Manifest
    table: Table
    limits: Limits
    pace: Pace
    timing: Timing
    reporter: Reporter

    def run(self) -> Flow[Verification]:
        """Read the whole table; where its digest is another one, look up every item of the backup too."""
        segments = min(self.manifest.segments, _MOST_SEGMENTS)
        digest = Digest()
        yield from run_together([self._scan(number, segments, digest) for number in range(segments)])
        if (digest.items, digest.text) == (self.manifest.items, self.manifest.digest):
            return Verification(digest.items, digest.text)
        missing = different = 0
        examples: list[str] = []
        for window in self._windows():
            stored = yield from self._stored(window)
            for key, item in window.items():
                if key in stored and line_of(stored[key]) == line_of(item):
                    continue
                missing += key not in stored
                different += key in stored
                if len(examples) < EXAMPLES:
                    examples.append(text_of_key(item, self.table.key_names()))
        extra = max(0, digest.items - (self.manifest.items - missing))
        return Verification(digest.items, digest.text, missing, different, extra, tuple(examples))

    def _scan(self, segment: int, segments: int, digest: Digest) -> Flow[None]:
        start: Item | None = None
        while True:
            yield from self.pace.wait()
            request = ScanPage(self.table, start=start, consistent=True, segment=segment, segments=segments)
            page = yield from patiently(request, self.timing)
            self.pace.spent(units_of(page.capacity, sum(map(item_size, page.items)) / _READ_UNIT))
            digest.add([line_of(item) for item in page.items])
            self.reporter.add(len(page.items))
            start = page.last_key
            if start is None:
                return

    def _windows(self) -> Iterator[dict[NormalisedKey, Item]]:
        window: dict[NormalisedKey, Item] = {}
        for file in self.manifest.files:
            for line in lines_of_part(self.folder, file):
                try:
                    item = item_of(line)
                    window[normalised_key(item, self.table.key_names())] = item
                except (InvalidLine, KeyError):
                    continue  # it was told of when it was to be written
                if len(window) == self.limits.batch_gets:
                    yield window
                    window = {}
        if window:
            yield window

    def _stored(self, window: dict[NormalisedKey, Item]) -> Flow[dict[NormalisedKey, Item]]:
        names = self.table.key_names()
        gets = [
            GetItem(self.table, {name: item[name] for name in names}, consistent=True)
            for item in window.values()
        ]
        return read_together(gets, self.timing, most=self.limits.batch_gets, pace=self.pace)
