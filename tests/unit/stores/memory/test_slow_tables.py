"""Tables that take their time: what they say of themselves, and what they refuse meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.errors import InvalidRequest, LimitExceeded, StoreError, TableInUse, TableNotFound
from persistence.operations import (
    CreateBackup,
    CreateTable,
    DeleteBackup,
    DeleteTable,
    DescribeBackup,
    DescribeTable,
    DescribeTimeToLive,
    GetItem,
    ListTables,
    Operation,
    PutItem,
    RestoreBackup,
    ScanPage,
    TagTable,
    UpdateRecovery,
    UpdateTable,
)
from persistence.stores.memory import MemoryStore
from persistence.table import GlobalIndex, Key, Table
from persistence.table_options import Encryption, OnDemand, PointInTimeRecovery, Provisioned
from tests.unit.stores.memory.slowly import DELAY, HandClock, slow_store

BY_MAIL = GlobalIndex("by-mail", Key("mail"))
BY_NAME = GlobalIndex("by-name", Key("name"))
USERS = Table("users", "id")
WITH_MAIL = Table("users", "id", indexes=(BY_MAIL,))
KEY = {"id": {"S": "1"}}
USER = {**KEY, "mail": {"S": "a@b"}}
MAKE_MAIL = UpdateTable("users", create_index=BY_MAIL)
MAKE_NAME = UpdateTable("users", create_index=BY_NAME)
DROP_MAIL = UpdateTable("users", delete_index="by-mail")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(clock: HandClock) -> MemoryStore:
    """Give a store with an active table that has an item."""
    store = slow_store(clock)
    store.perform(CreateTable(USERS))
    clock.wait(DELAY)
    store.perform(PutItem(USERS, USER))
    return store


def states(store: MemoryStore) -> tuple[str, dict[str, tuple[str, bool]]]:
    """Tell the state of the table, and of each index whether it is being filled."""
    told = store.perform(DescribeTable("users"))
    return told.status, {index.name: (index.status, index.backfilling) for index in told.indexes}


def code_of(store: MemoryStore, operation: Operation[Any]) -> str | None:
    """Tell the code that an operation is refused with."""
    with pytest.raises(StoreError) as refused:
        store.perform(operation)
    return refused.value.code


class TestCreating:
    def test_takes_the_delay(self, clock: HandClock) -> None:
        store = slow_store(clock)

        made = store.perform(CreateTable(WITH_MAIL))
        clock.wait(DELAY - 0.1)
        before = states(store)
        clock.wait(0.1)

        assert (made.status, made.active) == ("CREATING", False)
        assert before == ("CREATING", {"by-mail": ("CREATING", False)})
        assert states(store) == ("ACTIVE", {"by-mail": ("ACTIVE", False)})

    @pytest.mark.parametrize(
        "operation",
        [
            GetItem(USERS, KEY),
            PutItem(USERS, KEY),
            ScanPage(USERS),
            DescribeTimeToLive("users"),
            UpdateRecovery("users", PointInTimeRecovery()),
            CreateBackup("users", "nightly"),
            TagTable("arn:aws:dynamodb:memory:000000000000:table/users", {"a": "b"}),
        ],
    )
    @pytest.mark.parametrize("auto_create", [False, True])
    def test_hides_the_table_from_who_uses_it(
        self, clock: HandClock, auto_create: bool, operation: Operation[Any]
    ) -> None:
        store = slow_store(clock, auto_create=auto_create)
        store.perform(CreateTable(USERS))

        assert code_of(store, operation) == "ResourceNotFoundException"

        clock.wait(DELAY)
        store.perform(operation)

    @pytest.mark.parametrize(
        ("operation", "message"),
        [
            (CreateTable(USERS), "Table already exists: users"),
            (MAKE_MAIL, "Table is being created: users"),
            (UpdateTable("users", deletion_protection=True), "Table is being created: users"),
            (DeleteTable("users"), "Table is being created: users"),
        ],
    )
    def test_refuses_changes(self, clock: HandClock, operation: Operation[Any], message: str) -> None:
        store = slow_store(clock)
        store.perform(CreateTable(USERS))

        with pytest.raises(TableInUse, match=message):
            store.perform(operation)

    def test_is_no_matter_of_tables_that_are_made_by_their_use(self, clock: HandClock) -> None:
        store = slow_store(clock, auto_create=True)

        store.perform(PutItem(WITH_MAIL, USER))

        assert states(store) == ("ACTIVE", {"by-mail": ("ACTIVE", False)})


class TestDeleting:
    def test_takes_the_delay(self, store: MemoryStore, clock: HandClock) -> None:
        store.perform(DeleteTable("users"))
        during = states(store)[0], store.perform(ListTables()).names
        clock.wait(DELAY)

        assert during == ("DELETING", ("users",))
        assert store.perform(ListTables()).names == ()
        with pytest.raises(TableNotFound):
            store.perform(DescribeTable("users"))

    @pytest.mark.parametrize("operation", [CreateTable(USERS), MAKE_MAIL, DeleteTable("users")])
    def test_refuses_changes(self, store: MemoryStore, operation: Operation[Any]) -> None:
        store.perform(DeleteTable("users"))

        with pytest.raises(TableInUse):
            store.perform(operation)

    def test_hides_the_table_from_who_used_it(self, store: MemoryStore) -> None:
        store.perform(DeleteTable("users"))

        with pytest.raises(TableNotFound):
            store.perform(GetItem(USERS, KEY))

    def test_leaves_the_name_free(self, store: MemoryStore, clock: HandClock) -> None:
        store.perform(DeleteTable("users"))
        clock.wait(DELAY)
        store.perform(CreateTable(USERS))
        clock.wait(DELAY)

        assert store.perform(GetItem(USERS, KEY)).item is None


class TestCreatingAnIndex:
    def test_goes_from_allocation_to_filling_to_active(self, store: MemoryStore, clock: HandClock) -> None:
        """Developer guide, "Managing global secondary indexes": the phases of index creation."""
        begun = store.perform(MAKE_MAIL)
        allocating = states(store)
        clock.wait(DELAY / 2)
        filling = states(store)
        clock.wait(DELAY / 2)

        assert begun.status == "UPDATING"
        assert allocating == ("UPDATING", {"by-mail": ("CREATING", False)})
        assert filling == ("ACTIVE", {"by-mail": ("CREATING", True)})
        assert states(store) == ("ACTIVE", {"by-mail": ("ACTIVE", False)})

    @pytest.mark.parametrize("after", [0.0, DELAY / 2])
    def test_lets_nobody_read_it_before_it_is_active(
        self, store: MemoryStore, clock: HandClock, after: float
    ) -> None:
        store.perform(MAKE_MAIL)
        clock.wait(after)

        with pytest.raises(InvalidRequest, match="backfilling global secondary index: by-mail"):
            store.perform(ScanPage(WITH_MAIL, index="by-mail"))

        clock.wait(DELAY - after)
        assert store.perform(ScanPage(WITH_MAIL, index="by-mail")).items == (USER,)

    def test_lets_the_table_be_used(self, store: MemoryStore, clock: HandClock) -> None:
        store.perform(MAKE_MAIL)
        later = {"id": {"S": "2"}, "mail": {"S": "b@c"}}

        store.perform(PutItem(USERS, later))
        clock.wait(DELAY)

        assert store.perform(ScanPage(WITH_MAIL, index="by-mail")).count == 2

    @pytest.mark.parametrize("after", [0.0, DELAY / 2])
    def test_lets_no_other_index_be_changed(self, store: MemoryStore, clock: HandClock, after: float) -> None:
        store.perform(MAKE_MAIL)
        clock.wait(after)

        with pytest.raises(LimitExceeded, match="Only 1 online index can be created or deleted"):
            store.perform(MAKE_NAME)

        clock.wait(DELAY - after)
        assert store.perform(MAKE_NAME).status == "UPDATING"

    @pytest.mark.parametrize(
        "operation",
        [
            UpdateTable("users", billing=Provisioned(1, 1)),
            UpdateTable("users", stream="KEYS_ONLY"),
            UpdateTable("users", table_class="STANDARD_INFREQUENT_ACCESS"),
            DeleteTable("users"),
        ],
    )
    @pytest.mark.parametrize("after", [0.0, DELAY / 2])
    def test_stands_in_the_way_of_changes(
        self, store: MemoryStore, clock: HandClock, after: float, operation: Operation[Any]
    ) -> None:
        store.perform(MAKE_MAIL)
        clock.wait(after)

        with pytest.raises(TableInUse):
            store.perform(operation)

    @pytest.mark.parametrize(
        "operation",
        [
            UpdateTable("users", encryption=Encryption.managed()),
            UpdateTable("users", deletion_protection=True),
        ],
    )
    def test_does_not_stand_in_the_way_of_what_takes_no_time(
        self, store: MemoryStore, operation: UpdateTable
    ) -> None:
        store.perform(MAKE_MAIL)

        store.perform(operation)

        assert states(store) == ("UPDATING", {"by-mail": ("CREATING", False)})

    def test_can_be_given_up_while_it_is_filled(self, store: MemoryStore, clock: HandClock) -> None:
        store.perform(MAKE_MAIL)
        with pytest.raises(TableInUse, match="resource allocation phase"):
            store.perform(DROP_MAIL)
        clock.wait(DELAY / 2)

        store.perform(DROP_MAIL)

        assert states(store) == ("UPDATING", {"by-mail": ("DELETING", False)})
        clock.wait(DELAY)
        assert states(store) == ("ACTIVE", {})


class TestDeletingAnIndex:
    @pytest.fixture
    def indexed(self, store: MemoryStore, clock: HandClock) -> MemoryStore:
        """Give the store with an index that is active."""
        store.perform(MAKE_MAIL)
        clock.wait(DELAY)
        return store

    def test_takes_the_delay(self, indexed: MemoryStore, clock: HandClock) -> None:
        indexed.perform(DROP_MAIL)
        first = states(indexed), indexed.perform(DescribeTable("users")).table
        clock.wait(DELAY / 2)
        second = states(indexed)
        clock.wait(DELAY / 2)

        assert first == (("UPDATING", {"by-mail": ("DELETING", False)}), WITH_MAIL)
        assert second == ("ACTIVE", {"by-mail": ("DELETING", False)})
        assert states(indexed) == ("ACTIVE", {})
        assert indexed.perform(DescribeTable("users")).table == USERS

    def test_takes_it_from_readers_at_once(self, indexed: MemoryStore) -> None:
        indexed.perform(DROP_MAIL)

        with pytest.raises(TableNotFound):
            indexed.perform(ScanPage(WITH_MAIL, index="by-mail"))

    @pytest.mark.parametrize("operation", [MAKE_NAME, MAKE_MAIL])
    def test_lets_no_other_index_be_made(self, indexed: MemoryStore, operation: UpdateTable) -> None:
        indexed.perform(DROP_MAIL)

        with pytest.raises(LimitExceeded):
            indexed.perform(operation)

    def test_is_begun_once(self, indexed: MemoryStore) -> None:
        indexed.perform(DROP_MAIL)

        with pytest.raises(TableInUse, match="Index is being deleted"):
            indexed.perform(DROP_MAIL)


class TestUpdating:
    @pytest.mark.parametrize(
        "operation",
        [
            UpdateTable("users", billing=Provisioned(1, 1)),
            UpdateTable("users", stream="KEYS_ONLY"),
            UpdateTable("users", table_class="STANDARD_INFREQUENT_ACCESS"),
        ],
    )
    def test_takes_the_delay(self, store: MemoryStore, clock: HandClock, operation: UpdateTable) -> None:
        begun = store.perform(operation)
        clock.wait(DELAY - 0.1)
        during = states(store)
        others: tuple[Operation[Any], ...] = (operation, MAKE_MAIL, DeleteTable("users"))
        for other in others:
            with pytest.raises(TableInUse, match="in the process of being updated"):
                store.perform(other)
        clock.wait(0.1)

        assert (begun.status, during) == ("UPDATING", ("UPDATING", {}))
        assert states(store) == ("ACTIVE", {})

    @pytest.mark.parametrize(
        "operation",
        [
            UpdateTable("users", billing=OnDemand()),
            UpdateTable("users", table_class="STANDARD"),
            UpdateTable("users", deletion_protection=False),
            UpdateTable("users", encryption=Encryption.managed()),
        ],
    )
    def test_takes_no_time_where_nothing_has_to_be_done(
        self, store: MemoryStore, operation: UpdateTable
    ) -> None:
        assert store.perform(operation).status == "ACTIVE"

    def test_lets_the_table_be_used(self, store: MemoryStore) -> None:
        store.perform(UpdateTable("users", stream="KEYS_ONLY"))

        assert store.perform(GetItem(USERS, KEY)).item == USER


class TestBackingUp:
    def test_takes_the_delay(self, store: MemoryStore, clock: HandClock) -> None:
        made = store.perform(CreateBackup("users", "nightly"))
        for operation in (DeleteBackup(made.arn), RestoreBackup(made.arn, "others")):
            assert code_of(store, operation) == "BackupInUseException"
        clock.wait(DELAY)

        assert (made.status, made.size_bytes) == ("CREATING", None)
        assert store.perform(DescribeBackup(made.arn)).status == "AVAILABLE"

    def test_is_followed_by_a_restore_that_takes_it_too(self, store: MemoryStore, clock: HandClock) -> None:
        made = store.perform(CreateBackup("users", "nightly"))
        clock.wait(DELAY)

        begun = store.perform(RestoreBackup(made.arn, "others"))
        others = Table("others", "id")
        with pytest.raises(TableNotFound):
            store.perform(GetItem(others, KEY))
        clock.wait(DELAY)

        assert (begun.status, begun.restoring) == ("CREATING", True)
        done = store.perform(DescribeTable("others"))
        assert (done.status, done.restoring) == ("ACTIVE", False)
        assert store.perform(GetItem(others, KEY)).item == USER
