"""The compressed files of a backup, written and read as streams."""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType

from persistence.errors import BackupDamaged
from persistence.schema.durable import sync_folder
from persistence.schema.portable.folders import UNFINISHED
from persistence.schema.portable.lines import LONGEST_LINE
from persistence.schema.portable.manifest import BackupFile

_GZIP = zlib.MAX_WBITS + 16
_CHUNK = 1024 * 1024


class PartWriter:
    """Writes one file, which gets its name when it is complete; it is deterministic, without times and names.

    Args:
        folder: the folder of the backup.
        name: the file's path within it.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.items = 0
        self.size = 0
        self._name = name
        self._path = folder / name
        self._unfinished = self._path.with_name(self._path.name + UNFINISHED)
        self._sha256 = hashlib.sha256()
        self._compressor = zlib.compressobj(wbits=_GZIP)
        self._bytes = 0

    def __enter__(self) -> PartWriter:
        self._file = self._unfinished.open("wb")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._unfinished.unlink(missing_ok=True)

    def write(self, lines: Sequence[bytes]) -> None:
        """Append lines.

        Raises:
            OSError: with the name of the file.
        """
        text = b"".join(line + b"\n" for line in lines)
        self.items += len(lines)
        self.size += len(text)
        self._append(self._compressor.compress(text))

    def finish(self) -> BackupFile | None:
        """Complete the file durably; None if it would be empty, then there is none.

        Raises:
            OSError: with the name of the file.
        """
        if not self.items:
            return None
        self._append(self._compressor.flush())
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._named(error) from error
        self._file.close()
        self._unfinished.replace(self._path)
        sync_folder(self._path.parent)
        return BackupFile(self._name, self.items, self._bytes, self._sha256.hexdigest())

    def _append(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise self._named(error) from error
        self._sha256.update(data)
        self._bytes += len(data)

    def _named(self, error: OSError) -> OSError:
        return OSError(error.errno, error.strerror, str(self._unfinished))


def check_part(folder: Path, file: BackupFile) -> None:
    """Compare a file with what the manifest says of its bytes.

    Raises:
        BackupDamaged: it is missing or another one.
    """
    path = folder / file.name
    if not path.is_file():
        raise BackupDamaged(str(path), "the file is missing")
    size = path.stat().st_size
    if size != file.bytes:
        raise BackupDamaged(str(path), f"it has {size} bytes, not {file.bytes}")
    sha256 = hashlib.sha256()
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK):
            sha256.update(chunk)
    if sha256.hexdigest() != file.sha256:
        raise BackupDamaged(str(path), "its content is not as it was written: its checksum differs")


def lines_of_part(folder: Path, file: BackupFile) -> Iterator[bytes]:
    """Give the lines of a file, without their line feeds, one at a time.

    No more is decompressed than one line of the longest that an item can be, and no more lines than there
    are items.

    Raises:
        BackupDamaged: it can't be decompressed, or has other lines than the manifest says.
    """
    path = folder / file.name
    try:
        with gzip.open(path, "rb") as content:
            for number in range(1, file.items + 1):
                yield _line(content.readline(LONGEST_LINE + 1), path, number, file.items)
            if content.read(1):
                raise BackupDamaged(str(path), f"it has more than {file.items} lines")
    except (EOFError, zlib.error, gzip.BadGzipFile) as damage:
        raise BackupDamaged(str(path), "its compressed content is damaged or cut off") from damage


def _line(line: bytes, path: Path, number: int, items: int) -> bytes:
    if line.endswith(b"\n"):
        return line[:-1]
    if len(line) > LONGEST_LINE:
        raise BackupDamaged(str(path), f"line {number} is longer than an item can be")
    raise BackupDamaged(str(path), f"it ends at line {number}, not after {items}")
