"""Log events: where they go, and what is never in them."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork, fields
from persistence.errors import CommitConflict, CommitOutcomeUnknown, ScanWarning, StoreUnavailable
from persistence.events import LOGGER_NAME, event_log
from persistence.operations import Operation, TransactWrite
from persistence.store import Limits
from persistence.timing import Timing

CANARIES = ("key-canary", "value-canary", "other-canary")


@dataclass
class Note:
    id: str
    text: str
    version: int = 0


class NoteMapping(MappingSchema[Note]):
    class Meta:
        table = "notes"
        key = Key("id")

    version = fields.Version()


class Silent:
    """A store that takes every transaction and never answers."""

    limits = Limits()

    def perform(self, operation: Operation[Any]) -> Any:
        assert isinstance(operation, TransactWrite)
        raise StoreUnavailable("no answer", ambiguous=True, code="ReadTimeoutError")


@pytest.fixture
def events() -> Iterator[list[dict[str, Any]]]:
    """What an application that configured structlog sees."""
    seen: list[dict[str, Any]] = []

    def note(logger: object, method: str, event: Any) -> Any:
        seen.append({"level": method, **event})
        raise structlog.DropEvent

    structlog.configure(processors=[note])
    yield seen
    structlog.reset_defaults()


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in events]


def fill(uow: UnitOfWork) -> Repository[Note]:
    notes = Repository(NoteMapping, uow)
    notes.add(Note("key-canary", "value-canary"))
    return notes


class TestACommit:
    def test_is_reported_with_counts_tables_duration_and_capacity(self, events: list[dict[str, Any]]) -> None:
        """A commit is one event that says what an operator wants to know."""
        fill(UnitOfWork(MemoryStore(), timing=Timing(monotonic=lambda: 5.0)))

        assert events == [
            {
                "level": "info",
                "event": "uow.committed",
                "actions": {"Note": 1},
                "tables": ["notes"],
                "seconds": 0.0,
                "write_units": 2.0,
            }
        ]

    def test_that_is_refused_names_reasons_and_entity_types(self, events: list[dict[str, Any]]) -> None:
        """A conflict says which types of entities failed, and why."""
        uow = UnitOfWork(MemoryStore())
        notes = fill(uow)
        events.clear()

        with pytest.raises(CommitConflict), uow:
            notes.add(Note("key-canary", "other-canary"))

        conflicted = events[0]
        assert conflicted == {
            "level": "warning",
            "event": "uow.conflicted",
            "actions": {"Note": 1},
            "reasons": {"EntityExists Note": 1},
        }

    def test_without_an_answer_is_repeated_and_reported(self, events: list[dict[str, Any]]) -> None:
        """Each repetition and the lost outcome are events."""
        now = iter(range(100))
        timing = Timing(monotonic=lambda: float(next(now)), sleep=lambda seconds: None, chance=lambda: 0.5)
        uow = UnitOfWork(Silent(), timing=timing, ids=lambda: "token-1", deadline=3)

        with pytest.raises(CommitOutcomeUnknown):
            fill(uow)

        assert set(names(events)) == {"retry.scheduled", "uow.outcome_lost"}
        assert "token-1" not in str(events)


class TestARun:
    def test_is_reported_when_it_is_repeated(self, events: list[dict[str, Any]]) -> None:
        """A unit that is run again after a conflict is an event of its own."""
        uow = UnitOfWork(MemoryStore(), timing=Timing(sleep=lambda seconds: None, chance=lambda: 0.5))
        notes, others = fill(uow), Repository(NoteMapping, UnitOfWork(uow.store))
        rivals = iter(["rival"])

        def work() -> None:
            note = notes.get("key-canary")
            for text in rivals:
                others.update(Note("key-canary", text))
            note.text = "mine"

        uow.run(work)

        assert [name for name in names(events) if name != "uow.discarded"][-3:] == [
            "uow.conflicted",
            "uow.repeated",
            "uow.committed",
        ]


class TestAScan:
    def test_that_nobody_asked_for_is_advice(self, events: list[dict[str, Any]]) -> None:
        """A query that only a scan can answer is an event with a code."""
        notes = fill(UnitOfWork(MemoryStore()))
        events.clear()

        with pytest.warns(ScanWarning):
            notes.query(lambda note: note.text == "value-canary").all()

        assert events == [
            {
                "level": "warning",
                "event": "advice.given",
                "code": "scan",
                "entity_type": "Note",
                "table": "notes",
            }
        ]


class TestSecrecy:
    def test_no_event_shows_keys_or_values(self, events: list[dict[str, Any]]) -> None:
        """Neither keys nor values are in any event."""
        uow = UnitOfWork(MemoryStore())
        notes = fill(uow)
        with uow:
            notes.get("key-canary").text = "other-canary"
        with pytest.raises(CommitConflict), uow:
            notes.add(Note("key-canary", "other-canary"))

        written = repr(events)

        assert [canary for canary in CANARIES if canary in written] == []
        assert len(events) >= 3


class TestAnApplicationWithoutStructlog:
    def test_finds_events_in_standard_logging(self, caplog: pytest.LogCaptureFixture) -> None:
        """Where structlog is not configured, the library logs under its own name."""
        with caplog.at_level(logging.INFO, logger=LOGGER_NAME):
            fill(UnitOfWork(MemoryStore(), timing=Timing(monotonic=lambda: 5.0)))

        assert [record.getMessage() for record in caplog.records] == [
            "uow.committed actions={'Note': 1} tables=['notes'] seconds=0.0 write_units=2.0"
        ]

    def test_sees_nothing_unless_it_configures_logging(self) -> None:
        """A library that nobody configured prints nothing."""
        program = "from persistence.events import event_log; event_log().warning('uow.committed', actions=1)"

        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

        assert done.stdout + done.stderr == ""

    def test_pays_nothing_for_what_is_not_shown(self, caplog: pytest.LogCaptureFixture) -> None:
        """Below the level that is shown, no text is built."""

        class Loud:
            def __repr__(self) -> str:
                raise AssertionError("formatted")

        with caplog.at_level(logging.ERROR, logger=LOGGER_NAME):
            event_log().info("uow.committed", actions=Loud())

        assert caplog.records == []
