"""What a backup says of itself, and what is refused of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from persistence import GlobalIndex, Key, LocalIndex, Projection, Table
from persistence.errors import BackupDamaged
from persistence.schema.portable.manifest import (
    BackupFile,
    Manifest,
    _checksum,
    read_manifest,
    write_manifest,
)
from persistence.table_options import (
    Encryption,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Replica,
    Scaling,
    TableOptions,
)

EVERYTHING = Table(
    "orders",
    "customer",
    "number",
    indexes=(
        LocalIndex("by-date", "placed_at", Projection.include("a", "b")),
        GlobalIndex("plain", Key("status"), Projection.keys_only()),
        GlobalIndex(
            "several",
            Key(("city", "street"), ("year", "month")),
            billing=Provisioned(1, 2, Scaling(1, 5), Scaling(2, 6, 50.0)),
            contributor_insights=True,
        ),
    ),
    types={"number": "N", "year": "N", "city": "B"},
    time_to_live="expires_at",
    options=TableOptions(
        billing=Provisioned(5, 6, read_scaling=Scaling(5, 50)),
        index_billing=Provisioned(7, 8),
        stream="NEW_IMAGE",
        encryption=Encryption.customer("alias/orders"),
        point_in_time_recovery=PointInTimeRecovery(days=7),
        deletion_protection=True,
        table_class="STANDARD_INFREQUENT_ACCESS",
        contributor_insights=False,
        tags={"team": "sales"},
        replicas=(Replica("eu-west-1"), Replica("us-east-1", "STANDARD", "arn:key")),
    ),
)
MANIFEST = Manifest(
    EVERYTHING,
    datetime(2026, 1, 2, 3, 4, 5, 6, UTC),
    datetime(2026, 1, 2, 4, tzinfo=UTC),
    consistent=True,
    segments=2,
    files=(
        BackupFile("data/segment-00-0000.jsonl.gz", 3, 100, "a" * 64),
        BackupFile("data/segment-01-0000.jsonl.gz", 4, 200, "b" * 64),
    ),
    digest="c" * 64,
)


class TestManifest:
    @pytest.mark.parametrize(
        "table",
        [
            EVERYTHING,
            Table("plain", "id"),
            replace(EVERYTHING, indexes=(), options=TableOptions(billing=OnDemand(10, None))),
            Table("other", "id", options=TableOptions(encryption=Encryption.managed(), stream="DISABLED")),
        ],
    )
    def test_comes_back_as_it_was(self, tmp_path: Path, table: Table) -> None:
        """With everything that a table can have."""
        manifest = replace(MANIFEST, table=table)

        write_manifest(tmp_path, manifest)

        assert read_manifest(tmp_path) == manifest
        assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]

    def test_counts_what_the_files_have(self) -> None:
        """Items and bytes in all."""
        assert (MANIFEST.items, MANIFEST.bytes) == (7, 300)

    def test_must_be_there(self, tmp_path: Path) -> None:
        """A folder without is no backup, or not yet one."""
        with pytest.raises(BackupDamaged, match=r"no manifest\.json.*export_items"):
            read_manifest(tmp_path)


def change(path: Path, changed: Callable[[dict[str, Any]], object], *, sealed: bool = True) -> None:
    data = json.loads(path.read_text("utf-8"))
    changed(data)
    if sealed:
        del data["checksum"]
        data["checksum"] = _checksum(data)
    path.write_text(json.dumps(data), "utf-8")


class TestDamagedManifest:
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        write_manifest(tmp_path, MANIFEST)
        return tmp_path / "manifest.json"

    def test_of_another_byte_is_refused(self, path: Path) -> None:
        """Its checksum covers all that it says."""
        change(path, lambda data: data["files"][0].update(items=2), sealed=False)

        with pytest.raises(BackupDamaged, match="checksum") as damaged:
            read_manifest(path.parent)

        assert damaged.value.path == str(path)

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b"[" * 100_000, b'"x"', b"\xff"])
    def test_of_other_content_is_refused(self, path: Path, content: bytes) -> None:
        """Anything that is no JSON object."""
        path.write_bytes(content)

        with pytest.raises(BackupDamaged, match=r"no JSON|no manifest"):
            read_manifest(path.parent)

    def test_of_another_format_is_refused(self, path: Path) -> None:
        """A version that is not known says so, and which one it is."""
        change(path, lambda data: data.update(version=2))

        with pytest.raises(BackupDamaged, match="version 2"):
            read_manifest(path.parent)

    @pytest.mark.parametrize(
        "name",
        [
            "../secret",
            "/etc/passwd",
            "data/../../x.jsonl.gz",
            "data/segment-00-0000.jsonl.gz/../../../x",
            "data\\segment-00-0000.jsonl.gz",
            "data/segment-00-0000.jsonl.gz\n",
            "segment-00-0000.jsonl.gz",
            7,
        ],
    )
    def test_that_names_files_elsewhere_is_refused(self, path: Path, name: object) -> None:
        """Only names that an export gives."""
        change(path, lambda data: data["files"][0].update(name=name))

        with pytest.raises(BackupDamaged, match="no export writes"):
            read_manifest(path.parent)

    @pytest.mark.parametrize(
        "changed",
        [
            lambda data: data.update(format="other"),
            lambda data: data.pop("table"),
            lambda data: data.update(table=None),
            lambda data: data["table"].update(name="x"),
            lambda data: data["table"].update(options={"unknown": 1}),
            lambda data: data["table"]["indexes"][1].pop("partition"),
            lambda data: data.update(started_at="yesterday"),
            lambda data: data.update(segments=None),
            lambda data: data.update(items=8),
            lambda data: data.update(bytes=1),
            lambda data: data.update(digest="x"),
            lambda data: data.update(files=5),
            lambda data: data.update(files=[{}]),
            lambda data: data["files"][0].update(items=-3),
            lambda data: data["files"][0].update(items=True),
            lambda data: data["files"][0].update(bytes="100"),
            lambda data: data["files"][0].update(sha256="A" * 64),
            lambda data: data["files"][1].update(name=data["files"][0]["name"]),
        ],
    )
    def test_that_can_t_be_is_refused(self, path: Path, changed: Callable[[dict[str, Any]], object]) -> None:
        """Whoever wrote it: whatever an export would not say."""
        change(path, changed)

        with pytest.raises(BackupDamaged) as damaged:
            read_manifest(path.parent)

        assert damaged.value.path == str(path)
