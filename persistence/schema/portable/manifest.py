"""What a backup in a folder says of itself: the table, the files, and what they must be."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from persistence.errors import BackupDamaged
from persistence.schema.durable import replace_file
from persistence.schema.portable.folders import DATA, MANIFEST
from persistence.schema.portable.structure import structure_of, table_of_structure
from persistence.table import Table

FORMAT = "persistence-backup"
VERSION = 1
LARGEST_MANIFEST = 256 * 1024 * 1024
"""Bytes of a manifest that are read at most; it names about a million files then."""

_FILE_NAME = re.compile(rf"{DATA}/segment-[0-9]{{2,7}}-[0-9]{{4,9}}\.jsonl\.gz")
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file of a backup.

    Attributes:
        name: its path within the folder, with slashes.
        items: how many items it has, one per line.
        bytes: its size.
        sha256: the SHA-256 of the file as it is, compressed, in hexadecimal digits.
    """

    name: str
    items: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a portable backup holds.

    Attributes:
        table: the table as it was: keys, indexes, types, time to live, and what its description told of
            billing, stream and so on.
        started_at, ended_at: the aware times between which the items were read; each was read once.
        consistent: whether they were read consistently.
        segments: in how many segments.
        files: the files, in the order of their names.
        digest: the sum of the SHA-256 of all lines, modulo 2^256, in hexadecimal digits.
    """

    table: Table
    started_at: datetime
    ended_at: datetime
    consistent: bool
    segments: int
    files: tuple[BackupFile, ...]
    digest: str

    @property
    def items(self) -> int:
        """How many items there are in all."""
        return sum(file.items for file in self.files)

    @property
    def bytes(self) -> int:
        """The size of all files together."""
        return sum(file.bytes for file in self.files)

    def as_dict(self) -> dict[str, Any]:
        """Give all of it as JSON data."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "table": structure_of(self.table),
            "started_at": self.started_at.isoformat(),
            "ended_at": self.ended_at.isoformat(),
            "consistent": self.consistent,
            "segments": self.segments,
            "items": self.items,
            "bytes": self.bytes,
            "digest": self.digest,
            "files": [asdict(file) for file in self.files],
        }


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put a manifest into its folder: the backup is complete."""
    data = manifest.as_dict()
    text = json.dumps({**data, "checksum": _checksum(data)}, indent=1, sort_keys=True)
    replace_file(folder / MANIFEST, f"{text}\n".encode())


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder.

    Raises:
        BackupDamaged: there is none, or it is not as it was written.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise BackupDamaged(
            str(folder),
            f"it has no {MANIFEST}: either it is no backup, or its export has not ended; `export_items` with "
            "the same folder goes on with one that was interrupted",
        )
    data = _data_of(path)
    if data.get("format") != FORMAT:
        raise BackupDamaged(str(path), "it is no manifest of this library")
    if data.get("version") != VERSION:
        raise BackupDamaged(
            str(path), f"it is of version {data.get('version')!r} of the format, known is {VERSION}"
        )
    if data.pop("checksum", None) != _checksum(data):
        raise BackupDamaged(str(path), "it is not as it was written: its checksum differs")
    try:
        manifest = _manifest(data)
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError) as damage:
        raise BackupDamaged(str(path), "it lacks something, or has what can't be") from damage
    _check(path, manifest, data)
    return manifest


def _data_of(path: Path) -> dict[str, Any]:
    if path.stat().st_size > LARGEST_MANIFEST:
        raise BackupDamaged(str(path), f"it is larger than {LARGEST_MANIFEST} bytes")
    try:
        data = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as damage:
        raise BackupDamaged(str(path), "it is no JSON") from damage
    if not isinstance(data, dict):
        raise BackupDamaged(str(path), "it is no manifest of this library")
    return data


def _checksum(data: dict[str, Any]) -> str:
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _manifest(data: dict[str, Any]) -> Manifest:
    return Manifest(
        table_of_structure(data["table"]),
        datetime.fromisoformat(data["started_at"]),
        datetime.fromisoformat(data["ended_at"]),
        bool(data["consistent"]),
        int(data["segments"]),
        tuple(BackupFile(**file) for file in data["files"]),
        str(data["digest"]),
    )


def _check(path: Path, manifest: Manifest, data: dict[str, Any]) -> None:
    for file in manifest.files:
        if not isinstance(file.name, str) or not _FILE_NAME.fullmatch(file.name):
            raise BackupDamaged(str(path), "it names a file that no export writes")
        if not all(type(number) is int and number > 0 for number in (file.items, file.bytes)):
            raise BackupDamaged(str(path), f"what it says of {file.name!r} can't be")
    digests = [manifest.digest, *(file.sha256 for file in manifest.files)]
    if not all(isinstance(digest, str) and _DIGEST.fullmatch(digest) for digest in digests):
        raise BackupDamaged(str(path), "it has a checksum that can't be one")
    if len({file.name for file in manifest.files}) < len(manifest.files):
        raise BackupDamaged(str(path), "it names a file twice")
    if (data.get("items"), data.get("bytes")) != (manifest.items, manifest.bytes):
        raise BackupDamaged(str(path), "its counts are not those of its files")
