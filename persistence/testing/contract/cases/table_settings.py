"""Settings of tables that have operations of their own: recovery, tags, insights, scaling."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from persistence.errors import InvalidRequest, TableNotFound
from persistence.operations import (
    DeleteScaling,
    DescribeInsights,
    DescribeRecovery,
    DescribeScaling,
    DescribeTable,
    ListTags,
    PutScaling,
    RecoveryDescription,
    ScalingDescription,
    TagTable,
    UntagTable,
    UpdateInsights,
    UpdateRecovery,
)
from persistence.store import Store
from persistence.table import GlobalIndex, Key, Table
from persistence.table_options import PointInTimeRecovery, Provisioned, Scaling, TableOptions
from persistence.testing.contract.base import Contract, TableMaker, unique_table_name
from persistence.testing.contract.words import rows

INDEX = GlobalIndex("by-label", Key("label"))
READS = Scaling(least=1, most=10)
WRITES = Scaling(least=2, most=20, target=50.0, scale_in_cooldown=30, scale_out_cooldown=10)


class RecoveryContract(Contract):
    """Point-in-time recovery."""

    def test_recovery_is_off_at_first(self, store: Store, table: Table) -> None:
        """It is an option [aws]."""
        found = store.perform(DescribeRecovery(table.name))

        assert found == RecoveryDescription(PointInTimeRecovery(enabled=False))

    def test_recovery_is_switched_on(self, store: Store, table: Table) -> None:
        """It goes back 35 days, as far as the table does [aws]."""
        store.perform(UpdateRecovery(table.name, PointInTimeRecovery()))

        found = store.perform(DescribeRecovery(table.name))

        assert found.recovery == PointInTimeRecovery(days=35)
        assert found.earliest is not None
        assert found.latest is not None
        assert timedelta() <= found.latest - found.earliest < timedelta(minutes=10)

    def test_recovery_goes_back_as_far_as_wanted(self, store: Store, table: Table) -> None:
        """The days change while it is on, and stay when none are named [aws]."""
        store.perform(UpdateRecovery(table.name, PointInTimeRecovery(days=3)))
        store.perform(UpdateRecovery(table.name, PointInTimeRecovery(days=7)))
        store.perform(UpdateRecovery(table.name, PointInTimeRecovery()))

        assert store.perform(DescribeRecovery(table.name)).recovery == PointInTimeRecovery(days=7)

    def test_recovery_is_switched_off(self, store: Store, table: Table) -> None:
        """It can be gone back no more [aws]."""
        store.perform(UpdateRecovery(table.name, PointInTimeRecovery()))
        answer = store.perform(UpdateRecovery(table.name, PointInTimeRecovery(enabled=False)))

        off = RecoveryDescription(PointInTimeRecovery(enabled=False))
        assert (answer, store.perform(DescribeRecovery(table.name))) == (off, off)

    def test_recovery_of_a_missing_table(self, store: Store) -> None:
        """It is not found [aws]."""
        with pytest.raises(TableNotFound):
            store.perform(DescribeRecovery(unique_table_name()))


class TagContract(Contract):
    """Tags."""

    def arn(self, store: Store, table: Table) -> str:
        """Give a table's resource name."""
        arn = store.perform(DescribeTable(table.name)).arn
        assert arn is not None
        return arn

    def test_a_table_is_made_with_tags(self, store: Store, make_table: TableMaker) -> None:
        """Or without [aws]."""
        tagged = make_table(options=TableOptions(tags={"team": "shop", "empty": ""}))
        plain = make_table()

        assert store.perform(ListTags(self.arn(store, tagged))) == {"team": "shop", "empty": ""}
        assert store.perform(ListTags(self.arn(store, plain))) == {}

    def test_tags_are_set_and_replaced(self, store: Store, make_table: TableMaker) -> None:
        """Those that are not named stay [aws]."""
        arn = self.arn(store, make_table(options=TableOptions(tags={"team": "shop", "stage": "test"})))

        store.perform(TagTable(arn, {"team": "books", "cost": "low"}))

        assert store.perform(ListTags(arn)) == {"team": "books", "stage": "test", "cost": "low"}

    def test_tags_are_removed(self, store: Store, make_table: TableMaker) -> None:
        """One that is not there is no error [aws]."""
        arn = self.arn(store, make_table(options=TableOptions(tags={"team": "shop", "stage": "test"})))

        store.perform(UntagTable(arn, ("team", "other")))

        assert store.perform(ListTags(arn)) == {"stage": "test"}

    @rows(
        "tags",
        {
            "none": {},
            "too-many": {f"tag-{number}": "x" for number in range(51)},
            "reserved": {"aws:team": "shop"},
            "long-key": {"x" * 129: "shop"},
            "long-value": {"team": "x" * 257},
        },
    )
    def test_refuses_what_cannot_be_tags(self, store: Store, table: Table, tags: Mapping[str, str]) -> None:
        """Nothing is set then [aws]."""
        arn = self.arn(store, table)

        with pytest.raises(InvalidRequest):
            store.perform(TagTable(arn, tags))

        assert store.perform(ListTags(arn)) == {}

    def test_refuses_to_remove_no_tags(self, store: Store, table: Table) -> None:
        """At least one is named [ack]."""
        with pytest.raises(InvalidRequest):
            store.perform(UntagTable(self.arn(store, table), ()))

    def test_tags_of_a_missing_table(self, store: Store, table: Table) -> None:
        """It is not found [ack]."""
        arn = self.arn(store, table).replace(table.name, unique_table_name())

        with pytest.raises(TableNotFound):
            store.perform(ListTags(arn))


class InsightContract(Contract):
    """Contributor insights."""

    def test_insights_are_off_at_first(self, store: Store, make_table: TableMaker) -> None:
        """Of tables and of indexes [aws]."""
        table = make_table(indexes=(INDEX,))

        assert store.perform(DescribeInsights(table.name)) is False
        assert store.perform(DescribeInsights(table.name, "by-label")) is False

    def test_insights_are_switched_on_and_off(self, store: Store, table: Table) -> None:
        """For the table [aws]."""
        store.perform(UpdateInsights(table.name, enabled=True))
        on = store.perform(DescribeInsights(table.name))
        store.perform(UpdateInsights(table.name, enabled=False))

        assert (on, store.perform(DescribeInsights(table.name))) == (True, False)

    def test_insights_of_an_index_are_its_own(self, store: Store, make_table: TableMaker) -> None:
        """Those of the table don't change [aws]."""
        table = make_table(indexes=(INDEX,))

        store.perform(UpdateInsights(table.name, enabled=True, index="by-label"))

        assert store.perform(DescribeInsights(table.name)) is False
        assert store.perform(DescribeInsights(table.name, "by-label")) is True

    def test_insights_of_an_unknown_index(self, store: Store, table: Table) -> None:
        """There is no such index [ack]."""
        with pytest.raises(TableNotFound):
            store.perform(UpdateInsights(table.name, enabled=True, index="by-label"))


class ScalingContract(Contract):
    """Scaling of provisioned capacity."""

    @pytest.fixture
    def provisioned(self, make_table: TableMaker) -> Table:
        """Make a table that can scale, with an index."""
        return make_table(indexes=(INDEX,), options=TableOptions(billing=Provisioned(2, 2)))

    def test_nothing_scales_at_first(self, store: Store, provisioned: Table) -> None:
        """Neither table nor index [aws]."""
        assert store.perform(DescribeScaling(provisioned.name)) == ()

    def test_scaling_is_described(self, store: Store, provisioned: Table) -> None:
        """For each dimension, of table and index [aws]."""
        store.perform(PutScaling(provisioned.name, "writes", WRITES))
        store.perform(PutScaling(provisioned.name, "reads", READS))
        store.perform(PutScaling(provisioned.name, "reads", WRITES, "by-label"))

        assert store.perform(DescribeScaling(provisioned.name)) == (
            ScalingDescription("reads", READS),
            ScalingDescription("writes", WRITES),
            ScalingDescription("reads", WRITES, "by-label"),
        )

    def test_scaling_is_replaced(self, store: Store, provisioned: Table) -> None:
        """There is one policy for each dimension [aws]."""
        store.perform(PutScaling(provisioned.name, "reads", WRITES))
        store.perform(PutScaling(provisioned.name, "reads", READS))

        assert store.perform(DescribeScaling(provisioned.name)) == (ScalingDescription("reads", READS),)

    def test_scaling_ends(self, store: Store, provisioned: Table) -> None:
        """Of what is named; what does not scale is no error [port]."""
        store.perform(PutScaling(provisioned.name, "reads", READS))
        store.perform(PutScaling(provisioned.name, "writes", WRITES))

        store.perform(DeleteScaling(provisioned.name, "reads"))
        store.perform(DeleteScaling(provisioned.name, "reads"))

        assert store.perform(DescribeScaling(provisioned.name)) == (ScalingDescription("writes", WRITES),)
