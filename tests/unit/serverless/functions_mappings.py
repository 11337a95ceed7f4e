"""The mappings of the function, for those who don't want to start it."""

from __future__ import annotations

from dataclasses import dataclass

from persistence.mapping import MappingSchema
from persistence.table import Key


@dataclass
class Visit:
    id: str
    count: int = 0
    version: int = 0


class VisitMapping(MappingSchema[Visit]):
    class Meta:
        table = "visits"
        key = Key("id")
