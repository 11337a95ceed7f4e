"""Imports: checked first, resumable at every step, careful with what is there, verified in the end."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from persistence import GlobalIndex, Key, MappingSchema, MemoryStore, SchemaService, Store, Table
from persistence.attributes import Item
from persistence.errors import (
    BackupDamaged,
    CheckpointMismatch,
    CopyIncomplete,
    QueryError,
    SchemaMismatch,
    StoreUnavailable,
    Throttled,
)
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    CreateTable,
    DeleteItem,
    DeleteTable,
    DescribeTimeToLive,
    EnableTimeToLive,
    GetItem,
    PutItem,
)
from persistence.schema.portable import ImportReport, Verification
from persistence.schema.portable.lines import line_of
from persistence.schema.portable.manifest import BackupFile, read_manifest, write_manifest
from persistence.testing.faults import FaultyStore, LostAnswer, Rule, Throttling, Unprocessed
from tests.semantics.world import Pauses, Recording
from tests.unit.schema.portable.layers import Meeting, Silent, Small, Stopped, Stopping, Stubborn
from tests.unit.schema.portable.specimens import TABLE, contents, filled, items, numbered, put

ITEMS = numbered(60)
LINES = set(map(line_of, ITEMS))
NEWER: Item = {**ITEMS[7], "text": {"S": "newer"}}
EXTRA: Item = {"id": {"S": "extra"}, "at": {"N": "1"}}
EXTRA_LINE = line_of(EXTRA) + b"\n"


def empty() -> MemoryStore:
    return MemoryStore(auto_create=False)


def service(store: Store) -> SchemaService:
    return SchemaService(store, timing=Pauses().timing)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    service(Small(filled(ITEMS))).export_items(TABLE, folder, part_bytes=1000)
    return folder


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    """A copy of a backup of 60 items in several files, to be harmed."""
    copy = tmp_path / "backup"
    for path in sorted(exported.rglob("*.*")):
        target = copy / path.relative_to(exported)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return copy


def written_anew(folder: Path, changed: Callable[[list[bytes]], list[bytes]]) -> BackupFile:
    """Change the lines of the first file, and let the manifest agree with it."""
    manifest = read_manifest(folder)
    path = folder / manifest.files[0].name
    lines = changed(gzip.decompress(path.read_bytes()).splitlines())
    content = gzip.compress(b"".join(line + b"\n" for line in lines))
    path.write_bytes(content)
    file = BackupFile(manifest.files[0].name, len(lines), len(content), hashlib.sha256(content).hexdigest())
    write_manifest(folder, replace(manifest, files=(file, *manifest.files[1:])))
    return file


class TestImport:
    def test_has_every_item_exactly(self, folder: Path) -> None:
        """Into a table that it creates, with every type that there is."""
        store = empty()

        imported = service(store).import_items(folder)

        digest = read_manifest(folder).digest
        assert imported == ImportReport(
            table="things",
            created=True,
            items=60,
            written=60,
            unchanged=0,
            kept=0,
            failed=0,
            verification=Verification(60, digest),
        )
        assert imported.equal
        assert contents(store) == LINES
        assert not list(folder.glob("import-*"))

    @settings(deadline=None, max_examples=20)
    @given(items())
    def test_is_equal_item_for_item(
        self, tmp_path_factory: pytest.TempPathFactory, found: list[Item]
    ) -> None:
        """Whatever the items are."""
        source, target = filled(found), empty()
        folder = tmp_path_factory.mktemp("backup")

        service(source).export_items(TABLE, folder, part_bytes=200)
        imported = service(target).import_items(folder)

        assert imported.equal
        assert contents(target) == contents(source)

    def test_creates_the_table_as_it_was(self, tmp_path: Path) -> None:
        """Keys, types and indexes; time to live is switched on when all is in it and was verified."""
        live = replace(TABLE, indexes=(GlobalIndex("by-text", Key("text")),))
        source = filled(ITEMS[1:], live)
        source.perform(EnableTimeToLive("things", "expires_at"))
        service(source).export_items(TABLE, tmp_path)
        target = Recording(empty())

        service(target).import_items(tmp_path, "copies")

        assert service(target).describe(replace(TABLE, name="copies")).table == replace(live, name="copies")
        assert target.perform(DescribeTimeToLive("copies")) == "expires_at"
        kinds = [type(operation) for operation in target.operations]
        assert kinds.index(EnableTimeToLive) > max(
            index for index, kind in enumerate(kinds) if kind is PutItem
        )

    def test_can_be_into_another_name_or_declaration(self, folder: Path) -> None:
        """A name gives a table as the backup has it, a declaration one as it is declared."""
        store = empty()
        declared = Table("declared", "id", "at", (GlobalIndex("by-text", Key("text")),), {"at": "N"})

        named = service(store).import_items(folder, "named")
        other = service(store).import_items(folder, declared)

        assert (named.table, other.table) == ("named", "declared")
        assert contents(store, replace(TABLE, name="named")) == contents(store, declared) == LINES
        assert service(store).describe(declared).table.indexes == declared.indexes

    def test_can_be_into_the_table_of_a_mapping(self, folder: Path) -> None:
        """The mapping's own name."""

        @dataclass
        class Thing:
            id: str
            at: int

        class ThingMapping(MappingSchema[Thing]):
            class Meta:
                table = "mapped"
                key = Key("id", "at")

        store = empty()

        assert service(store).import_items(folder, ThingMapping).table == "mapped"
        assert contents(store, replace(TABLE, name="mapped")) == LINES

    def test_leaves_the_time_to_live_of_a_table_that_is_there(self, tmp_path: Path) -> None:
        """What it did not create, it does not change."""
        source = filled(ITEMS)
        source.perform(EnableTimeToLive("things", "expires_at"))
        service(source).export_items(TABLE, tmp_path)
        target = filled([])

        service(target).import_items(tmp_path)

        assert target.perform(DescribeTimeToLive("things")) is None

    def test_tells_how_far_it_is(self, folder: Path) -> None:
        """Checking, importing, verifying: each up to all items."""
        progress = Stopping()

        service(empty()).import_items(folder, progress=progress)

        last = {each.activity: (each.done, each.total) for each in progress.told}
        assert last == {
            "check backup of 'things'": (60, 60),
            "import table 'things'": (60, 60),
            "verify table 'things'": (60, 60),
        }

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_keeps_to_a_rate(self, folder: Path, overwrite: bool) -> None:
        """It waits as long as what it wrote is worth."""
        pauses = Pauses()
        store = Small(empty(), concurrent=1)

        SchemaService(store, timing=pauses.timing).import_items(
            folder, overwrite=overwrite, write_units=10, verify=False
        )

        assert 5 < sum(pauses.seconds) <= 6.1

    def test_does_without_a_verification(self, folder: Path) -> None:
        """Where it is too much to read."""
        imported = service(empty()).import_items(folder, verify=False)

        assert (imported.verification, imported.equal) == (None, False)

    @pytest.mark.parametrize("name", ["write_units", "read_units"])
    def test_refuses_rates_that_can_t_be(self, folder: Path, name: str) -> None:
        """Before anything is done."""
        store = empty()
        with pytest.raises(QueryError):
            service(store).import_items(folder, **{name: 0})  # type: ignore[arg-type]  # one of the rates

        assert not service(store).exists(TABLE)


class TestImportIntoLiveTable:
    def test_loses_nothing_that_is_newer(self, folder: Path) -> None:
        """What is there stays, and is counted: as in the backup, or with another content."""
        store = filled([NEWER, EXTRA, *ITEMS[20:30]])

        imported = service(store).import_items(folder)

        assert (imported.written, imported.unchanged, imported.kept) == (49, 10, 1)
        verification = imported.verification
        assert verification is not None
        assert (verification.missing, verification.different, verification.extra) == (0, 1, 1)
        assert verification.examples == ('{"at":{"N":"7"},"id":{"S":"p0"}}',)
        assert not imported.equal
        assert contents(store) == (LINES - {line_of(ITEMS[7])}) | {line_of(NEWER), line_of(EXTRA)}

    def test_overwrites_where_it_is_told_to(self, folder: Path) -> None:
        """Items of the backup's keys become as they were; others stay."""
        store = Recording(filled([NEWER, EXTRA]))

        imported = service(store).import_items(folder, overwrite=True)

        assert (imported.written, imported.kept) == (60, 0)
        assert contents(store) == LINES | {line_of(EXTRA)}
        batches = [each for each in store.operations if isinstance(each, BatchWriteItems)]
        assert max(len(batch.writes) for batch in batches) <= 25
        assert not any(isinstance(each, PutItem) for each in store.operations)

    def test_never_overwrites_what_is_written_meanwhile(self, folder: Path) -> None:
        """Also in a table that it has created itself: the application may be at work already."""
        below = empty()
        store = Meeting(below, PutItem, lambda: put(below, TABLE, [NEWER]))

        imported = service(store).import_items(folder)

        assert imported.kept == 1
        assert line_of(NEWER) in contents(below)

    def test_looks_itself_where_the_store_does_not_tell_what_is_there(self, folder: Path) -> None:
        """Old servers don't give the item whose key is taken."""

        store = Silent(filled([NEWER, *ITEMS[20:30]]))

        imported = service(store).import_items(folder)

        assert (imported.written, imported.unchanged, imported.kept) == (49, 10, 1)

    def test_writes_what_is_deleted_while_it_looks(self, folder: Path) -> None:
        """Gone between the refusal and the look, it is written after all."""
        below = filled([NEWER])
        key = {name: NEWER[name] for name in ("id", "at")}

        store = Meeting(Silent(below), GetItem, lambda: below.perform(DeleteItem(TABLE, key)))

        imported = service(store).import_items(folder)

        assert imported.written == 60
        assert contents(below) == LINES

    @pytest.mark.parametrize(
        "live",
        [
            Table("things", "id"),
            Table("things", "at", "id", types={"at": "N"}),
            Table("things", "id", "at"),
        ],
    )
    def test_refuses_another_key(self, folder: Path, live: Table) -> None:
        """A table with another key is another table."""
        store = Recording(filled([], live))

        with pytest.raises(SchemaMismatch, match=r"(of|in) the backup"):
            service(store).import_items(folder)
        with pytest.raises(SchemaMismatch, match=r"(of|in) the backup"):
            service(store).import_items(folder, live)

        assert not any(isinstance(each, PutItem | BatchWriteItems) for each in store.operations)

    def test_is_idempotent(self, folder: Path) -> None:
        """Once more does nothing more."""
        store = empty()
        service(store).import_items(folder)

        again = service(store).import_items(folder)

        assert (again.created, again.written, again.unchanged, again.equal) == (False, 0, 60, True)


class TestInterruptedImport:
    @pytest.mark.parametrize("overwrite", [False, True])
    def test_goes_on_wherever_it_was_ended(self, folder: Path, overwrite: bool) -> None:
        """Ended at each step in turn, the table is in the end as after an undisturbed one."""
        undisturbed = Stopping()
        service(empty()).import_items(folder, overwrite=overwrite, progress=undisturbed)

        for step in range(len(undisturbed.told)):
            store = empty()
            with pytest.raises(Stopped):
                service(store).import_items(folder, overwrite=overwrite, progress=Stopping(step))
            imported = service(store).import_items(folder, overwrite=overwrite)

            assert imported.equal
            assert imported.written + imported.unchanged == 60
            assert imported.created
            assert contents(store) == LINES
            assert not list(folder.glob("import-*"))

    def test_does_not_do_again_what_is_done(self, folder: Path) -> None:
        """What was there at a checkpoint is neither read nor written again."""
        store = Recording(empty())
        files = len(read_manifest(folder).files)
        with pytest.raises(Stopped):
            service(store).import_items(folder, progress=Stopping(files + files // 2))
        before = sum(isinstance(each, PutItem) for each in store.operations)

        imported = service(store).import_items(folder)

        puts = [each for each in store.operations if isinstance(each, PutItem)]
        assert 0 < before < 60
        assert len(puts) == 60
        assert (imported.written, imported.unchanged) == (60, 0)

    def test_may_keep_where_it_stands_elsewhere(self, folder: Path, tmp_path: Path) -> None:
        """A folder that is only readable needs another place."""
        store, checkpoint = empty(), tmp_path / "stand.json"
        files = len(read_manifest(folder).files)
        with pytest.raises(Stopped):
            service(store).import_items(folder, checkpoint=checkpoint, progress=Stopping(files + 2))

        assert checkpoint.exists()
        assert not list(folder.glob("import-*"))
        assert service(store).import_items(folder, checkpoint=checkpoint).equal
        assert not checkpoint.exists()

    def test_is_of_one_backup_and_kind(self, folder: Path) -> None:
        """Who goes on with it means the same."""
        store = empty()
        files = len(read_manifest(folder).files)
        with pytest.raises(Stopped):
            service(store).import_items(folder, progress=Stopping(files + 2))

        with pytest.raises(CheckpointMismatch, match="overwrite"):
            service(store).import_items(folder, overwrite=True)

    @pytest.mark.parametrize("again", [False, True])
    def test_needs_the_table_that_it_began_with(self, folder: Path, again: bool) -> None:
        """Deleted, or deleted and made anew, it would lack what was done before."""
        clock = [1000.0]
        store = MemoryStore(auto_create=False, clock=lambda: clock[0])
        files = len(read_manifest(folder).files)
        with pytest.raises(Stopped):
            service(store).import_items(folder, progress=Stopping(files + 2))
        store.perform(DeleteTable("things"))
        clock[0] += 1
        if again:
            store.perform(CreateTable(TABLE))

        with pytest.raises(CheckpointMismatch, match="anew" if again else "deleted"):
            service(store).import_items(folder)

    def test_needs_its_checkpoint_as_it_was(self, folder: Path) -> None:
        """One that is damaged is refused."""
        store = empty()
        files = len(read_manifest(folder).files)
        with pytest.raises(Stopped):
            service(store).import_items(folder, progress=Stopping(files + 2))
        path = folder / "import-things.json"
        content = json.loads(path.read_text())
        del content["parts"]["position"]["failures"]
        path.write_text(json.dumps(content))

        with pytest.raises(CheckpointMismatch, match="damaged"):
            service(store).import_items(folder)

    def test_finds_a_table_that_somebody_else_creates(self, folder: Path) -> None:
        """Two at once meet in one table."""
        below = empty()
        store = Meeting(below, CreateTable, lambda: below.perform(CreateTable(TABLE)))

        imported = service(store).import_items(folder)

        assert (imported.created, imported.equal) == (False, True)


class TestImportAndFaults:
    @pytest.mark.parametrize("overwrite", [False, True])
    def test_outlasts_what_passes(self, folder: Path, overwrite: bool) -> None:
        """Throttling, lost answers, parts of batches that are left undone."""
        below = empty()
        plan = [
            Rule(Throttling(), (PutItem, BatchWriteItems), probability=0.2),
            Rule(LostAnswer(), (PutItem, BatchWriteItems), probability=0.2),
            Rule(Unprocessed(20), (BatchWriteItems,), probability=0.5),
        ]

        imported = service(FaultyStore(below, plan, seed=1)).import_items(folder, overwrite=overwrite)

        assert imported.equal
        assert contents(below) == LINES

    def test_ends_when_parts_are_never_done(self, tmp_path: Path) -> None:
        """After a minute or so without any progress, as if all of it had been throttled."""
        service(filled(ITEMS)).export_items(TABLE, tmp_path, segments=1)

        with pytest.raises(Throttled, match="again and again"):
            service(Stubborn(empty())).import_items(tmp_path, overwrite=True)

    def test_verifies_in_spite_of_them(self, folder: Path) -> None:
        """Keys that are left unprocessed are asked for again."""
        below = filled([NEWER])
        plan = [Rule(Unprocessed(5), (BatchGetItems,), count=3)]

        imported = service(FaultyStore(below, plan)).import_items(folder)

        assert imported.verification is not None
        assert (imported.verification.missing, imported.verification.different) == (0, 1)

    def test_ends_when_the_store_is_away(self, folder: Path) -> None:
        """And goes on when it is back."""
        below = empty()
        store = FaultyStore(below, [Rule(LostAnswer(), (PutItem,), after=20)])

        with pytest.raises(StoreUnavailable):
            service(store).import_items(folder)

        assert service(below).import_items(folder).equal


class TestItemsThatAreRefused:
    @pytest.mark.parametrize("overwrite", [False, True])
    def test_are_left_out_and_told(self, folder: Path, overwrite: bool) -> None:
        """Lines that are no items, and items that the store refuses; everything else is imported."""
        odd: Item = {"id": {"S": "odd"}, "at": {"N": "1"}, "set": {"SS": ["a", "a"]}}

        def spoiled(lines: list[bytes]) -> list[bytes]:
            return [b"nonsense", *lines, line_of(odd), b'{"Item":{"id":{"S":"x"}}}']

        file = written_anew(folder, spoiled)
        store = empty()

        with pytest.raises(CopyIncomplete) as incomplete:
            service(store).import_items(folder, overwrite=overwrite)

        error = incomplete.value
        assert error.failed == error.report.failed == 3
        assert error.report.written == 60
        assert f"{file.name} line 1: it is no JSON" in str(error)
        assert f"{file.name} line {file.items - 1}: " in str(error)
        assert f"{file.name} line {file.items}: its key attribute 'at' is missing" in str(error)
        assert [failure.key for failure in error.failures][-1] == '{"at":{"N":"1"},"id":{"S":"odd"}}'
        assert contents(store) == LINES

    def test_are_tried_again(self, folder: Path) -> None:
        """When the cause is mended, the same call does the rest."""
        live = replace(TABLE, indexes=(GlobalIndex("by-text", Key("text")),), types={"at": "N", "text": "N"})
        store = filled([], live)
        with pytest.raises(CopyIncomplete) as incomplete:
            service(store).import_items(folder)
        assert incomplete.value.failed == 60
        store.perform(DeleteTable("things"))

        assert service(store).import_items(folder).equal

    def test_with_the_same_key_come_one_after_the_other(self, folder: Path) -> None:
        """No batch has two of one key; the last line wins where lines overwrite, else the first."""
        first = next(iter(written_lines(folder)))
        item = json.loads(first)
        item["Item"]["text"] = {"S": "again"}
        later = json.dumps(item).encode()
        written_anew(folder, lambda lines: [*lines, later])
        careful, bold = empty(), empty()

        kept = service(careful).import_items(folder)
        service(bold).import_items(folder, overwrite=True)

        assert kept.kept == 1
        assert first in contents(careful)
        assert first not in contents(bold)


def written_lines(folder: Path) -> list[bytes]:
    file = read_manifest(folder).files[0]
    return gzip.decompress((folder / file.name).read_bytes()).splitlines()


class TestDamagedBackup:
    @pytest.mark.parametrize("harm", ["byte", "cut", "missing", "folder", "longer"])
    def test_is_refused_before_anything_is_done(self, folder: Path, harm: str) -> None:
        """The error names the file."""
        path = folder / read_manifest(folder).files[-1].name
        content = bytearray(path.read_bytes())
        match harm:
            case "byte":
                content[len(content) // 2] ^= 1
                path.write_bytes(content)
            case "cut":
                path.write_bytes(content[:-5])
            case "longer":
                path.write_bytes(content + b"x")
            case "missing":
                path.unlink()
            case _:
                path.unlink()
                path.mkdir()
        store = Recording(empty())

        with pytest.raises(BackupDamaged) as damaged:
            service(store).import_items(folder)
        with pytest.raises(BackupDamaged):
            service(store).verify_items(folder)

        assert damaged.value.path == str(path)
        assert store.operations == []

    @pytest.mark.parametrize(
        ("content", "items", "reason"),
        [
            (gzip.compress(EXTRA_LINE * 3), 2, "more than 2 lines"),
            (gzip.compress(EXTRA_LINE * 3), 4, "ends at line 4"),
            (gzip.compress(EXTRA_LINE + b"{}"), 2, "ends at line 2"),
            (gzip.compress(EXTRA_LINE * 2)[:-9], 2, "damaged or cut off"),
            (gzip.compress(EXTRA_LINE * 2)[:-3], 2, "damaged or cut off"),
            (b"not compressed", 2, "damaged or cut off"),
            (gzip.compress(EXTRA_LINE) + b"rubbish", 1, "damaged or cut off"),
            (gzip.compress(b"[" * 50_000_000), 1, "longer than an item can be"),
        ],
        ids=["more", "fewer", "cut line", "cut", "cut at the end", "plain", "followed", "endless"],
    )
    def test_that_agrees_with_its_manifest_is_refused_too(
        self, folder: Path, content: bytes, items: int, reason: str
    ) -> None:
        """Files that nobody exports: wrong counts, cut off, or that unpack to no end."""
        manifest = read_manifest(folder)
        (folder / manifest.files[0].name).write_bytes(content)
        file = BackupFile(manifest.files[0].name, items, len(content), hashlib.sha256(content).hexdigest())
        write_manifest(folder, replace(manifest, files=(file, *manifest.files[1:])))
        store = Recording(empty())

        with pytest.raises(BackupDamaged, match=reason) as damaged:
            service(store).import_items(folder)
        with pytest.raises(BackupDamaged, match=reason):
            service(store).verify_items(folder)

        assert damaged.value.path == str(folder / file.name)
        assert store.operations == []

    def test_of_which_a_line_is_no_item_is_found_by_verify(self, folder: Path) -> None:
        """With file and line."""
        file = written_anew(folder, lambda lines: [*lines, b"{}"])

        with pytest.raises(BackupDamaged, match=f"line {file.items}") as damaged:
            service(empty()).verify_items(folder)

        assert damaged.value.path == str(folder / file.name)

    def test_of_which_an_item_is_another_is_found_by_verify(self, folder: Path) -> None:
        """By the digest over all items."""
        written_anew(folder, lambda lines: [*lines[:-1], line_of(EXTRA)])

        with pytest.raises(BackupDamaged, match="digest"):
            service(empty()).verify_items(folder)

    def test_that_has_not_ended_is_refused(self, tmp_path: Path) -> None:
        """It says how to end it."""
        with pytest.raises(Stopped):
            service(filled(ITEMS)).export_items(TABLE, tmp_path, progress=Stopping(1))

        with pytest.raises(BackupDamaged, match="export_items"):
            service(empty()).import_items(tmp_path)

    def test_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        """A name that is wrong makes no folder."""
        with pytest.raises(BackupDamaged, match="no manifest"):
            service(empty()).import_items(tmp_path / "none")

        assert not (tmp_path / "none").exists()
