"""The ways in which a DynamoStore sends requests, for the contract to run on: stores, cases, and proof.

Only operations on items take other ways than botocore's own; those on tables never do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.endpoint import Endpoint
from moto import mock_aws
from moto.core.models import botocore_stubber

from persistence.stores.dynamodb import AsyncDynamoStore, DynamoStore
from persistence.stores.dynamodb.tuning import STUBS
from persistence.testing.contract import (
    BatchContract,
    CancellationContract,
    CapacityContract,
    ChangeContract,
    ConcurrencyContract,
    ConditionContract,
    Contract,
    DeleteItemContract,
    ErrorContract,
    FilterContract,
    GetItemContract,
    IndexCapacityContract,
    IndexContract,
    KeyConditionContract,
    KeyContract,
    KeysOfManyContract,
    KnownDifference,
    LimitsContract,
    MultipleKeyContract,
    NumberContract,
    PageContract,
    PagingContract,
    PutItemContract,
    QueryContract,
    RepeatedCapacityContract,
    ReturnValuesContract,
    ScanContract,
    SelectionContract,
    SizeContract,
    SyncView,
    TokenContract,
    TransactGetContract,
    TransactWriteContract,
    UpdateContract,
    case_names,
    known_differences,
)
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS

DIFFERENCES = Path(__file__).with_name("known_differences.toml")
# Said outright, whatever endpoint the environment configures.
MOTO_ENDPOINT = "https://dynamodb.us-east-1.amazonaws.com"

# The lane hands over 9 answers of moto, and as many of DynamoDB Local, in the cases that run on it, and some
# more where transactions meet. A process may run just the cases that ask for them.
_FEW = 20
PLAIN: Mapping[str, Any] = {"tuned": False, "accelerated": False}
FAST: Mapping[str, Any] = {"fast_lane": True}


class ExpressionContract(ConditionContract, FilterContract, ChangeContract, KeyConditionContract):
    """The cases of what a server makes of expressions, by the hundreds.

    No way has a hand in that: `test_ways` shows that all send the same.
    """


class AnswerContract(
    GetItemContract,
    PutItemContract,
    DeleteItemContract,
    ReturnValuesContract,
    NumberContract,
    KeyContract,
    SizeContract,
    LimitsContract,
    UpdateContract,
    QueryContract,
    PagingContract,
    ScanContract,
    BatchContract,
    IndexContract,
    PageContract,
    SelectionContract,
    MultipleKeyContract,
    TransactWriteContract,
    CancellationContract,
    TokenContract,
    TransactGetContract,
    KeysOfManyContract,
    CapacityContract,
    IndexCapacityContract,
    RepeatedCapacityContract,
    ErrorContract,
    ConcurrencyContract,
):
    """All cases but those of expressions, and of tables themselves: every kind of answer and refusal."""


class ItemContract(ExpressionContract, AnswerContract):
    """All cases but those of making and managing tables."""


class CallContract(
    TransactWriteContract,
    TransactGetContract,
    TokenContract,
    CancellationContract,
    ConcurrencyContract,
    BatchContract,
    ReturnValuesContract,
    ErrorContract,
):
    """The cases of writing several items, of errors with data of their own, and of concurrency."""


class SampleContract(
    CallContract,
    GetItemContract,
    PutItemContract,
    DeleteItemContract,
    NumberContract,
    UpdateContract,
    QueryContract,
    PagingContract,
):
    """Each kind of request, and of answer and refusal, with values of every type."""


def differences(server: str, contract: type[Contract]) -> Mapping[str, KnownDifference]:
    """Give what a server is known to do otherwise in the cases of a contract."""
    known = known_differences(DIFFERENCES, server)
    return {name: known[name] for name in known.keys() & case_names(contract)}


@contextmanager
def local_store(endpoint_url: str, **settings: Any) -> Iterator[DynamoStore]:
    """Make a store with a client of its own, on DynamoDB Local."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "local")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "local")
        patch.setenv("NO_PROXY", "localhost,127.0.0.1")
        store = DynamoStore(
            region="us-east-1",
            endpoint_url=endpoint_url,
            limits=DYNAMODB_LOCAL_2020_LIMITS,
            read_timeout=30.0,
            **settings,
        )
        if store.tuned or settings.get("fast_lane"):
            mock: Any = botocore_stubber  # moto, once imported, has all clients ask it first
            store.client.meta.events.unregister("before-send", mock)
        with closing(store):
            yield store


@contextmanager
def moto_store(**settings: Any) -> Iterator[DynamoStore]:
    """Make a store with a client of its own, that moto answers."""
    with mock_aws():
        scaling = boto3.client("application-autoscaling", region_name="us-east-1")
        store = DynamoStore(
            region="us-east-1", endpoint_url=MOTO_ENDPOINT, scaling_client=scaling, **settings
        )
        with closing(store), closing(scaling):
            yield store


@contextmanager
def on_the_lane(store: DynamoStore) -> Iterator[DynamoStore]:
    """Assert that the lane served the requests for items, but for the few whose answers are botocore's."""
    assert store.fast_lane.used, store.fast_lane.reason
    asked: Counter[str] = Counter()

    def note(model: Any, **_event: object) -> None:
        asked[model.name] += 1

    store.client.meta.events.register("after-call.dynamodb", note)
    with sent_by_botocore() as sent:
        yield store
    assert store.fast_lane.used, store.fast_lane.reason
    handed_over = sum(sent[name] for name in STUBS)
    assert handed_over <= max(_FEW, sum(asked[name] for name in STUBS) // 50), sent


@contextmanager
def beside_threads(below: DynamoStore) -> Iterator[SyncView]:
    """Show the native asynchronous store over another one; assert that botocore sends nothing for items."""
    store = AsyncDynamoStore(below, native=True)
    with closing(store), SyncView(store) as view, sent_by_botocore() as sent:
        yield view
    assert sent
    assert sent.keys() & STUBS.keys() == set()


@contextmanager
def in_threads(below: DynamoStore) -> Iterator[SyncView]:
    """Show the asynchronous store in threads over another one."""
    store = AsyncDynamoStore(below, native=False)
    with closing(store), SyncView(store) as view:
        yield view


@contextmanager
def sent_by_botocore() -> Iterator[Counter[str]]:
    """Count the requests that botocore sends meanwhile, by the name of their action."""
    sent: Counter[str] = Counter()
    send = Endpoint.make_request

    def noted(self: Endpoint, operation_model: Any, request_dict: Any) -> Any:
        # To refuse an empty batch is left to botocore.
        if b'"RequestItems": {}' not in request_dict["body"]:
            sent[operation_model.name] += 1
        return send(self, operation_model, request_dict)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Endpoint, "make_request", noted)
        yield sent
