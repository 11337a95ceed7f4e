"""Lost answers, server errors and botocore's own retries, over a network that fails as the test says."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config

from persistence import Key, MappingSchema, Repository, UnitOfWork
from persistence.errors import (
    AccessDenied,
    ConditionFailed,
    PersistenceError,
    StoreUnavailable,
    Throttled,
    ThrottlingReason,
    TransactionBusy,
    TransactionCancelled,
    TransactionInProgress,
)
from persistence.expressions import Add, AttributeNotExists, Path, Value
from persistence.operations import (
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    TransactWrite,
    TransactWriteResult,
    UpdateItem,
)
from persistence.stores.dynamodb import DynamoStore
from persistence.table import Table
from tests.unit.stores.dynamodb.scripted import Answer, Drop, Reset, Silence, Step, refusal, scripted
from tests.unit.stores.dynamodb.versions import knows

TABLE = Table("things", "id")
KEY = {"id": {"S": "1"}}
GET = GetItem(TABLE, KEY)
ADD_ONE = UpdateItem(TABLE, KEY, (Add(Path.of("n"), Value({"N": "1"})),))
CREATE = PutItem(TABLE, KEY, AttributeNotExists(Path.of("id")))
TRANSACTION = TransactWrite((CREATE,), token="token-1")
WITHOUT_TOKEN = TransactWrite((CREATE,))


@dataclass
class Thing:
    id: str


class ThingMapping(MappingSchema[Thing]):
    class Meta:
        table = TABLE
        key = Key("id")


THROTTLED = refusal("ProvisionedThroughputExceededException", "slow down")
SERVER_ERROR = refusal("InternalServerError", "try again", status=500)
CONDITION_FAILED = refusal("ConditionalCheckFailedException", "The conditional request failed")
FOUND = Answer({"Item": KEY})


@dataclass
class ToCome:
    """Gives the steps that it is told, and server errors where it is told none."""

    steps: list[Step] = field(default_factory=list)

    def send(self, connection: socket.socket) -> None:
        (self.steps.pop(0) if self.steps else SERVER_ERROR).send(connection)


Mode = Literal["legacy", "standard", "adaptive"]
Failure = Callable[..., tuple[PersistenceError, int]]

LOST: list[Step] = [Drop(), Reset(), Silence(), SERVER_ERROR, Answer({"Attributes": KEY}, cut=3)]
LOST_NAMES = ["dropped", "reset", "silent", "server error", "cut off"]


def cancelled(*codes: str) -> Answer:
    return refusal("TransactionCanceledException", CancellationReasons=[{"Code": code} for code in codes])


def client(endpoint_url: str, attempts: int = 3, mode: Mode = "standard") -> BaseClient:
    session = boto3.session.Session(aws_access_key_id="x", aws_secret_access_key="y", region_name="us-east-1")
    config = Config(
        connect_timeout=5,
        read_timeout=0.5,
        retries={"mode": mode, "total_max_attempts": attempts},
        proxies={"http": ""},
    )
    return session.client("dynamodb", endpoint_url=endpoint_url, config=config)


@pytest.fixture
def failure() -> Failure:
    """Perform an operation that fails, and tell how, and how many requests arrived."""

    def fail(
        operation: Operation[object], *steps: Step, attempts: int = 3, mode: Mode = "standard"
    ) -> tuple[PersistenceError, int]:
        with scripted(steps) as server:
            made = client(server.endpoint_url, attempts, mode)
            with pytest.raises(PersistenceError) as caught:
                DynamoStore(made).perform(operation)
            made.close()
            return caught.value, len(server.requests)

    return fail


class TestReads:
    @pytest.mark.parametrize("lost", LOST, ids=LOST_NAMES)
    def test_are_repeated(self, lost: Step) -> None:
        with scripted([lost, FOUND]) as server:
            made = client(server.endpoint_url)

            result = DynamoStore(made).perform(GET)

            made.close()
            assert result.item == KEY
            assert len(server.requests) == 2

    @pytest.mark.parametrize("damaged", [Answer({"Item": KEY}, cut=3), Answer({"Item": KEY}, flipped=True)])
    def test_never_take_a_damaged_answer_for_an_absent_item(self, damaged: Step, failure: Failure) -> None:
        """botocore reads an answer that was cut off as one without content."""
        error, requests = failure(GET, damaged, damaged, damaged)

        assert isinstance(error, StoreUnavailable)
        assert (error.ambiguous, requests) == (False, 3)

    def test_are_never_ambiguous(self, failure: Failure) -> None:
        error, _ = failure(GET, Drop(), Drop(), Drop())

        assert isinstance(error, StoreUnavailable)
        assert (error.ambiguous, error.retryable) == (False, True)
        assert (error.operation, error.table) == ("GetItem", "things")


class TestSingleWrites:
    @pytest.mark.parametrize("lost", LOST, ids=LOST_NAMES)
    @pytest.mark.parametrize(
        "operation", [ADD_ONE, CREATE, DeleteItem(TABLE, KEY)], ids=lambda op: type(op).__name__
    )
    def test_are_not_repeated_in_doubt(
        self, operation: Operation[object], lost: Step, failure: Failure
    ) -> None:
        """An ADD that took effect would be added again, a conditional put would find its own item.

        The server would answer a second request.
        """
        error, requests = failure(operation, lost, Answer())

        assert isinstance(error, StoreUnavailable)
        assert (error.ambiguous, requests) == (True, 1)

    def test_are_repeated_when_throttled(self) -> None:
        with scripted([THROTTLED, Answer()]) as server:
            made = client(server.endpoint_url)

            DynamoStore(made).perform(ADD_ONE)

            made.close()
            assert len(server.requests) == 2

    def test_keep_a_certain_refusal_after_throttling(self, failure: Failure) -> None:
        error, requests = failure(CREATE, THROTTLED, CONDITION_FAILED)

        assert isinstance(error, ConditionFailed)
        assert requests == 2

    def test_had_no_effect_when_always_throttled(self, failure: Failure) -> None:
        error, requests = failure(CREATE, THROTTLED, THROTTLED, THROTTLED)

        assert isinstance(error, Throttled)
        assert (error.ambiguous, requests) == (False, 3)

    @pytest.mark.parametrize(
        ("code", "member"),
        [
            ("ProvisionedThroughputExceededException", "ThrottlingReasons"),
            ("ThrottlingException", "throttlingReasons"),
        ],
    )
    def test_tell_why_they_were_throttled(self, code: str, member: str, failure: Failure) -> None:
        """The service's reasons are kept; it spells their member in two ways."""
        if not knows(code, member):
            pytest.skip("this botocore does not know them")
        arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/things"
        reasons = [{"reason": "TableWriteKeyRangeThroughputExceeded", "resource": arn}]

        error, _ = failure(CREATE, *[refusal(code, "slow down", 400, **{member: reasons})] * 3)

        assert isinstance(error, Throttled)
        assert error.throttling == (ThrottlingReason("TableWriteKeyRangeThroughputExceeded", arn),)


class TestTransactions:
    @pytest.mark.parametrize("lost", LOST, ids=LOST_NAMES)
    def test_end_with_a_lost_answer(self, lost: Step, failure: Failure) -> None:
        """Whoever chose the token repeats it. The server would answer a second request."""
        error, requests = failure(TRANSACTION, lost, Answer())

        assert isinstance(error, StoreUnavailable)
        assert (error.ambiguous, requests) == (True, 1)

    @pytest.mark.parametrize(
        ("refused", "kind"),
        [
            (THROTTLED, Throttled),
            (refusal("ThrottlingException"), Throttled),
            (refusal("TransactionInProgressException"), TransactionInProgress),
            (refusal("ReplicatedWriteConflictException", status=409), TransactionBusy),
        ],
        ids=["throughput", "throttled", "in progress", "other region"],
    )
    def test_end_with_any_refusal_that_passes(
        self, refused: Step, kind: type[PersistenceError], failure: Failure
    ) -> None:
        """botocore would go on for as long as it likes, past any deadline."""
        error, requests = failure(TRANSACTION, refused, Answer())

        assert isinstance(error, kind)
        assert (error.retryable, getattr(error, "ambiguous", False), requests) == (True, False, 1)

    @pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
    @pytest.mark.parametrize("failed", [SERVER_ERROR, THROTTLED], ids=["server error", "throttled"])
    def test_end_at_once_however_a_client_repeats(self, mode: Mode, failed: Step, failure: Failure) -> None:
        _, requests = failure(TRANSACTION, failed, Answer(), attempts=10, mode=mode)

        assert requests == 1

    @pytest.mark.parametrize("lost", LOST, ids=LOST_NAMES)
    def test_are_the_same_request_each_time(self, lost: Step) -> None:
        with scripted([lost, Answer()]) as server:
            made = client(server.endpoint_url)
            store = DynamoStore(made)
            with pytest.raises(StoreUnavailable):
                store.perform(TRANSACTION)

            result = store.perform(TRANSACTION)

            made.close()
            assert result == TransactWriteResult()
            first, second = server.requests
            assert first == second
            assert json.loads(first)["ClientRequestToken"] == "token-1"

    def test_are_repeated_by_units_when_botocore_has_no_retries_left(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Reads use up the quota of its retries; whoever relied on it would fail at once from then on."""
        monkeypatch.setattr(time, "sleep", lambda seconds: None)
        to_come = ToCome()
        steps: list[Any] = [to_come] * 500
        with scripted(steps) as server:
            made = client(server.endpoint_url, attempts=10)
            store = DynamoStore(made)
            before = -10
            while len(server.requests) > before + 1:
                before = len(server.requests)
                with pytest.raises(StoreUnavailable):
                    store.perform(GET)
            to_come.steps = [SERVER_ERROR, SERVER_ERROR, Answer()]

            Repository(ThingMapping, UnitOfWork(store)).add(Thing("1"))

            made.close()
            assert len(server.requests) == before + 1 + 3

    def test_are_certain_when_they_are_refused_at_once(self, failure: Failure) -> None:
        error, requests = failure(TRANSACTION, cancelled("TransactionConflict", "None"))

        assert isinstance(error, TransactionCancelled)
        assert (error.ambiguous, requests) == (False, 1)


class TestTransactionsWithoutAToken:
    """botocore gives them one, which nobody else knows: so botocore repeats them."""

    @pytest.mark.parametrize("lost", LOST, ids=LOST_NAMES)
    def test_have_one_token_for_all_attempts(self, lost: Step) -> None:
        with scripted([lost, Answer()]) as server:
            made = client(server.endpoint_url)

            result = DynamoStore(made).perform(WITHOUT_TOKEN)

            made.close()
            assert result == TransactWriteResult()
            first, second = server.requests
            assert first == second
            assert json.loads(first)["ClientRequestToken"]

    def test_are_in_doubt_when_every_answer_was_lost(self, failure: Failure) -> None:
        error, requests = failure(WITHOUT_TOKEN, Drop(), Drop(), Drop())

        assert isinstance(error, StoreUnavailable)
        assert (error.ambiguous, requests) == (True, 3)

    @pytest.mark.parametrize(
        "last", [THROTTLED, refusal("TransactionInProgressException"), refusal("ExpiredTokenException")]
    )
    def test_stay_in_doubt_whatever_the_last_attempt_says(self, last: Step, failure: Failure) -> None:
        """The first attempt can still take effect."""
        error, requests = failure(WITHOUT_TOKEN, Drop(), last, attempts=2)

        assert isinstance(error, StoreUnavailable | TransactionInProgress | AccessDenied)
        assert (error.ambiguous, requests) == (True, 2)

    def test_stay_in_doubt_when_nobody_listens_any_more(self, failure: Failure) -> None:
        error, requests = failure(WITHOUT_TOKEN, Drop())

        assert isinstance(error, StoreUnavailable)
        assert (error.ambiguous, requests) == (True, 1)

    def test_are_decided_by_a_failed_condition(self, failure: Failure) -> None:
        """Had the first attempt taken effect, its token would have been confirmed."""
        error, _ = failure(WITHOUT_TOKEN, Drop(), cancelled("ConditionalCheckFailed"))

        assert isinstance(error, TransactionCancelled)
        assert not error.ambiguous

    def test_are_not_decided_by_a_conflict(self, failure: Failure) -> None:
        """It may be the first attempt itself that holds the item."""
        error, _ = failure(WITHOUT_TOKEN, Drop(), cancelled("TransactionConflict", "None"))

        assert isinstance(error, TransactionCancelled)
        assert error.ambiguous


class TestNoConnection:
    def test_tells_quickly_that_nothing_was_sent(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        made = client(f"http://127.0.0.1:{port}")
        started = time.monotonic()

        with pytest.raises(StoreUnavailable) as caught:
            DynamoStore(made).perform(TRANSACTION)

        made.close()
        assert not caught.value.ambiguous
        assert time.monotonic() - started < 5


class TestClientsOfUsers:
    def test_are_watched_by_stores_only(self) -> None:
        """What users do with their own client is theirs, retries of a doubtful write included."""
        with scripted([SERVER_ERROR, Answer()]) as server:
            made = client(server.endpoint_url)
            DynamoStore(made)
            DynamoStore(made)

            made.put_item(TableName="things", Item=KEY)  # type: ignore[attr-defined]  # made by botocore at run time

            made.close()
            assert len(server.requests) == 2


class TestHandlersOfUsers:
    def test_set_what_holds_after_the_call(self) -> None:
        answered: ContextVar[str] = ContextVar("answered", default="nothing yet")
        with scripted([Answer(), SERVER_ERROR]) as server:
            made = client(server.endpoint_url)
            events: Any = made.meta.events
            events.register("request-created.dynamodb", lambda **_: answered.set("nothing"))
            events.register("after-call.dynamodb", lambda model, **_: answered.set(model.name))
            store = DynamoStore(made)

            store.perform(GET)
            first = answered.get()
            with pytest.raises(StoreUnavailable):
                store.perform(CREATE)

            made.close()
            assert (first, answered.get()) == ("GetItem", "nothing")
