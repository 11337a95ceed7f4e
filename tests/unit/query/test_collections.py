"""Collections: one access path for several types of entities, and what becomes of their items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, assert_type

import pytest

from persistence import GlobalIndex, Key, MappingSchema, MemoryStore, Repository, Table, UnitOfWork, fields
from persistence.attributes import Item
from persistence.errors import DecodeError, MappingError, QueryError
from persistence.expressions import And, BeginsWith, Compare, In, KeyCondition, Or, Path, Value
from persistence.mapping import mapping_of
from persistence.operations import PutItem, QueryPage
from persistence.query import between, exists, is_in
from persistence.query.access import AccessPath
from persistence.query.collections import Collection, CollectionSubject, collection
from persistence.query.planner import choose
from persistence.query.recorder import record
from persistence.query.wish import Wish

SHOP = Table("shop", partition="PK", sort="SK", indexes=(GlobalIndex("GSI1", Key("GSI1PK", "GSI1SK")),))


@dataclass
class Customer:
    id: str
    status: str = "open"


class CustomerMapping(MappingSchema[Customer]):
    class Meta:
        table = SHOP
        key = Key("CUSTOMER#{id}", "PROFILE")


@dataclass
class Order:
    customer_id: str
    number: int
    status: str = "open"
    day: str = "monday"
    total: Decimal = Decimal(0)


class OrderMapping(MappingSchema[Order]):
    class Meta:
        table = SHOP
        key = Key("CUSTOMER#{customer_id}", "ORDER#{number:05d}")
        index_keys = {"GSI1": Key("STATUS#{status}", "{day}")}  # noqa: RUF012  # marshmallow's Meta is plain data


@dataclass
class Offer:
    customer_id: str
    number: int
    status: str = "open"
    day: str = "monday"
    total: Decimal = Decimal(0)


class OfferMapping(MappingSchema[Offer]):
    class Meta:
        table = SHOP
        key = Key("CUSTOMER#{customer_id}", "OFFER#{number:05d}")
        index_keys = {"GSI1": Key("STATUS#{status}", "{day}")}  # noqa: RUF012  # as above


class OtherOrderMapping(OrderMapping):
    class Meta:
        discriminator = "Other"


BOTH = collection(OrderMapping, OfferMapping)
ALL = collection(CustomerMapping, OrderMapping, OfferMapping)

Predicate = Callable[[Any], Any]


def planned(
    of: Collection[Any],
    predicate: Predicate | None = None,
    partition: tuple[object, ...] | None = None,
    **more: Any,
) -> AccessPath:
    wish = Wish(None if predicate is None else record(predicate), **more)
    return of.members().plan(wish, partition)


def text(value: str) -> Value:
    return Value({"S": value})


def equal(name: str, value: Value) -> Compare:
    return Compare("=", Path.of(name), value)


def marked(name: str) -> Compare:
    return equal("_type", text(name))


def one_of(*names: str) -> In:
    return In(Path.of("_type"), tuple(map(text, names)))


PARTITION = ("PK", {"S": "CUSTOMER#c1"})
OPEN = ("GSI1PK", {"S": "STATUS#open"})


class TestDeclaration:
    def test_is_typed_by_its_mappings(self) -> None:
        """Its entities are of one of the types."""
        assert_type(BOTH, Collection[Order | Offer])
        assert_type(ALL, Collection[Customer | Order | Offer])

    @pytest.mark.parametrize(
        ("schemas", "message"),
        [
            ((), "takes two mappings or more; one type has a Repository"),
            ((OrderMapping,), "takes two mappings or more"),
            ((OrderMapping, OfferMapping, OrderMapping), "has OrderMapping twice"),
        ],
    )
    def test_names_two_types_or_more(self, schemas: tuple[Any, ...], message: str) -> None:
        """Each once."""
        with pytest.raises(MappingError, match=message):
            collection(*schemas)

    def test_looks_at_mappings_when_it_is_used(self) -> None:
        """Declaring it compiles nothing, so that modules can declare it in any order."""

        class Broken(MappingSchema[Order]):
            class Meta:
                key = Key("number")

        declared = collection(OrderMapping, Broken)

        with pytest.raises(MappingError, match=r"Broken.Meta has no table"):
            declared.members()

    def test_is_of_one_table(self) -> None:
        """One request reads one table."""

        class ElsewhereMapping(MappingSchema[Offer]):
            class Meta:
                table = Table("elsewhere", partition="PK", sort="SK")
                key = Key("CUSTOMER#{customer_id}", "OFFER#{number:05d}")

        with pytest.raises(MappingError, match=r"Order, Offer are stored in several: 'shop' .*, 'elsewhere'"):
            collection(OrderMapping, ElsewhereMapping).members()

    def test_needs_marks(self) -> None:
        """Without a discriminator nothing tells the types apart."""
        plain = Table("plain", partition="PK", sort="SK", discriminator=None)

        class FirstMapping(MappingSchema[Order]):
            class Meta:
                table = plain
                key = Key("CUSTOMER#{customer_id}", "ORDER#{number:05d}")

        class SecondMapping(MappingSchema[Offer]):
            class Meta:
                table = plain
                key = Key("CUSTOMER#{customer_id}", "OFFER#{number:05d}")

        with pytest.raises(MappingError, match="nothing tells the items of Order from those of others"):
            collection(FirstMapping, SecondMapping).members()

    def test_needs_different_marks(self) -> None:
        """Two mappings that mark their items alike can't be told apart; another discriminator helps."""

        class SameMapping(OrderMapping):
            pass

        with pytest.raises(MappingError, match="OrderMapping and SameMapping mark their items alike"):
            collection(OrderMapping, SameMapping).members()
        assert collection(OrderMapping, OtherOrderMapping).members().name == "Order, Order"

    def test_joins_the_declarations_of_the_table(self) -> None:
        """Its table has the indexes of all."""

        class IndexedMapping(OfferMapping):
            class Meta:
                indexes = (GlobalIndex("by-total", Key("total")),)

        table = collection(OrderMapping, IndexedMapping).members().table

        assert [index.name for index in table.indexes] == ["GSI1", "by-total"]


class TestPlan:
    def test_reads_a_partition_for_all(self) -> None:
        """Sort keys that have nothing in common are not narrowed; other types are not asked for."""
        path = planned(ALL, partition=("c1",))

        assert (path.kind, path.index) == ("query", None)
        assert path.key_condition == KeyCondition(PARTITION)
        assert path.filter == one_of("Customer", "Order", "Offer")

    def test_takes_partitions_by_condition(self) -> None:
        """Where the types name the field alike, a condition says the same."""
        assert planned(BOTH, lambda e: e.customer_id == "c1") == planned(BOTH, partition=("c1",))

    def test_keeps_what_sort_keys_begin_with(self) -> None:
        """The sort key is narrowed by what is common to all: `OFFER#` and `ORDER#`."""
        path = planned(BOTH, partition=("c1",))

        assert path.key_condition == KeyCondition(PARTITION, BeginsWith(Path.of("SK"), text("O")))
        assert path.filter == one_of("Order", "Offer")

    def test_keeps_conditions_that_are_the_same(self) -> None:
        """A condition that each type makes of its own sort key alike stays there."""
        path = planned(BOTH, lambda e: (e.status == "open") & between(e.day, "a", "b"))

        alone = planned_alone(OrderMapping, lambda e: (e.status == "open") & between(e.day, "a", "b"))
        assert (path.index, path.key_condition) == ("GSI1", alone.key_condition)
        assert path.filter == one_of("Order", "Offer")

    def test_demands_of_each_type_what_the_widened_key_does_not(self) -> None:
        """What a type's own key would have taken over is a filter then, guarded by its mark."""
        path = planned(BOTH, lambda e: (e.customer_id == "c1") & (e.number == 7))

        assert path.key_condition == KeyCondition(PARTITION, BeginsWith(Path.of("SK"), text("O")))
        number = equal("number", Value({"N": "7"}))
        assert path.filter == And((number, one_of("Order", "Offer")))

    def test_demands_of_all_what_is_the_same_for_all(self) -> None:
        """Filters that the types share are said once."""
        path = planned(BOTH, lambda e: (e.customer_id == "c1") & (e.total > 5) & is_in(e.day, ["x"]))

        total = Compare(">", Path.of("total"), Value({"N": "5"}))
        day = In(Path.of("day"), (text("x"),))
        assert path.filter == And((total, day, one_of("Order", "Offer")))

    def test_guards_what_differs_by_the_mark(self) -> None:
        """Conditions that types store in different ways are demanded of each by itself."""

        class RenamedMapping(OfferMapping):
            status = fields.String(data_key="state")

        path = planned(collection(OrderMapping, RenamedMapping), lambda e: e.status == "open", scan=True)

        assert path.filter == Or(
            (
                And((equal("status", text("open")), marked("Order"))),
                And((equal("state", text("open")), marked("Offer"))),
            )
        )

    def test_may_be_a_scan(self) -> None:
        """Where no key serves any of them, or it is asked for, all are found by one scan."""
        for path in (planned(BOTH, lambda e: e.total > 5), planned(BOTH, lambda e: e.total > 5, scan=True)):
            assert (path.kind, path.key_condition) == ("scan", None)
            total = Compare(">", Path.of("total"), Value({"N": "5"}))
            assert path.filter == And((total, one_of("Order", "Offer")))

    def test_tells_why_others_can_not_answer(self) -> None:
        """Of each type by its name."""
        path = planned(BOTH, lambda e: e.status == "open")

        assert path.refused == (
            (None, "Order: its partition key needs an equality on customer_id"),
            (None, "Offer: its partition key needs an equality on customer_id"),
        )

    def test_keeps_its_order_where_all_share_it(self) -> None:
        """Sort keys that begin alike sort the entities of all types together."""
        path = planned(BOTH, lambda e: e.status == "open", order_by="day")

        assert path.index == "GSI1"

    def test_does_not_depend_on_what_is_implied(self) -> None:
        """`exists` of a part of the key is demanded as of one type."""
        path = planned(BOTH, lambda e: (e.customer_id == "c1") & exists(e.number))

        assert path.key_condition == KeyCondition(PARTITION, BeginsWith(Path.of("SK"), text("O")))


def planned_alone(schema: type[MappingSchema[Any]], predicate: Predicate) -> AccessPath:
    return choose(mapping_of(schema), Wish(record(predicate)))


RAW = Table("raw", partition="PK", sort="SK")


@dataclass
class Left:
    group: str
    name: str


class LeftMapping(MappingSchema[Left]):
    class Meta:
        table = RAW
        key = Key("GROUP#{group}", "{name}")


@dataclass
class Right:
    group: str
    name: str


class RightMapping(MappingSchema[Right]):
    class Meta:
        table = RAW
        key = Key("GROUP#{group}", "name")

    name = fields.String(data_key="SK")


class TestWhatCannotBePlanned:
    @pytest.mark.parametrize(
        ("of", "predicate", "more", "message"),
        [
            (
                ALL,
                lambda e: e.customer_id == "c1",
                {},
                r"asked this for Customer: Customer has no .*What only some of its types have is asked",
            ),
            (
                ALL,
                lambda e: e.status == "open",
                {},
                r"Customer: a scan of the table; Order: a partition of index 'GSI1', by GSI1PK;.*partition",
            ),
            (
                BOTH,
                lambda e: e.customer_id == "c1",
                {"order_by": "number"},
                r"order_by\('number'\): the sort keys of Order, Offer do not begin alike",
            ),
            (BOTH, lambda e: e.status == 5, {}, "for Order: Order.status can't be compared with this int"),
            (BOTH, None, {"index": "GSI2"}, "Order has no index 'GSI2'"),
            (BOTH, None, {"partition": ()}, "of Order these are customer_id, and 0 value\\(s\\) came"),
            (BOTH, None, {"partition": ("c1", 1)}, "and 2 value\\(s\\) came"),
            (
                ALL,
                None,
                {"partition": ("open",), "index": "GSI1"},
                "of the partition key of index 'GSI1'; of Customer these are none",
            ),
        ],
    )
    def test_is_refused(self, of: Collection[Any], predicate: Any, more: Any, message: str) -> None:
        """The error names the type and what to ask instead."""
        with pytest.raises(QueryError, match=message):
            planned(of, predicate, **more)

    def test_is_a_sort_key_of_which_each_type_demands_something_else(self) -> None:
        """Filters take no key attributes, so that what only the key holds can't be demanded of each type."""
        both = collection(LeftMapping, RightMapping)

        alike = planned(both, lambda e: (e.group == "g") & (e.name == "x"))
        assert alike.key_condition == KeyCondition(("PK", {"S": "GROUP#g"}), equal("SK", text("x")))

        class PrefixedMapping(LeftMapping):
            class Meta:
                key = Key("GROUP#{group}", "LEFT#{name}")

        with pytest.raises(QueryError, match="name of Right is kept in the sort key alone"):
            planned(collection(PrefixedMapping, RightMapping), lambda e: (e.group == "g") & (e.name == "x"))


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore(auto_create=True)
    uow = UnitOfWork(store)
    with uow:
        Repository(CustomerMapping, uow).add(Customer("c1"))
        for number, total in ((1, 5), (2, 50)):
            Repository(OrderMapping, uow).add(Order("c1", number, total=Decimal(total)))
            Repository(OfferMapping, uow).add(Offer("c1", number, total=Decimal(total)))
        Repository(OrderMapping, uow).add(Order("c2", 1))
    store.perform(PutItem(SHOP, {"PK": {"S": "CUSTOMER#c1"}, "SK": {"S": "O"}, "_type": {"S": "Ox"}}))
    return store


def found(store: MemoryStore, of: Collection[Any], path: AccessPath) -> list[Any]:
    assert path.key_condition is not None
    members = of.members()
    page = store.perform(QueryPage(members.table, path.key_condition, path.index, path.filter))
    return [members.decode(item) for item in page.items]


class TestResults:
    def test_are_entities_of_all_types(self, store: MemoryStore) -> None:
        """One request gives the types in the order of the sort key, each read by its own mapping."""
        assert found(store, ALL, planned(ALL, partition=("c1",))) == [
            Offer("c1", 1, total=Decimal(5)),
            Offer("c1", 2, total=Decimal(50)),
            Order("c1", 1, total=Decimal(5)),
            Order("c1", 2, total=Decimal(50)),
            Customer("c1"),
        ]

    def test_meet_the_conditions(self, store: MemoryStore) -> None:
        """What is demanded holds for each type."""
        path = planned(BOTH, lambda e: e.number == 2, partition=("c1",))

        assert found(store, BOTH, path) == [
            Offer("c1", 2, total=Decimal(50)),
            Order("c1", 2, total=Decimal(50)),
        ]

    def test_come_from_indexes(self, store: MemoryStore) -> None:
        """An index that both types are in gives both."""
        path = planned(BOTH, lambda e: (e.status == "open") & (e.total > 10))

        given = found(store, BOTH, path)

        assert sorted(type(each).__name__ for each in given) == ["Offer", "Order"]


ITEM: Item = {
    "PK": {"S": "CUSTOMER#c1"},
    "SK": {"S": "ORDER#00001"},
    "_type": {"S": "Order"},
    "customer_id": {"S": "c1"},
    "number": {"N": "1"},
}


class TestDecoding:
    def test_goes_by_the_mark(self) -> None:
        """Each item is read by the mapping that marks its items so."""
        assert BOTH.members().decode(ITEM) == Order("c1", 1)

    @pytest.mark.parametrize(
        "mark", [{"_type": {"S": "Another"}}, {"_type": {"N": "1"}}, {"_type": {"S": ""}}]
    )
    def test_passes_over_other_types(self, mark: Item) -> None:
        """What the collection does not have is none of its entities."""
        assert BOTH.members().decode({**ITEM, **mark}) is None

    def test_tells_what_can_not_be_read(self) -> None:
        """The error is that of the type's own mapping."""
        with pytest.raises(DecodeError, match=r"Order .* expected an integer \(N\) in attribute 'number'"):
            BOTH.members().decode({**ITEM, "number": {"S": "x"}})


class TestFlows:
    def test_track_each_type_under_its_own_mapping(self) -> None:
        """An entity that the unit holds comes as that very object, whichever way it was read."""
        uow = UnitOfWork(MemoryStore(auto_create=True))
        orders = Repository(OrderMapping, uow)
        orders.add(Order("c1", 1))
        flows = CollectionSubject.of(BOTH.members(), uow, None)

        with uow:
            order = orders.get("c1", 1)
            unit = uow.current_unit()
            again = flows.took_in(unit, ITEM)
            other = flows.took_in(unit, {**ITEM, "_type": {"S": "Another"}})

        assert again is order
        assert other is None

    def test_give_entities_without_a_unit(self) -> None:
        """Untracked reads build new ones."""
        flows = CollectionSubject.of(BOTH.members(), UnitOfWork(MemoryStore()), None)

        assert flows.took_in(None, ITEM) == Order("c1", 1)
