"""Exports: complete, resumable at every step, and only into folders of their own."""

from __future__ import annotations

import errno
import gzip
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from persistence import GlobalIndex, Key, MemoryStore, QueryError, SchemaService, TableNotFound
from persistence.errors import CheckpointMismatch, FolderInUse, NotSupported, Throttled
from persistence.operations import DeleteTable, DescribeTimeToLive, EnableTimeToLive, ScanPage
from persistence.schema.portable import parts
from persistence.schema.portable.lines import line_of
from persistence.testing.faults import FaultyStore, Rule, Throttling
from tests.semantics.world import Pauses
from tests.unit.schema.portable.layers import Meeting, Small, Stopped, Stopping
from tests.unit.schema.portable.specimens import TABLE, contents, filled, numbered, put

ITEMS = numbered(60)
PART = 300


def lines_in(folder: Path) -> list[bytes]:
    return [
        line
        for file in sorted((folder / "data").iterdir())
        for line in gzip.decompress(file.read_bytes()).splitlines()
    ]


def files_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "data").iterdir()}


@pytest.fixture
def store() -> Small:
    return Small(filled(ITEMS))


@pytest.fixture
def schema(store: Small) -> SchemaService:
    return SchemaService(store)


class TestExport:
    def test_has_every_item_once(self, schema: SchemaService, tmp_path: Path) -> None:
        """One line per item, in files that begin anew at a size, and a manifest that counts them."""
        folder = tmp_path / "some" / "backup"

        manifest = schema.export_items(TABLE, folder, part_bytes=PART)

        assert sorted(lines_in(folder)) == sorted(map(line_of, ITEMS))
        assert manifest.items == len(ITEMS)
        assert len(manifest.files) > manifest.segments == 4
        assert {file.name for file in manifest.files} == {f"data/{name}" for name in files_in(folder)}
        assert sorted(path.name for path in folder.iterdir()) == ["data", "manifest.json"]
        assert schema.verify_items(folder) == manifest

    def test_is_the_same_for_the_same_items(self, schema: SchemaService, tmp_path: Path) -> None:
        """Files have no times and names in them."""
        schema.export_items(TABLE, tmp_path / "a", part_bytes=PART)
        schema.export_items(TABLE, tmp_path / "b", part_bytes=PART)

        assert files_in(tmp_path / "a") == files_in(tmp_path / "b")

    def test_of_an_empty_table_has_no_files(self, tmp_path: Path) -> None:
        """It is a backup all the same."""
        schema = SchemaService(filled([]))

        manifest = schema.export_items(TABLE, tmp_path / "backup")

        assert (manifest.items, manifest.files) == (0, ())
        assert schema.verify_items(tmp_path / "backup") == manifest

    def test_takes_what_the_table_is_with_it(self, tmp_path: Path) -> None:
        """Keys, indexes, types and time to live of the live table, not those of the declaration."""
        live = replace(TABLE, indexes=(GlobalIndex("by-text", Key("text")),))
        store = filled(ITEMS[1:], live)
        store.perform(EnableTimeToLive("things", "expires_at"))

        manifest = SchemaService(store).export_items(TABLE, tmp_path)

        assert manifest.table.structure == live
        assert manifest.table.time_to_live == "expires_at"

    def test_does_without_time_to_live_where_there_is_none(self, tmp_path: Path) -> None:
        """Some servers don't know of it."""

        def refuse() -> None:
            raise NotSupported("no time to live")

        store = Meeting(filled(ITEMS), DescribeTimeToLive, refuse)

        assert SchemaService(store).export_items(TABLE, tmp_path).items == len(ITEMS)

    @pytest.mark.parametrize("consistent", [False, True])
    def test_reads_as_it_is_told(
        self, schema: SchemaService, store: Small, tmp_path: Path, consistent: bool
    ) -> None:
        """In so many segments, consistently or not."""
        manifest = schema.export_items(TABLE, tmp_path, segments=2, consistent=consistent)

        assert {(page.segment, page.segments, page.consistent) for page in store.scanned} == {
            (0, 2, consistent),
            (1, 2, consistent),
        }
        assert (manifest.segments, manifest.consistent) == (2, consistent)

    def test_tells_how_far_it_is(self, schema: SchemaService, tmp_path: Path) -> None:
        """Items that were read, of as many as the table's description has."""
        progress = Stopping()

        schema.export_items(TABLE, tmp_path, progress=progress)

        last = progress.told[-1]
        assert (last.activity, last.done, last.total) == ("export table 'things'", 60, 60)
        assert [each.done for each in progress.told] == sorted(each.done for each in progress.told)

    def test_keeps_to_a_rate(self, tmp_path: Path) -> None:
        """It waits as long as what it read is worth, and reads no more at once than may be spent."""
        pauses = Pauses()
        store = Small(filled(ITEMS), page=1000, concurrent=1)
        SchemaService(store, timing=pauses.timing).export_items(TABLE, tmp_path, segments=1, read_units=0.1)

        reads = len(store.scanned)
        assert reads > 1
        assert sum(pauses.seconds) == pytest.approx((reads - 1) * 0.5 / 0.1)

    def test_outlasts_throttling(self, tmp_path: Path) -> None:
        """A request that is refused because of traffic is sent again."""
        store = FaultyStore(filled(ITEMS), [Rule(Throttling(), (ScanPage,), count=5)])

        manifest = SchemaService(store, timing=Pauses().timing).export_items(TABLE, tmp_path)

        assert manifest.items == len(ITEMS)

    def test_ends_when_throttling_does_not(self, tmp_path: Path) -> None:
        """After a minute or so; what is complete stays, so that it can go on later."""
        below = Small(filled(ITEMS), concurrent=1)
        store = FaultyStore(below, [Rule(Throttling(), (ScanPage,), after=4)])
        with pytest.raises(Throttled):
            SchemaService(store, timing=Pauses().timing).export_items(TABLE, tmp_path, part_bytes=1)

        manifest = SchemaService(below).export_items(TABLE, tmp_path, part_bytes=1)

        assert manifest.items == len(ITEMS)
        assert len(below.scanned) == len({(page.segment, str(page.start)) for page in below.scanned})

    def test_needs_a_table(self, tmp_path: Path) -> None:
        """Nothing is made where there is none."""
        with pytest.raises(TableNotFound):
            SchemaService(MemoryStore(auto_create=False)).export_items(TABLE, tmp_path / "backup")

        assert not (tmp_path / "backup").exists()

    @pytest.mark.parametrize(
        "numbers", [{"segments": 0}, {"segments": 1_000_001}, {"part_bytes": 0}, {"read_units": 0}]
    )
    def test_refuses_numbers_that_can_t_be(
        self, schema: SchemaService, tmp_path: Path, numbers: dict[str, int]
    ) -> None:
        """Before anything is done."""
        with pytest.raises(QueryError):
            schema.export_items(TABLE, tmp_path / "backup", **numbers)  # type: ignore[arg-type]  # some numbers

        assert not (tmp_path / "backup").exists()


class TestInterruptedExport:
    def test_goes_on_wherever_it_was_ended(self, tmp_path: Path) -> None:
        """Ended at each step in turn, it has the files of an undisturbed one, and reads little twice."""
        store = Small(filled(ITEMS), concurrent=1)
        schema = SchemaService(store)
        undisturbed = Stopping()
        whole = schema.export_items(TABLE, tmp_path / "whole", part_bytes=PART, progress=undisturbed)
        pages = len(store.scanned)

        for step in range(len(undisturbed.told)):
            folder = tmp_path / str(step)
            store.asked.clear()
            with pytest.raises(Stopped):
                schema.export_items(TABLE, folder, part_bytes=PART, progress=Stopping(step))
            assert not (folder / "manifest.json").exists()
            manifest = schema.export_items(TABLE, folder, part_bytes=PART)

            assert (manifest.digest, manifest.files) == (whole.digest, whole.files)
            assert files_in(folder) == files_in(tmp_path / "whole")
            assert len(store.scanned) <= pages + 2

    def test_goes_on_though_it_is_ended_again_and_again(self, tmp_path: Path) -> None:
        """Ended after each further file: what was complete is not read again."""
        store = Small(filled(ITEMS), page=2, concurrent=4)
        schema = SchemaService(store)

        ended = 0
        manifest = None
        while manifest is None:
            try:
                manifest = schema.export_items(TABLE, tmp_path, part_bytes=1, progress=Stopping(5))
            except Stopped:
                ended += 1

        assert ended > 3
        assert sorted(lines_in(tmp_path)) == sorted(map(line_of, ITEMS))
        assert manifest.items == len(ITEMS)

    def test_keeps_its_beginning(self, schema: SchemaService, tmp_path: Path) -> None:
        """`started_at` is when the first item may have been read."""
        with pytest.raises(Stopped):
            schema.export_items(TABLE, tmp_path, progress=Stopping(1))
        begun = json.loads((tmp_path / "export.json").read_text())["parts"]["started_at"]

        manifest = schema.export_items(TABLE, tmp_path)

        assert manifest.started_at.isoformat() == begun
        assert manifest.started_at < manifest.ended_at

    def test_reads_again_what_somebody_removed(self, tmp_path: Path) -> None:
        """A file that is gone, or cut off, is made again with all that follows in its segment."""
        store = Small(filled(ITEMS), concurrent=1)
        schema = SchemaService(store)
        whole = schema.export_items(TABLE, tmp_path / "whole", part_bytes=PART)
        folder = tmp_path / "backup"
        with pytest.raises(Stopped):
            schema.export_items(TABLE, folder, part_bytes=PART, progress=Stopping(15))
        names = sorted(files_in(folder))
        (folder / "data" / names[0]).unlink()
        (folder / "data" / names[-1]).write_bytes(b"")

        schema.export_items(TABLE, folder, part_bytes=PART)

        assert files_in(folder) == files_in(tmp_path / "whole")
        assert schema.verify_items(folder).digest == whole.digest

    def test_ends_once_it_has_its_manifest(self, store: Small, schema: SchemaService, tmp_path: Path) -> None:
        """Killed between the manifest and the end, it reads nothing any more."""
        with pytest.raises(Stopped):
            schema.export_items(TABLE, tmp_path, progress=Stopping(0))
        checkpoint = (tmp_path / "export.json").read_bytes()
        manifest = schema.export_items(TABLE, tmp_path)
        (tmp_path / "export.json").write_bytes(checkpoint)
        store.asked.clear()

        assert schema.export_items(TABLE, tmp_path) == manifest
        assert store.scanned == []
        assert not (tmp_path / "export.json").exists()

    def test_begins_in_a_folder_where_it_hardly_began(self, schema: SchemaService, tmp_path: Path) -> None:
        """Killed before its first checkpoint, it left next to nothing."""
        (tmp_path / "data").mkdir()
        (tmp_path / "export.json.new").write_text('{"for')

        assert schema.export_items(TABLE, tmp_path).items == len(ITEMS)

    @pytest.mark.parametrize("other", ["table", "segments", "consistent", "made anew"])
    def test_is_of_one_table_and_kind(self, tmp_path: Path, other: str) -> None:
        """Another table, or another way to read it, is refused, and the files stay."""
        store = filled(ITEMS)
        schema = SchemaService(store)
        with pytest.raises(Stopped):
            schema.export_items(TABLE, tmp_path, progress=Stopping(1))
        table, options = TABLE, {}
        match other:
            case "table":
                table = replace(TABLE, name="others")
                filled([], table, store)
            case "segments":
                options = {"segments": 5}
            case "consistent":
                options = {"consistent": True}
            case _:
                store.perform(DeleteTable("things"))
                filled(ITEMS, TABLE, store)
        before = (tmp_path / "export.json").read_bytes()

        with pytest.raises(CheckpointMismatch, match=other if other != "made anew" else "creation"):
            schema.export_items(table, tmp_path, **options)  # type: ignore[arg-type]  # of either kind

        assert (tmp_path / "export.json").read_bytes() == before

    def test_needs_its_checkpoint_as_it_was(self, schema: SchemaService, tmp_path: Path) -> None:
        """One that is damaged is refused rather than guessed at."""
        with pytest.raises(Stopped):
            schema.export_items(TABLE, tmp_path, part_bytes=1, segments=1, progress=Stopping(3))
        path = tmp_path / "export.json"
        content = json.loads(path.read_text())
        content["parts"]["segment-0"][0]["file"] = {"name": "x"}
        path.write_text(json.dumps(content))

        with pytest.raises(CheckpointMismatch, match="damaged"):
            schema.export_items(TABLE, tmp_path, part_bytes=1, segments=1)

    def test_loses_nothing_when_the_disk_is_full(
        self, schema: SchemaService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The error names the file; with more space it goes on."""
        written = 0

        class Full:
            def __init__(self, below: object) -> None:
                self._below = below

            def __getattr__(self, name: str) -> object:
                return getattr(self._below, name)

            def write(self, data: bytes) -> int:
                nonlocal written
                written += len(data)
                if written > 500:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return self._below.write(data)  # type: ignore[attr-defined,no-any-return]  # a file

        original = parts.PartWriter.__enter__

        def enter(part: parts.PartWriter) -> parts.PartWriter:
            original(part)
            part._file = Full(part._file)  # type: ignore[assignment]  # that is the subject
            return part

        with monkeypatch.context() as patched:
            patched.setattr(parts.PartWriter, "__enter__", enter)
            with pytest.raises(OSError, match=r"No space left on device: '.*segment-0") as full:
                schema.export_items(TABLE, tmp_path, part_bytes=PART)

        assert full.value.errno == errno.ENOSPC
        assert not list((tmp_path / "data").glob("*.unfinished"))
        assert schema.export_items(TABLE, tmp_path, part_bytes=PART).items == len(ITEMS)


class TestFolder:
    def test_that_is_somebody_else_s_is_refused(self, schema: SchemaService, tmp_path: Path) -> None:
        """Nothing is written among other files."""
        (tmp_path / "letter.txt").write_text("dear")

        with pytest.raises(FolderInUse, match="not empty"):
            schema.export_items(TABLE, tmp_path)

        assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]

    def test_with_data_of_somebody_else_is_refused(self, schema: SchemaService, tmp_path: Path) -> None:
        """Also where they are called as ours."""
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "letter.txt").write_text("dear")

        with pytest.raises(FolderInUse, match="not empty"):
            schema.export_items(TABLE, tmp_path)

    def test_with_a_complete_backup_is_refused(self, schema: SchemaService, tmp_path: Path) -> None:
        """A new backup is not an old one, nor does it replace it."""
        schema.export_items(TABLE, tmp_path)

        with pytest.raises(FolderInUse, match="complete backup"):
            schema.export_items(TABLE, tmp_path)

    def test_that_is_a_file_is_refused(self, schema: SchemaService, tmp_path: Path) -> None:
        """It says which."""
        (tmp_path / "backup").write_text("")

        with pytest.raises(FileExistsError, match="backup"):
            schema.export_items(TABLE, tmp_path / "backup")

    def test_is_held_by_one_export(self, schema: SchemaService, tmp_path: Path) -> None:
        """A second one at the same time is refused, also from another process."""
        script = (
            "import sys\n"
            "from pathlib import Path\n"
            "from persistence.schema.portable.folders import held\n"
            "from persistence.errors import FolderInUse\n"
            "try:\n"
            "    with held(Path(sys.argv[1])): pass\n"
            "except FolderInUse as refused: print(refused)\n"
        )

        seen: list[str] = []

        def second(progress: object) -> None:
            if seen:
                return
            with pytest.raises(FolderInUse, match="at this moment"):
                SchemaService(filled(ITEMS)).export_items(TABLE, tmp_path)
            run = [sys.executable, "-c", script, str(tmp_path)]
            told = subprocess.run(run, capture_output=True, text=True, check=True, cwd=Path.cwd())
            seen.append(told.stdout)

        schema.export_items(TABLE, tmp_path, segments=1, progress=second)

        assert "at this moment" in seen[0]


class TestExportDuringWrites:
    def test_reads_each_item_once(self, tmp_path: Path) -> None:
        """Written to meanwhile, it has every item that was there all the time, each once."""
        below = filled(ITEMS)
        late = [{**item, "at": {"N": str(int(item["at"]["N"]) + 1000)}} for item in numbered(30)]

        def write(progress: object) -> None:
            if late:
                put(below, TABLE, [late.pop()])

        SchemaService(Small(below)).export_items(TABLE, tmp_path, part_bytes=PART, progress=write)

        lines = lines_in(tmp_path)
        assert len(lines) == len(set(lines))
        assert set(map(line_of, ITEMS)) <= set(lines) <= contents(below)
