"""Repositories of a session's entities, for the commands that read items; the others need not import them."""

from __future__ import annotations

from typing import Any

from persistence.cli.session import Session
from persistence.repository import Repository
from persistence.store import Store
from persistence.unit_of_work import UnitOfWork

CURSOR_KEY = "the cursors of the command line: who has them can read the tables anyway"
"""Seals cursors, so that one of another query is noticed; it keeps no secret, and needs none.

The next page is asked for by another process, so that the key can't be random; and whoever runs the command
line reads the tables with credentials of their own.
"""


def unit_of_work(store: Store) -> UnitOfWork:
    """Make a unit of work whose cursors other processes can go on from; what is a scan was asked for."""
    return UnitOfWork(store, cursor_keys=[CURSOR_KEY], scan_policy="allow")


def repository_of(session: Session, name: str) -> Repository[Any]:
    """Give the repository of a mapping, by name."""
    return Repository(session.app.find(name), unit_of_work(session.entity_store))
