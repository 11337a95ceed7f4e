"""A world for migrations: a strict store in memory, time that stands still, and a log of what ran."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from persistence import MemoryStore, Store
from persistence.schema.migrations import Migration, MigrationContext, Migrations
from persistence.timing import Timing

NOW = 1_800_000_000.0


@dataclass
class Time:
    """Time that passes only while somebody waits, or by hand."""

    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    meanwhile: Callable[[], object] | None = None

    @property
    def timing(self) -> Timing:
        return Timing(monotonic=lambda: self.seconds, sleep=self.wait, chance=lambda: 0.5)

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds
        if self.meanwhile is not None:
            self.meanwhile()

    def clock(self) -> float:
        return NOW + self.seconds


@dataclass
class Site:
    """Where deployers work: one store, one log."""

    store: Store = field(default_factory=lambda: MemoryStore(auto_create=False))
    time: Time = field(default_factory=Time)
    log: list[str] = field(default_factory=list)

    def migration(
        self,
        id: str,  # noqa: A002  # as Migration has it
        name: str = "step",
        *,
        down: bool = True,
        checksum: str = "1",
        work: Callable[[MigrationContext], object] | None = None,
        undo: Callable[[MigrationContext], object] | None = None,
    ) -> Migration:
        def up(context: MigrationContext) -> None:
            self.log.append(f"up {context.migration}")
            if work is not None:
                work(context)

        def back(context: MigrationContext) -> None:
            self.log.append(f"down {context.migration}")
            if undo is not None:
                undo(context)

        return Migration(id, name, up, back if down else None, checksum)

    def ledger(self, *migrations: Migration, **options: Any) -> Migrations:
        options = {"application": "shop", "owner": "ann", **options}
        given = {"timing": self.time.timing, "clock": self.time.clock, **options}
        store = given.pop("store", self.store)
        return Migrations(store, migrations, **given)

    def states(self, ledger: Migrations) -> dict[str, str]:
        return {status.id: status.state for status in ledger.status()}
