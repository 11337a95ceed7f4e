"""Tables: made by request or by use, described, deleted; and batches over several of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from persistence.attributes import Item
from persistence.errors import InvalidRequest, TableInUse, TableNotFound
from persistence.expressions import AttributeExists, KeyCondition, Path
from persistence.operations import (
    BatchGetItems,
    BatchGetResult,
    BatchWriteItems,
    BatchWriteResult,
    ConsumedCapacity,
    CreateTable,
    DeleteItem,
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    EnableTimeToLive,
    GetItem,
    IndexDescription,
    Operation,
    PutItem,
    QueryPage,
    TableDescription,
)
from persistence.store import Limits, Store
from persistence.stores.memory import MemoryStore
from persistence.table import GlobalIndex, Index, Key, LocalIndex, Projection, Table
from persistence.table_options import Encryption, OnDemand, TableOptions

USERS = Table("users", "id", types={"id": "N"})
MAILS = GlobalIndex("by-mail", Key("mail"))
INDEXED = Table("users", "id", types={"id": "N"}, indexes=(MAILS,))


def user(number: object, **attributes: str) -> Item:
    return {"id": {"N": str(number)}, **{name: {"S": text} for name, text in attributes.items()}}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(auto_create=False, clock=lambda: 1_700_000_000.0)


def test_fits_the_port() -> None:
    assert isinstance(MemoryStore(), Store)
    assert MemoryStore(limits=Limits(transaction_actions=10)).limits.transaction_actions == 10


class TestCreateTable:
    def test_makes_an_active_table(self, store: MemoryStore) -> None:
        described = TableDescription(
            INDEXED,
            "ACTIVE",
            (IndexDescription("by-mail", "ACTIVE", billing=OnDemand()),),
            arn="arn:aws:dynamodb:memory:000000000000:table/users",
            created_at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
            options=TableOptions(
                billing=OnDemand(),
                stream="DISABLED",
                encryption=Encryption.owned(),
                deletion_protection=False,
                table_class="STANDARD",
                replicas=(),
            ),
        )

        assert store.perform(CreateTable(INDEXED)) == described
        assert store.perform(DescribeTable("users")) == described

    def test_refuses_a_name_that_is_taken(self, store: MemoryStore) -> None:
        store.perform(CreateTable(USERS))

        with pytest.raises(TableInUse, match="Table already exists: users"):
            store.perform(CreateTable(USERS))

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            (Table("users", "id", indexes=(LocalIndex("local", "x"),)), "does not have a range key"),
            (
                Table("users", "id", indexes=tuple(GlobalIndex(f"index-{n}", Key("x")) for n in range(21))),
                "the limit of 20",
            ),
            (
                Table(
                    "users",
                    "id",
                    indexes=(GlobalIndex("i-1", Key("x"), Projection.include(*map(str, range(101)))),),
                ),
                "more than 100 projected attributes",
            ),
            (Table("users", "x" * 256), "1 to 255 bytes"),
            (
                Table("users", "id", indexes=(GlobalIndex("i-1", Key("x"), Projection.include("é" * 128)),)),
                "projected attribute names have 1 to 255 bytes",
            ),
            (Table("users", "id", types={"id": "BOOL"}), "one of B, N, S"),  # type: ignore[dict-item]  # refused
        ],
    )
    def test_refuses(self, store: MemoryStore, table: Table, message: str) -> None:
        with pytest.raises(InvalidRequest, match=message):
            store.perform(CreateTable(table))

    def test_takes_what_is_within_all_limits(self, store: MemoryStore) -> None:
        """5 local and 20 global indexes, 100 projected attributes, names of 255 bytes."""
        projection = Projection.include(*(f"{n:0>255}" for n in range(100)))
        indexes: tuple[Index, ...] = (
            *(LocalIndex(f"local-{n}", "n") for n in range(5)),
            *(GlobalIndex(f"global-{n}", Key("k" * 255)) for n in range(19)),
            GlobalIndex("i" * 255, Key("x"), projection),
        )
        table = Table("t" * 255, "k" * 255, "n", indexes)

        assert store.perform(CreateTable(table)).table.structure == table.structure


class TestMissingTables:
    def test_are_not_made_without_auto_create(self, store: MemoryStore) -> None:
        with pytest.raises(TableNotFound) as caught:
            store.perform(GetItem(USERS, user(1)))

        assert caught.value.table == "users"

    @pytest.mark.parametrize("auto_create", [False, True])
    def test_are_never_made_by_describing_them(self, auto_create: bool) -> None:
        store = MemoryStore(auto_create=auto_create)

        operations: tuple[Operation[Any], ...] = (
            DescribeTable("users"),
            DeleteTable("users"),
            DescribeTimeToLive("users"),
        )
        for operation in operations:
            with pytest.raises(TableNotFound):
                store.perform(operation)


class TestDeleteTable:
    def test_deletes_all_that_is_in_it(self) -> None:
        store = MemoryStore()
        store.perform(PutItem(USERS, user(1)))

        store.perform(DeleteTable("users"))

        assert store.perform(GetItem(USERS, user(1))).item is None


class TestAutoCreate:
    def test_makes_a_table_at_its_first_use(self) -> None:
        store = MemoryStore()

        store.perform(PutItem(INDEXED, user(1)))

        assert store.perform(DescribeTable("users")).table == INDEXED

    def test_adds_the_indexes_of_later_declarations_and_fills_them(self) -> None:
        """What does not fit into a new index is skipped, as the service does when it fills one."""
        store = MemoryStore()
        store.perform(PutItem(USERS, user(1, mail="a@b")))
        store.perform(PutItem(USERS, {**user(2), "mail": {"N": "1"}}))
        store.perform(PutItem(USERS, user(3)))

        found = store.perform(QueryPage(INDEXED, KeyCondition(("mail", {"S": "a@b"})), index="by-mail"))

        assert found.items == (user(1, mail="a@b"),)

    def test_refuses_declarations_that_contradict_each_other(self) -> None:
        store = MemoryStore()
        store.perform(PutItem(INDEXED, user(1)))
        other = Table("users", "id", types={"id": "N"}, indexes=(GlobalIndex("by-mail", Key("address")),))

        with pytest.raises(InvalidRequest, match="disagree on its index 'by-mail'"):
            store.perform(GetItem(other, user(1)))


@pytest.mark.parametrize("auto_create", [False, True])
@pytest.mark.parametrize(
    "declared",
    [
        Table("users", "id"),
        Table("users", "key", types={"key": "N"}),
        Table("users", "id", "at", types={"id": "N"}),
    ],
)
def test_refuses_a_declaration_with_another_key(auto_create: bool, declared: Table) -> None:
    store = MemoryStore(auto_create=auto_create)
    store.perform(CreateTable(USERS))

    with pytest.raises(InvalidRequest, match="does not match the schema: table 'users' has the key id"):
        store.perform(GetItem(declared, {"id": {"S": "1"}}))


class TestTimeToLive:
    def test_is_recorded(self, store: MemoryStore) -> None:
        store.perform(CreateTable(USERS))
        assert store.perform(DescribeTimeToLive("users")) is None

        store.perform(EnableTimeToLive("users", "expires"))

        assert store.perform(DescribeTimeToLive("users")) == "expires"

    @pytest.mark.parametrize("attribute", ["", "x" * 256])
    def test_refuses_an_attribute_without_a_possible_name(self, store: MemoryStore, attribute: str) -> None:
        store.perform(CreateTable(USERS))

        with pytest.raises(InvalidRequest, match="1 to 255 bytes"):
            store.perform(EnableTimeToLive("users", attribute))

    @pytest.mark.parametrize(
        ("attribute", "message"), [("expires", "already enabled"), ("other", "different AttributeName")]
    )
    def test_is_enabled_once(self, store: MemoryStore, attribute: str, message: str) -> None:
        store.perform(CreateTable(USERS))
        store.perform(EnableTimeToLive("users", "expires"))

        with pytest.raises(InvalidRequest, match=message):
            store.perform(EnableTimeToLive("users", attribute))


class TestBatchGet:
    def test_answers_in_the_order_asked(self) -> None:
        store = MemoryStore()
        notes = Table("notes", "id", types={"id": "N"})
        store.perform(PutItem(USERS, user(1)))
        store.perform(PutItem(notes, user(1, text="x")))

        found = store.perform(
            BatchGetItems(
                (GetItem(USERS, user(2)), GetItem(notes, user(1), True), GetItem(USERS, user("1E0")))
            )
        )

        assert found == BatchGetResult(
            (None, user(1, text="x"), user(1)),
            capacity=(ConsumedCapacity("users", 1.0), ConsumedCapacity("notes", 1.0)),
        )

    def test_leaves_what_exceeds_16_mb_unprocessed(self) -> None:
        store = MemoryStore()
        for number in range(45):
            store.perform(PutItem(USERS, user(number, text="x" * 400_000)))
        gets = tuple(GetItem(USERS, user(number)) for number in range(45))

        found = store.perform(BatchGetItems(gets))

        assert found.unprocessed == gets[41:]
        assert found.items[41:] == (None,) * 4

    def test_leaves_what_exceeds_1_mb_of_a_partition_unprocessed(self) -> None:
        """API reference, BatchGetItem: more than 1 MB per partition is not answered at once."""
        store = MemoryStore()
        series = Table("series", "pk", "sk", types={"sk": "N"})
        keys = [{"pk": {"S": name}, "sk": {"N": str(sort)}} for name in "ab" for sort in range(4)]
        for key in keys:
            store.perform(PutItem(series, {**key, "text": {"S": "x" * 349_500}}))
        gets = tuple(GetItem(series, key) for key in keys)

        found = store.perform(BatchGetItems(gets))

        assert found.unprocessed == (gets[3], gets[7])
        assert [item is None for item in found.items] == [False, False, False, True] * 2

    @pytest.mark.parametrize(
        ("gets", "message"),
        [
            ((), "1 to 100"),
            (tuple(GetItem(USERS, user(number)) for number in range(101)), "1 to 100"),
            ((GetItem(USERS, user(1)), GetItem(USERS, user("1.0"))), "contains duplicates"),
            ((GetItem(USERS, user(1)), GetItem(USERS, user(2), consistent=True)), "agree on consistent"),
        ],
    )
    def test_refuses(self, gets: tuple[GetItem, ...], message: str) -> None:
        with pytest.raises(InvalidRequest, match=message):
            MemoryStore().perform(BatchGetItems(gets))


class TestBatchWrite:
    def test_puts_and_deletes(self) -> None:
        store = MemoryStore()
        store.perform(PutItem(USERS, user(1)))

        found = store.perform(BatchWriteItems((DeleteItem(USERS, user(1)), PutItem(USERS, user(2)))))

        assert found == BatchWriteResult((), (ConsumedCapacity("users", write_units=2.0),))
        assert store.perform(GetItem(USERS, user(1))).item is None
        assert store.perform(GetItem(USERS, user(2))).item == user(2)

    @pytest.mark.parametrize(
        ("writes", "message"),
        [
            ((), "1 to 25"),
            (tuple(PutItem(USERS, user(number)) for number in range(26)), "1 to 25"),
            ((PutItem(USERS, user(1)), DeleteItem(USERS, user("1.0"))), "contains duplicates"),
            ((PutItem(USERS, user(1), AttributeExists(Path.of("id"))),), "without conditions"),
            ((PutItem(USERS, user(1, text="x" * 409_600)),), "exceeded the maximum allowed size"),
        ],
    )
    def test_refuses_and_writes_nothing(self, writes: tuple[PutItem | DeleteItem, ...], message: str) -> None:
        store = MemoryStore()

        with pytest.raises(InvalidRequest, match=message):
            store.perform(BatchWriteItems(writes))

        assert store.perform(GetItem(USERS, user(1))).item is None
