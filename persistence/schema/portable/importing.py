"""From a folder into a table: checked first, resumable, verified in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from persistence.attributes import NormalisedKey, normalised_key
from persistence.errors import CheckpointMismatch, CopyIncomplete, ItemFailure, SchemaMismatch, TableInUse
from persistence.flows import Flow
from persistence.operations import TableDescription
from persistence.schema.checkpoints import Checkpoint
from persistence.schema.flows import TableFlows
from persistence.schema.pace import Pace
from persistence.schema.portable.lines import InvalidLine, item_of
from persistence.schema.portable.manifest import Manifest, read_manifest
from persistence.schema.portable.parts import lines_of_part
from persistence.schema.portable.reporting import Reporter
from persistence.schema.portable.sending import Entry, Outcome, Sender
from persistence.schema.portable.verifying import TableCheck, Verification, check_files
from persistence.schema.progress import ProgressCallback
from persistence.store import AWS_LIMITS, Limits
from persistence.table import Table
from persistence.timing import Timing

FAILURES = 100
"""Items left out that an error has at most; all are counted."""
WINDOW_ITEMS = 400
WINDOW_BYTES = 8 * 1024 * 1024
"""What is read before it is written, and written again at most after an interruption."""


@dataclass(frozen=True, slots=True)
class Import:
    """What an import is to be like.

    Attributes:
        folder: the folder of the backup.
        overwrite: whether items that are there are replaced. They are not, by default.
        write_units: units per second that writing spends at most on average; None for no limit.
        read_units: the same for the verification.
        verify: whether the table is read in the end and held against the backup.
        checkpoint: the file that keeps where it stands; None for one in the folder.
        limits: of the store.
        window_items: how many items are written between two checkpoints at most.
        progress: is told of each step.
    """

    folder: Path
    overwrite: bool = False
    write_units: float | None = None
    read_units: float | None = None
    verify: bool = True
    checkpoint: Path | None = None
    limits: Limits = AWS_LIMITS
    window_items: int = WINDOW_ITEMS
    progress: ProgressCallback | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of the items of a backup.

    Attributes:
        table: the table that they were imported into.
        created: whether the import created it.
        items: how many items the backup has.
        written: how many were written.
        unchanged: how many were there already, as in the backup.
        kept: how many were there with another content, and were not overwritten.
        failed: how many are no items, or ones that the store refuses.
        verification: the table held against the backup; None if that was not wanted.
    """

    table: str
    created: bool
    items: int
    written: int
    unchanged: int
    kept: int
    failed: int
    verification: Verification | None = None

    @property
    def equal(self) -> bool:
        """Whether the table was verified, and holds exactly the items of the backup."""
        return self.verification is not None and self.verification.equal


def import_flow(
    target: Table | str | None, wanted: Import, tables: TableFlows, timing: Timing
) -> Flow[ImportReport]:
    """Import a backup.

    Args:
        target: the declaration of the table, or its name; None for the name that it had. A table that is
            missing is created as declared, else as the manifest has its keys and indexes.
        wanted: what the import is to be like.
        tables: creates the table.
        timing: time and waiting.

    Raises:
        BackupDamaged: the backup is not as it was written; nothing was done.
        SchemaMismatch: the table has another key.
        CheckpointMismatch: the checkpoint is of another import.
        CopyIncomplete: all is done, but some items were left out.
    """
    paces = Pace(wanted.write_units, timing), Pace(wanted.read_units, timing)
    manifest = read_manifest(wanted.folder)
    declared = _declared(target, manifest)
    check_files(
        wanted.folder,
        manifest,
        Reporter(f"check backup of {manifest.table.name!r}", wanted.progress, manifest.items),
    )
    path = wanted.checkpoint or wanted.folder / f"import-{declared.name}.json"
    checkpoint = Checkpoint(path, _job(declared.name, manifest, wanted))
    position = _Position.of(checkpoint.part("position"), path)
    description = yield from _prepare(declared, manifest, position, checkpoint, path, tables)
    table = description.table
    sender = Sender(table, wanted.overwrite, wanted.limits, paces[0], timing)
    position = replace(position, table=_identity(description))
    reporter = Reporter(f"import table {table.name!r}", wanted.progress, manifest.items, position.done)
    for window in _windows(wanted, manifest, table, position):
        outcomes = yield from sender.send(window.entries)
        position = position.after(window, outcomes)
        checkpoint.save("position", position.as_dict())
        reporter.add(window.items)
    verification = None
    if wanted.verify:
        verifying = Reporter(f"verify table {table.name!r}", wanted.progress, manifest.items)
        check = TableCheck(wanted.folder, manifest, table, wanted.limits, paces[1], timing, verifying)
        verification = yield from check.run()
    created = bool(checkpoint.part("created"))
    if created and declared.time_to_live is not None:
        # Not earlier: the service would begin to delete what has expired since the backup.
        yield from tables.ensure(replace(_keys_of(declared), time_to_live=declared.time_to_live))
    checkpoint.clear()
    report = ImportReport(table.name, created, manifest.items, *position.counts, verification)
    if position.failed:
        raise CopyIncomplete(f"import into table {table.name!r}", position.failures, position.failed, report)
    return report


@dataclass(frozen=True, slots=True)
class _Window:
    """Some lines of a backup, with what is to be written of them."""

    file: int
    line: int
    entries: list[Entry]
    failures: list[ItemFailure]

    @property
    def items(self) -> int:
        return len(self.entries) + len(self.failures)


@dataclass(frozen=True, slots=True)
class _Position:
    """Where an import stands: the lines of a file that are done, and what became of all so far."""

    file: int = 0
    line: int = 0
    written: int = 0
    unchanged: int = 0
    kept: int = 0
    failed: int = 0
    failures: tuple[ItemFailure, ...] = ()
    table: Any = None

    @property
    def counts(self) -> tuple[int, int, int, int]:
        return self.written, self.unchanged, self.kept, self.failed

    @property
    def done(self) -> int:
        return sum(self.counts)

    def after(self, window: _Window, outcomes: list[Outcome]) -> _Position:
        failures = [*window.failures, *(each for each in outcomes if isinstance(each, ItemFailure))]
        return replace(
            self,
            file=window.file,
            line=window.line,
            written=self.written + outcomes.count("written"),
            unchanged=self.unchanged + outcomes.count("unchanged"),
            kept=self.kept + outcomes.count("kept"),
            failed=self.failed + len(failures),
            failures=(*self.failures, *failures)[:FAILURES],
        )

    def as_dict(self) -> dict[str, Any]:
        data = {name: getattr(self, name) for name in self.__slots__}
        return {**data, "failures": [[failure.key, failure.reason] for failure in self.failures]}

    @classmethod
    def of(cls, state: Any, path: Path) -> _Position:
        if state is None:
            return cls()
        try:
            return cls(**{**state, "failures": tuple(ItemFailure(*each) for each in state["failures"])})
        except (TypeError, KeyError) as damage:
            raise CheckpointMismatch(str(path), "it is damaged") from damage


def _windows(wanted: Import, manifest: Manifest, table: Table, position: _Position) -> Iterator[_Window]:
    for index, file in enumerate(manifest.files[position.file :], position.file):
        done = position.line if index == position.file else 0
        lines = islice(enumerate(lines_of_part(wanted.folder, file), 1), done, None)
        window, keys, size = _Window(index, done, [], []), set[NormalisedKey](), 0
        for number, line in lines:
            entry = _entry(f"{file.name} line {number}", line, table)
            doubled = isinstance(entry, Entry) and entry.key in keys
            if window.items and (
                doubled or window.items >= wanted.window_items or size + len(line) > WINDOW_BYTES
            ):
                yield window
                window, keys, size = _Window(index, number, [], []), set(), 0
            window = replace(window, line=number)
            size += len(line)
            if isinstance(entry, Entry):
                window.entries.append(entry)
                keys.add(entry.key)
            else:
                window.failures.append(entry)
        if window.items:
            yield window


def _entry(where: str, line: bytes, table: Table) -> Entry | ItemFailure:
    try:
        item = item_of(line)
    except InvalidLine as damage:
        return ItemFailure("", f"{where}: {damage}")
    for name in table.key_names():
        if list(item.get(name, ())) != [table.type_of(name)]:
            return ItemFailure("", f"{where}: its key attribute {name!r} is missing, or of another type")
    return Entry(where, item, normalised_key(item, table.key_names()), len(line))


def _declared(target: Table | str | None, manifest: Manifest) -> Table:
    """Give the declaration of the table that is imported into, which must have the key of the backup."""
    if target is None:
        return manifest.table
    if isinstance(target, str):
        return replace(manifest.table, name=target)
    _check_key(target, manifest)
    return target


def _check_key(table: Table, manifest: Manifest) -> None:
    kept = manifest.table
    differences = []
    if table.key != kept.key:
        differences.append(f"its key is {table.key.names}, that of the backup is {kept.key.names}")
    differences += [
        f"key attribute {name!r} is of type {table.type_of(name)}, in the backup of {kept.type_of(name)}"
        for name in kept.key_names()
        if name in table.key_names() and table.type_of(name) != kept.type_of(name)
    ]
    if differences:
        raise SchemaMismatch(table.name, differences)


def _prepare(
    declared: Table,
    manifest: Manifest,
    position: _Position,
    checkpoint: Checkpoint,
    path: Path,
    tables: TableFlows,
) -> Flow[TableDescription]:
    """Create the table if it is missing, wait until it can be used, and see that it is the right one."""
    found = yield from tables.find(declared.name)
    if found is None and position.table is None:
        checkpoint.save("created", True)  # before it is, so that a killed import knows what is its own
        try:
            found = yield from tables.create(declared.structure)
        except TableInUse:
            checkpoint.save("created", False)  # somebody else was faster
            found = yield from tables.describe(declared.name)
    if found is None:
        raise CheckpointMismatch(str(path), f"table {declared.name!r} was deleted since")
    _check_key(found.table, manifest)
    description = (yield from tables.patience.until_settled(declared.name)) or found
    if position.table not in (None, _identity(description)):
        raise CheckpointMismatch(str(path), f"table {declared.name!r} was made anew since, or is elsewhere")
    return description


def _keys_of(table: Table) -> Table:
    return Table(table.name, table.partition, table.sort, types=table.types)


def _identity(description: TableDescription) -> list[str | None]:
    created = description.created_at
    return [description.arn, None if created is None else created.isoformat()]


def _job(table: str, manifest: Manifest, wanted: Import) -> dict[str, Any]:
    return {
        "activity": "import",
        "table": table,
        "backup": [manifest.started_at.isoformat(), manifest.digest],
        "overwrite": wanted.overwrite,
    }
