"""An application for tests of the command line: entities of many types, some of them in a store in memory."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from dependency_injector import providers

from persistence import GlobalIndex, Key, MappingSchema, MemoryStore, Repository, fields
from persistence.container import PersistenceContainer

NO_SERIAL = UUID(int=0)


class Colour(enum.Enum):
    RED = "red"
    DARK_GREEN = "dark green"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclass
class Place:
    city: str
    floor: int = 0


@dataclass
class Thing:
    id: str
    kind: str
    colour: Colour = Colour.RED
    level: Level = Level.LOW
    size: int = 0
    weight: Decimal = Decimal(0)
    price: float = 0.0
    made_at: datetime = datetime(2026, 1, 2, tzinfo=UTC)
    made_on: date = date(2026, 1, 2)
    lasts: timedelta = timedelta(0)
    serial: UUID = NO_SERIAL
    good: bool = True
    data: bytes = b""
    tags: set[str] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)
    places: list[Place] = field(default_factory=list)
    note: str | None = None
    extra: Any = None
    expires_at: datetime | None = None


class ThingMapping(MappingSchema[Thing]):
    class Meta:
        table = "things"
        key = Key("kind", "id")
        indexes = (GlobalIndex("by-colour", Key("colour", "size")),)

    note = fields.String(data_key="remark")
    expires_at = fields.TimeToLive()
    version = fields.Version()


@dataclass
class Counter:
    number: int
    count: int = 0


class CounterMapping(MappingSchema[Counter]):
    class Meta:
        table = "counters"
        key = Key("number")


MAPPINGS = (ThingMapping, CounterMapping)


def things() -> list[Thing]:
    """Give some things, all of one kind."""
    return [
        Thing(f"t{number:02}", "box", size=number, weight=Decimal("1.50") * number, places=[Place("Rome", 2)])
        for number in range(25)
    ]


def container() -> Any:
    """Give a container over a store in memory of its own that has some things."""
    made = PersistenceContainer(mappings=providers.Object(MAPPINGS))
    made.store.override(providers.Object(MemoryStore()))
    repository = Repository(ThingMapping, made.uow())
    for thing in things():
        repository.save(thing)
    return made


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    code: int
    out: str
    err: str


Run = Callable[..., Ended]
"""Runs the command line in a folder of its own."""
