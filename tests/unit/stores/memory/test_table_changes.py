"""Changes and settings of tables in memory: what is beyond the contract, and the words of refusals."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.attributes import Item
from persistence.errors import (
    InvalidRequest,
    LimitExceeded,
    NotSupported,
    StoreError,
    TableInUse,
    TableNotFound,
)
from persistence.expressions import KeyCondition
from persistence.operations import (
    CreateTable,
    DeleteTable,
    DescribeInsights,
    DescribeRecovery,
    DescribeScaling,
    DescribeTable,
    DescribeTimeToLive,
    DisableTimeToLive,
    EnableTimeToLive,
    ListTags,
    Operation,
    PutItem,
    PutScaling,
    QueryPage,
    ScalingDescription,
    ScanPage,
    TagTable,
    UntagTable,
    UpdateInsights,
    UpdateTable,
)
from persistence.stores.memory import MemoryStore
from persistence.table import GlobalIndex, Key, LocalIndex, Projection, Table
from persistence.table_options import (
    Encryption,
    OnDemand,
    PointInTimeRecovery,
    Provisioned,
    Replica,
    Scaling,
    TableOptions,
)

MAIL = GlobalIndex("by-mail", Key("mail"))
USERS = Table("users", "id", "at", indexes=(MAIL, LocalIndex("by-rank", "rank")), types={"at": "N"})
ARN = "arn:aws:dynamodb:memory:000000000000:table/users"
UNITS = Provisioned(2, 1)
NEW = GlobalIndex("new", Key("x"))


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore(auto_create=False, clock=lambda: 1_700_000_000.0)
    store.perform(CreateTable(USERS))
    return store


@pytest.fixture
def provisioned() -> MemoryStore:
    store = MemoryStore(auto_create=False)
    store.perform(CreateTable(Table("users", "id", indexes=(MAIL,), options=TableOptions(billing=UNITS))))
    return store


class TestRefusals:
    @pytest.mark.parametrize(
        ("operation", "kind", "message"),
        [
            (UpdateTable("users"), InvalidRequest, "At least one of ProvisionedThroughput"),
            (
                UpdateTable("users", stream="KEYS_ONLY", billing=UNITS),
                InvalidRequest,
                "one change at a time, found billing, stream",
            ),
            (
                UpdateTable("users", stream="KEYS_ONLY", index_billing={"by-mail": UNITS}),
                InvalidRequest,
                "one change at a time, found stream, index_billing",
            ),
            (
                UpdateTable("users", create_index=NEW, index_billing={"by-mail": UNITS}),
                InvalidRequest,
                "for the index that is made",
            ),
            (
                UpdateTable("users", create_index=MAIL),
                InvalidRequest,
                "Attempting to create an index which already exists",
            ),
            (
                UpdateTable("users", create_index=GlobalIndex("new", Key("at"))),
                InvalidRequest,
                "Attributes cannot be redefined.* at is of type N, not S",
            ),
            (
                UpdateTable("users", create_index=GlobalIndex("new", Key("x"), billing=UNITS)),
                InvalidRequest,
                "specified for index: new when BillingMode is PAY_PER_REQUEST",
            ),
            (
                UpdateTable(
                    "users",
                    create_index=GlobalIndex("new", Key("x"), Projection.include(*map(str, range(101)))),
                ),
                InvalidRequest,
                "more than 100 projected attributes",
            ),
            (
                UpdateTable("users", delete_index="by-name"),
                TableNotFound,
                "Requested resource not found: Index by-name for table users",
            ),
            (
                UpdateTable("users", delete_index="by-rank"),
                InvalidRequest,
                "Cannot delete an index that is not a GlobalSecondaryIndex: by-rank",
            ),
            (
                UpdateTable("users", index_billing={"by-rank": OnDemand()}),
                InvalidRequest,
                "Cannot update an index that is not a GlobalSecondaryIndex: by-rank",
            ),
            (
                UpdateTable("users", index_billing={"by-name": OnDemand()}),
                TableNotFound,
                "Requested resource not found: Index by-name for table users",
            ),
            (
                UpdateTable("users", index_billing={"by-mail": UNITS}),
                InvalidRequest,
                "specified for index: by-mail when BillingMode is PAY_PER_REQUEST",
            ),
            (
                UpdateTable("users", stream="DISABLED"),
                InvalidRequest,
                "Table has no stream to disable: TableName: users",
            ),
            (
                UpdateTable("users", encryption=Encryption.owned()),
                InvalidRequest,
                "already encrypted by default",
            ),
            (DisableTimeToLive("users", "ends"), InvalidRequest, "TimeToLive is already disabled"),
            (
                UpdateInsights("users", enabled=True, index="by-rank"),
                TableNotFound,
                "Index: by-rank not found for table: users",
            ),
            (
                PutScaling("users", "reads", Scaling(1, 2), "by-rank"),
                TableNotFound,
                "Index: by-rank not found for table: users",
            ),
            (TagTable("users", {"a": "b"}), InvalidRequest, "ARNs must start with 'arn:'"),
            (TagTable(ARN, {"AWS:x": "b"}), InvalidRequest, "cannot be prefixed with aws:"),
            (ListTags(ARN + "s"), TableNotFound, "ResourceArn: .*/userss not found"),
            (ListTags(ARN.replace("memory", "eu-west-1")), TableNotFound, "ResourceArn: .* not found"),
            (UntagTable(ARN, ()), InvalidRequest, "Atleast one Tag Key"),
            (UpdateTable("others", stream="KEYS_ONLY"), TableNotFound, "Requested resource not found"),
        ],
    )
    def test_have_the_words_of_the_service(
        self, store: MemoryStore, operation: Operation[Any], kind: type[StoreError], message: str
    ) -> None:
        before = store.perform(DescribeTable("users"))

        with pytest.raises(kind, match=message):
            store.perform(operation)

        assert store.perform(DescribeTable("users")) == before

    @pytest.mark.parametrize(
        ("operation", "message"),
        [
            (
                UpdateTable("users", billing=UNITS),
                "provisioned throughput for the table will not change.* ReadCapacityUnits 2, Write.*Units 1",
            ),
            (
                UpdateTable("users", index_billing={"by-mail": UNITS}),
                "provisioned throughput for the index by-mail will not change",
            ),
            (
                UpdateTable("users", index_billing={"by-mail": OnDemand(5)}),
                "index : by-mail cannot be specified when the table BillingMode is PROVISIONED",
            ),
            (
                UpdateTable("users", billing=OnDemand(), index_billing={"by-mail": UNITS}),
                "specified for index: by-mail when BillingMode is PAY_PER_REQUEST",
            ),
            (
                UpdateTable("users", create_index=NEW),
                "ProvisionedThroughput must be specified for index: new",
            ),
        ],
    )
    def test_of_billing(self, provisioned: MemoryStore, operation: UpdateTable, message: str) -> None:
        before = provisioned.perform(DescribeTable("users"))

        with pytest.raises(InvalidRequest, match=message):
            provisioned.perform(operation)

        assert provisioned.perform(DescribeTable("users")) == before

    def test_have_codes(self, store: MemoryStore) -> None:
        full = tuple(GlobalIndex(f"index-{number}", Key("x")) for number in range(20))
        store.perform(CreateTable(Table("full", "id", indexes=full)))
        codes: dict[Operation[Any], str] = {
            CreateTable(USERS): "ResourceInUseException",
            UpdateTable("users"): "ValidationException",
            UpdateTable("full", create_index=GlobalIndex("more", Key("x"))): "LimitExceededException",
            UpdateTable("users", delete_index="by-name"): "ResourceNotFoundException",
        }

        for operation, code in codes.items():
            with pytest.raises((TableInUse, InvalidRequest, LimitExceeded, TableNotFound)) as refused:
                store.perform(operation)
            assert refused.value.code == code

    @pytest.mark.parametrize(
        "operation",
        [
            UpdateTable("users", create_replica=Replica("eu-west-1")),
            UpdateTable("users", update_replica=Replica("eu-west-1")),
            UpdateTable("users", delete_replica="eu-west-1"),
        ],
    )
    def test_of_replicas(self, store: MemoryStore, operation: UpdateTable) -> None:
        with pytest.raises(NotSupported, match="no replicas"):
            store.perform(operation)

    def test_of_the_deletion_of_a_protected_table(self, store: MemoryStore) -> None:
        store.perform(UpdateTable("users", deletion_protection=True))

        with pytest.raises(InvalidRequest, match="currently protected against deletion"):
            store.perform(DeleteTable("users"))

    @pytest.mark.parametrize(("index", "billing"), [(UNITS, None), (UNITS, OnDemand()), (OnDemand(5), UNITS)])
    def test_of_a_table_that_is_billed_unlike_its_index(
        self, store: MemoryStore, index: OnDemand | Provisioned, billing: OnDemand | Provisioned | None
    ) -> None:
        mixed = Table("mixed", "id", indexes=(GlobalIndex("by-mail", Key("mail"), billing=index),))
        object.__setattr__(mixed, "options", TableOptions(billing=billing))  # a declaration refuses it too

        with pytest.raises(InvalidRequest, match=r"for index ?: by-mail"):
            store.perform(CreateTable(mixed))


class TestEffects:
    def test_a_deleted_index_takes_its_settings_along(self, provisioned: MemoryStore) -> None:
        """An index of the same name that is made later begins anew."""
        provisioned.perform(UpdateInsights("users", enabled=True, index="by-mail"))
        provisioned.perform(PutScaling("users", "reads", Scaling(1, 5), "by-mail"))
        provisioned.perform(PutScaling("users", "reads", Scaling(1, 5)))

        provisioned.perform(UpdateTable("users", delete_index="by-mail"))
        provisioned.perform(
            UpdateTable("users", create_index=MAIL, index_billing={"by-mail": Provisioned(7, 7)})
        )

        assert provisioned.perform(DescribeInsights("users", "by-mail")) is False
        assert provisioned.perform(DescribeScaling("users")) == (ScalingDescription("reads", Scaling(1, 5)),)
        described = provisioned.perform(DescribeTable("users"))
        assert [index.billing for index in described.indexes] == [Provisioned(7, 7)]

    def test_a_switch_to_units_needs_those_of_every_index(self, store: MemoryStore) -> None:
        """And a switch back drops what an index had of its own."""
        with pytest.raises(InvalidRequest, match="must be specified for index: by-mail"):
            store.perform(UpdateTable("users", billing=UNITS))

        more = Provisioned(4, 4)
        switched = store.perform(UpdateTable("users", billing=UNITS, index_billing={"by-mail": more}))
        back = store.perform(UpdateTable("users", billing=OnDemand()))

        assert [index.billing for index in switched.indexes] == [more, None]
        assert [index.billing for index in back.indexes] == [OnDemand(), None]

    def test_scaling_is_no_part_of_billing(self) -> None:
        """It is asked for by an operation of its own, and set by one."""
        store = MemoryStore(auto_create=False)
        scaled = Provisioned(2, 1, read_scaling=Scaling(1, 5))

        described = store.perform(CreateTable(Table("users", "id", options=TableOptions(billing=scaled))))

        assert described.options.billing == UNITS
        assert store.perform(DescribeScaling("users")) == ()

    def test_a_stream_has_a_name_of_its_own(self, store: MemoryStore) -> None:
        on = store.perform(UpdateTable("users", stream="KEYS_ONLY"))
        off = store.perform(UpdateTable("users", stream="DISABLED"))

        assert on.stream_arn == f"{ARN}/stream/2023-11-14T22:13:20.000"
        assert off.stream_arn is None

    def test_an_index_of_several_attributes_is_filled(self, store: MemoryStore) -> None:
        """All of them have to be there; each has its own type."""
        whole: Item = {
            "id": {"S": "1"},
            "at": {"N": "1"},
            "a": {"S": "x"},
            "b": {"N": "2"},
            "c": {"B": b"y"},
        }
        store.perform(PutItem(USERS, whole))
        store.perform(PutItem(USERS, {**whole, "id": {"S": "2"}, "b": {"S": "2"}}))
        index = GlobalIndex("wide", Key(("a", "b"), "c"))

        store.perform(UpdateTable("users", create_index=index, key_types={"a": "S", "b": "N", "c": "B"}))

        table = Table("users", "id", "at", (index,), {"at": "N", "b": "N", "c": "B"})
        wanted = KeyCondition(("a", {"S": "x"}), also=(("b", {"N": "2"}),))
        assert store.perform(QueryPage(table, wanted, index="wide")).items == (whole,)

    def test_an_index_counts_what_it_holds(self, store: MemoryStore) -> None:
        store.perform(PutItem(USERS, {"id": {"S": "1"}, "at": {"N": "1"}, "mail": {"S": "a@b"}}))
        store.perform(PutItem(USERS, {"id": {"S": "2"}, "at": {"N": "1"}}))

        by_mail, by_rank = store.perform(DescribeTable("users")).indexes

        assert (by_mail.item_count, by_mail.size_bytes, by_rank.item_count) == (1, 14, 0)


class TestUse:
    """Tables that are made by their use are as they are declared."""

    def test_makes_a_table_with_its_options(self) -> None:
        store = MemoryStore()
        index = GlobalIndex("by-mail", Key("mail"), contributor_insights=False)
        other = GlobalIndex("by-name", Key("name"), billing=Provisioned(3, 3, write_scaling=Scaling(3, 9)))
        options = TableOptions(
            billing=Provisioned(2, 1, read_scaling=Scaling(1, 5)),
            stream="NEW_IMAGE",
            encryption=Encryption.customer("alias/users"),
            point_in_time_recovery=PointInTimeRecovery(days=3),
            deletion_protection=True,
            table_class="STANDARD_INFREQUENT_ACCESS",
            contributor_insights=True,
            tags={"team": "shop"},
            replicas=(Replica("eu-west-1"),),
        )
        table = Table("users", "id", indexes=(index, other), time_to_live="ends", options=options)

        store.perform(PutItem(table, {"id": {"S": "1"}}))

        described = store.perform(DescribeTable("users"))
        assert described.options == TableOptions(
            billing=UNITS,
            stream="NEW_IMAGE",
            encryption=Encryption.customer("alias/users"),
            deletion_protection=True,
            table_class="STANDARD_INFREQUENT_ACCESS",
            replicas=(),
        )
        assert [index.billing for index in described.indexes] == [UNITS, Provisioned(3, 3)]
        assert described.stream_arn is not None
        assert store.perform(ListTags(ARN)) == {"team": "shop"}
        assert store.perform(DescribeTimeToLive("users")) == "ends"
        assert store.perform(DescribeRecovery("users")).recovery == PointInTimeRecovery(days=3)
        insights = [store.perform(DescribeInsights("users", name)) for name in (None, "by-mail", "by-name")]
        assert insights == [True, False, True]
        assert store.perform(DescribeScaling("users")) == (
            ScalingDescription("reads", Scaling(1, 5)),
            ScalingDescription("writes", Scaling(3, 9), "by-name"),
        )

    def test_adds_an_index_as_it_is_declared(self) -> None:
        store = MemoryStore()
        billing = TableOptions(billing=UNITS)
        store.perform(
            PutItem(Table("users", "id", options=billing), {"id": {"S": "1"}, "mail": {"S": "a@b"}})
        )
        own = GlobalIndex("by-mail", Key("mail"), billing=Provisioned(4, 3))

        found = store.perform(ScanPage(Table("users", "id", indexes=(own,)), index="by-mail"))

        assert found.count == 1
        assert store.perform(DescribeTable("users")).indexes[0].billing == Provisioned(4, 3)

    @pytest.mark.parametrize("there", [False, True])
    def test_refuses_an_index_that_is_billed_unlike_the_table(self, there: bool) -> None:
        store = MemoryStore()
        if there:
            store.perform(PutItem(Table("users", "id"), {"id": {"S": "1"}}))
        wrong = Table("users", "id", indexes=(GlobalIndex("by-mail", Key("mail"), billing=UNITS),))

        with pytest.raises(InvalidRequest, match="when BillingMode is PAY_PER_REQUEST"):
            store.perform(ScanPage(wrong))

    def test_leaves_the_options_of_a_table_that_is_there(self) -> None:
        store = MemoryStore()
        store.perform(PutItem(Table("users", "id"), {"id": {"S": "1"}}))

        store.perform(ScanPage(Table("users", "id", options=TableOptions(stream="KEYS_ONLY"))))

        assert store.perform(DescribeTable("users")).options.stream == "DISABLED"

    def test_can_be_told_by_request_what_to_change(self) -> None:
        store = MemoryStore()
        store.perform(PutItem(Table("users", "id"), {"id": {"S": "1"}}))

        store.perform(EnableTimeToLive("users", "ends"))
        store.perform(DisableTimeToLive("users", "ends"))

        assert store.perform(DescribeTimeToLive("users")) is None
