"""Tables: made, described, deleted; and errors that concern them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from persistence.encryption import EncryptedAttribute
from persistence.errors import (
    ConditionFailed,
    ConfigurationError,
    InvalidRequest,
    PersistenceError,
    StoreError,
    TableInUse,
    TableNotFound,
    TransactionCancelled,
)
from persistence.expressions import AttributeExists, KeyCondition
from persistence.operations import (
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
from persistence.store import Limits, Store
from persistence.table import GlobalIndex, Index, Key, LocalIndex, Projection, Table
from persistence.testing.contract.base import Contract, TableMaker, unique_table_name, wait_until_active
from persistence.testing.contract.words import at, compare, key, number, put, read, rows, text

INDEXES = (
    GlobalIndex("by-group", Key("group", "rank"), Projection.include("x", "y")),
    GlobalIndex("by-label", Key("label"), Projection.keys_only()),
    LocalIndex("by-rank", "rank"),
)


class TableContract(Contract):
    """Tables as declared, as made and as described."""

    def test_a_table_is_described_as_it_was_declared(self, store: Store, make_table: TableMaker) -> None:
        """Keys, types, indexes and projections come back as a declaration [port]."""
        table = make_table(sort="sk", indexes=INDEXES, types={"pk": "B", "sk": "N", "rank": "N"})

        described = store.perform(DescribeTable(table.name))

        assert _by_name(described.table) == _by_name(table)
        assert described.table.key_types == table.key_types

    def test_an_active_table_says_so(self, store: Store, make_table: TableMaker) -> None:
        """`active` means that the table and all its indexes can be used [port]."""
        table = make_table(sort="sk", indexes=INDEXES, types={"rank": "N"})

        described = store.perform(DescribeTable(table.name))

        assert (described.status, described.active) == ("ACTIVE", True)
        assert {index.name: (index.status, index.backfilling) for index in described.indexes} == {
            "by-group": ("ACTIVE", False),
            "by-label": ("ACTIVE", False),
            "by-rank": ("ACTIVE", False),
        }

    def test_a_new_table_was_created_just_now(self, store: Store, table: Table) -> None:
        """The time of creation is aware [port]."""
        created = store.perform(DescribeTable(table.name)).created_at

        assert created is not None
        assert created.tzinfo is not None
        assert abs(datetime.now(UTC) - created) < timedelta(minutes=10)

    def test_creating_answers_with_the_description(self, store: Store) -> None:
        """The answer describes the table, which may not be active yet [aws]."""
        table = Table(unique_table_name(), "pk", "sk", types={"sk": "N"})

        described = store.perform(CreateTable(table))
        wait_until_active(store, table.name)
        store.perform(DeleteTable(table.name))

        assert described.table == table
        assert described.status in ("CREATING", "ACTIVE")

    def test_a_table_is_created_once(self, store: Store, table: Table) -> None:
        """A second table of that name is refused, and the first stays as it is [aws]."""
        stored = put(store, table, key("a"))

        with pytest.raises(TableInUse):
            store.perform(CreateTable(table))

        assert read(store, table, key("a")) == stored

    def test_a_deleted_table_is_gone(self, store: Store) -> None:
        """With all that was in it [aws]."""
        table = Table(unique_table_name(), "pk")
        store.perform(CreateTable(table))
        wait_until_active(store, table.name)
        put(store, table, key("a"))

        store.perform(DeleteTable(table.name))
        self.catching_up(lambda: _exists(store, table.name), wanted=False)

        with pytest.raises(TableNotFound):
            store.perform(GetItem(table, key("a")))

    def test_a_table_that_is_made_again_is_empty(self, store: Store) -> None:
        """Nothing of its predecessor is left [aws]."""
        table = Table(unique_table_name(), "pk")
        for _ in range(2):
            store.perform(CreateTable(table))
            wait_until_active(store, table.name)

            assert read(store, table, key("a")) is None

            put(store, table, key("a"))
            store.perform(DeleteTable(table.name))
            self.catching_up(lambda: _exists(store, table.name), wanted=False)

    def test_a_table_may_be_made_again_with_other_keys(self, store: Store) -> None:
        """A name stands for one table at a time, not for a shape [aws]."""
        name = unique_table_name()
        for table, there in (
            (Table(name, "pk"), key("a")),
            (Table(name, "pk", "sk", types={"sk": "N"}), key("a", 1)),
        ):
            store.perform(CreateTable(table))
            wait_until_active(store, name)
            put(store, table, there)

            assert read(store, table, there) == there

            store.perform(DeleteTable(name))
            self.catching_up(lambda: _exists(store, name), wanted=False)

    @rows(
        "operation",
        {
            "describe": lambda table: DescribeTable(table.name),
            "delete-table": lambda table: DeleteTable(table.name),
            "get": lambda table: GetItem(table, key("a")),
            "put": lambda table: PutItem(table, key("a")),
            "update": lambda table: UpdateItem(table, key("a"), ()),
            "delete": lambda table: DeleteItem(table, key("a")),
            "query": lambda table: QueryPage(table, KeyCondition(("pk", text("a")))),
            "scan": ScanPage,
            "transact-get": lambda table: TransactGet((GetItem(table, key("a")),)),
            "time-to-live": lambda table: DescribeTimeToLive(table.name),
        },
    )
    def test_a_missing_table_is_its_own_error(
        self, store: Store, operation: Callable[[Table], Operation[Any]]
    ) -> None:
        """Whatever is asked of it [port]."""
        with pytest.raises(TableNotFound):
            store.perform(operation(Table(unique_table_name(), "pk")))

    @rows(
        "wrong",
        {
            "local-index-without-sort-key": lambda name: Table(
                name, "pk", indexes=(LocalIndex("by-rank", "rank"),)
            ),
            "unknown-type": lambda name: Table(name, "pk", types={"pk": "BOOL"}),  # type: ignore[dict-item]  # that is the case
        },
    )
    def test_refuses_a_table_that_cannot_be(self, store: Store, wrong: Callable[[str], Table]) -> None:
        """What the service can't make is refused, and nothing is made [aws]."""
        table = wrong(unique_table_name())

        with pytest.raises(InvalidRequest):
            store.perform(CreateTable(table))

        assert not _exists(store, table.name)

    def test_time_to_live_is_off_at_first(self, store: Store, table: Table) -> None:
        """A new table keeps its items [aws]."""
        assert store.perform(DescribeTimeToLive(table.name)) is None

    def test_time_to_live_is_switched_on(self, store: Store, table: Table) -> None:
        """For one attribute, which is told [aws]."""
        store.perform(EnableTimeToLive(table.name, "expires_at"))

        assert store.perform(DescribeTimeToLive(table.name)) == "expires_at"

    def test_an_item_past_its_time_is_still_there(self, store: Store, table: Table) -> None:
        """Expired items stay readable and can be changed until the service gets round to them [aws]."""
        store.perform(EnableTimeToLive(table.name, "expires_at"))

        stored = put(store, table, key("a"), expires_at=number(1_000_000_000))

        assert read(store, table, key("a")) == stored


class ErrorContract(Contract):
    """What errors say, and what they keep to themselves."""

    def test_an_error_names_operation_and_table(self, store: Store) -> None:
        """`operation` and `table` say where it happened [port]."""
        name = unique_table_name()

        with pytest.raises(TableNotFound) as error:
            store.perform(GetItem(Table(name, "pk"), key("a")))

        assert (error.value.operation, error.value.table) == ("GetItem", name)

    def test_a_refusal_is_permanent(self, store: Store, table: Table) -> None:
        """What is invalid stays so: neither worth another try nor in doubt [port]."""
        with pytest.raises(InvalidRequest) as error:
            store.perform(GetItem(table, {"pk": number(1)}))

        assert (error.value.retryable, error.value.ambiguous) == (False, False)
        assert (error.value.operation, error.value.table) == ("GetItem", table.name)

    def test_a_table_that_needs_something_is_refused(self, store: Store, table: Table) -> None:
        """A store alone neither prefixes keys by a tenant nor encrypts: nothing is sent [port]."""
        needing = replace(table, encrypted={"name": EncryptedAttribute(str)})
        operations: tuple[Operation[Any], ...] = (
            GetItem(needing, key("a")),
            PutItem(needing, key("a")),
            ScanPage(needing),
            TransactWrite((PutItem(needing, key("a")),)),
        )

        for operation in operations:
            with pytest.raises(ConfigurationError):
                store.perform(operation)

        assert read(store, table, key("a")) is None

    def test_a_failed_condition_says_that_nothing_was_written(self, store: Store, table: Table) -> None:
        """It is certain that the write had no effect [port]."""
        with pytest.raises(ConditionFailed) as failed:
            store.perform(DeleteItem(table, key("a"), AttributeExists(at("pk"))))

        assert (failed.value.retryable, failed.value.committed) == (False, False)

    def test_a_cancellation_is_neither_retryable_nor_in_doubt(self, store: Store, table: Table) -> None:
        """Nothing of the transaction took effect [port]."""
        with pytest.raises(TransactionCancelled) as cancelled:
            store.perform(TransactWrite((ConditionCheck(table, key("a"), AttributeExists(at("pk"))),)))

        assert (cancelled.value.retryable, cancelled.value.ambiguous) == (False, False)
        assert cancelled.value.operation == "TransactWrite"

    @rows(
        "operation",
        {
            "condition": lambda table: PutItem(
                table,
                {**key("a"), "new": text("SECRET-2")},
                compare("x", "=", text("SECRET-3")),
                item_on_failure=True,
            ),
            "malformed-value": lambda table: PutItem(table, {**key("b"), "n": number("SECRET-1")}),
            "type-of-key": lambda table: PutItem(table, {"pk": {"M": {"SECRET-1": text("SECRET-2")}}}),
            "empty-set-beside": lambda table: PutItem(
                table, {**key("b"), "x": text("SECRET-1"), "s": {"SS": []}}
            ),
            "cancelled": lambda table: TransactWrite(
                (
                    PutItem(
                        table,
                        {**key("a"), "x": text("SECRET-2")},
                        compare("x", "=", text("SECRET-3")),
                        item_on_failure=True,
                    ),
                )
            ),
        },
    )
    def test_messages_hold_no_values(
        self, store: Store, table: Table, operation: Callable[[Table], Operation[Any]]
    ) -> None:
        """Neither what is stored nor what should be stored gets into a message [port]."""
        put(store, table, key("a"), x=text("SECRET-1"))

        with pytest.raises(PersistenceError) as error:
            store.perform(operation(table))

        assert "SECRET" not in str(error.value)
        assert "SECRET" not in repr(error.value)

    @rows("operation", {"nothing": None, "a-text": "GetItem", "an-unknown-operation": Operation()})
    def test_refuses_what_is_no_operation(self, store: Store, operation: Any) -> None:
        """A store never answers for something that it doesn't understand [port]."""
        with pytest.raises((StoreError, TypeError)):
            store.perform(operation)

    def test_limits_are_told(self, store: Store) -> None:
        """A caller can know what one request holds before sending it [port]."""
        limits = store.limits

        assert isinstance(limits, Limits)
        assert min(limits.transaction_actions, limits.batch_gets, limits.batch_writes) >= 1
        assert isinstance(store, Store)


def _exists(store: Store, name: str) -> bool:
    try:
        store.perform(DescribeTable(name))
    except TableNotFound:
        return False
    return True


def _by_name(table: Table) -> tuple[str, Key, list[Index]]:
    return table.name, table.key, sorted(table.indexes, key=lambda index: index.name)
