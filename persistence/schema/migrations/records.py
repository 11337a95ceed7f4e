"""What the history knows of a migration, and how it is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from persistence.attributes import Item
from persistence.schema.migrations.migration import Migration
from persistence.table import Table

MigrationState = Literal["pending", "running", "applied", "failed", "rolled back"]

HEADER_KEY = "ledger"
LOCK_KEY = "lock"
MIGRATION_PREFIX = "migration#"
FORMAT = "1"


def history_table(name: str) -> Table:
    """Declare a history table."""
    return Table(name, "id")


@dataclass(frozen=True, slots=True)
class MigrationStatus:
    """Where a migration stands.

    Attributes:
        id, name: which one.
        state: "pending" (never run), "running" (begun; by somebody who was killed, if nobody holds the lock),
            "applied", "failed" or "rolled back". What is not applied will be run.
        checksum: of what was run; of what will be run, if it is pending.
        at: aware time when it got into that state.
        seconds: how long it took.
        owner: who ran it.
        failure: the type of what it raised, of one that failed; also of one that is applied still, since it
            failed on its way down.
    """

    id: str
    name: str
    state: MigrationState
    checksum: str
    at: datetime | None = None
    seconds: float | None = None
    owner: str | None = None
    failure: str | None = None

    @property
    def applied(self) -> bool:
        """Whether it is applied."""
        return self.state == "applied"

    @property
    def number(self) -> int:
        """Its place in the order."""
        return int(self.id)

    def __str__(self) -> str:
        return f"{self.id}_{self.name}"


def pending(migration: Migration) -> MigrationStatus:
    """Give the status of a migration that the history does not know."""
    return MigrationStatus(migration.id, migration.name, "pending", migration.checksum)


def item_of(status: MigrationStatus) -> Item:
    """Write a status as an item."""
    texts = {
        # By number, so that one that is renamed from 1 to 0001 is still the same.
        "id": f"{MIGRATION_PREFIX}{status.number}",
        "migration": status.id,
        "name": status.name,
        "state": status.state,
        "checksum": status.checksum,
        "at": status.at and status.at.isoformat(),
        "owner": status.owner,
        "failure": status.failure,
    }
    item: Item = {name: {"S": value} for name, value in texts.items() if value is not None}
    return item if status.seconds is None else item | {"seconds": {"N": f"{status.seconds:.3f}"}}


def status_of(item: Item) -> MigrationStatus:
    """Read a status from an item."""
    at, seconds = text(item, "at"), item.get("seconds", {}).get("N")
    return MigrationStatus(
        text(item, "migration") or "",
        text(item, "name") or "",
        text(item, "state") or "pending",  # type: ignore[arg-type]  # nothing else was written
        text(item, "checksum") or "",
        None if at is None else datetime.fromisoformat(at),
        None if seconds is None else float(seconds),
        text(item, "owner"),
        text(item, "failure"),
    )


def text(item: Item, name: str) -> str | None:
    """Give a text attribute, if the item has it."""
    found: str | None = item.get(name, {}).get("S")
    return found
