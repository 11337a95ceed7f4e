"""What stands below the encryption keeps seeing envelopes: in errors too, which become readable above it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork, fields
from persistence.encryption import LocalKeyRing, is_envelope
from persistence.errors import CommitConflict, ConditionFailed, EntityExists, TransactionCancelled
from persistence.expressions import AttributeNotExists
from persistence.expressions import Path as DocumentPath
from persistence.flows import Flow, perform
from persistence.mapping import mapping_of
from persistence.operations import Operation, PutItem, TransactWrite
from persistence.store import Store
from persistence.stores.layers import Encrypting, Layer, layered
from persistence.testing.recordings import Recorder

KEYS = LocalKeyRing({"a": b"k" * 32}, current="a")


@dataclass
class Note:
    id: str
    text: str = ""
    version: int = 0


class NoteMapping(MappingSchema[Note]):
    class Meta:
        table = "notes"
        key = Key("id")

    text = fields.Encrypted()
    version = fields.Version()


class TenantNoteMapping(NoteMapping):
    class Meta:
        table = "tenant-notes"
        key = Key("id")
        tenant_scoped = True


class Keeping(Layer):
    """Keeps the errors that it lets pass."""

    def __init__(self) -> None:
        self.kept: list[ConditionFailed | TransactionCancelled] = []

    def around(self, operation: Operation[Any]) -> Flow[Any]:
        try:
            return (yield from perform(operation))
        except (ConditionFailed, TransactionCancelled) as refused:
            self.kept.append(refused)
            raise


def refused_put(*, transaction: bool) -> Operation[Any]:
    table = mapping_of(NoteMapping).table
    put = PutItem(
        table,
        {"id": {"S": "1"}, "text": {"S": "mine"}},
        AttributeNotExists(DocumentPath.of("id")),
        item_on_failure=True,
    )
    return TransactWrite((put,)) if transaction else put


@pytest.mark.parametrize("transaction", [False, True])
def test_an_error_is_readable_above_and_stays_as_it_was_below(transaction: bool) -> None:
    keeping = Keeping()
    store = layered(MemoryStore(), Encrypting(KEYS), keeping)
    Repository(NoteMapping, UnitOfWork(store)).add(Note("1", "theirs"))

    with pytest.raises((ConditionFailed, TransactionCancelled)) as caught:
        store.perform(refused_put(transaction=transaction))

    def item(error: Any) -> Any:
        return error.found if isinstance(error, ConditionFailed) else error.reasons[0].item

    (below,) = keeping.kept
    assert item(caught.value)["text"] == {"S": "theirs"}
    assert is_envelope(item(below)["text"])
    assert caught.value.__suppress_context__  # it is told once


def test_a_recording_below_holds_no_plaintext(tmp_path: Path) -> None:
    recorder = Recorder()
    store = layered(MemoryStore(), Encrypting(KEYS), recorder)
    uow = UnitOfWork(store)
    notes = Repository(NoteMapping, uow)
    notes.add(Note("1", "a secret"))

    with pytest.raises(EntityExists):
        notes.add(Note("1", "another secret"))
    with suppress(CommitConflict), uow:
        mine = notes.get("1")
        Repository(NoteMapping, UnitOfWork(store)).patch("1").set("text", "a third secret").execute()
        mine.text = "a fourth secret"

    recorder.save(tmp_path / "calls.jsonl")
    assert "secret" not in (tmp_path / "calls.jsonl").read_text(encoding="utf-8")


def test_a_recording_below_a_tenant_has_keys_as_they_are_stored() -> None:
    def found_by(store: Store) -> object:
        notes = Repository(TenantNoteMapping, UnitOfWork(store))
        with pytest.raises(EntityExists) as caught:
            notes.add(Note("1", "mine"))
        return caught.value.found

    memory, recorder = MemoryStore(), Recorder()
    below = layered(memory, recorder)
    Repository(TenantNoteMapping, UnitOfWork(layered(memory, Encrypting(KEYS)).for_tenant("acme"))).add(
        Note("1", "theirs")
    )
    first = found_by(layered(below, Encrypting(KEYS)).for_tenant("acme"))

    (call,) = recorder.calls
    assert isinstance(call.error, TransactionCancelled)
    (reason,) = call.error.reasons
    assert reason.item is not None
    assert reason.item["id"] == {"S": "acme#1"}
    assert first == Note("1", "theirs")
