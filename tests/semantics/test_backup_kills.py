"""Portable backups of movies on Amazon's local server, killed by the operating system and called again."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence import MemoryStore, SchemaService, Store, Table
from persistence.attributes import Item
from persistence.schema.portable.lines import line_of
from persistence.testing.servers import client_for
from tests.semantics.movie_backups import MOVIES, PART, ROOT, movies, store_over
from tests.unit.schema.portable.layers import Small
from tests.unit.schema.portable.specimens import EVERY_TYPE, TABLE, contents, filled, items, numbered

KILLS = 2


@contextmanager
def working(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.semantics.movie_backups", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def killed_again_and_again(chance: Random, *arguments: str) -> None:
    """Have a job done by processes that are killed at some moment, and in the end by one that is not."""
    for _ in range(KILLS):
        with working(*arguments) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 10)):
                assert process.stdout.readline(), "it ended by itself"
            time.sleep(chance.random() / 50)
            process.send_signal(signal.SIGKILL)
    with working(*arguments) as process:
        process.communicate()
        assert process.returncode == 0


@pytest.fixture
def access_key_id() -> str:
    """An access key of the test's own: DynamoDB Local keeps its tables apart."""
    return f"backup{uuid4().hex}"


@pytest.fixture
def store(dynamodb_local: str, access_key_id: str) -> Iterator[Store]:
    client = client_for(dynamodb_local, access_key_id=access_key_id)
    yield store_over(client)
    client.close()


@pytest.mark.slow
class TestKilledBackup:
    def test_of_an_export_has_the_files_of_an_undisturbed_one(
        self, dynamodb_local: str, access_key_id: str, store: Store, tmp_path: Path
    ) -> None:
        """Killed at random moments, and called again: the same items, digest and files."""
        filled(movies(), MOVIES, store)
        schema = SchemaService(store)
        whole = schema.export_items(MOVIES, tmp_path / "whole", part_bytes=PART)
        folder = tmp_path / "killed"

        killed_again_and_again(Random(1), "export", dynamodb_local, access_key_id, str(folder))

        manifest = schema.verify_items(folder)
        assert (manifest.items, manifest.digest) == (4609, whole.digest)
        assert manifest.files == whole.files
        assert sorted(path.name for path in folder.iterdir()) == ["data", "manifest.json"]
        assert {f"data/{path.name}" for path in (folder / "data").iterdir()} == {
            file.name for file in manifest.files
        }

    @pytest.mark.parametrize(
        ("job", "every"),
        [
            ("import", 2),  # which writes each item for itself, and so takes long
            ("overwrite", 1),
        ],
    )
    def test_of_an_import_gives_the_table_of_an_undisturbed_one(
        self, dynamodb_local: str, access_key_id: str, store: Store, tmp_path: Path, job: str, every: int
    ) -> None:
        """Killed at random moments, and called again: the table as it was, verified."""
        source = Small(filled(movies()[::every], MOVIES), page=100)
        SchemaService(source).export_items(MOVIES, tmp_path, part_bytes=PART)

        killed_again_and_again(Random(3), job, dynamodb_local, access_key_id, str(tmp_path))

        assert contents(store, MOVIES) == contents(source, MOVIES)
        assert SchemaService(store).describe(MOVIES).table == MOVIES
        assert not list(tmp_path.glob("import-*"))


class TestBetweenStores:
    def test_items_of_every_type_travel(self, store: Store, tmp_path: Path) -> None:
        """Memory to DynamoDB Local and back, byte for byte."""
        found = numbered(30)
        # The build of DynamoDB Local that is fetched refuses empty values.
        found[0] = {name: value for name, value in found[0].items() if name not in {"empty", "no bytes"}}
        assert EVERY_TYPE.keys() - found[0].keys() == {"empty", "no bytes"}

        assert_travels(found, store, tmp_path)

    @settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        items(
            texts=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
            binaries=st.binary(min_size=1, max_size=8),
        )
    )
    def test_any_items_travel(
        self, store: Store, tmp_path_factory: pytest.TempPathFactory, found: list[Item]
    ) -> None:
        """Memory to DynamoDB Local and back, whatever they are."""
        assert_travels(found, store, tmp_path_factory.mktemp("travel"))


def assert_travels(found: list[Item], local: Store, folder: Path) -> None:
    one, other = filled(found), MemoryStore(auto_create=False)
    name = f"travel-{uuid4().hex}"

    there = SchemaService(one).export_items(TABLE, folder / "there")
    assert SchemaService(local).import_items(folder / "there", name).equal
    back = SchemaService(local).export_items(Table(name, "id", "at", types={"at": "N"}), folder / "back")
    assert SchemaService(other).import_items(folder / "back", "things").equal

    assert back.digest == there.digest
    assert contents(other) == contents(one) == set(map(line_of, found))
    SchemaService(local).delete_table(Table(name, "id", "at", types={"at": "N"}))
    shutil.rmtree(folder)
