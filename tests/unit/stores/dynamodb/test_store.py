"""The whole store: its constructor, and its operations on real and imitated servers."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.attributes import Item
from persistence.errors import (
    AccessDenied,
    ConditionFailed,
    InvalidRequest,
    ItemTooLarge,
    StoreError,
    StoreUnavailable,
    TableInUse,
    TableNotFound,
    TokenMismatch,
    TransactionCancelled,
)
from persistence.expressions import (
    Add,
    And,
    AttributeExists,
    AttributeNotExists,
    Between,
    Compare,
    Condition,
    Discard,
    IfNotExists,
    In,
    KeyCondition,
    ListAppend,
    Minus,
    Not,
    Or,
    Path,
    Plus,
    Remove,
    Set,
    Value,
)
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    ConditionCheck,
    CreateTable,
    DeleteItem,
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    EnableTimeToLive,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.store import AWS_LIMITS, Limits, Store
from persistence.stores.dynamodb import DynamoStore
from persistence.table import GlobalIndex, Key, LocalIndex, Projection, Table

ONE, TWO = Value({"N": "1"}), Value({"N": "2"})


class TestConstructor:
    def test_needs_nothing_and_does_nothing(self) -> None:
        """The client is made at first use: no region, no credentials, no connection before."""
        store = DynamoStore()

        assert isinstance(store, Store)
        assert store.limits == replace(AWS_LIMITS, answer_seconds=5.0)
        assert store.connections == 50

    def test_takes_limits(self) -> None:
        assert DynamoStore(limits=Limits(transaction_actions=10)).limits.transaction_actions == 10

    def test_knows_how_long_an_answer_may_take(self) -> None:
        """One attempt of a commit outlasts its deadline by as much at most."""
        assert DynamoStore(read_timeout=1.5).limits.answer_seconds == 1.5
        assert DynamoStore(limits=Limits(answer_seconds=9.0)).limits.answer_seconds == 9.0

    @pytest.mark.parametrize("seconds", [7, None])
    def test_asks_a_given_client_how_long_an_answer_may_take(self, seconds: int | None) -> None:
        """botocore's own default is a minute; None is for ever, which is no number of seconds.

        No more requests are under way at once than it keeps connections.
        """
        config = Config(read_timeout=seconds, max_pool_connections=3)
        given = boto3.client(
            "dynamodb",
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="y",
            config=config,
        )

        store = DynamoStore(given, limits=Limits(transaction_actions=10))

        assert store.limits == Limits(transaction_actions=10, answer_seconds=seconds, concurrent_requests=3)
        assert store.connections == 3
        given.close()

    def test_refuses_a_client_beside_settings_of_one(self, moto_client: BaseClient) -> None:
        with pytest.raises(ValueError, match="not both"):
            DynamoStore(moto_client, region="eu-central-1")

    def test_refuses_a_resource(self) -> None:
        resource = boto3.resource(
            "dynamodb", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="y"
        )

        with pytest.raises(TypeError, match=r"resource\.meta\.client"):
            DynamoStore(resource)  # type: ignore[arg-type]  # what is under test

        with pytest.raises(TypeError, match="converts values"):
            DynamoStore(resource.meta.client)

        resource.meta.client.close()


@pytest.fixture
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return monkeypatch


@pytest.mark.usefixtures("bare_environment")
class TestOwnClient:
    def test_misses_a_region(self) -> None:
        with pytest.raises(StoreError, match=r"pass region=") as caught:
            DynamoStore().perform(DescribeTable("things"))

        assert (caught.value.operation, caught.value.table) == ("DescribeTable", "things")

    def test_misses_credentials(self) -> None:
        with pytest.raises(AccessDenied, match="no usable credentials"):
            DynamoStore(region="us-east-1").perform(DescribeTable("things"))

    def test_is_configured_for_a_service_that_answers_in_milliseconds(self) -> None:
        store = DynamoStore(region="eu-central-1", connections=7)

        client = store.client
        config: Any = client.meta.config

        assert client is store.client
        assert client.meta.region_name == "eu-central-1"
        assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (2.0, 5.0, 7)
        assert config.retries == {"mode": "standard", "total_max_attempts": 3}
        store.close()

    def test_tells_that_nobody_listens(self, bare_environment: pytest.MonkeyPatch) -> None:
        bare_environment.setenv("AWS_ACCESS_KEY_ID", "x")
        bare_environment.setenv("AWS_SECRET_ACCESS_KEY", "y")
        store = DynamoStore(region="us-east-1", endpoint_url="http://127.0.0.1:1", attempts=1)

        with pytest.raises(StoreUnavailable) as caught:
            store.perform(PutItem(Table("things", "id"), {"id": {"S": "1"}}))

        assert not caught.value.ambiguous
        store.close()


class TestUnknownOperations:
    def test_are_refused(self, moto_client: BaseClient) -> None:
        class Sing(Operation[None]):
            pass

        with pytest.raises(InvalidRequest, match="Sing"):
            DynamoStore(moto_client).perform(Sing())


class TestUnaskableOperations:
    def test_are_refused_as_the_service_would(self, moto_client: BaseClient) -> None:
        """What can't be written as a request is an `InvalidRequest` of the store, which says where."""
        nothing = GetItem(Table("things", "pk"), {"pk": {"S": "a"}}, projection=())

        with pytest.raises(InvalidRequest, match="at least one path") as refused:
            DynamoStore(moto_client).perform(nothing)

        assert (refused.value.operation, refused.value.table) == ("GetItem", "things")


@pytest.fixture(params=["moto_client", "dynamodb_local_client"])
def store(request: pytest.FixtureRequest) -> DynamoStore:
    return DynamoStore(request.getfixturevalue(request.param), limits=Limits(transaction_actions=10))


@pytest.fixture
def local(dynamodb_local_client: BaseClient) -> DynamoStore:
    return DynamoStore(dynamodb_local_client, limits=Limits(transaction_actions=10))


def new_table() -> Table:
    return Table(
        f"t-{uuid.uuid4()}",
        "id",
        "n",
        indexes=(
            GlobalIndex("by-day", Key("day", "n"), Projection.include("note")),
            LocalIndex("by-note", "note", Projection.keys_only()),
        ),
        types={"n": "N"},
    )


@pytest.fixture
def table(store: DynamoStore) -> Iterator[Table]:
    made = new_table()
    store.perform(CreateTable(made))
    yield made
    store.perform(DeleteTable(made.name))


@pytest.fixture
def local_table(local: DynamoStore) -> Iterator[Table]:
    made = new_table()
    local.perform(CreateTable(made))
    yield made
    local.perform(DeleteTable(made.name))


def key(number: int, partition: str = "a") -> Item:
    return {"id": {"S": partition}, "n": {"N": str(number)}}


class TestTables:
    def test_are_described_as_they_were_declared(self, store: DynamoStore, table: Table) -> None:
        described = store.perform(DescribeTable(table.name))

        assert described.table == table
        assert described.active
        assert [index.name for index in described.indexes] == ["by-day", "by-note"]
        assert described.created_at is not None

    def test_are_not_made_twice(self, store: DynamoStore, table: Table) -> None:
        with pytest.raises(TableInUse):
            store.perform(CreateTable(table))

    def test_have_a_time_to_live(self, store: DynamoStore, table: Table) -> None:
        before = store.perform(DescribeTimeToLive(table.name))
        store.perform(EnableTimeToLive(table.name, "expires"))

        assert (before, store.perform(DescribeTimeToLive(table.name))) == (None, "expires")

    @pytest.mark.parametrize(
        "operation",
        [
            DescribeTable("missing"),
            DeleteTable("missing"),
            GetItem(Table("missing", "id"), {"id": {"S": "1"}}),
            PutItem(Table("missing", "id"), {"id": {"S": "1"}}),
            TransactWrite((PutItem(Table("missing", "id"), {"id": {"S": "1"}}),)),
            ScanPage(Table("missing", "id")),
        ],
        ids=lambda operation: type(operation).__name__,
    )
    def test_may_be_missing(self, store: DynamoStore, operation: Operation[Any]) -> None:
        with pytest.raises(TableNotFound) as caught:
            store.perform(operation)

        assert caught.value.table == "missing"


class TestItems:
    def test_come_back_as_they_were_put(self, store: DynamoStore, table: Table) -> None:
        item = {
            **key(1),
            "bytes": {"B": b"\x00\xff"},
            "all": {"L": [{"BOOL": True}, {"NULL": True}, {"M": {"n": {"N": "1.5"}, "b": {"B": b"x"}}}]},
            "tags": {"BS": [b"x"]},
        }

        store.perform(PutItem(table, item))

        assert store.perform(GetItem(table, key(1), consistent=True)).item == item
        assert store.perform(GetItem(table, key(2))).item is None

    def test_come_back_in_parts(self, local: DynamoStore, local_table: Table) -> None:
        """Not on moto, which takes the alias of an indexed list for unused."""
        lines = {"L": [{"NULL": True}, {"M": {"sku": {"S": "A"}, "n": {"N": "1"}}}]}
        local.perform(PutItem(local_table, {**key(1), "lines": lines}))

        result = local.perform(GetItem(local_table, key(1), projection=(Path.of("lines", 1, "sku"),)))

        assert result.item == {"lines": {"L": [{"M": {"sku": {"S": "A"}}}]}}

    def test_are_updated(self, store: DynamoStore, table: Table) -> None:
        numbers, tags = Path.of("numbers"), Path.of("tags")
        store.perform(
            PutItem(table, {**key(1), "stock": {"N": "5"}, "old": {"S": "x"}, "tags": {"SS": ["a", "b"]}})
        )

        result = store.perform(
            UpdateItem(
                table,
                key(1),
                (
                    Set(Path.of("version"), Plus(IfNotExists(Path.of("version"), Value({"N": "-1"})), ONE)),
                    Set(Path.of("stock"), Minus(Path.of("stock"), TWO)),
                    Set(
                        numbers,
                        ListAppend(IfNotExists(numbers, Value({"L": []})), Value({"L": [{"N": "1"}]})),
                    ),
                    Remove(Path.of("old")),
                    Add(Path.of("views"), ONE),
                    Discard(tags, Value({"SS": ["a"]})),
                ),
                And((AttributeExists(Path.of("id")), Compare("=", Path.of("stock"), Value({"N": "5.0"})))),
                returning="new",
            )
        )

        assert result.attributes == {
            **key(1),
            "version": {"N": "0"},
            "stock": {"N": "3"},
            "numbers": {"L": [{"N": "1"}]},
            "views": {"N": "1"},
            "tags": {"SS": ["b"]},
        }

    def test_are_deleted(self, store: DynamoStore, table: Table) -> None:
        store.perform(PutItem(table, key(1)))

        deleted = store.perform(DeleteItem(table, key(1), returning="old"))
        again = store.perform(DeleteItem(table, key(1), returning="old"))

        assert (deleted.attributes, again.attributes) == (key(1), None)

    def test_are_refused_by_a_condition(self, store: DynamoStore, table: Table) -> None:
        store.perform(PutItem(table, key(1)))

        with pytest.raises(ConditionFailed):
            store.perform(PutItem(table, key(1), AttributeNotExists(Path.of("id")), item_on_failure=True))

    def test_can_be_too_large(self, store: DynamoStore, table: Table) -> None:
        with pytest.raises(ItemTooLarge):
            store.perform(PutItem(table, {**key(1), "x": {"S": "x" * 409_600}}))


class TestBatches:
    def test_are_read_in_the_order_asked(self, store: DynamoStore, table: Table) -> None:
        writes = tuple(PutItem(table, {**key(number), "x": {"S": "x"}}) for number in (1, 2, 3))
        assert store.perform(BatchWriteItems(writes)).unprocessed == ()

        gets = tuple(GetItem(table, key(number), projection=(Path.of("x"),)) for number in (3, 9, 1))
        result = store.perform(BatchGetItems(gets))

        assert result.items == ({"x": {"S": "x"}}, None, {"x": {"S": "x"}})
        assert result.unprocessed == ()

    def test_are_read_as_one_snapshot(self, store: DynamoStore, table: Table) -> None:
        store.perform(PutItem(table, key(1)))

        result = store.perform(TransactGet((GetItem(table, key(2)), GetItem(table, key(1)))))

        assert result.items == (None, key(1))


class TestQueries:
    def test_give_pages(self, store: DynamoStore, table: Table) -> None:
        for number in range(1, 6):
            store.perform(PutItem(table, {**key(number), "day": {"S": "mon"}, "note": {"S": f"n{number}"}}))
        query = QueryPage(
            table,
            KeyCondition(("day", {"S": "mon"}), Between(Path.of("n"), ONE, Value({"N": "4"}))),
            index="by-day",
            filter=Not(In(Path.of("note"), (Value({"S": "n3"}), Value({"S": "n9"})))),
            projection=(Path.of("note"),),
            descending=True,
            limit=3,
        )

        first = store.perform(query)
        rest = store.perform(
            QueryPage(table, query.key_condition, index="by-day", descending=True, start=first.last_key)
        )

        assert first.items == ({"note": {"S": "n4"}}, {"note": {"S": "n2"}})
        assert (first.count, first.scanned_count) == (2, 3)
        assert [item["n"] for item in rest.items] == [{"N": "1"}]
        assert rest.last_key is None

    def test_count(self, store: DynamoStore, table: Table) -> None:
        store.perform(PutItem(table, key(1)))

        page = store.perform(
            QueryPage(table, KeyCondition(("id", {"S": "a"})), count_only=True, consistent=True)
        )

        assert (page.items, page.count, page.scanned_count) == ((), 1, 1)

    def test_scan_in_segments(self, store: DynamoStore, table: Table) -> None:
        for number in range(8):
            store.perform(PutItem(table, key(number, partition=f"p{number}")))

        pages = [store.perform(ScanPage(table, segment=segment, segments=3)) for segment in range(3)]

        assert sorted(item["n"]["N"] for page in pages for item in page.items) == list("01234567")

    def test_know_their_indexes(self, local: DynamoStore, local_table: Table) -> None:
        with pytest.raises(TableNotFound, match="missing"):
            local.perform(QueryPage(local_table, KeyCondition(("id", {"S": "a"})), index="missing"))


class TestTransactions:
    def test_do_all_or_nothing_and_tell_why(self, store: DynamoStore, table: Table) -> None:
        store.perform(PutItem(table, {**key(1), "x": {"S": "x"}}))
        absent = AttributeNotExists(Path.of("id"))
        transaction = TransactWrite(
            (
                PutItem(table, key(2), absent),
                DeleteItem(table, key(1), absent, item_on_failure=True),
                ConditionCheck(table, key(3), absent),
            )
        )

        with pytest.raises(TransactionCancelled) as caught:
            store.perform(transaction)

        assert [reason.code for reason in caught.value.reasons] == ["None", "ConditionalCheckFailed", "None"]
        assert caught.value.reasons[1].item == {**key(1), "x": {"S": "x"}}
        assert store.perform(GetItem(table, key(2))).item is None

    def test_take_effect_once_per_token(self, local: DynamoStore, local_table: Table) -> None:
        def add(token: str, amount: Value = ONE) -> TransactWrite:
            return TransactWrite((UpdateItem(local_table, key(1), (Add(Path.of("x"), amount),)),), token)

        token = str(uuid.uuid4())

        first, second = local.perform(add(token)), local.perform(add(token))

        assert local.perform(GetItem(local_table, key(1))).item == {**key(1), "x": {"N": "1"}}
        assert [one.capacity[0].write_units > 0 for one in (first, second)] == [True, False]
        with pytest.raises(TokenMismatch):
            local.perform(add(token, TWO))

    def test_of_one_value_are_one_request(self, local: DynamoStore, local_table: Table) -> None:
        """Sets have no order: however their members are listed, it is the same transaction."""
        token = str(uuid.uuid4())

        for members in (["b", "a"], ["a", "b"]):
            local.perform(TransactWrite((PutItem(local_table, {**key(1), "tags": {"SS": members}}),), token))

        assert local.perform(GetItem(local_table, key(1))).item == {**key(1), "tags": {"SS": ["a", "b"]}}


_leaves = st.sampled_from([Compare("=", Path.of(name), ONE) for name in "abcd"])
_trees: st.SearchStrategy[Condition] = st.recursive(
    st.one_of(_leaves, _leaves.map(lambda leaf: Between(leaf.left, ONE, ONE))),
    lambda inner: st.one_of(
        inner.map(Not),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: And(tuple(parts))),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: Or(tuple(parts))),
    ),
    max_leaves=12,
)


def truth(condition: Condition, true: frozenset[str]) -> bool:
    match condition:
        case And(conditions):
            return all(truth(one, true) for one in conditions)
        case Or(conditions):
            return any(truth(one, true) for one in conditions)
        case Not(inner):
            return not truth(inner, true)
        case Compare(_, Path() as path, _) | Between(Path() as path, _, _):
            return path.attribute in true
        case _:
            raise AssertionError(condition)


class TestConditions:
    @given(tree=_trees, true=st.frozensets(st.sampled_from("abcd")))
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_mean_on_the_server_what_the_tree_means(
        self, local: DynamoStore, local_table: Table, tree: Condition, true: frozenset[str]
    ) -> None:
        local.perform(PutItem(local_table, {**key(1), **{name: {"N": "1"} for name in true}}))

        page = local.perform(QueryPage(local_table, KeyCondition(("id", {"S": "a"})), filter=tree))

        assert page.count == truth(tree, true)


class TestMessages:
    @pytest.mark.parametrize(
        "value",
        [
            {"SS": ["CANARY", "CANARY"]},
            {"N": "CANARY"},
            {"NS": ["CANARY"]},
            {"S": ["CANARY"]},
            {"SS": "CANARY"},
            {"X": "CANARY"},
        ],
        ids=repr,
    )
    def test_never_contain_stored_values(
        self, local: DynamoStore, local_table: Table, value: dict[str, Any]
    ) -> None:
        with pytest.raises(InvalidRequest) as caught:
            local.perform(PutItem(local_table, {**key(1), "x": value}))

        assert "CANARY" not in str(caught.value)

    def test_never_contain_operands(self, local: DynamoStore, local_table: Table) -> None:
        inverted = Between(Path.of("x"), Value({"S": "CANARY-2"}), Value({"S": "CANARY-1"}))

        with pytest.raises(InvalidRequest) as caught:
            local.perform(ScanPage(local_table, filter=inverted))

        assert "CANARY" not in str(caught.value)
