"""What units of work write to the log: what happened, how much and how long, never keys or values."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import structlog
from structlog.testing import capture_logs

from persistence import CommitConflict, MemoryStore, Repository, UnitOfWork
from persistence.errors import CancellationReason, ScanWarning, TransactionCancelled
from persistence.operations import TransactWriteResult
from tests.semantics.model import Note, NoteMapping
from tests.semantics.world import Pauses
from tests.unit.unit_of_work.scripted import Scripted


@pytest.fixture
def notes() -> Repository[Note]:
    return Repository(NoteMapping, UnitOfWork(MemoryStore(), timing=Pauses().timing))


def commit(notes: Repository[Note]) -> None:
    notes.add(Note("secret-key", "secret title"))


def conflict(notes: Repository[Note]) -> None:
    commit(notes)
    with pytest.raises(CommitConflict), notes._uow:
        commit(notes)


def scan(notes: Repository[Note]) -> None:
    with pytest.warns(ScanWarning):
        notes.query(lambda note: note.title == "secret title").all()


class TestEvents:
    @pytest.mark.parametrize(
        ("work", "event"), [(commit, "uow.committed"), (conflict, "uow.conflicted"), (scan, "advice.given")]
    )
    def test_name_types_and_tables_only(
        self,
        notes: Repository[Note],
        caplog: pytest.LogCaptureFixture,
        work: Callable[[Repository[Note]], None],
        event: str,
    ) -> None:
        """Events for commit, conflict and advice; log events show neither keys nor values."""
        caplog.set_level(logging.DEBUG, logger="persistence")

        work(notes)

        (text,) = [record.getMessage() for record in caplog.records if record.getMessage().startswith(event)]
        assert "Note" in text
        assert "secret" not in caplog.text

    def test_tell_of_repetitions(self, caplog: pytest.LogCaptureFixture) -> None:
        """Every retry of a commit is an event."""
        caplog.set_level(logging.INFO, logger="persistence")
        busy = TransactionCancelled([CancellationReason("TransactionConflict")])
        uow = UnitOfWork(Scripted([busy, busy, TransactWriteResult()]), timing=Pauses().timing)

        Repository(NoteMapping, uow).add(Note("n1"))

        names = [record.getMessage().split()[0] for record in caplog.records]
        assert names == ["retry.scheduled", "retry.scheduled", "uow.committed"]

    def test_go_to_structlog_where_it_is_configured(self, notes: Repository[Note]) -> None:
        """The application's processors are used; the library does not configure logging."""
        try:
            with capture_logs() as events:
                structlog.configure(processors=structlog.get_config()["processors"])
                commit(notes)
        finally:
            structlog.reset_defaults()

        (committed,) = [each for each in events if each["event"] == "uow.committed"]
        assert (committed["actions"], committed["tables"]) == ({"Note": 1}, ["notes"])
        assert committed["seconds"] >= 0
