"""Queries by key condition: tables, global and local indexes, order, limits, scans."""

# a unit of work is a block of statements, and how it ends is the subject

from __future__ import annotations

import warnings
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest

from persistence import EntityNotFound, Query, QueryError, Repository
from persistence.errors import MultipleResultsFound, ScanForbidden, ScanWarning, UnitClosed
from persistence.operations import BatchGetItems, GetItem, QueryPage, ScanPage
from persistence.query import between, exists, is_in, value
from tests.semantics.model import (
    Buyer,
    BuyerMapping,
    Order,
    OrderMapping,
    OrderStatus,
    Purchase,
    PurchaseMapping,
    Reading,
    ReadingMapping,
)
from tests.semantics.world import BEGINNING, World

DAY = timedelta(days=1)


@pytest.fixture
def five_orders(world: World, orders: Repository[Order]) -> None:
    """Four orders of one customer, one of another; two are shipped, one has no date."""
    others = world.elsewhere(OrderMapping)
    others.add(Order("c1", 1, BEGINNING + 3 * DAY, OrderStatus.SHIPPED, Decimal(10), "ann"))
    others.add(Order("c1", 2, BEGINNING + 2 * DAY, OrderStatus.OPEN, Decimal(20), "ann"))
    others.add(Order("c1", 3, BEGINNING + 1 * DAY, OrderStatus.SHIPPED, Decimal(5), "bea"))
    others.add(Order("c1", 12, None, OrderStatus.OPEN, Decimal(7)))
    others.add(Order("c2", 1, BEGINNING, OrderStatus.OPEN, Decimal(1), "ann"))
    world.forget()


def keys(query: Query[Order]) -> list[tuple[str, int]]:
    return [(order.customer_id, order.number) for order in query]


@pytest.mark.usefixtures("five_orders")
class TestTheTable:
    def test_gives_a_partition_in_the_order_of_the_sort_key(self, orders: Repository[Order]) -> None:
        """Numbers sort as numbers."""
        assert keys(orders.query(lambda o: o.customer_id == "c1")) == [
            ("c1", 1),
            ("c1", 2),
            ("c1", 3),
            ("c1", 12),
        ]

    @pytest.mark.parametrize(
        ("demand", "numbers"),
        [
            pytest.param(lambda o: o.number < 3, [1, 2], id="less"),
            pytest.param(lambda o: o.number <= 3, [1, 2, 3], id="at most"),
            pytest.param(lambda o: o.number > 2, [3, 12], id="more"),
            pytest.param(lambda o: o.number >= 3, [3, 12], id="at least"),
            pytest.param(lambda o: between(o.number, 2, 3), [2, 3], id="between"),
        ],
    )
    def test_takes_ranges_of_the_sort_key(
        self, world: World, orders: Repository[Order], demand: Callable[[Order], bool], numbers: list[int]
    ) -> None:
        """A key condition takes a sort key by comparison or between, and reads nothing else."""
        query = orders.query(lambda o: o.customer_id == "c1").matching(demand)

        assert [order.number for order in query] == numbers
        (page,) = world.sent
        assert isinstance(page, QueryPage)
        assert (page.index, page.filter) == (None, None)

    def test_gets_what_its_whole_key_is_given_of(self, world: World, orders: Repository[Order]) -> None:
        """A whole key is one item, which is got; what else is demanded of it is checked here."""
        query = orders.query(lambda o: (o.customer_id == "c1") & (o.number == 2))

        assert keys(query) == [("c1", 2)]
        assert keys(query.matching(lambda o: o.courier == "nobody")) == []
        assert [type(each) for each in world.sent] == [GetItem, GetItem]

    def test_is_the_same_by_name(self, orders: Repository[Order]) -> None:
        """`where` asks the same, by name, for dynamic callers."""
        query = orders.where("customer_id", "=", "c1").where("number", "between", 2, 3)

        assert keys(query) == [("c1", 2), ("c1", 3)]

    def test_reads_backwards(self, orders: Repository[Order]) -> None:
        """`order_by` sorts by the sort key, descending on request."""
        query = orders.query(lambda o: o.customer_id == "c1").order_by("number", descending=True)

        assert keys(query) == [("c1", 12), ("c1", 3), ("c1", 2), ("c1", 1)]

    def test_filters_by_further_conditions(self, orders: Repository[Order]) -> None:
        """Conditions that no key answers filter what was read; operands go through the mapping's fields."""
        query = orders.query(lambda o: (o.customer_id == "c1") & (o.courier == "ann"))

        assert sorted(keys(query)) == [("c1", 1), ("c1", 2)]

    def test_may_be_read_consistently(self, world: World, orders: Repository[Order]) -> None:
        """`consistent()` asks for a strongly consistent read."""
        orders.query(lambda o: o.customer_id == "c1").consistent().all()

        (page,) = world.sent
        assert isinstance(page, QueryPage)
        assert page.consistent

    def test_counts_without_entities(self, world: World, orders: Repository[Order]) -> None:
        """`count()` and `exists()` build no entities."""
        query = orders.query(lambda o: o.customer_id == "c1")

        assert (query.count(), query.exists(), query.limit(3).count()) == (4, True, 3)
        assert orders.query(lambda o: o.customer_id == "nobody").exists() is False
        assert all(isinstance(each, QueryPage) and each.count_only for each in world.sent)

    def test_reads_no_more_than_it_counts(self, world: World, orders: Repository[Order]) -> None:
        """`exists()` and `limit(n).count()` read n items; a few more where a filter may drop some."""
        query = orders.query(lambda o: o.customer_id == "c1")

        query.exists()
        query.limit(3).count()
        query.matching(lambda o: o.courier == "ann").exists()

        assert [each.limit for each in world.sent if isinstance(each, QueryPage)] == [1, 3, 25]

    def test_looks_for_many_keys_in_few_requests(self, world: World, orders: Repository[Order]) -> None:
        """Any of the keys may be absent: they are not asked for one by one."""
        absent = [*range(100, 160), 3]

        found = orders.query(lambda o: (o.customer_id == "c1") & is_in(o.number, absent)).first()

        assert found is not None
        assert found.number == 3
        assert [len(each.gets) for each in world.sent if isinstance(each, BatchGetItems)] == [25, 36]

    def test_reads_no_more_of_a_shared_table(self, world: World) -> None:
        """The mark of a type is a filter, but drops nothing where the key holds one type."""
        purchases = world.repository(PurchaseMapping)
        for number in range(3):
            purchases.add(Purchase("b1", number, "monday"))
        world.forget()

        assert purchases.query(lambda p: p.buyer_id == "b1").first() == Purchase("b1", 0, "monday")
        assert [each.limit for each in world.sent if isinstance(each, QueryPage)] == [1]

    def test_counts_what_is_stored(self, world: World, orders: Repository[Order]) -> None:
        """Entities that the unit has removed are left out of results, and counted until it commits."""
        query = orders.query(lambda o: (o.customer_id == "c1") & (o.number == 1))

        with world.uow:
            orders.remove(orders.get("c1", 1))
            seen = (query.all(), query.count(), query.exists())

        assert seen == ([], 1, True)
        assert query.count() == 0

    def test_iterators_end_with_their_unit(self, world: World, orders: Repository[Order]) -> None:
        """An iterator belongs to the unit it was made in, also where nothing was read there."""
        query = orders.query(lambda o: o.customer_id == "c1")
        with world.uow:
            results = iter(query)
        sent = len(world.sent)

        with pytest.raises(UnitClosed):
            next(results)

        assert len(world.sent) == sent

    def test_gives_the_only_one(self, world: World, orders: Repository[Order]) -> None:
        """`one()` wants exactly one result, and reads no more than two where no filter drops any."""
        query = orders.query(lambda o: o.customer_id == "c1")

        assert query.where("number", "=", 12).one().total == Decimal(7)
        with pytest.raises(EntityNotFound):
            query.where("number", "=", 4).one()
        with pytest.raises(MultipleResultsFound):
            query.one()
        assert [each.limit for each in world.sent if isinstance(each, QueryPage)] == [2]

    def test_gives_the_first(self, orders: Repository[Order]) -> None:
        """`first()` gives the first result, or None."""
        first = orders.query(lambda o: o.customer_id == "c1").first()

        assert first is not None
        assert first.number == 1
        assert orders.query(lambda o: o.customer_id == "nobody").first() is None

    def test_limits_results(self, orders: Repository[Order]) -> None:
        """`limit(n)` counts results, not what was read before the filter."""
        query = orders.query(lambda o: (o.customer_id == "c1") & (o.courier == "bea")).limit(1)

        assert len(query.all()) == 1
        assert keys(orders.query(lambda o: o.customer_id == "c1").limit(2)) == [("c1", 1), ("c1", 2)]

    def test_tracks_its_results(self, world: World, orders: Repository[Order]) -> None:
        """Entities that a query found in a unit are saved if they change."""
        with world.uow:
            for order in orders.query(lambda o: o.customer_id == "c1"):
                order.total += 1

        totals = [
            order.total for order in world.elsewhere(OrderMapping).query(lambda o: o.customer_id == "c1")
        ]
        assert totals == [Decimal(11), Decimal(21), Decimal(6), Decimal(8)]

    def test_asks_only_when_it_is_consumed(self, world: World, orders: Repository[Order]) -> None:
        """Making and narrowing a query, and explaining it, ask nothing."""
        orders.query(lambda o: o.customer_id == "c1").order_by("number").limit(3).consistent().explain()

        assert world.sent == []

    def test_narrowing_gives_a_new_query(self, orders: Repository[Order]) -> None:
        """Fluent builders return new objects."""
        all_of_them = orders.query(lambda o: o.customer_id == "c1")
        all_of_them.limit(1)
        all_of_them.matching(lambda o: o.number == 1)

        assert all_of_them.count() == 4


@pytest.mark.usefixtures("five_orders")
class TestIndexes:
    def test_a_global_index_is_found_by_its_partition_key(
        self, world: World, orders: Repository[Order]
    ) -> None:
        """An equality on the partition key of an index is answered by that index, in its order."""
        query = orders.query(lambda o: (o.status == OrderStatus.SHIPPED) & exists(o.placed_at))

        assert keys(query) == [("c1", 3), ("c1", 1)]
        (page,) = world.sent
        assert isinstance(page, QueryPage)
        assert page.index == "by-status"

    def test_a_global_index_takes_ranges(self, orders: Repository[Order]) -> None:
        """Datetimes are compared as they are stored, and sort."""
        query = orders.query(
            lambda o: (o.status == OrderStatus.SHIPPED) & (value(o.placed_at) > BEGINNING + 2 * DAY)
        )

        assert keys(query) == [("c1", 1)]

    def test_a_global_index_is_sparse(self, orders: Repository[Order]) -> None:
        """An entity whose index keys are None is not in the index, which is read if it is named."""
        query = orders.query(lambda o: o.status == OrderStatus.OPEN).index("by-status").order_by("placed_at")

        assert keys(query) == [("c2", 1), ("c1", 2)]

    def test_a_sparse_index_is_not_chosen_for_entities_that_it_lacks(self, orders: Repository[Order]) -> None:
        """An index never drops results silently: a scan warns, an order that only it has is refused."""
        open_ones = orders.query(lambda o: o.status == OrderStatus.OPEN)

        with pytest.warns(ScanWarning, match="leaves out entities without placed_at"):
            found = keys(open_ones)
        with pytest.raises(QueryError, match="leaves out entities without placed_at"):
            open_ones.order_by("placed_at").all()

        assert sorted(found) == [("c1", 2), ("c1", 12), ("c2", 1)]

    def test_an_entity_leaves_an_index_with_its_key(self, world: World, orders: Repository[Order]) -> None:
        """A key that becomes None is removed, and the entity is no longer in the index."""
        with world.uow:
            orders.get("c1", 1).courier = None

        assert keys(orders.query(lambda o: o.courier == "ann").order_by("total")) == [("c2", 1), ("c1", 2)]

    def test_numbers_sort_as_numbers(self, orders: Repository[Order]) -> None:
        """Index keys sort by type."""
        query = orders.query(lambda o: o.courier == "ann").order_by("total", descending=True)

        assert [order.total for order in query] == [Decimal(20), Decimal(10), Decimal(1)]

    def test_a_local_index_sorts_a_partition_otherwise(self, world: World, orders: Repository[Order]) -> None:
        """`order_by` finds the index that sorts so; a local index can be read consistently."""
        query = orders.query(lambda o: (o.customer_id == "c1") & exists(o.placed_at))
        query = query.order_by("placed_at").consistent()

        assert keys(query) == [("c1", 3), ("c1", 2), ("c1", 1)]
        (page,) = world.sent
        assert isinstance(page, QueryPage)
        assert (page.index, page.consistent) == ("by-date", True)

    def test_an_index_may_be_named(self, world: World, orders: Repository[Order]) -> None:
        """`.index(name)` reads that index."""
        query = orders.query(lambda o: o.customer_id == "c1").index("by-date")

        assert keys(query) == [("c1", 3), ("c1", 2), ("c1", 1)]

    def test_a_global_index_is_never_read_consistently(self, world: World, orders: Repository[Order]) -> None:
        """Consistent reads rule out global indexes: refused before sending, never silently eventual."""
        query = orders.query(lambda o: o.courier == "ann").index("by-courier").consistent()

        with pytest.raises(QueryError, match="consistently"):
            query.all()
        assert world.sent == []

    def test_an_index_without_all_attributes_gives_no_entities(
        self, world: World, orders: Repository[Order]
    ) -> None:
        """A missing attribute never becomes a default."""
        query = orders.query(lambda o: o.courier == "ann").index("keys-of-couriers")

        with pytest.raises(QueryError, match="KEYS_ONLY"):
            query.all()
        assert world.sent == []


@pytest.mark.usefixtures("five_orders")
class TestBadQueries:
    @pytest.mark.parametrize(
        "query",
        [
            pytest.param(lambda r: r.query(lambda o: o.nothing == 1), id="unknown name"),
            pytest.param(lambda r: r.query(lambda o: o.number == "two"), id="operand of another type"),
            pytest.param(lambda r: r.query(lambda o: o.customer_id == ""), id="empty key"),
            pytest.param(lambda r: r.where("total", "=", float("nan")), id="nan"),
            pytest.param(lambda r: r.query(lambda o: o.courier == None), id="none"),  # noqa: E711  # that is the subject
            pytest.param(lambda r: r.query(lambda o: o.courier == "x").index("nothing"), id="unknown index"),
            pytest.param(
                lambda r: r.query(lambda o: o.courier == "x").order_by("status"), id="no such order"
            ),
            pytest.param(
                lambda r: r.query(lambda o: (o.customer_id == "c1") & (o.number > 1) & (o.number < 5)),
                id="two conditions on the sort key",
            ),
            pytest.param(lambda r: r.where("number", "~", 1), id="unknown operator"),
            pytest.param(lambda r: r.where("number", "between", 1), id="too few operands"),
            pytest.param(lambda r: r.query(lambda o: o.customer_id == "c1").limit(0), id="limit 0"),
        ],
    )
    @pytest.mark.filterwarnings("ignore::persistence.errors.ScanWarning")
    def test_are_refused_before_sending(
        self, world: World, orders: Repository[Order], query: Callable[[Repository[Order]], Query[Order]]
    ) -> None:
        """What can't be asked is a QueryError, and nothing is sent."""
        with pytest.raises(QueryError):
            query(orders).all()

        assert world.sent == []


@pytest.mark.usefixtures("five_orders")
class TestScans:
    def test_are_warned_of_by_default(self, world: World, orders: Repository[Order]) -> None:
        """`scan_policy="warn"` emits `ScanWarning`; the query is answered."""
        with pytest.warns(ScanWarning, match="no key of Order serves this query"):
            found = orders.query(lambda o: o.total > 15).all()

        assert [order.number for order in found] == [2]
        assert [type(each) for each in world.sent] == [ScanPage]

    def test_may_be_forbidden(self, world: World) -> None:
        """`"forbid"` raises `ScanForbidden` before sending."""
        orders = world.repository(OrderMapping, world.unit_of_work(scan_policy="forbid"))

        with pytest.raises(ScanForbidden):
            orders.query(lambda o: o.total > 15).all()
        with pytest.raises(ScanForbidden):
            orders.query(lambda o: o.total > 15).count()
        assert world.sent == []

    def test_may_be_allowed(self, world: World) -> None:
        """`"allow"` says nothing."""
        orders = world.repository(OrderMapping, world.unit_of_work(scan_policy="allow"))

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert orders.query(lambda o: o.total > 15).count() == 1

    @pytest.mark.parametrize("policy", ["warn", "forbid", "allow"])
    def test_that_are_spelled_out_are_always_allowed(self, world: World, policy: str) -> None:
        """`scan()` is always allowed, and silent."""
        orders = world.repository(OrderMapping, world.unit_of_work(scan_policy=policy))

        assert orders.scan().count() == 5
        assert {order.number for order in orders.scan(lambda o: o.total > 9)} == {1, 2}


class TestManyPages:
    def test_are_fetched_as_they_are_needed(self, world: World) -> None:
        """A query reads on until the last page; iteration fetches a page when it is needed."""
        readings = world.repository(ReadingMapping)
        others = world.elsewhere(ReadingMapping)
        for at in range(5):
            others.add(Reading(Decimal(1), at))
        for at in range(5):
            world.amend(ReadingMapping, Decimal(1), at, ballast={"S": "x" * 300_000})
        world.forget()

        results = iter(readings.query(lambda r: r.sensor == 1))
        next(results)
        pages_at_first = len(world.sent)
        rest = [reading.at for reading in results]

        assert rest == [1, 2, 3, 4]
        assert pages_at_first == 1
        assert len(world.sent) == 2

    def test_that_a_filter_emptied_don_t_end_a_query(self, world: World) -> None:
        """Filters can make a page empty while more follow: iteration goes on."""
        readings = world.repository(ReadingMapping)
        others = world.elsewhere(ReadingMapping)
        for at in range(5):
            others.add(Reading(Decimal(1), at, value=Decimal(at)))
            world.amend(ReadingMapping, Decimal(1), at, ballast={"S": "x" * 300_000})

        query = readings.query(lambda r: (r.sensor == 1) & (r.value == 4))

        assert [reading.at for reading in query.limit(1)] == [4]
        assert query.count() == 1
        assert query.exists()


class TestSharedTables:
    """Single-table design: templates fill the keys, a discriminator tells the types apart."""

    @pytest.fixture(autouse=True)
    def stored(self, world: World) -> None:
        """Two buyers and their purchases, in one table."""
        world.repository(BuyerMapping)
        world.repository(PurchaseMapping)
        buyers, purchases = world.elsewhere(BuyerMapping), world.elsewhere(PurchaseMapping)
        buyers.add(Buyer("b1"))
        buyers.add(Buyer("b2"))
        for number, day in ((2, "monday"), (10, "monday"), (9, "tuesday")):
            purchases.add(Purchase("b1", number, day, Decimal(number)))
        purchases.add(Purchase("b2", 1, "monday"))
        world.forget()

    def test_a_partition_gives_only_the_types_entities(self, world: World) -> None:
        """A query of one type leaves the others out, and `{number:05d}` sorts as numbers do."""
        purchases = world.repository(PurchaseMapping)

        found = purchases.query(lambda p: p.buyer_id == "b1").all()

        assert [purchase.number for purchase in found] == [2, 9, 10]

    def test_the_whole_key_is_one_item(self, world: World) -> None:
        """All fields of the key fill both templates."""
        purchases = world.repository(PurchaseMapping)

        found = purchases.query(lambda p: (p.buyer_id == "b1") & (p.number == 9)).all()

        assert [purchase.number for purchase in found] == [9]
        (asked,) = world.sent
        assert isinstance(asked, QueryPage | GetItem)

    def test_indexes_have_templates_of_their_own(self, world: World) -> None:
        """`index_keys` gives a type its own keys in a shared index."""
        purchases = world.repository(PurchaseMapping)

        found = purchases.query(lambda p: p.day == "monday").all()

        assert [(purchase.buyer_id, purchase.number) for purchase in found] == [
            ("b2", 1),
            ("b1", 2),
            ("b1", 10),
        ]

    def test_a_template_without_its_value_leaves_the_index(self, world: World) -> None:
        """An index key whose field is None is left out, from the start or by a change."""
        purchases = world.repository(PurchaseMapping)

        with world.uow:
            purchases.add(Purchase("b1", 3, None))
            purchases.get("b1", 2).day = None

        assert [(each.buyer_id, each.number) for each in purchases.query(lambda p: p.day == "monday")] == [
            ("b2", 1),
            ("b1", 10),
        ]
        assert [each.number for each in purchases.query(lambda p: p.buyer_id == "b1")] == [2, 3, 9, 10]

    def test_a_scan_gives_only_the_types_entities(self, world: World) -> None:
        """The discriminator filters scans as well."""
        assert {buyer.id for buyer in world.repository(BuyerMapping).scan()} == {"b1", "b2"}

    def test_types_meet_in_one_transaction(self, world: World) -> None:
        """Entities of several types of one table are one commit."""
        buyers, purchases = world.repository(BuyerMapping), world.repository(PurchaseMapping)

        with world.uow:
            buyers.get("b1").name = "Ann"
            purchases.remove(purchases.get("b1", 2))
            purchases.add(Purchase("b1", 3, "friday"))

        assert [len(actions) for actions in world.writes] == [3]
        assert [each.number for each in purchases.query(lambda p: p.buyer_id == "b1")] == [3, 9, 10]
