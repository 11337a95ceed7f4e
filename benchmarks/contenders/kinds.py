"""The simple shape as each kind of dataclass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from benchmarks.contenders.ours import SimpleMapping
from persistence import Key, MappingSchema


@dataclass(slots=True)
class Slotted:
    id: str
    name: str
    age: int
    active: bool
    balance: Decimal
    created_at: datetime


@dataclass(frozen=True)
class Frozen:
    id: str
    name: str
    age: int
    active: bool
    balance: Decimal
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FrozenSlotted:
    id: str
    name: str
    age: int
    active: bool
    balance: Decimal
    created_at: datetime


class SlottedMapping(MappingSchema[Slotted]):
    class Meta:
        table = "slotted"
        key = Key("id")


class FrozenMapping(MappingSchema[Frozen]):
    class Meta:
        table = "frozen"
        key = Key("id")


class FrozenSlottedMapping(MappingSchema[FrozenSlotted]):
    class Meta:
        table = "frozen-slotted"
        key = Key("id")


PLAIN = "plain"
KINDS: Mapping[str, type[MappingSchema[Any]]] = {
    PLAIN: SimpleMapping,
    "slotted": SlottedMapping,
    "frozen": FrozenMapping,
    "frozen and slotted": FrozenSlottedMapping,
}
