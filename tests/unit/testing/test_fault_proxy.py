"""The faulty network before DynamoDB Local: what the store makes of each fault, and what is stored then."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

import pytest

from persistence import ConditionFailed, DynamoStore, PersistenceError, Store, StoreUnavailable
from persistence.errors import (
    AccessDenied,
    Throttled,
    TransactionBusy,
    TransactionCancelled,
    TransactionInProgress,
)
from persistence.expressions import AttributeNotExists, Path
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    DescribeTable,
    GetItem,
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
    FaultProxy,
    Injected,
    InProgress,
    Landed,
    LateArrival,
    LostAnswer,
    LostRequest,
    ProxiedRequest,
    Rule,
    ServerError,
    Stall,
    Throttling,
    Trickle,
    Unprocessed,
    Unreachable,
)
from tests.unit.testing.faulted import Things, item, single_shot_client, single_shot_store_at, store_at

Start = Callable[..., FaultProxy]
Open = Callable[..., DynamoStore]

NAMES = ("a", "b", "c", "d", "e")


@pytest.fixture
def direct(dynamodb_local: str) -> Iterator[Store]:
    """A store that goes past the proxy."""
    store = store_at(dynamodb_local)
    yield store
    store.client.close()


@pytest.fixture
def things(direct: Store) -> Things:
    return Things().made_in(direct)


@pytest.fixture
def proxied(dynamodb_local: str) -> Iterator[Start]:
    """Start a proxy that follows rules."""
    with ExitStack() as stack:

        def start(*plan: Rule, seed: int = 0) -> FaultProxy:
            return stack.enter_context(FaultProxy(dynamodb_local, plan, seed=seed))

        yield start


@pytest.fixture
def single_shot() -> Iterator[Open]:
    """Open a store whose client sends each request just once."""
    with ExitStack() as stack:

        def open_store(proxy: FaultProxy, *, read_timeout: float = 10.0) -> DynamoStore:
            store = single_shot_store_at(proxy.endpoint_url, read_timeout=read_timeout)
            stack.callback(store.client.close)
            return store

        yield open_store


def failure(store: Store, operation: Operation[Any]) -> PersistenceError:
    with pytest.raises(PersistenceError) as caught:
        store.perform(operation)
    return caught.value


class TestDoubt:
    @pytest.mark.parametrize(
        ("fault", "effects"),
        [
            pytest.param(LostAnswer(), 1, id="answer lost"),
            pytest.param(Stall(0.05), 1, id="stalled after apply"),
            pytest.param(ServerError(applied=True), 1, id="500 after apply"),
            pytest.param(LostRequest(), 0, id="request lost"),
            pytest.param(Stall(0.05, applied=False), 0, id="stalled before apply"),
            pytest.param(ServerError(), 0, id="500 before apply"),
        ],
    )
    @pytest.mark.parametrize("transaction", [False, True], ids=["single write", "transaction"])
    def test_hides_whether_a_write_took_effect(
        self,
        things: Things,
        direct: Store,
        proxied: Start,
        single_shot: Open,
        fault: Fault,
        effects: int,
        transaction: bool,
    ) -> None:
        """The error is the same whether it did or not."""
        store = single_shot(proxied(Rule(fault, count=1)))
        operation: Operation[Any] = things.add_one_to_each("a") if transaction else things.add_one("a")

        error = failure(store, operation)

        assert isinstance(error, StoreUnavailable)
        assert (error.ambiguous, error.retryable) == (True, True)
        assert things.count(direct, "a") == effects

    def test_is_left_by_a_connection_that_breaks_behind_the_request(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        """The request takes effect although nobody waits for it."""
        store = single_shot(proxied(Rule(Abandoned(), count=1)))

        error = failure(store, things.add_one("a"))

        assert isinstance(error, StoreUnavailable)
        assert error.ambiguous
        assert _becomes_true(lambda: things.count(direct, "a") == 1)

    def test_is_left_by_silence_that_the_client_does_not_sit_out(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        store = single_shot(proxied(Rule(Stall(30), count=1)), read_timeout=0.3)

        error = failure(store, things.add_one("a"))

        assert isinstance(error, StoreUnavailable)
        assert error.ambiguous
        assert things.count(direct, "a") == 1

    def test_is_none_for_reads(self, things: Things, proxied: Start, single_shot: Open) -> None:
        error = failure(single_shot(proxied(Rule(LostAnswer()))), things.get("a"))

        assert isinstance(error, StoreUnavailable)
        assert error.ambiguous is False

    def test_ends_when_a_transaction_is_repeated(self, things: Things, direct: Store, proxied: Start) -> None:
        """With its token it is the same request, byte by byte, and has one effect; botocore sends it once."""
        proxy = proxied(Rule(LostAnswer(), (TransactWrite,), count=1))
        store = store_at(proxy.endpoint_url)
        unanswered = failure(store, things.add_one_to_each("a", "b"))

        store.perform(things.add_one_to_each("a", "b"))

        store.client.close()
        assert isinstance(unanswered, StoreUnavailable)
        assert unanswered.ambiguous
        assert (things.count(direct, "a"), things.count(direct, "b")) == (1, 1)
        first, second = proxy.requests
        assert first.body == second.body
        assert (first.token, second.token) == (things.token, things.token)
        assert (first.fault, second.fault) == (LostAnswer(), None)


class TestCertainty:
    @pytest.mark.parametrize(
        ("fault", "kind", "code"),
        [
            (Throttling(), Throttled, "ProvisionedThroughputExceededException"),
            (Throttling("ThrottlingException"), Throttled, "ThrottlingException"),
            (Throttling("RequestLimitExceeded"), Throttled, "RequestLimitExceeded"),
            (ExpiredCredentials(), AccessDenied, "ExpiredTokenException"),
        ],
    )
    def test_of_having_had_no_effect(
        self,
        things: Things,
        direct: Store,
        proxied: Start,
        single_shot: Open,
        fault: Fault,
        kind: type[PersistenceError],
        code: str,
    ) -> None:
        store = single_shot(proxied(Rule(fault, count=1)))

        error = failure(store, things.add_one("a"))

        assert type(error) is kind
        assert (getattr(error, "ambiguous", None), getattr(error, "code", None)) == (False, code)
        assert things.count(direct, "a") == 0

    def test_of_a_cancelled_transaction(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        """There is one reason per action, in their order."""
        store = single_shot(proxied(Rule(Cancellation((None, "ConditionalCheckFailed")))))

        error = failure(store, things.add_one_to_each("a", "b", "c"))

        assert isinstance(error, TransactionCancelled)
        assert [reason.code for reason in error.reasons] == ["None", "ConditionalCheckFailed", "None"]
        assert things.stored(direct, "a", "b", "c") == set()

    def test_of_reads_that_met_a_transaction(self, things: Things, proxied: Start, single_shot: Open) -> None:
        store = single_shot(proxied(Rule(Cancellation())))

        error = failure(store, TransactGet((things.get("a"), things.get("b"))))

        assert type(error) is TransactionBusy

    def test_of_a_transaction_in_progress(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        store = single_shot(proxied(Rule(InProgress())))

        error = failure(store, things.add_one_to_each("a"))

        assert type(error) is TransactionInProgress
        assert things.count(direct, "a") == 0


class TestDelay:
    def test_answers_in_the_end(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        store = single_shot(proxied(Rule(Delay(0.2), count=1)))
        begun = time.monotonic()

        store.perform(things.add_one("a"))

        assert time.monotonic() - begun >= 0.2
        assert things.count(direct, "a") == 1


class TestTrickle:
    def test_answers_in_the_end(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        """Piece by piece, so that no client loses its patience between two of them."""
        store = single_shot(proxied(Rule(Trickle(0.3, pieces=6), (GetItem,), count=1)))
        direct.perform(things.put("a"))
        begun = time.monotonic()

        answer = store.perform(things.get("a"))

        assert isinstance(answer, ItemResult)
        assert answer.item is not None
        assert time.monotonic() - begun >= 0.25


class TestLateArrival:
    def test_comes_right_behind_the_repetition(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        """A transaction that arrives twice takes effect once."""
        proxy = proxied(Rule(LateArrival(), count=1))
        store = single_shot(proxy)
        error = failure(store, things.add_one_to_each("a"))
        before = things.count(direct, "a")

        store.perform(things.add_one_to_each("a"))

        assert isinstance(error, StoreUnavailable)
        assert (error.ambiguous, before) == (True, 0)
        assert proxy.landed == (Landed("TransactWrite", things.token, None),)
        assert things.count(direct, "a") == 1

    def test_may_be_refused_by_then(self, things: Things, proxied: Start, single_shot: Open) -> None:
        proxy = proxied(Rule(LateArrival(), count=1))
        store = single_shot(proxy)
        create = PutItem(things.table, item("a"), AttributeNotExists(Path.of("id")))
        failure(store, create)

        store.perform(create)

        assert proxy.landed == (Landed("PutItem", None, "ConditionalCheckFailedException"),)

    def test_can_be_had_at_once(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        proxy = proxied(Rule(LateArrival(99), count=1))
        failure(single_shot(proxy), things.add_one("a"))

        proxy.settle()

        assert things.count(direct, "a") == 1


class TestUnprocessed:
    def test_writes_only_what_it_does_not_name(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        store = single_shot(proxied(Rule(Unprocessed(2), count=1)))

        answer = store.perform(things.put_all(*NAMES))

        undone = {write.item["id"]["S"] for write in answer.unprocessed if isinstance(write, PutItem)}
        assert len(undone) == 2
        assert things.stored(direct, *NAMES) == set(NAMES) - undone

    def test_reads_only_what_it_does_not_name(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        direct.perform(things.put_all(*NAMES))
        store = single_shot(proxied(Rule(Unprocessed(2), count=1)))

        answer = store.perform(things.get_all(*NAMES))

        undone = {get.key["id"]["S"] for get in answer.unprocessed}
        assert len(undone) == 2
        assert answer.items == tuple(None if name in undone else item(name) for name in NAMES)

    def test_counts_over_all_tables_of_a_batch(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        """A table of which nothing is left to do does not appear in the request."""
        others = Things().made_in(direct)
        batch = BatchWriteItems((things.put("a"), others.put("a")))
        store = single_shot(proxied(Rule(Unprocessed(1), count=1)))

        answer = store.perform(batch)

        (undone,) = answer.unprocessed
        done = {each.table.name for each in (things, others) if each.stored(direct, "a")}
        assert done == {things.table.name, others.table.name} - {undone.table.name}

    def test_ends_when_the_rest_is_asked_for(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        store = single_shot(proxied(Rule(Unprocessed(2), (BatchGetItems,), count=1)))
        direct.perform(things.put_all(*NAMES))
        answer = store.perform(things.get_all(*NAMES))

        rest = store.perform(BatchGetItems(answer.unprocessed))

        assert {each["id"]["S"] for each in (*answer.items, *rest.items) if each} == set(NAMES)
        assert rest.unprocessed == ()


class TestRecord:
    def test_has_every_request_as_it_came(self, things: Things, proxied: Start, single_shot: Open) -> None:
        """Requests of other kinds than our operations pass, and are recorded too."""
        proxy = proxied(Rule(LostRequest(), count=1))
        client = single_shot_client(proxy.endpoint_url)

        failure(DynamoStore(client), things.add_one_to_each("a"))
        client.describe_limits()
        client.close()

        first, second = proxy.requests
        assert (first.target, first.operation) == ("DynamoDB_20120810.TransactWriteItems", TransactWrite)
        assert (first.token, first.fault) == (things.token, LostRequest())
        assert json.loads(first.body)["ClientRequestToken"] == things.token
        assert second == ProxiedRequest("DynamoDB_20120810.DescribeLimits", b"{}", None, None, None)
        assert proxy.injected == (Injected("TransactWrite", LostRequest(), things.token),)

    def test_is_the_same_for_the_same_seed(self, things: Things, proxied: Start, single_shot: Open) -> None:
        plan = (Rule(Throttling(), probability=0.4), Rule(LostRequest(), probability=0.3))

        def record(seed: int) -> tuple[Injected, ...]:
            proxy = proxied(*plan, seed=seed)
            store = single_shot(proxy)
            for _ in range(30):
                try:
                    store.perform(things.add_one("a"))
                except (Throttled, StoreUnavailable):
                    continue
            return proxy.injected

        assert record(1) == record(1)
        assert record(1) != record(2)


class TestConnections:
    def test_are_kept(self, things: Things, proxied: Start, direct: Store) -> None:
        """A refusal, a server error and an answer travel over one connection, as with the service."""
        proxy = proxied(
            Rule(Throttling(), (UpdateItem,), count=1), Rule(ServerError(), (UpdateItem,), count=1)
        )
        address = urlsplit(proxy.endpoint_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        headers = {
            "X-Amz-Target": "DynamoDB_20120810.UpdateItem",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, "
            "SignedHeaders=host, Signature=0",
        }
        body = json.dumps(
            {
                "TableName": things.table.name,
                "Key": {"id": {"S": "a"}},
                "UpdateExpression": "ADD n :one",
                "ExpressionAttributeValues": {":one": {"N": "1"}},
            }
        )
        connection.connect()
        wire = connection.sock

        statuses = []
        for _ in range(3):
            connection.request("POST", "/", body, headers)
            answer = connection.getresponse()
            content = answer.read()
            statuses.append(answer.status)
            assert answer.headers["x-amz-crc32"] == str(crc32(content))

        assert statuses == [400, 500, 200]
        assert connection.sock is wire
        assert things.count(direct, "a") == 1
        connection.close()

    def test_of_several_clients_are_served_at_once(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        """One that is held up holds up nobody else; nothing is lost or doubled."""
        proxy = proxied(Rule(Delay(0.2), (UpdateItem,), probability=0.1), seed=2)

        def work() -> None:
            store = single_shot(proxy)
            for _ in range(10):
                store.perform(things.add_one("a"))

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert things.count(direct, "a") == 60
        assert len(proxy.requests) == 60

    def test_break_when_the_server_is_gone(self, things: Things, single_shot: Open) -> None:
        """A client sees a broken connection, as without a proxy."""
        with socket.create_server(("127.0.0.1", 0)) as vacant:
            port = vacant.getsockname()[1]
        with FaultProxy(f"http://127.0.0.1:{port}") as proxy:
            error = failure(single_shot(proxy), things.add_one("a"))

        assert isinstance(error, StoreUnavailable)

    def test_carry_refusals_of_the_server(
        self, things: Things, direct: Store, proxied: Start, single_shot: Open
    ) -> None:
        direct.perform(things.put("a"))
        store = single_shot(proxied())

        error = failure(store, PutItem(things.table, item("a"), AttributeNotExists(Path.of("id"))))

        assert isinstance(error, ConditionFailed)

    def test_carry_malformed_requests(self, direct: Store, proxied: Start) -> None:
        """What is malformed is the server's to refuse, whatever the rules say."""
        proxy = proxied(Rule(LostAnswer()))
        address = urlsplit(proxy.endpoint_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port)

        connection.request("POST", "/", "{", {"X-Amz-Target": "DynamoDB_20120810.BatchWriteItem"})
        status = connection.getresponse().status

        connection.close()
        assert status >= 400
        assert proxy.requests == (ProxiedRequest("DynamoDB_20120810.BatchWriteItem", b"{", None, None, None),)

    def test_leave_operations_on_tables_alone(
        self, things: Things, proxied: Start, single_shot: Open
    ) -> None:
        store = single_shot(proxied(Rule(LostAnswer())))

        described = store.perform(DescribeTable(things.table.name))

        assert described.table.name == things.table.name


class TestLife:
    def test_ends_without_leaving_a_thread(self, dynamodb_local: str, things: Things) -> None:
        """Connections that are open, or stalled, are broken; nobody waits for them."""
        before = set(threading.enumerate())
        proxy = FaultProxy(dynamodb_local, [Rule(Stall(60))])
        proxy.start()
        store = single_shot_store_at(proxy.endpoint_url, read_timeout=0.2)
        failure(store, things.add_one("a"))
        begun = time.monotonic()

        proxy.close()

        store.client.close()
        assert set(threading.enumerate()) == before
        assert time.monotonic() - begun < 5

    def test_listens_only_while_it_runs(self, dynamodb_local: str) -> None:
        with FaultProxy(dynamodb_local) as proxy:
            address = urlsplit(proxy.endpoint_url)

        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((address.hostname, address.port))
        with pytest.raises(RuntimeError, match="use it as a context manager"):
            _ = proxy.endpoint_url

    def test_can_be_started_again(self, dynamodb_local: str, things: Things, single_shot: Open) -> None:
        """Starting or closing twice is nothing; records and rules go on."""
        proxy = FaultProxy(dynamodb_local, [Rule(Throttling(), count=1)])
        proxy.start()
        proxy.start()
        failure(single_shot(proxy), things.add_one("a"))
        proxy.close()
        proxy.close()

        with proxy:
            single_shot(proxy).perform(things.add_one("a"))

        assert [request.fault for request in proxy.requests] == [Throttling(), None]

    @pytest.mark.parametrize("target", ["https://example.org", "127.0.0.1:8000", "http://"])
    def test_refuses_targets_that_it_can_not_serve(self, target: str) -> None:
        with pytest.raises(ValueError, match="a proxy needs a target such as"):
            FaultProxy(target)

    def test_refuses_what_can_not_happen_to_it(self) -> None:
        """A client that has reached the proxy can't be told that there is nobody."""
        with pytest.raises(ValueError, match="use LostRequest"):
            FaultProxy("http://127.0.0.1:8000", [Rule(Unreachable())])


def _becomes_true(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.01)
    return False
