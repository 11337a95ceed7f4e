"""Tables of every kind of key, and cursors to try with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from persistence.attributes import Item
from persistence.cursors import Binding, CursorKeys, Cursors
from persistence.table import GlobalIndex, Key, LocalIndex, Table

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
DIGEST = bytes(range(32))
SECRET = b"0123456789abcdef-first"
OTHER_SECRET = b"0123456789abcdef-other"

FILES = Table(
    "files",
    "folder",
    "number",
    indexes=(
        GlobalIndex("by-hash", Key("hash")),
        GlobalIndex("by-owner", Key("owner", "size")),
        GlobalIndex("by-number", Key("number", "folder")),
        LocalIndex("by-size", "size"),
    ),
    types={"number": "N", "hash": "B", "size": "N"},
)
NOTES = Table("notes", "id")

FOLDER = {"folder": {"S": "a/b"}, "number": {"N": "7"}}
POSITIONS: dict[str, tuple[Binding, Item]] = {
    "partition key": (Binding(NOTES, None, DIGEST), {"id": {"S": "n1"}}),
    "partition and sort key": (Binding(FILES, None, DIGEST), FOLDER),
    "global index of a partition key": (
        Binding(FILES, "by-hash", DIGEST),
        {**FOLDER, "hash": {"B": b"\x00\xff\xfe"}},
    ),
    "global index of both": (
        Binding(FILES, "by-owner", DIGEST),
        {**FOLDER, "owner": {"S": "Zoë"}, "size": {"N": "-0.125"}},
    ),
    "global index of the table's own attributes": (Binding(FILES, "by-number", DIGEST), FOLDER),
    "local index": (Binding(FILES, "by-size", DIGEST), {**FOLDER, "size": {"N": "1" + "0" * 120}}),
}


@dataclass
class Clock:
    """A clock that moves when it is told to."""

    now: datetime = field(default=NOON)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, time: timedelta) -> None:
        self.now += time


def cursors_of(
    *secrets: bytes,
    encrypt: bool | None = None,
    lifetime: timedelta | None = None,
    max_length: int = 16_384,
    legacy: bool = False,
    clock: Clock | None = None,
) -> Cursors:
    keys = CursorKeys(secrets or (SECRET,), lifetime, max_length, encrypt, legacy)
    return Cursors(keys, clock=clock or Clock())
