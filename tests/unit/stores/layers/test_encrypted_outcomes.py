"""An encrypted commit whose outcome is unknown, resumed in another process, which encrypts it anew."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork, fields
from persistence.encryption import LocalKeyRing
from persistence.errors import CommitConflict, CommitOutcomeUnknown
from persistence.operations import GetItem, ScanPage, TransactWrite
from persistence.store import Store
from persistence.stores.layers import Encrypting, layered
from persistence.table import Table
from persistence.testing.faults import (
    Fault,
    FaultyStore,
    LateArrival,
    LostAnswer,
    LostRequest,
    Rule,
    Unreachable,
)
from persistence.timing import Timing
from persistence.unit_of_work import Committed

RING = LocalKeyRing({"2026-11": b"n" * 32}, current="2026-11")


@dataclass
class Customer:
    id: str
    mail: str = ""
    visits: int = 0
    version: int = 0


class CustomerMapping(MappingSchema[Customer]):
    class Meta:
        table = "customers"
        key = Key("id")

    mail = fields.Encrypted(fields.String())
    version = fields.Version()


def process(store: Store, record: str | None, deadline: float = 8.0) -> UnitOfWork:
    """A process of its own: its layer knows nothing of what another one has sent.

    It always pauses for the longest time between attempts, which a short deadline does not outlast.
    """
    timing = Timing(chance=lambda: 1.0)
    return UnitOfWork(
        layered(store, Encrypting(RING)), commit_record=record, deadline=deadline, timing=timing
    )


def customers(uow: UnitOfWork) -> Repository[Customer]:
    return Repository(CustomerMapping, uow)


@pytest.fixture
def memory() -> MemoryStore:
    store = MemoryStore()
    customers(process(store, None)).add(Customer("1", "ann@example.com"))
    return store


@pytest.fixture(params=[None, "commits"], ids=["without records", "with records"])
def record(request: pytest.FixtureRequest) -> str | None:
    name: str | None = request.param
    return name


def lost(memory: MemoryStore, fault: Fault, record: str | None) -> tuple[CommitOutcomeUnknown, FaultyStore]:
    """Let a process change a customer, lose sight of it, and hand its outcome to another one."""
    # Nor does it reach its record, as a process that is killed would not.
    plan = [Rule(fault, (TransactWrite,), count=1), Rule(Unreachable(), (GetItem,), after=1)]
    faulty = FaultyStore(memory, plan)
    uow = process(faulty, record, deadline=0.001)
    with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
        customer = customers(uow).get("1")
        customer.mail, customer.visits = "new@example.com", customer.visits + 1
    return pickle.loads(pickle.dumps(unknown.value)), faulty


def stored(memory: MemoryStore) -> Customer:
    return customers(process(memory, None)).get("1")


CHANGED = Customer("1", "new@example.com", visits=1, version=1)


def test_that_took_effect_is_known_by_its_record_alone(memory: MemoryStore, record: str | None) -> None:
    """The token stands for other bytes: without a record nobody can tell whose; nothing is done twice."""
    unknown, _ = lost(memory, LostAnswer(), record)
    uow = process(memory, record)

    if record is None:
        with pytest.raises(CommitOutcomeUnknown) as still:
            uow.resume(unknown)
        assert still.value.token == unknown.token
    else:
        assert isinstance(uow.resume(unknown), Committed)
        assert unknown.commit_id is not None
        assert uow.was_committed(unknown.commit_id)
    assert stored(memory) == CHANGED


def test_that_was_lost_on_its_way_takes_effect(memory: MemoryStore, record: str | None) -> None:
    """The service has not seen the token yet: what is encrypted anew is as good."""
    unknown, _ = lost(memory, LostRequest(), record)

    outcome = process(memory, record).resume(unknown)

    assert isinstance(outcome, Committed)
    assert stored(memory) == CHANGED


def test_that_arrives_after_it_was_resumed_takes_effect_once(memory: MemoryStore, record: str | None) -> None:
    """The service refuses the token with other bytes."""
    unknown, faulty = lost(memory, LateArrival(after=50), record)
    process(memory, record).resume(unknown)

    faulty.settle()

    assert [landed.refused for landed in faulty.landed] == ["TokenMismatch"]
    assert stored(memory) == CHANGED


def test_that_is_too_late_is_refused(memory: MemoryStore, record: str | None) -> None:
    """Somebody else was first, and the lost request can't take effect any more either."""
    unknown, faulty = lost(memory, LateArrival(after=50), record)
    other = process(memory, None)
    with other:
        customers(other).get("1").visits = 7

    with pytest.raises(CommitConflict):
        process(memory, record).resume(unknown)
    faulty.settle()

    assert stored(memory) == Customer("1", "ann@example.com", visits=7, version=1)


def test_that_somebody_else_has_resumed_is_known_by_its_record_alone(
    memory: MemoryStore, record: str | None
) -> None:
    """Two processes that take up one commit: the second one meets the bytes of the first."""
    unknown, _ = lost(memory, LostRequest(), record)
    process(memory, record).resume(unknown)
    second = process(memory, record)

    outcome: Callable[[], object] = lambda: second.resume(unknown)  # noqa: E731
    if record is None:
        with pytest.raises(CommitOutcomeUnknown):
            outcome()
    else:
        assert isinstance(outcome(), Committed)
    assert stored(memory) == CHANGED


def test_in_the_same_process_needs_no_record(memory: MemoryStore) -> None:
    """Its layer sends the very bytes again."""
    faulty = FaultyStore(memory, [Rule(LostAnswer(), (TransactWrite,), count=1)])
    uow = process(faulty, None, deadline=0.001)
    with pytest.raises(CommitOutcomeUnknown) as unknown, uow:
        customers(uow).get("1").mail = "new@example.com"

    assert isinstance(uow.resume(unknown.value), Committed)


def test_leaves_nothing_readable_in_the_table(memory: MemoryStore, record: str | None) -> None:
    """An outcome that is handed on holds plaintext; what it puts into the table does not."""
    unknown, _ = lost(memory, LostRequest(), record)
    process(memory, record).resume(unknown)

    assert b"new@example.com" in pickle.dumps(unknown)
    assert "new@example.com" not in repr(memory.perform(ScanPage(Table("customers", "id"))).items)
