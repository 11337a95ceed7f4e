"""The entities of programs as a user of the library declares them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from persistence import Key, MappingSchema, fields
from tests.programs.kinds import ACCOUNT, CHOICE, HIDDEN, NOTE, SETTING, TICKET, TITLE_LENGTH, Kind


@dataclass
class Author:
    name: str = "nobody"
    city: str | None = None


@dataclass
class Line:
    sku: str = "none"
    quantity: int = 1


@dataclass
class Body:
    """What all kinds hold."""

    id: str
    title: str = "untitled"
    note: str | None = None
    author: Author | None = None
    lines: list[Line] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)
    extra: dict[str, Any] = field(default_factory=dict)


@dataclass
class Note(Body):
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    domain_events: list[object] = field(default_factory=list, init=False)


@dataclass
class Ticket(Body):
    version: int = 0


@dataclass
class Setting(Body):
    pass


@dataclass
class Choice(Body):
    pass


@dataclass
class Hidden(Body):
    pass


@dataclass(frozen=True)
class Account:
    id: str
    title: str = "untitled"
    note: str | None = None
    author: Author | None = None
    lines: tuple[Line, ...] = ()
    tags: frozenset[str] = frozenset()
    extra: dict[str, Any] = field(default_factory=dict)
    version: int = 0


def _title() -> fields.String:
    return fields.String(validate=fields.validate.Length(max=TITLE_LENGTH))


class NoteMapping(MappingSchema[Note]):
    class Meta:
        table = "program-notes"
        key = Key("id")

    title = _title()
    version = fields.Version()
    created_at = fields.CreatedAt()
    updated_at = fields.UpdatedAt()


class SettingMapping(MappingSchema[Setting]):
    class Meta:
        table = "program-settings"
        key = Key("id")

    title = _title()


class ChoiceMapping(MappingSchema[Choice]):
    class Meta:
        table = "program-choices"
        key = Key("id")
        concurrency = "compare"

    title = _title()


class HiddenMapping(MappingSchema[Hidden]):
    class Meta:
        table = "program-hidden"
        key = Key("id")

    title = _title()
    version = fields.Version()
    created_at = fields.CreatedAt()
    updated_at = fields.UpdatedAt()


class AccountMapping(MappingSchema[Account]):
    class Meta:
        table = "program-accounts"
        key = Key("id")

    title = _title()
    version = fields.Version()


class TicketMapping(MappingSchema[Ticket]):
    class Meta:
        table = "program-tickets"
        key = Key("id")

    title = _title()
    version = fields.Version(incarnation=True)


MAPPINGS: Mapping[Kind, type[MappingSchema[Any]]] = MappingProxyType(
    {
        NOTE: NoteMapping,
        SETTING: SettingMapping,
        CHOICE: ChoiceMapping,
        HIDDEN: HiddenMapping,
        ACCOUNT: AccountMapping,
        TICKET: TicketMapping,
    }
)

TYPES: Mapping[type, Kind] = MappingProxyType(
    {Note: NOTE, Setting: SETTING, Choice: CHOICE, Hidden: HIDDEN, Account: ACCOUNT, Ticket: TICKET}
)
