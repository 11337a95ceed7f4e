"""Entities whose removal marks them, one mapping per rule that has to be shown."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from persistence import Key, MappingSchema, fields

FUTURE = datetime(2100, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
"""Servers delete what has expired by their clock, so these tests live in a time that none has reached."""

MONTH = timedelta(days=30)


@dataclass
class Page:
    """Shows when it was removed."""

    id: str
    title: str = "untitled"
    version: int = 0
    updated_at: datetime | None = None
    deleted_at: datetime | None = None


class PageMapping(MappingSchema[Page]):
    class Meta:
        table = "pages"
        key = Key("id")

    version = fields.Version()
    updated_at = fields.UpdatedAt()
    deleted_at = fields.DeletedAt(data_key="deletedAt")


@dataclass
class Draft:
    """Has no version, and its mark is in the table only."""

    id: str
    text: str = "none"


class DraftMapping(MappingSchema[Draft]):
    class Meta:
        table = "drafts"
        key = Key("id")

    deleted_at = fields.DeletedAt()


class ComparedDraftMapping(MappingSchema[Draft]):
    class Meta:
        table = "compared-drafts"
        key = Key("id")
        concurrency = "compare"

    deleted_at = fields.DeletedAt()


@dataclass(frozen=True)
class Stamp:
    """A frozen entity."""

    id: str
    value: int = 0
    version: int = 0
    deleted_at: datetime | None = None


class StampMapping(MappingSchema[Stamp]):
    class Meta:
        table = "stamps"
        key = Key("id")

    version = fields.Version()
    deleted_at = fields.DeletedAt()


@dataclass
class Ticket:
    """May expire."""

    id: str
    seat: str = "none"
    expires_at: datetime | None = None
    version: int = 0
    deleted_at: datetime | None = None


class TicketMapping(MappingSchema[Ticket]):
    """Keeps what was removed until it is purged."""

    class Meta:
        table = "tickets"
        key = Key("id")

    version = fields.Version()
    expires_at = fields.TimeToLive()
    deleted_at = fields.DeletedAt()


class KeptTicketMapping(MappingSchema[Ticket]):
    """Keeps what was removed for a month."""

    class Meta:
        table = "kept-tickets"
        key = Key("id")

    version = fields.Version()
    expires_at = fields.TimeToLive()
    deleted_at = fields.DeletedAt(purge_after=MONTH)


@dataclass
class Session:
    """Is not seen any more once it has expired."""

    id: str
    user: str = "nobody"
    expires_at: datetime | None = None
    version: int = 0


class SessionMapping(MappingSchema[Session]):
    class Meta:
        table = "sessions"
        key = Key("id")
        hide_expired = True

    version = fields.Version()
    expires_at = fields.TimeToLive()


class ShownSessionMapping(MappingSchema[Session]):
    """The same sessions, for who wants to see all of them."""

    class Meta:
        table = "sessions"
        key = Key("id")

    version = fields.Version()
    expires_at = fields.TimeToLive()


class HiddenTicketMapping(MappingSchema[Ticket]):
    """Hides both what was removed and what has expired."""

    class Meta:
        table = "hidden-tickets"
        key = Key("id")
        hide_expired = True

    version = fields.Version()
    expires_at = fields.TimeToLive()
    deleted_at = fields.DeletedAt(purge_after=MONTH)
