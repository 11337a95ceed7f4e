"""Transactions: all or nothing, reasons in order, once per token."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from persistence.attributes import Item
from persistence.errors import (
    CancellationReason,
    ConditionFailed,
    InvalidRequest,
    TokenMismatch,
    TransactionCancelled,
)
from persistence.expressions import (
    Add,
    AttributeExists,
    AttributeNotExists,
    Compare,
    Minus,
    Path,
    Plus,
    Set,
    Value,
)
from persistence.operations import (
    ConditionCheck,
    ConsumedCapacity,
    DeleteItem,
    GetItem,
    PutItem,
    ScanPage,
    TransactAction,
    TransactGet,
    TransactWrite,
    TransactWriteResult,
    UpdateItem,
)
from persistence.stores.memory import MemoryStore
from persistence.table import Table

ITEMS = Table("items", "id", types={"id": "N"})
ID = Path.of("id")
INNOCENT = CancellationReason("None")
FAILED = CancellationReason("ConditionalCheckFailed", "The conditional request failed")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryStore:
    return MemoryStore(clock=clock)


def key(number: object) -> Item:
    return {"id": {"N": str(number)}}


def put(number: object, **attributes: str) -> PutItem:
    return PutItem(ITEMS, {**key(number), **{name: {"N": text} for name, text in attributes.items()}})


def increment(number: int) -> UpdateItem:
    return UpdateItem(ITEMS, key(number), (Add(Path.of("n"), Value({"N": "1"})),))


def contents(store: MemoryStore) -> dict[str, Item]:
    return {item["id"]["N"]: item for item in store.perform(ScanPage(ITEMS)).items}


class TestTransactWrite:
    def test_does_everything(self, store: MemoryStore) -> None:
        store.perform(put(3))

        found = store.perform(
            TransactWrite(
                (
                    put(1),
                    increment(2),
                    DeleteItem(ITEMS, key(3)),
                    ConditionCheck(ITEMS, key(4), AttributeNotExists(ID)),
                )
            )
        )

        assert found == TransactWriteResult((ConsumedCapacity("items", write_units=8.0),))
        assert contents(store) == {"1": key(1), "2": {**key(2), "n": {"N": "1"}}}

    def test_does_nothing_if_one_condition_fails(self, store: MemoryStore) -> None:
        """Each failed action has its reason at its place, with the item only where it was asked for."""
        store.perform(put(2, n="7"))
        actions = (
            put(1),
            PutItem(ITEMS, key(2), AttributeNotExists(ID), item_on_failure=True),
            PutItem(ITEMS, key(2.5), AttributeExists(ID), item_on_failure=True),
            DeleteItem(ITEMS, key(3), AttributeExists(ID)),
        )

        with pytest.raises(TransactionCancelled) as caught:
            store.perform(TransactWrite(actions))

        shown = CancellationReason(FAILED.code, FAILED.message, {**key(2), "n": {"N": "7"}})
        assert caught.value.reasons == (INNOCENT, shown, FAILED, FAILED)
        assert contents(store) == {"2": {**key(2), "n": {"N": "7"}}}

    def test_reports_the_first_validation_error_alone(self, store: MemoryStore) -> None:
        broken = UpdateItem(ITEMS, key(2), (Set(Path.of("a"), Path.of("absent")),))
        mistyped = PutItem(ITEMS, {"id": {"S": "3"}})

        with pytest.raises(TransactionCancelled) as caught:
            store.perform(TransactWrite((PutItem(ITEMS, key(1), AttributeExists(ID)), broken, mistyped)))

        codes = [reason.code for reason in caught.value.reasons]
        assert codes == ["None", "ValidationError", "None"]
        assert caught.value.reasons[1].message == (
            "The provided expression refers to an attribute that does not exist in the item: absent"
        )

    @pytest.mark.parametrize(
        "action",
        [
            PutItem(ITEMS, {"id": {"S": "1"}}),
            UpdateItem(ITEMS, key(1), (Set(Path.of("a"), Value({"S": "x" * 409_600})),)),
            UpdateItem(
                ITEMS, key(1), (Set(Path.of("a"), Plus(Value({"N": "9E125"}), Value({"N": "9E125"}))),)
            ),
        ],
    )
    def test_cancels_for_a_key_or_result_that_does_not_fit(
        self, store: MemoryStore, action: TransactAction
    ) -> None:
        with pytest.raises(TransactionCancelled) as caught:
            store.perform(TransactWrite((put(2), action)))

        assert [reason.code for reason in caught.value.reasons] == ["None", "ValidationError"]
        assert contents(store) == {}

    @pytest.mark.parametrize(
        "second",
        [
            put("1.0"),
            increment(1),
            DeleteItem(ITEMS, key("1E0")),
            ConditionCheck(ITEMS, key(1), AttributeExists(ID)),
        ],
    )
    def test_refuses_two_actions_on_one_item(self, store: MemoryStore, second: TransactAction) -> None:
        with pytest.raises(InvalidRequest, match="multiple operations on one item"):
            store.perform(TransactWrite((put(1), second)))

    @pytest.mark.parametrize("count", [0, 101])
    def test_takes_1_to_100_actions(self, store: MemoryStore, count: int) -> None:
        with pytest.raises(InvalidRequest, match="between 1 and 100"):
            store.perform(TransactWrite(tuple(put(number) for number in range(count))))

    def test_takes_100_actions(self, store: MemoryStore) -> None:
        store.perform(TransactWrite(tuple(put(number) for number in range(100))))

        assert len(contents(store)) == 100

    def test_takes_4_mb(self, store: MemoryStore) -> None:
        large = [PutItem(ITEMS, {**key(number), "v": {"S": "x" * 400_000}}) for number in range(11)]

        with pytest.raises(InvalidRequest, match="Request size is too large"):
            store.perform(TransactWrite(tuple(large)))

    def test_deletes_more_bytes_than_it_could_write(self, store: MemoryStore) -> None:
        """What counts is the request, not what is stored: ScyllaDB's alternator tests."""
        for number in range(13):
            store.perform(PutItem(ITEMS, {**key(number), "x": {"S": "x" * 400_000}}))

        store.perform(TransactWrite(tuple(DeleteItem(ITEMS, key(number)) for number in range(13))))

        assert contents(store) == {}

    def test_refuses_a_bad_expression_before_anything_else(self, store: MemoryStore) -> None:
        with pytest.raises(InvalidRequest, match="Cannot update attribute id"):
            store.perform(TransactWrite((UpdateItem(ITEMS, key(1), (Set(ID, Value({"N": "2"})),)),)))


class TestToken:
    def test_makes_a_repeated_request_harmless(self, store: MemoryStore) -> None:
        """The replay says yes, changes nothing, and costs reads."""
        request = TransactWrite((increment(1),), token="t")
        store.perform(request)

        replay = store.perform(request)

        assert replay == TransactWriteResult((ConsumedCapacity("items", read_units=2.0),))
        assert contents(store) == {"1": {**key(1), "n": {"N": "1"}}}

    def test_refuses_another_request(self, store: MemoryStore) -> None:
        store.perform(TransactWrite((increment(1),), token="t"))

        with pytest.raises(TokenMismatch):
            store.perform(TransactWrite((increment(2),), token="t"))

    def test_tells_requests_apart_by_their_values(self, store: MemoryStore) -> None:
        """Constants don't show in the text of an expression, but they count."""
        condition = Compare("<>", Path.of("n"), Value({"N": "1"}))
        other = Compare("<>", Path.of("n"), Value({"N": "2"}))
        store.perform(TransactWrite((PutItem(ITEMS, key(1), condition),), token="t"))

        with pytest.raises(TokenMismatch):
            store.perform(TransactWrite((PutItem(ITEMS, key(1), other),), token="t"))

    def test_is_forgotten_after_ten_minutes(self, store: MemoryStore, clock: Clock) -> None:
        request = TransactWrite((increment(1),), token="t")
        store.perform(request)

        clock.now += 599
        store.perform(request)
        clock.now += 1
        store.perform(request)

        assert contents(store) == {"1": {**key(1), "n": {"N": "2"}}}

    def test_of_a_cancelled_attempt_can_be_used_again(self, store: MemoryStore) -> None:
        request = TransactWrite((PutItem(ITEMS, key(1), AttributeExists(ID)),), token="t")
        with pytest.raises(TransactionCancelled):
            store.perform(request)
        store.perform(put(1, n="1"))

        store.perform(request)

        assert contents(store) == {"1": key(1)}

    @pytest.mark.parametrize("token", ["", "x" * 37])
    def test_has_1_to_36_characters(self, store: MemoryStore, token: str) -> None:
        with pytest.raises(InvalidRequest, match="between 1 and 36"):
            store.perform(TransactWrite((put(1),), token=token))


class TestTransactGet:
    def test_reads_in_the_order_asked(self, store: MemoryStore) -> None:
        store.perform(put(1, n="1"))

        found = store.perform(
            TransactGet((GetItem(ITEMS, key(2)), GetItem(ITEMS, key(1), projection=(Path.of("n"),))))
        )

        assert found.items == (None, {"n": {"N": "1"}})
        assert found.capacity == (ConsumedCapacity("items", read_units=4.0),)

    def test_refuses_one_item_twice(self, store: MemoryStore) -> None:
        with pytest.raises(InvalidRequest, match="multiple operations on one item"):
            store.perform(TransactGet((GetItem(ITEMS, key(1)), GetItem(ITEMS, key("1.0")))))

    def test_reads_4_mb_and_no_more(self, store: MemoryStore) -> None:
        """API reference, TransactGetItems: the items of one request have at most 4 MB together."""
        for number in range(11):
            store.perform(PutItem(ITEMS, {**key(number), "text": {"S": "x" * 400_000}}))

        ten = store.perform(TransactGet(tuple(GetItem(ITEMS, key(number)) for number in range(10))))

        assert None not in ten.items
        with pytest.raises(InvalidRequest, match="aggregate size"):
            store.perform(TransactGet(tuple(GetItem(ITEMS, key(number)) for number in range(11))))

    def test_is_cancelled_for_a_key_of_another_type(self, store: MemoryStore) -> None:
        with pytest.raises(TransactionCancelled) as caught:
            store.perform(TransactGet((GetItem(ITEMS, key(1)), GetItem(ITEMS, {"id": {"S": "1"}}))))

        assert [reason.code for reason in caught.value.reasons] == ["None", "ValidationError"]
        assert caught.value.operation == "TransactGet"


class TestThreads:
    def test_lose_no_update(self, store: MemoryStore) -> None:
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: store.perform(increment(1)), range(400)))

        assert contents(store) == {"1": {**key(1), "n": {"N": "400"}}}

    def test_never_see_half_a_transaction(self, store: MemoryStore) -> None:
        """Money moves between two accounts; every snapshot and the end have the same sum."""
        store.perform(TransactWrite((put(1, n="100"), put(2, n="100"))))
        balance = Path.of("n")
        transfer = TransactWrite(
            (
                UpdateItem(ITEMS, key(1), (Set(balance, Minus(balance, Value({"N": "1"}))),)),
                UpdateItem(ITEMS, key(2), (Set(balance, Plus(balance, Value({"N": "1"}))),)),
            )
        )
        both = TransactGet((GetItem(ITEMS, key(1)), GetItem(ITEMS, key(2))))

        def sum_after_transfer(_: int) -> int:
            store.perform(transfer)
            return sum(int(item["n"]["N"]) for item in store.perform(both).items if item)

        with ThreadPoolExecutor(8) as threads:
            sums = set(threads.map(sum_after_transfer, range(200)))

        assert sums == {200}
        assert contents(store)["1"] == {**key(1), "n": {"N": "-100"}}

    def test_create_one_item_once(self, store: MemoryStore) -> None:
        def create(number: int) -> bool:
            try:
                store.perform(PutItem(ITEMS, {**key(1), "by": {"N": str(number)}}, AttributeNotExists(ID)))
            except ConditionFailed:
                return False
            return True

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(create, range(64))) == 1
