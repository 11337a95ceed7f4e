"""What was read in part can't be saved: it would seem that the rest is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from persistence import (
    GlobalIndex,
    Key,
    MappingSchema,
    MemoryStore,
    Projection,
    Repository,
    UnitOfWork,
    fields,
)
from persistence.errors import PersistenceError, QueryError
from tests.semantics.model import Note

Notes = Repository[Note]


class IndexedNoteMapping(MappingSchema[Note]):
    class Meta:
        table = "indexed-notes"
        key = Key("id")
        indexes = (GlobalIndex("by-title", Key("title"), Projection.keys_only()),)

    version = fields.Version()


@pytest.fixture
def notes() -> Notes:
    notes = Repository(IndexedNoteMapping, UnitOfWork(MemoryStore()))
    notes.add(Note("1", "Big", body="text"))
    return notes


SAVES: dict[str, Callable[[Notes, Any], object]] = {
    "add": lambda notes, row: notes.add(row),
    "update": lambda notes, row: notes.update(row),
    "save": lambda notes, row: notes.save(row),
    "remove": lambda notes, row: notes.remove(row),
}

ROWS: dict[str, Callable[[Notes], Any]] = {
    "a row of names": lambda notes: notes.scan().select("id", "title").one(),
    "a row of all key attributes of an index": lambda notes: (
        notes.where("title", "=", "Big").index("by-title").select("id", "title").one()
    ),
    "a tuple": lambda notes: notes.scan().select(lambda n: (n.id, n.title)).one(),
    "a single value": lambda notes: notes.scan().select(lambda n: n.title).one(),
}


@pytest.mark.parametrize("save", SAVES)
@pytest.mark.parametrize("row", ROWS)
def test_what_was_selected_is_refused_and_nothing_is_written(notes: Notes, row: str, save: str) -> None:
    read = ROWS[row](notes)

    with pytest.raises((PersistenceError, TypeError)):
        SAVES[save](notes, read)
    with pytest.raises((PersistenceError, TypeError)), notes._uow:
        SAVES[save](notes, read)

    stored = notes.get("1")
    assert (stored.body, stored.version) == ("text", 0)


def test_a_row_can_not_be_changed(notes: Notes) -> None:
    row: Any = ROWS["a row of names"](notes)

    with pytest.raises(QueryError, match="can't be changed"):
        row.title = "changed"
    with pytest.raises((QueryError, TypeError)):
        row["title"] = "changed"


def test_an_index_that_lacks_attributes_gives_no_entities(notes: Notes) -> None:
    with pytest.raises(QueryError):
        notes.where("title", "=", "Big").index("by-title").all()


def test_entities_that_such_an_index_leads_to_are_whole(notes: Notes) -> None:
    """`hydrate()` reads them by key, so that a change stores nothing else."""
    with notes._uow:
        note = notes.where("title", "=", "Big").index("by-title").hydrate().one()
        note.title = "Bigger"

    stored = notes.get("1")
    assert (stored.title, stored.body) == ("Bigger", "text")
