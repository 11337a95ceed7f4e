from __future__ import annotations

from datetime import timedelta

import pytest

from persistence import EntityNotFound, MemoryStore, QueryError, Repository, Throttled, UnitOfWork
from persistence.attributes import Item as AttributeItem
from persistence.operations import DescribeTable, TableDescription
from persistence.query import is_in
from persistence.testing import ExpectationFailed, ExpectingStore
from tests.unit.testing.expecting.shop import (
    NOON,
    Item,
    ItemMapping,
    Order,
    OrderMapping,
    Profile,
    ProfileMapping,
    Status,
    Visit,
    VisitMapping,
)

ONE, TWO, THREE = Order("o-1", total=10), Order("o-2", total=20), Order("o-3", total=30)


@pytest.fixture
def mock() -> ExpectingStore:
    return ExpectingStore()


def orders_of(store: ExpectingStore) -> Repository[Order]:
    return Repository(OrderMapping, UnitOfWork(store, scan_policy="allow"))


class TestGets:
    def test_a_get_is_answered_with_the_entity(self, mock: ExpectingStore) -> None:
        mock.expect_get(OrderMapping, "o-1").will_return(ONE)

        assert orders_of(mock).get("o-1") == ONE
        mock.verify()

    def test_a_get_without_an_answer_finds_nothing(self, mock: ExpectingStore) -> None:
        mock.expect_get(OrderMapping, "o-1")

        with pytest.raises(EntityNotFound):
            orders_of(mock).get("o-1")

    def test_without_a_key_any_key_will_do(self, mock: ExpectingStore) -> None:
        mock.expect_get(OrderMapping).will_return(TWO)

        assert orders_of(mock).find("o-2") == TWO

    def test_an_item_may_be_returned_as_it_is_stored(self, mock: ExpectingStore) -> None:
        mock.expect_get(OrderMapping, "o-1").will_return(
            {"id": {"S": "o-1"}, "customerId": {"S": "c9"}, "status": {"S": "paid"}, "total": {"N": "1"}}
        )

        assert orders_of(mock).get("o-1") == Order("o-1", "c9", Status.PAID, 1)

    def test_another_key_is_refused(self, mock: ExpectingStore) -> None:
        mock.expect_get(OrderMapping, "o-1").will_return(ONE)

        with pytest.raises(ExpectationFailed) as failure:
            orders_of(mock).get("o-2")

        assert "key: expected 'o-1', came 'o-2'" in str(failure.value)
        assert "mock.expect_get(OrderMapping, 'o-2').will_return(...)" in str(failure.value)

    def test_what_is_returned_is_the_callers_own(self, mock: ExpectingStore) -> None:
        item: AttributeItem = {"id": {"S": "o-1"}, "customerId": {"S": "c1"}, "tags": {"SS": ["a"]}}
        mock.expect_get(OrderMapping, "o-1").any_times().will_return(item)

        orders_of(mock).get("o-1").tags.add("b")
        item["tags"]["SS"].append("c")

        assert orders_of(mock).get("o-1").tags == {"a"}


class TestQueries:
    def test_conditions_are_matched_on_keys_and_in_filters_alike(self, mock: ExpectingStore) -> None:
        expected = mock.expect_query(OrderMapping)
        expected.with_condition("customer_id", "=", "c1").with_condition("status", "=", Status.OPEN)
        expected.will_return(ONE, TWO)

        found = orders_of(mock).query(lambda o: (o.customer_id == "c1") & (o.status == Status.OPEN)).all()

        assert found == [ONE, TWO]

    def test_a_query_by_the_whole_key_is_expected_as_such(self, mock: ExpectingStore) -> None:
        mock.expect_query(OrderMapping).with_condition("id", "=", "o-1").will_return(ONE)

        assert orders_of(mock).where("id", "=", "o-1").one() == ONE

    def test_a_query_by_several_keys_is_expected_as_such(self, mock: ExpectingStore) -> None:
        mock.expect_query(OrderMapping).with_condition("id", "in", ["o-1", "o-2"]).will_return(TWO)

        assert orders_of(mock).query(lambda o: is_in(o.id, ["o-2", "o-1"])).all() == [TWO]

    def test_a_query_by_another_key_differs(self, mock: ExpectingStore) -> None:
        mock.expect_query(OrderMapping).with_condition("id", "=", "o-1").will_return(ONE)

        with pytest.raises(ExpectationFailed, match="expected 'o-1', came no get of it"):
            orders_of(mock).where("id", "=", "o-2").all()

    def test_what_is_not_named_is_not_compared(self, mock: ExpectingStore) -> None:
        mock.expect_query(OrderMapping).with_condition("customer_id", "=", "c1").will_return(TWO)

        assert orders_of(mock).where("customer_id", "=", "c1").where("total", ">", 5).all() == [TWO]

    def test_a_range_is_the_same_however_it_is_written(self, mock: ExpectingStore) -> None:
        expected = mock.expect_query(OrderMapping).with_condition("customer_id", "=", "c1")
        expected.with_condition("total", ">=", 10).with_condition("total", "<=", 20).will_return(ONE, TWO)

        assert orders_of(mock).where("customer_id", "=", "c1").where("total", "between", 10, 20).count() == 2

    def test_conditions_may_be_lambdas(self, mock: ExpectingStore) -> None:
        expected = mock.expect_query(OrderMapping)
        expected.with_condition(
            lambda o: (o.customer_id == "c1") & ((o.note == "x") | (o.status == Status.OPEN))
        )
        expected.will_return(ONE)

        found = orders_of(mock).query(
            lambda o: ((o.status == Status.OPEN) | (o.note == "x")) & (o.customer_id == "c1")
        )

        assert found.all() == [ONE]

    def test_another_value_is_refused_with_what_was_expected(self, mock: ExpectingStore) -> None:
        expected = mock.expect_query(OrderMapping)
        expected.with_condition("customer_id", "=", "c1").with_condition("status", "=", Status.PAID)

        with pytest.raises(ExpectationFailed) as failure:
            orders_of(mock).where("customer_id", "=", "c2").all()

        report = str(failure.value)
        assert "expected customer_id = 'c1', came customer_id = 'c2'" in report
        assert "expected status = 'paid', came no condition on it" in report
        assert '.with_condition("customer_id", "=", \'c2\')' in report
        assert "test_reads.py:" in report

    def test_pages_are_given_one_after_the_other(self, mock: ExpectingStore) -> None:
        expected = mock.expect_query(OrderMapping).with_condition("customer_id", "=", "c1")
        expected.will_return_pages([ONE], [TWO, THREE])

        assert list(orders_of(mock).where("customer_id", "=", "c1")) == [ONE, TWO, THREE]
        mock.verify()

    def test_a_page_may_be_taken_up_by_its_cursor(self, mock: ExpectingStore) -> None:
        mock.expect_query(OrderMapping).with_condition("customer_id", "=", "c1").will_return(ONE, TWO, THREE)
        query = orders_of(mock).where("customer_id", "=", "c1")

        first = query.page(size=2)
        second = query.page(size=2, after=first.cursor)

        assert (first.items, second.items) == ([ONE, TWO], [THREE])

    def test_a_result_that_the_query_would_not_find_is_refused(self, mock: ExpectingStore) -> None:
        mock.expect_query(OrderMapping).with_condition("customer_id", "=", "c1").will_return(Order("o", "c2"))

        with pytest.raises(ExpectationFailed, match="a result that its query would not find"):
            orders_of(mock).where("customer_id", "=", "c1").all()

    def test_unless_answers_are_not_checked(self) -> None:
        mock = ExpectingStore(check_answers=False)
        mock.expect_query(OrderMapping).with_condition("customer_id", "=", "c1").will_return(Order("o", "c2"))

        assert orders_of(mock).where("customer_id", "=", "c1").all() == [Order("o", "c2")]

    def test_settings_are_compared_where_they_are_named(self, mock: ExpectingStore) -> None:
        expected = mock.expect_query(OrderMapping).with_index("by-customer").with_order(descending=True)
        expected.with_consistent_read(False).will_return(TWO, ONE)
        query = orders_of(mock).where("customer_id", "=", "c1")

        with pytest.raises(ExpectationFailed, match="descending: expected True, came False"):
            query.all()

        assert query.order_by("total", descending=True).all() == [TWO, ONE]

    def test_projections_are_kept(self, mock: ExpectingStore) -> None:
        mock.expect_query(OrderMapping).will_return(ONE)

        rows = orders_of(mock).where("customer_id", "=", "c1").select("id", "total").all()

        assert [(row.id, row.total) for row in rows] == [("o-1", 10)]

    def test_a_query_that_scans_says_so(self, mock: ExpectingStore) -> None:
        mock.expect_query(OrderMapping).with_condition("total", "=", 10).will_return(ONE)

        with pytest.raises(ExpectationFailed, match="no key serves the query"):
            orders_of(mock).where("total", "=", 10).all()

    def test_a_scan_is_expected_as_one(self, mock: ExpectingStore) -> None:
        mock.expect_scan(OrderMapping).with_condition("total", "=", 10).will_return(ONE)

        assert orders_of(mock).where("total", "=", 10).all() == [ONE]

    def test_the_segments_of_a_parallel_scan_are_one(self, mock: ExpectingStore) -> None:
        mock.expect_scan(OrderMapping).will_return(ONE, TWO)

        assert orders_of(mock).scan().parallel(segments=3).all() == [ONE, TWO]
        mock.verify()

    @pytest.mark.parametrize("name", ["", "colour", "address.colour"])
    def test_an_unknown_field_is_refused_at_once(self, mock: ExpectingStore, name: str) -> None:
        with pytest.raises(QueryError):
            mock.expect_query(OrderMapping).with_condition(name, "=", 1)


class TestTemplates:
    """Keys that are made by templates are matched by their fields."""

    def visits(self, mock: ExpectingStore) -> Repository[Visit]:
        return Repository(VisitMapping, UnitOfWork(mock))

    def test_by_the_partition_key(self, mock: ExpectingStore) -> None:
        visit = Visit("c1", NOON, "p")
        mock.expect_query(VisitMapping).with_condition("customer", "=", "c1").will_return(visit)

        assert self.visits(mock).where("customer", "=", "c1").all() == [visit]

    def test_another_value_in_the_template_differs(self, mock: ExpectingStore) -> None:
        mock.expect_query(VisitMapping).with_condition("customer", "=", "c1")

        with pytest.raises(ExpectationFailed, match="expected customer = 'c1'"):
            self.visits(mock).where("customer", "=", "c12").all()

    def test_by_a_part_of_the_sort_key(self, mock: ExpectingStore) -> None:
        visit = Visit("c1", NOON, "p")
        mock.expect_query(VisitMapping).with_condition("at", "=", NOON).will_return(visit)

        assert self.visits(mock).where("customer", "=", "c1").where("at", "=", NOON).all() == [visit]

    def test_by_a_range_in_the_sort_key(self, mock: ExpectingStore) -> None:
        visit = Visit("c1", NOON, "p")
        mock.expect_query(VisitMapping).with_condition("at", ">=", NOON).will_return(visit)
        query = self.visits(mock).where("customer", "=", "c1")

        with pytest.raises(ExpectationFailed):
            query.where("at", ">=", NOON - timedelta(days=1)).all()

        assert query.where("at", ">=", NOON).all() == [visit]

    def test_entities_of_another_type_in_the_table_differ(self, mock: ExpectingStore) -> None:
        mock.expect_query(ProfileMapping).will_return(Profile("c1"))

        with pytest.raises(ExpectationFailed, match="expected a query of Profile, came one of Visit"):
            self.visits(mock).where("customer", "=", "c1").all()

    def test_a_get_is_matched_by_its_template(self, mock: ExpectingStore) -> None:
        mock.expect_get(ProfileMapping, "c1").will_return(Profile("c1", "Ann"))

        assert Repository(ProfileMapping, UnitOfWork(mock)).get("c1").name == "Ann"


class TestManyKeys:
    def test_entities_are_given_by_their_keys(self, mock: ExpectingStore) -> None:
        mock.expect_batch_get(OrderMapping, ["o-1", "o-2", "o-3"]).will_return(THREE, ONE)

        assert orders_of(mock).find_many(["o-1", "o-2", "o-3"]) == [ONE, None, THREE]

    def test_another_key_is_refused(self, mock: ExpectingStore) -> None:
        mock.expect_batch_get(OrderMapping, ["o-1", "o-2"])

        with pytest.raises(ExpectationFailed) as failure:
            orders_of(mock).find_many(["o-1", "o-3"])

        assert "expected Order('o-2'), came no get of it" in str(failure.value)
        assert "expected no further key, came a get of Order('o-3')" in str(failure.value)

    def test_a_snapshot_may_have_several_types(self, mock: ExpectingStore) -> None:
        uow = UnitOfWork(mock)
        orders, items = Repository(OrderMapping, uow), Repository(ItemMapping, uow)
        expected = mock.expect_snapshot().with_get(OrderMapping, "o-1").with_get(ItemMapping, "pen")
        expected.will_return(Item("pen", 3), ONE)

        assert uow.snapshot(orders.key("o-1"), items.key("pen")) == (ONE, Item("pen", 3))


class TestErrorsAndTimes:
    def test_an_error_is_raised_as_the_store_would(self, mock: ExpectingStore) -> None:
        mock.expect_get(OrderMapping, "o-1").will_raise(Throttled("slow down"))

        with pytest.raises(Throttled, match="slow down"):
            orders_of(mock).get("o-1")

    def test_several_answers_are_given_in_turn(self, mock: ExpectingStore) -> None:
        mock.expect_get(OrderMapping, "o-1").will_return(None).will_return(ONE)
        orders = orders_of(mock)

        assert [orders.find("o-1"), orders.find("o-1")] == [None, ONE]
        with pytest.raises(ExpectationFailed, match=r"one time too many .* expected 2 times, came 2 times"):
            orders.find("o-1")

    def test_times_says_how_often(self, mock: ExpectingStore) -> None:
        mock.expect_get(OrderMapping, "o-1").times(2).will_return(ONE)
        orders_of(mock).get("o-1")

        with pytest.raises(ExpectationFailed, match="expected 2 times, came 1 time"):
            mock.verify()

    def test_never_is_a_number_too(self, mock: ExpectingStore) -> None:
        mock.expect_get(OrderMapping, "o-1").times(0)
        mock.verify()

        with pytest.raises(ExpectationFailed, match="expected never"):
            orders_of(mock).find("o-1")

    def test_any_times_may_be_none(self, mock: ExpectingStore) -> None:
        mock.expect_get(OrderMapping).any_times().will_return(ONE)

        mock.verify()

    def test_at_least_may_be_more(self, mock: ExpectingStore) -> None:
        mock.expect_get(OrderMapping, "o-1").at_least(1).will_return(ONE)
        for _ in range(3):
            orders_of(mock).get("o-1")

        mock.verify()

    @pytest.mark.parametrize("number", [-1, 1.5, True])
    def test_other_numbers_are_refused(self, mock: ExpectingStore, number: int) -> None:
        with pytest.raises(QueryError):
            mock.expect_get(OrderMapping).times(number)


class TestOtherOperations:
    def test_any_operation_can_be_expected(self, mock: ExpectingStore) -> None:
        from persistence.mapping.schema import mapping_of

        described = TableDescription(mapping_of(OrderMapping).table, "ACTIVE")
        mock.expect_operation(DescribeTable, name="orders").will_return(described)

        assert mock.perform(DescribeTable("orders")) == described
        with pytest.raises(ExpectationFailed, match="name: expected 'orders', came 'items'"):
            mock.perform(DescribeTable("items"))

    def test_unknown_fields_are_refused(self, mock: ExpectingStore) -> None:
        with pytest.raises(QueryError, match="colour"):
            mock.expect_operation(DescribeTable, colour="red")


class TestOtherwise:
    def test_what_is_not_expected_is_performed_elsewhere(self) -> None:
        mock = ExpectingStore(otherwise=MemoryStore())
        orders = orders_of(mock)
        orders.add(TWO)
        mock.expect_get(OrderMapping, "o-1").will_raise(Throttled("slow down"))

        with pytest.raises(Throttled):
            orders.get("o-1")

        assert orders.get("o-2").total == 20
        mock.verify()
