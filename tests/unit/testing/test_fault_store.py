"""The faulty layer over the memory store: what a caller sees of each fault, and what is stored afterwards.

The synchronous and the asynchronous layer do the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from persistence import ConditionFailed, MemoryStore, PersistenceError, Store, StoreUnavailable
from persistence.errors import (
    AccessDenied,
    CancellationReason,
    Throttled,
    TransactionBusy,
    TransactionCancelled,
    TransactionInProgress,
)
from persistence.expressions import AttributeNotExists, Path
from persistence.operations import (
    BatchGetItems,
    BatchGetResult,
    BatchWriteItems,
    ItemResult,
    Operation,
    PutItem,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.testing.faults import (
    Abandoned,
    Cancellation,
    Delay,
    ExpiredCredentials,
    Fault,
    FaultyStore,
    Injected,
    InProgress,
    Landed,
    LateArrival,
    LostAnswer,
    LostRequest,
    Rule,
    ServerError,
    Stall,
    Throttling,
    Trickle,
    Unprocessed,
    Unreachable,
)
from tests.unit.testing.faulted import Faulty, Things, item

Make = Callable[..., Faulty]

THINGS = Things()

LOSSES = [
    pytest.param(LostAnswer(), 1, id="answer lost"),
    pytest.param(Abandoned(), 1, id="abandoned"),
    pytest.param(Stall(9), 1, id="stalled after apply"),
    pytest.param(ServerError(applied=True), 1, id="500 after apply"),
    pytest.param(LostRequest(), 0, id="request lost"),
    pytest.param(Stall(9, applied=False), 0, id="stalled before apply"),
    pytest.param(ServerError(), 0, id="500 before apply"),
]
"""Faults that leave a doubt, and how often what they happen to takes effect."""


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def faulty(request: pytest.FixtureRequest) -> Make:
    """Make a store that follows rules."""

    def make(*plan: Rule, seed: int = 0) -> Faulty:
        return Faulty(plan, seed=seed, asynchronous=request.param)

    return make


def failure(store: Faulty, operation: Operation[Any]) -> PersistenceError:
    with pytest.raises(PersistenceError) as caught:
        store.perform(operation)
    return caught.value


class TestDoubt:
    @pytest.mark.parametrize(("fault", "effects"), LOSSES)
    @pytest.mark.parametrize("operation", [THINGS.add_one("a"), THINGS.add_one_to_each("a")])
    def test_hides_whether_a_write_took_effect(
        self, faulty: Make, fault: Fault, effects: int, operation: UpdateItem | TransactWrite
    ) -> None:
        """The error is the same whether it did or not."""
        store = faulty(Rule(fault, count=1))

        error = failure(store, operation)

        assert isinstance(error, StoreUnavailable)
        assert (error.ambiguous, error.retryable) == (True, True)
        assert (error.operation, error.table) == (type(operation).__name__, THINGS.table.name)
        assert THINGS.count(store.below, "a") == effects

    @pytest.mark.parametrize(("fault", "effects"), LOSSES)
    def test_ends_when_a_transaction_is_repeated(self, faulty: Make, fault: Fault, effects: int) -> None:
        """Under its token it takes effect once."""
        store = faulty(Rule(fault, count=2))
        commit = THINGS.add_one_to_each("a", "b")
        failure(store, commit)
        failure(store, commit)
        before = THINGS.stored(store.below, "a", "b")

        store.perform(commit)

        assert before == ({"a", "b"} if effects else set())
        assert (THINGS.count(store.below, "a"), THINGS.count(store.below, "b")) == (1, 1)
        assert store.transactions == (commit, commit, commit)

    def test_is_none_for_reads(self, faulty: Make) -> None:
        store = faulty(Rule(LostAnswer(), count=1))

        with pytest.raises(StoreUnavailable) as caught:
            store.perform(THINGS.get("a"))

        assert caught.value.ambiguous is False

    def test_hides_a_refusal_too(self, faulty: Make) -> None:
        """An answer that gets lost may have been a refusal; it is the error's cause, for people."""
        store = faulty(Rule(LostAnswer(), count=1))
        store.below.perform(THINGS.put("a"))
        create = replace(THINGS.put("a"), condition=AttributeNotExists(Path.of("id")))

        error = failure(store, create)

        assert isinstance(error, StoreUnavailable)
        assert isinstance(error.__cause__, ConditionFailed)

    def test_says_which_kind_of_server_error(self, faulty: Make) -> None:
        error = failure(faulty(Rule(ServerError())), THINGS.add_one("a"))

        assert isinstance(error, StoreUnavailable)
        assert error.code == "InternalServerError"

    def test_takes_its_time(self, faulty: Make) -> None:
        store = faulty(Rule(Stall(9)))

        failure(store, THINGS.add_one("a"))

        assert store.pauses == [9]


class TestCertainty:
    @pytest.mark.parametrize(
        ("fault", "kind", "code"),
        [
            (Unreachable(), StoreUnavailable, None),
            (Throttling(), Throttled, "ProvisionedThroughputExceededException"),
            (Throttling("RequestLimitExceeded"), Throttled, "RequestLimitExceeded"),
            (ExpiredCredentials(), AccessDenied, "ExpiredTokenException"),
        ],
    )
    def test_of_having_had_no_effect(
        self, faulty: Make, fault: Fault, kind: type[PersistenceError], code: str | None
    ) -> None:
        store = faulty(Rule(fault, count=1))

        error = failure(store, THINGS.add_one("a"))

        assert type(error) is kind
        assert (getattr(error, "ambiguous", None), getattr(error, "code", None)) == (False, code)
        assert THINGS.count(store.below, "a") == 0

    def test_of_a_cancelled_transaction(self, faulty: Make) -> None:
        """There is one reason per action, in their order."""
        store = faulty(Rule(Cancellation(("TransactionConflict", None, "ConditionalCheckFailed"))))

        error = failure(store, THINGS.add_one_to_each("a", "b", "c", "d"))

        assert isinstance(error, TransactionCancelled)
        assert error.reasons == (
            CancellationReason("TransactionConflict", "injected"),
            CancellationReason("None"),
            CancellationReason("ConditionalCheckFailed", "injected"),
            CancellationReason("None"),
        )
        assert THINGS.stored(store.below, "a", "b", "c", "d") == set()

    @pytest.mark.parametrize(
        ("codes", "kind"),
        [
            (("TransactionConflict",), TransactionBusy),
            (("TransactionConflict", "ThrottlingError"), Throttled),
            (("ValidationError",), TransactionCancelled),
        ],
    )
    def test_of_cancelled_reads(
        self, faulty: Make, codes: tuple[str, ...], kind: type[PersistenceError]
    ) -> None:
        """Reads that met other traffic have errors of their own, as the port's contract says."""
        store = faulty(Rule(Cancellation(codes)))

        error = failure(store, TransactGet((THINGS.get("a"), THINGS.get("b"))))

        assert type(error) is kind

    def test_of_a_transaction_in_progress(self, faulty: Make) -> None:
        store = faulty(Rule(InProgress()))

        error = failure(store, THINGS.add_one_to_each("a"))

        assert type(error) is TransactionInProgress
        assert THINGS.count(store.below, "a") == 0


class TestDelay:
    def test_answers_in_the_end(self, faulty: Make) -> None:
        store = faulty(Rule(Delay(0.5), count=1))
        store.below.perform(THINGS.put("a"))

        answer = store.perform(THINGS.get("a"))

        assert isinstance(answer, ItemResult)
        assert answer.item == item("a")
        assert store.pauses == [0.5]


class TestTrickle:
    def test_takes_effect_before_it_is_slow(self, faulty: Make) -> None:
        store = faulty(Rule(Trickle(0.5), count=1))

        store.perform(THINGS.put("a"))

        assert store.pauses == [0.5]
        assert isinstance(store.below.perform(THINGS.get("a")), ItemResult)


class TestLateArrival:
    def test_comes_right_behind_the_repetition(self, faulty: Make) -> None:
        """A transaction that arrives twice takes effect once."""
        store = faulty(Rule(LateArrival(), count=1))
        commit = THINGS.add_one_to_each("a")
        error = failure(store, commit)
        stored_before = THINGS.stored(store.below, "a")

        store.perform(commit)

        assert isinstance(error, StoreUnavailable)
        assert error.ambiguous
        assert stored_before == set()
        assert store.landed == (Landed("TransactWrite", THINGS.token, None),)
        assert THINGS.count(store.below, "a") == 1

    def test_doubles_what_has_no_token(self, faulty: Make) -> None:
        store = faulty(Rule(LateArrival(), count=1))
        failure(store, THINGS.add_one("a"))

        store.perform(THINGS.add_one("a"))

        assert THINGS.count(store.below, "a") == 2

    def test_may_be_refused_by_then(self, faulty: Make) -> None:
        """Nobody hears of it but the record."""
        store = faulty(Rule(LateArrival(), count=1))
        create = replace(THINGS.put("a"), condition=AttributeNotExists(Path.of("id")))
        failure(store, create)

        store.perform(create)

        assert store.landed == (Landed("PutItem", None, "ConditionFailed"),)

    def test_waits_for_so_many_operations_to_be_performed(self, faulty: Make) -> None:
        """What has no effect itself does not count."""
        store = faulty(Rule(LateArrival(2), count=1), Rule(Throttling(), (UpdateItem,), count=1))
        failure(store, THINGS.add_one("a"))
        failure(store, THINGS.add_one("b"))
        store.perform(THINGS.add_one("b"))
        stored_before = THINGS.stored(store.below, "a")

        store.perform(THINGS.add_one("b"))

        assert stored_before == set()
        assert THINGS.stored(store.below, "a") == {"a"}

    def test_can_be_had_at_once(self, faulty: Make) -> None:
        store = faulty(Rule(LateArrival(99), count=1))
        failure(store, THINGS.add_one("a"))

        store.settle()

        assert THINGS.count(store.below, "a") == 1


class TestUnprocessed:
    NAMES = ("a", "b", "c", "d", "e")

    def test_writes_only_what_it_does_not_name(self, faulty: Make) -> None:
        store = faulty(Rule(Unprocessed(2), (BatchWriteItems,), count=1))

        answer = store.perform(THINGS.put_all(*self.NAMES))

        undone = {write.item["id"]["S"] for write in answer.unprocessed if isinstance(write, PutItem)}
        assert len(undone) == 2
        assert THINGS.stored(store.below, *self.NAMES) == set(self.NAMES) - undone

    def test_reads_only_what_it_does_not_name(self, faulty: Make) -> None:
        """What was read stays in the order asked, with None for what was not."""
        store = faulty(Rule(Unprocessed(2), (BatchGetItems,), count=1))
        store.below.perform(THINGS.put_all(*self.NAMES))

        answer = store.perform(THINGS.get_all(*self.NAMES))

        undone = {get.key["id"]["S"] for get in answer.unprocessed}
        assert len(undone) == 2
        assert answer.items == tuple(None if name in undone else item(name) for name in self.NAMES)

    def test_ends_when_the_rest_is_asked_for(self, faulty: Make) -> None:
        store = faulty(Rule(Unprocessed(2), (BatchGetItems,), count=1))
        store.below.perform(THINGS.put_all(*self.NAMES))
        answer = store.perform(THINGS.get_all(*self.NAMES))

        rest = store.perform(BatchGetItems(answer.unprocessed))

        assert isinstance(rest, BatchGetResult)
        assert {each["id"]["S"] for each in (*answer.items, *rest.items) if each} == set(self.NAMES)
        assert rest.unprocessed == ()


class TestRecord:
    def test_names_operation_fault_and_token(self, faulty: Make) -> None:
        store = faulty(Rule(LostRequest(), count=1), Rule(InProgress(), count=1))

        failure(store, THINGS.add_one("a"))
        failure(store, THINGS.add_one_to_each("a", token="t1"))
        store.perform(THINGS.add_one("a"))

        assert store.injected == (
            Injected("UpdateItem", LostRequest(), None),
            Injected("TransactWrite", InProgress(), "t1"),
        )

    def test_keeps_transactions_as_they_were_asked_for(self, faulty: Make) -> None:
        """A caller who changes one between two attempts is found out."""
        store = faulty(Rule(LostRequest(), count=1))
        commit = TransactWrite((THINGS.put("a"),), "t1")
        failure(store, commit)

        commit.actions[0].item["n"] = {"N": "5"}  # type: ignore[union-attr]  # it is a put
        store.perform(commit)

        first, second = store.transactions
        assert first != second

    def test_is_the_same_for_the_same_seed(self, faulty: Make) -> None:
        plan = (Rule(Throttling(), probability=0.4), Rule(Unprocessed(), probability=0.5))

        def record(seed: int) -> tuple[Injected, ...]:
            store = faulty(*plan, seed=seed)
            for _ in range(60):
                try:
                    store.perform(THINGS.put_all("a", "b", "c"))
                except Throttled:
                    continue
            return store.injected

        assert record(1) == record(1)
        assert record(1) != record(2)


class TestLayer:
    def test_is_a_store(self, faulty: Make) -> None:
        assert isinstance(FaultyStore(MemoryStore(), []), Store)
        assert faulty().limits == MemoryStore().limits

    def test_lets_everything_pass_without_rules(self, faulty: Make) -> None:
        store = faulty()

        store.perform(THINGS.add_one("a"))

        assert (THINGS.count(store.below, "a"), store.injected) == (1, ())

    def test_is_safe_to_share_between_threads(self) -> None:
        """No fault is lost or doubled, and what it says of each call is true."""
        below = MemoryStore()
        store = FaultyStore(
            below, [Rule(Throttling(), (UpdateItem,), count=40), Rule(Unreachable(), probability=0.3)], seed=4
        )
        refused: list[PersistenceError] = []

        def work() -> None:
            for _ in range(50):
                try:
                    store.perform(THINGS.add_one("a"))
                except (Throttled, StoreUnavailable) as error:
                    refused.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sum(isinstance(error, Throttled) for error in refused) == 40
        assert len(refused) == len(store.injected)
        assert THINGS.count(below, "a") == 400 - len(refused)
