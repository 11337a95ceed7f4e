"""Options of tables: billing, streams, protection, class, encryption, time to live."""

from __future__ import annotations

import pytest

from persistence.errors import InvalidRequest, TableNotFound
from persistence.operations import (
    DeleteTable,
    DescribeTable,
    DescribeTimeToLive,
    DisableTimeToLive,
    EnableTimeToLive,
    UpdateTable,
)
from persistence.store import Store
from persistence.table import GlobalIndex, Key, Table
from persistence.table_options import (
    Billing,
    Encryption,
    OnDemand,
    Provisioned,
    Stream,
    StreamView,
    TableOptions,
)
from persistence.testing.contract.base import Contract, TableMaker
from persistence.testing.contract.cases.table_changes import change
from persistence.testing.contract.words import key, put, read, rows

INDEX = GlobalIndex("by-label", Key("label"))


def options(store: Store, table: Table) -> TableOptions:
    """Ask what a table has."""
    return store.perform(DescribeTable(table.name)).options


def billing(store: Store, table: Table) -> tuple[Billing | None, dict[str, Billing | None]]:
    """Ask how a table and its indexes are billed."""
    described = store.perform(DescribeTable(table.name))
    return described.options.billing, {index.name: index.billing for index in described.indexes}


class BillingContract(Contract):
    """How tables and their global indexes are billed."""

    def test_a_table_is_billed_on_demand_by_itself(self, store: Store, make_table: TableMaker) -> None:
        """Unless its declaration says otherwise [port]."""
        table = make_table(indexes=(INDEX,))

        assert billing(store, table) == (OnDemand(), {"by-label": OnDemand()})

    def test_a_table_has_the_units_that_it_is_made_with(self, store: Store, make_table: TableMaker) -> None:
        """Its indexes have their own, those for all indexes, or else the table's [port]."""
        own = GlobalIndex("own", Key("label"), billing=Provisioned(4, 3))
        table = make_table(indexes=(INDEX, own), options=TableOptions(billing=Provisioned(2, 1)))
        for_all = TableOptions(billing=Provisioned(2, 1), index_billing=Provisioned(6, 5))
        others = make_table(indexes=(INDEX, own), options=for_all)

        assert billing(store, table) == (
            Provisioned(2, 1),
            {"by-label": Provisioned(2, 1), "own": Provisioned(4, 3)},
        )
        assert billing(store, others)[1] == {"by-label": Provisioned(6, 5), "own": Provisioned(4, 3)}

    def test_a_table_becomes_provisioned(self, store: Store, make_table: TableMaker) -> None:
        """With its indexes [aws]."""
        table = make_table(indexes=(INDEX,))

        units = {"by-label": Provisioned(4, 3)}
        change(store, UpdateTable(table.name, billing=Provisioned(2, 1), index_billing=units))

        assert billing(store, table) == (Provisioned(2, 1), {"by-label": Provisioned(4, 3)})

    def test_a_table_becomes_billed_on_demand(self, store: Store, make_table: TableMaker) -> None:
        """With its indexes [aws]."""
        table = make_table(indexes=(INDEX,), options=TableOptions(billing=Provisioned(2, 1)))

        change(store, UpdateTable(table.name, billing=OnDemand()))

        assert billing(store, table) == (OnDemand(), {"by-label": OnDemand()})

    def test_the_units_of_a_table_change(self, store: Store, make_table: TableMaker) -> None:
        """Its indexes keep theirs [aws]."""
        table = make_table(indexes=(INDEX,), options=TableOptions(billing=Provisioned(2, 1)))

        change(store, UpdateTable(table.name, billing=Provisioned(3, 1)))

        assert billing(store, table) == (Provisioned(3, 1), {"by-label": Provisioned(2, 1)})

    def test_the_units_of_an_index_change(self, store: Store, make_table: TableMaker) -> None:
        """The table keeps its own [aws]."""
        table = make_table(indexes=(INDEX,), options=TableOptions(billing=Provisioned(2, 1)))

        change(store, UpdateTable(table.name, index_billing={"by-label": Provisioned(2, 2)}))

        assert billing(store, table) == (Provisioned(2, 1), {"by-label": Provisioned(2, 2)})

    def test_a_new_index_has_units_of_its_own(self, store: Store, make_table: TableMaker) -> None:
        """On a provisioned table [aws]."""
        table = make_table(options=TableOptions(billing=Provisioned(2, 1)))
        index = GlobalIndex("by-label", Key("label"), billing=Provisioned(4, 3))

        change(store, UpdateTable(table.name, create_index=index, key_types={"label": "S"}))

        assert billing(store, table) == (Provisioned(2, 1), {"by-label": Provisioned(4, 3)})

    def test_limits_of_billing_on_demand_are_told(self, store: Store, make_table: TableMaker) -> None:
        """Each is optional [aws]."""
        index = GlobalIndex("by-label", Key("label"), billing=OnDemand(max_write_units=7))
        table = make_table(indexes=(index,), options=TableOptions(billing=OnDemand(max_read_units=9)))

        assert billing(store, table) == (
            OnDemand(max_read_units=9),
            {"by-label": OnDemand(max_write_units=7)},
        )

    def test_limits_of_billing_on_demand_change(self, store: Store, make_table: TableMaker) -> None:
        """They come, and go again [aws]."""
        table = make_table(options=TableOptions(billing=OnDemand(max_read_units=9)))

        change(store, UpdateTable(table.name, billing=OnDemand(max_write_units=8)))
        changed = billing(store, table)
        change(store, UpdateTable(table.name, billing=OnDemand()))

        assert changed == (OnDemand(max_write_units=8), {})
        assert billing(store, table) == (OnDemand(), {})

    @rows(
        "wrong",
        {
            "same-units": (Provisioned(2, 1), {}),
            "same-units-of-an-index": (None, {"by-label": Provisioned(2, 1)}),
            "limits-of-an-index": (None, {"by-label": OnDemand(max_read_units=5)}),
        },
    )
    def test_refuses_for_a_provisioned_table(
        self, store: Store, make_table: TableMaker, wrong: tuple[Billing | None, dict[str, Billing]]
    ) -> None:
        """What would change nothing, and what is of tables on demand [ack]."""
        table = make_table(indexes=(INDEX,), options=TableOptions(billing=Provisioned(2, 1)))

        with pytest.raises(InvalidRequest):
            store.perform(UpdateTable(table.name, billing=wrong[0], index_billing=wrong[1]))

    def test_refuses_units_on_a_table_on_demand(self, store: Store, make_table: TableMaker) -> None:
        """An index is billed as its table [ack]."""
        table = make_table(indexes=(INDEX,))

        with pytest.raises(InvalidRequest):
            store.perform(UpdateTable(table.name, index_billing={"by-label": Provisioned(2, 1)}))

    def test_units_of_an_unknown_index(self, store: Store, make_table: TableMaker) -> None:
        """There is no such index [ack]."""
        table = make_table(options=TableOptions(billing=Provisioned(2, 1)))

        with pytest.raises(TableNotFound):
            store.perform(UpdateTable(table.name, index_billing={"by-label": Provisioned(2, 1)}))


class TableOptionContract(Contract):
    """Streams, protection, class, encryption and time to live."""

    def test_a_table_has_nothing_special_by_itself(self, store: Store, table: Table) -> None:
        """No stream, no protection, AWS's key, the standard class [aws]."""
        found = options(store, table)

        assert (found.stream, found.encryption) == ("DISABLED", Encryption.owned())
        assert (found.deletion_protection, found.table_class, found.replicas) == (False, "STANDARD", ())

    def test_a_table_is_made_with_its_options(self, store: Store, make_table: TableMaker) -> None:
        """Those that the service takes at once [aws]."""
        table = make_table(
            options=TableOptions(
                stream="NEW_AND_OLD_IMAGES",
                encryption=Encryption.managed(),
                deletion_protection=True,
                table_class="STANDARD_INFREQUENT_ACCESS",
            )
        )

        found = options(store, table)

        assert (found.stream, found.encryption) == ("NEW_AND_OLD_IMAGES", Encryption.managed())
        assert (found.deletion_protection, found.table_class) == (True, "STANDARD_INFREQUENT_ACCESS")

    @rows("view", {view: view for view in ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")})
    def test_a_stream_is_switched_on_and_off(self, store: Store, table: Table, view: StreamView) -> None:
        """It has a resource name while it is on [aws]."""
        change(store, UpdateTable(table.name, stream=view))
        on = store.perform(DescribeTable(table.name))
        change(store, UpdateTable(table.name, stream="DISABLED"))

        assert (on.options.stream, bool(on.stream_arn)) == (view, True)
        assert options(store, table).stream == "DISABLED"

    @rows("wanted", {"same-view": "NEW_IMAGE", "another-view": "KEYS_ONLY"})
    def test_refuses_a_stream_beside_a_stream(
        self, store: Store, make_table: TableMaker, wanted: Stream
    ) -> None:
        """It is disabled first, whatever it holds [aws]."""
        table = make_table(options=TableOptions(stream="NEW_IMAGE"))

        with pytest.raises(InvalidRequest):
            store.perform(UpdateTable(table.name, stream=wanted))

        assert options(store, table).stream == "NEW_IMAGE"

    def test_refuses_to_disable_a_stream_that_is_off(self, store: Store, table: Table) -> None:
        """There is none [aws]."""
        with pytest.raises(InvalidRequest):
            store.perform(UpdateTable(table.name, stream="DISABLED"))

    def test_a_protected_table_is_not_deleted(self, store: Store, make_table: TableMaker) -> None:
        """It stays as it is [aws]."""
        table = make_table(options=TableOptions(deletion_protection=True))
        stored = put(store, table, key("a"))

        with pytest.raises(InvalidRequest):
            store.perform(DeleteTable(table.name))

        assert read(store, table, key("a")) == stored

    def test_protection_is_switched_on_and_off(self, store: Store, table: Table) -> None:
        """Then it can be deleted again [aws]."""
        change(store, UpdateTable(table.name, deletion_protection=True))
        on = options(store, table).deletion_protection
        change(store, UpdateTable(table.name, deletion_protection=False))

        store.perform(DeleteTable(table.name))

        assert on is True

    def test_a_table_changes_its_class(self, store: Store, table: Table) -> None:
        """To the other one, and back [aws]."""
        change(store, UpdateTable(table.name, table_class="STANDARD_INFREQUENT_ACCESS"))
        rare = options(store, table).table_class
        change(store, UpdateTable(table.name, table_class="STANDARD"))

        assert (rare, options(store, table).table_class) == ("STANDARD_INFREQUENT_ACCESS", "STANDARD")

    def test_a_table_changes_its_encryption(self, store: Store, table: Table) -> None:
        """To the key that AWS manages in the account, and back [aws]."""
        change(store, UpdateTable(table.name, encryption=Encryption.managed()))
        managed = options(store, table).encryption
        change(store, UpdateTable(table.name, encryption=Encryption.owned()))

        assert (managed, options(store, table).encryption) == (Encryption.managed(), Encryption.owned())

    def test_refuses_the_encryption_that_is_there(self, store: Store, table: Table) -> None:
        """By the key that AWS owns [ack]."""
        with pytest.raises(InvalidRequest):
            store.perform(UpdateTable(table.name, encryption=Encryption.owned()))

    def test_time_to_live_is_switched_off(self, store: Store, table: Table) -> None:
        """And on again, for another attribute (which the service allows only after a while) [aws]."""
        store.perform(EnableTimeToLive(table.name, "expires_at"))
        store.perform(DisableTimeToLive(table.name, "expires_at"))
        off = store.perform(DescribeTimeToLive(table.name))
        store.perform(EnableTimeToLive(table.name, "ends_at"))

        assert (off, store.perform(DescribeTimeToLive(table.name))) == (None, "ends_at")

    @rows("attribute", {"same": "expires_at", "another": "ends_at"})
    def test_refuses_a_second_time_to_live(self, store: Store, table: Table, attribute: str) -> None:
        """A table has one at most [ack]."""
        store.perform(EnableTimeToLive(table.name, "expires_at"))

        with pytest.raises(InvalidRequest):
            store.perform(EnableTimeToLive(table.name, attribute))

        assert store.perform(DescribeTimeToLive(table.name)) == "expires_at"

    def test_refuses_to_switch_off_another_time_to_live(self, store: Store, table: Table) -> None:
        """The attribute is the one that it is on for [ack]."""
        store.perform(EnableTimeToLive(table.name, "expires_at"))

        with pytest.raises(InvalidRequest):
            store.perform(DisableTimeToLive(table.name, "ends_at"))

        assert store.perform(DescribeTimeToLive(table.name)) == "expires_at"

    def test_refuses_to_switch_off_a_time_to_live_that_is_off(self, store: Store, table: Table) -> None:
        """There is none [ack]."""
        with pytest.raises(InvalidRequest):
            store.perform(DisableTimeToLive(table.name, "expires_at"))
