"""Backups and times gone back to, by a clock that is set by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from persistence.attributes import Item
from persistence.errors import BackupNotFound, InvalidRequest, StoreError, TableInUse
from persistence.operations import (
    BackupDescription,
    BackupPage,
    CreateBackup,
    CreateTable,
    DeleteBackup,
    DeleteItem,
    DescribeBackup,
    DescribeInsights,
    DescribeRecovery,
    DescribeScaling,
    DescribeTable,
    ListBackups,
    Operation,
    PutItem,
    PutScaling,
    RecoveryDescription,
    RestoreBackup,
    RestoreToPoint,
    ScanPage,
    UpdateInsights,
    UpdateRecovery,
    UpdateTable,
)
from persistence.stores.memory import MemoryStore
from persistence.table import GlobalIndex, Key, Table
from persistence.table_options import (
    Encryption,
    PointInTimeRecovery,
    Provisioned,
    Scaling,
    TableOptions,
)
from tests.unit.stores.memory.slowly import HandClock

BY_MAIL = GlobalIndex("by-mail", Key("mail"), billing=Provisioned(4, 3))
USERS = Table(
    "users",
    "id",
    indexes=(BY_MAIL,),
    options=TableOptions(
        billing=Provisioned(2, 1), encryption=Encryption.managed(), table_class="STANDARD_INFREQUENT_ACCESS"
    ),
)
ARN = "arn:aws:dynamodb:memory:000000000000:table/users"
ON = UpdateRecovery("users", PointInTimeRecovery(days=2))
OFF = UpdateRecovery("users", PointInTimeRecovery(enabled=False))
DAY = 86_400.0


def user(number: int, mail: str = "a@b") -> Item:
    return {"id": {"S": str(number)}, "mail": {"S": mail}}


def items(store: MemoryStore, table: str, index: str | None = None) -> list[Item]:
    """Read a table, or an index, in the order of keys."""
    found = store.perform(ScanPage(Table(table, "id", indexes=(BY_MAIL,)), index=index)).items
    return sorted(found, key=str)


def of_backup(arn: str) -> tuple[Operation[Any], ...]:
    """Name all that can be done with a backup."""
    return DescribeBackup(arn), DeleteBackup(arn), RestoreBackup(arn, "others")


def refused(store: MemoryStore, operation: Operation[Any]) -> tuple[type[StoreError], str | None]:
    """Tell the error that an operation ends in."""
    with pytest.raises(StoreError) as error:
        store.perform(operation)
    return type(error.value), error.value.code


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def store(clock: HandClock) -> MemoryStore:
    store = MemoryStore(auto_create=False, clock=clock)
    store.perform(CreateTable(USERS))
    return store


class TestBackups:
    def test_say_what_they_are(self, store: MemoryStore, clock: HandClock) -> None:
        store.perform(PutItem(USERS, user(1)))

        made = store.perform(CreateBackup("users", "nightly"))

        assert made == BackupDescription(
            f"{ARN}/backup/01700000000000-00000001", "nightly", "users", "AVAILABLE", clock.date, 10
        )
        assert store.perform(DescribeBackup(made.arn)) == made

    def test_are_listed_the_oldest_first(self, store: MemoryStore) -> None:
        store.perform(CreateTable(Table("others", "id")))
        made = [store.perform(CreateBackup(name, "nightly")) for name in ("users", "others", "users")]

        assert store.perform(ListBackups()) == BackupPage(tuple(made))
        assert store.perform(ListBackups("users")) == BackupPage((made[0], made[2]))

    def test_are_listed_on_after_one_that_is_gone(self, store: MemoryStore) -> None:
        """The next page begins behind a place, not behind a backup that has to be there."""
        made = [store.perform(CreateBackup("users", "nightly")) for _ in range(3)]
        first = store.perform(ListBackups(limit=2))
        store.perform(DeleteBackup(made[1].arn))

        assert first == BackupPage(tuple(made[:2]), made[1].arn)
        assert store.perform(ListBackups(start=first.next)) == BackupPage((made[2],))

    @pytest.mark.parametrize("arn", ["", "nightly", ARN, f"{ARN}/backup/x-y", f"{ARN}/stream/1-1"])
    def test_have_resource_names(self, store: MemoryStore, arn: str) -> None:
        for operation in of_backup(arn):
            with pytest.raises(InvalidRequest, match="Invalid Backup ARN"):
                store.perform(operation)

    def test_that_are_not_there_are_not_found(self, store: MemoryStore) -> None:
        arn = f"{ARN}/backup/01700000000000-00000001"

        for operation in of_backup(arn):
            assert refused(store, operation) == (BackupNotFound, "BackupNotFoundException")


class TestRestoring:
    def test_gives_back_what_belongs_to_a_backup(self, store: MemoryStore, clock: HandClock) -> None:
        store.perform(PutItem(USERS, user(1)))
        made = store.perform(CreateBackup("users", "nightly"))
        clock.wait(5)

        restored = store.perform(RestoreBackup(made.arn, "others"))

        before = store.perform(DescribeTable("users"))
        assert restored.table == Table("others", "id", indexes=before.table.indexes)
        assert (restored.options, restored.indexes) == (before.options, before.indexes)
        assert (restored.created_at, restored.arn) == (clock.date, ARN.replace("users", "others"))
        assert items(store, "others", "by-mail") == [user(1)]

    def test_gives_no_insights_and_no_scaling_back(self, store: MemoryStore) -> None:
        store.perform(UpdateInsights("users", enabled=True))
        store.perform(PutScaling("users", "reads", Scaling(1, 5)))
        made = store.perform(CreateBackup("users", "nightly"))

        store.perform(RestoreBackup(made.arn, "others"))

        assert store.perform(DescribeInsights("others")) is False
        assert store.perform(DescribeScaling("others")) == ()

    def test_leaves_the_backup_as_it_is(self, store: MemoryStore) -> None:
        """What happens to a table that was restored happens to it alone."""
        made = store.perform(CreateBackup("users", "nightly"))
        store.perform(RestoreBackup(made.arn, "first"))
        store.perform(UpdateTable("first", index_billing={"by-mail": Provisioned(9, 9)}))
        store.perform(UpdateTable("first", delete_index="by-mail"))

        second = store.perform(RestoreBackup(made.arn, "second"))

        assert [index.billing for index in second.indexes] == [Provisioned(4, 3)]

    @pytest.mark.parametrize("name", ["ab", "by night", "x" * 256])
    def test_refuses_a_name_that_no_table_has(self, store: MemoryStore, name: str) -> None:
        made = store.perform(CreateBackup("users", "nightly"))
        store.perform(ON)

        for operation in (RestoreBackup(made.arn, name), RestoreToPoint("users", name)):
            with pytest.raises(InvalidRequest, match="3 to 255 characters"):
                store.perform(operation)

    def test_refuses_a_name_that_is_taken(self, store: MemoryStore) -> None:
        made = store.perform(CreateBackup("users", "nightly"))

        taken = TableInUse, "TableAlreadyExistsException"
        assert refused(store, RestoreBackup(made.arn, "users")) == taken


class TestRecovery:
    def test_tells_the_times_that_can_be_gone_back_to(self, store: MemoryStore, clock: HandClock) -> None:
        """From when it was switched on, as far as the days go, to now."""
        begun = clock.date
        on = store.perform(ON)
        clock.wait(DAY)
        first = store.perform(DescribeRecovery("users"))
        clock.wait(2 * DAY)

        two_days = PointInTimeRecovery(days=2)
        assert on == RecoveryDescription(two_days, begun, begun)
        assert first == RecoveryDescription(two_days, begun, begun + timedelta(days=1))
        assert store.perform(DescribeRecovery("users")) == RecoveryDescription(
            two_days, begun + timedelta(days=1), begun + timedelta(days=3)
        )

    def test_gives_the_table_of_any_time(self, store: MemoryStore, clock: HandClock) -> None:
        """What was written at that very time is in it."""
        store.perform(PutItem(USERS, user(1)))
        store.perform(ON)
        start = clock.now
        clock.wait(10)
        store.perform(PutItem(USERS, user(1, "b@c")))
        store.perform(PutItem(USERS, user(2)))
        clock.wait(10)
        store.perform(DeleteItem(USERS, {"id": {"S": "1"}}))
        store.perform(DeleteItem(USERS, {"id": {"S": "1"}}))
        clock.wait(10)

        history = {
            0: [user(1)],
            9.999999: [user(1)],
            10: [user(1, "b@c"), user(2)],
            19.999999: [user(1, "b@c"), user(2)],
            20: [user(2)],
            30: [user(2)],
        }
        for number, (after, wanted) in enumerate(history.items()):
            at = datetime.fromtimestamp(start, UTC) + timedelta(seconds=after)
            store.perform(RestoreToPoint("users", f"users-{number}", at))
            assert items(store, f"users-{number}") == wanted
            assert items(store, f"users-{number}", "by-mail") == wanted

    def test_gives_the_latest_without_a_time(self, store: MemoryStore) -> None:
        """Also what is being written at this very moment."""
        store.perform(ON)
        store.perform(PutItem(USERS, user(1)))

        store.perform(RestoreToPoint("users", "others"))

        assert items(store, "others") == [user(1)]

    def test_forgets_when_it_is_switched_off(self, store: MemoryStore, clock: HandClock) -> None:
        store.perform(ON)
        early = clock.date
        clock.wait(10)
        store.perform(OFF)
        off = refused(store, RestoreToPoint("users", "others"))
        store.perform(ON)

        assert off == (InvalidRequest, "PointInTimeRecoveryUnavailableException")
        assert refused(store, RestoreToPoint("users", "others", early)) == (
            InvalidRequest,
            "InvalidRestoreTimeException",
        )

    def test_does_not_begin_anew_when_it_is_on(self, store: MemoryStore, clock: HandClock) -> None:
        store.perform(ON)
        store.perform(PutItem(USERS, user(1)))
        early = clock.date
        clock.wait(10)
        store.perform(DeleteItem(USERS, {"id": {"S": "1"}}))
        store.perform(UpdateRecovery("users", PointInTimeRecovery()))

        store.perform(RestoreToPoint("users", "others", early))

        assert items(store, "others") == [user(1)]

    @pytest.mark.parametrize("seconds", [-0.000001, 10.000001])
    def test_knows_its_bounds(self, store: MemoryStore, clock: HandClock, seconds: float) -> None:
        store.perform(ON)
        begun = clock.date
        clock.wait(10)

        with pytest.raises(InvalidRequest, match="must be from"):
            store.perform(RestoreToPoint("users", "others", begun + timedelta(seconds=seconds)))

    def test_goes_back_no_further_than_the_days(self, store: MemoryStore, clock: HandClock) -> None:
        """What is older is forgotten with the next change."""
        store.perform(ON)
        store.perform(PutItem(USERS, user(1)))
        begun = clock.date
        clock.wait(2 * DAY + 1)
        store.perform(PutItem(USERS, user(2)))
        clock.wait(1)

        earliest = store.perform(DescribeRecovery("users")).earliest
        store.perform(RestoreToPoint("users", "others", earliest))

        assert earliest == begun + timedelta(seconds=2)
        assert items(store, "others") == [user(1)]

    def test_takes_aware_times_only(self, store: MemoryStore, clock: HandClock) -> None:
        store.perform(ON)

        with pytest.raises(InvalidRequest, match="no time zone"):
            store.perform(RestoreToPoint("users", "others", clock.date.replace(tzinfo=None)))

    def test_gives_the_settings_of_now(self, store: MemoryStore) -> None:
        """Only items are recorded; the rest is as the table is when it is restored."""
        store.perform(ON)
        store.perform(UpdateTable("users", delete_index="by-mail"))

        assert store.perform(RestoreToPoint("users", "others")).table == Table("others", "id")
