"""What an export has of a segment, as a checkpoint keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from persistence.attributes import Item
from persistence.errors import CheckpointMismatch
from persistence.schema.portable.lines import InvalidLine, data_of, item_of_data
from persistence.schema.portable.manifest import BackupFile


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a segment that was read and is in a complete file.

    Attributes:
        file: the file; None if there were no items.
        digest: the digest of its lines.
        next: the key after which the next one starts; None at the end of the segment.
    """

    file: BackupFile | None
    digest: str
    next: Item | None

    def as_dict(self) -> dict[str, Any]:
        """Give it as JSON data."""
        return {
            "file": None if self.file is None else asdict(self.file),
            "digest": self.digest,
            "next": None if self.next is None else data_of(self.next),
        }


def stretches_of(folder: Path, state: object, checkpoint: Path) -> tuple[Stretch, ...]:
    """Read what a checkpoint has of a segment, as far as the files are there.

    From the first file on that is missing, or is not of its size, the segment has to be read again.

    Args:
        folder: the folder of the backup.
        state: the part of the checkpoint; None if there is none.
        checkpoint: its file, for errors.

    Raises:
        CheckpointMismatch: it can't be understood.
    """
    if state is None:
        return ()
    try:
        return tuple(_whole(folder, state))  # type: ignore[arg-type]  # what it is, is found out
    except (TypeError, KeyError, InvalidLine) as damage:
        raise CheckpointMismatch(str(checkpoint), "it is damaged") from damage


def ended(stretches: tuple[Stretch, ...]) -> bool:
    """Tell whether that is all of a segment."""
    return bool(stretches) and stretches[-1].next is None


def _whole(folder: Path, state: Iterable[dict[str, Any]]) -> Iterable[Stretch]:
    for each in state:
        file = None if each["file"] is None else BackupFile(**each["file"])
        if file is not None:
            path = folder / file.name
            if not path.is_file() or path.stat().st_size != file.bytes:
                return
        following = None if each["next"] is None else item_of_data(each["next"])
        yield Stretch(file, each["digest"], following)
