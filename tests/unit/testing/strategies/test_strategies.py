from __future__ import annotations

import builtins
import datetime as dt
import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from domain_example.domain import Line
from domain_example.mappings import MAPPINGS, DeliveryMapping
from persistence import (
    Key,
    MappingError,
    MappingSchema,
    MemoryStore,
    QueryError,
    Repository,
    UnitOfWork,
    fields,
)
from persistence.mapping.schema import mapping_of
from persistence.operations import PutItem
from persistence.testing.strategies import attribute_values, entities, items, register
from tests.unit.testing.expecting.shop import (
    ItemMapping,
    Order,
    OrderMapping,
    ProfileMapping,
    Status,
    VisitMapping,
)
from tests.unit.testing.strategies.wild import (
    LATELY,
    LONG_AGO,
    Demanding,
    DemandingMapping,
    EvenMapping,
    Everything,
    EverythingMapping,
    ForeignMapping,
    Placed,
    PlacedMapping,
)

QUICK = settings(
    max_examples=12,
    derandomize=True,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

LINES = st.lists(
    st.builds(Line, st.just("10001"), st.integers(1, 9), st.just(Decimal(1)), st.just("a pen")), min_size=1
)
OVERRIDES: dict[Any, dict[str, Any]] = {DeliveryMapping: {"lines": LINES}}
ALL: list[type[MappingSchema[Any]]] = [
    *MAPPINGS,
    ItemMapping,
    OrderMapping,
    ProfileMapping,
    VisitMapping,
    EverythingMapping,
    DemandingMapping,
    PlacedMapping,
    EvenMapping,
    ForeignMapping,
]


def check_each(strategy: st.SearchStrategy[Any], check: Callable[[Any], None]) -> None:
    QUICK(given(strategy)(check))()


@pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema.__name__)
class TestAllMappings:
    def test_entities_come_back_as_they_are_and_can_be_stored(self, schema: type[MappingSchema[Any]]) -> None:
        mapping = mapping_of(schema)

        def check(entity: Any) -> None:
            item = mapping.codec.encode(entity)
            assert mapping.codec.decode(item) == entity
            MemoryStore().perform(PutItem(mapping.table, item))

        check_each(entities(schema, **OVERRIDES.get(schema, {})), check)

    def test_items_are_read_and_can_be_stored(self, schema: type[MappingSchema[Any]]) -> None:
        mapping = mapping_of(schema)

        def check(item: dict[str, Any]) -> None:
            mapping.codec.decode(item)
            MemoryStore().perform(PutItem(mapping.table, item))

        check_each(items(schema, **OVERRIDES.get(schema, {})), check)


class TestValues:
    def test_they_are_as_validators_demand(self) -> None:
        def check(entity: Demanding) -> None:
            assert len(entity.id) == 4
            assert entity.grade in "ac"
            assert 0 < entity.share <= 1
            assert entity.number in (3, 4, 5)
            assert set(entity.bits) <= {"x", "y"}
            assert 2 <= len(entity.tags) <= 3
            assert LONG_AGO <= entity.since <= LATELY

        check_each(entities(DemandingMapping), check)

    def test_datetimes_are_aware(self) -> None:
        def check(entity: Everything) -> None:
            assert entity.at.utcoffset() is not None

        check_each(entities(EverythingMapping), check)

    @pytest.mark.parametrize(
        "wanted",
        [
            lambda entity: entity.note is None,
            lambda entity: entity.note not in (None, ""),
            lambda entity: entity.point.inner is not None,
            lambda entity: entity.tags == set(),
            lambda entity: len(entity.tags) > 1,
            lambda entity: entity.rights.value == 3,
            lambda entity: abs(entity.count) > 10**30,
            lambda entity: None in entity.maybe,
            lambda entity: not entity.sku.isascii(),
            lambda entity: entity.expires_at is not None,
        ],
    )
    def test_all_that_there_may_be_occurs(self, wanted: Callable[[Everything], bool]) -> None:
        found = find(
            entities(EverythingMapping), wanted, settings=settings(QUICK, max_examples=2000, derandomize=True)
        )

        assert wanted(found)

    def test_keys_are_made_so_that_they_can_be_told_apart(self) -> None:
        def check(entity: Placed) -> None:
            assert 0 <= entity.number <= 99_999
            assert "#" not in entity.customer
            assert entity.name

        check_each(entities(PlacedMapping), check)

    def test_an_entity_that_is_marked_as_deleted_is_none(self) -> None:
        def check(entity: Everything) -> None:
            assert entity.gone_at is None

        check_each(entities(EverythingMapping), check)

    def test_a_repository_takes_them(self) -> None:
        def check(order: Order) -> None:
            orders = Repository(OrderMapping, UnitOfWork(MemoryStore()))
            orders.add(order)
            order.version = 0
            assert orders.get(order.id) == order

        check_each(entities(OrderMapping), check)


class TestItems:
    @pytest.mark.parametrize(
        "wanted",
        [
            lambda item: any(name.startswith("x") for name in item),
            lambda item: "note" not in item,
            lambda item: "version" not in item,
            lambda item: "created_at" in item,
            lambda item: "created_at" not in item,
        ],
    )
    def test_they_are_as_other_versions_of_an_application_leave_them(
        self, wanted: Callable[[dict[str, Any]], bool]
    ) -> None:
        assert wanted(find(items(OrderMapping), wanted, settings=settings(QUICK, max_examples=500)))

    @pytest.mark.parametrize("tag", ["S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M"])
    def test_attribute_values_are_of_all_types(self, tag: str) -> None:
        assert tag in find(
            attribute_values(), lambda value: tag in value, settings=settings(QUICK, max_examples=500)
        )

    def test_attribute_values_can_be_stored(self) -> None:
        table = mapping_of(ItemMapping).table

        def check(value: dict[str, Any]) -> None:
            MemoryStore().perform(PutItem(table, {"code": {"S": "1"}, "value": value}))

        check_each(attribute_values(), check)


class TestOverrides:
    def test_a_field_takes_its_values_from_the_strategy(self) -> None:
        def check(order: Order) -> None:
            assert order.status is Status.PAID

        check_each(entities(OrderMapping, status=st.just(Status.PAID)), check)

    def test_an_unknown_field_is_refused(self) -> None:
        with pytest.raises(QueryError, match="did you mean"):
            entities(OrderMapping, statsu=st.just(Status.PAID))

    def test_a_value_is_no_strategy(self) -> None:
        with pytest.raises(QueryError, match=r"write status=st.just"):
            entities(OrderMapping, status=Status.PAID)  # type: ignore[arg-type]

    def test_an_entity_that_refuses_everything_says_so(self) -> None:
        with pytest.raises(MappingError, match=r"all refused by Delivery itself.*Pass strategies"):
            check_each(entities(DeliveryMapping, lines=st.just([])), lambda entity: None)

    def test_a_field_that_nothing_is_known_of_needs_one(self) -> None:
        class Odd(fields.Field[Any]):
            def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
                return str(value)

        @dataclass
        class Thing:
            id: str
            odd: Any

        class ThingMapping(MappingSchema[Thing]):
            class Meta:
                table = "things"
                key = Key("id")

            odd = Odd()

        with pytest.raises(MappingError, match=r"Thing.odd: Odd converts .* pass a strategy: odd=st..."):
            check_each(entities(ThingMapping), lambda thing: None)

        check_each(entities(ThingMapping, odd=st.just("x")), lambda thing: None)

    def test_a_field_of_your_own_is_known_by_its_type_hint(self) -> None:
        class Day(fields.Field[dt.date]):
            def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
                return value.isoformat()

            def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
                return dt.date.fromisoformat(value)

        @dataclass
        class Thing:
            id: str
            day: dt.date

        class ThingMapping(MappingSchema[Thing]):
            class Meta:
                table = "things"
                key = Key("id")

            day = Day()

        def check(thing: Thing) -> None:
            assert thing.day.isoformat()

        check_each(entities(ThingMapping), check)


class TestRegistering:
    def test_the_type_alone_is_enough(self) -> None:
        register(OrderMapping)

        def check(order: Order) -> None:
            assert order.id

        check_each(st.from_type(Order), check)


class TestWithoutHypothesis:
    def test_the_error_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        real = builtins.__import__

        def missing(name: str, *args: Any, **kwargs: Any) -> Any:
            if name.partition(".")[0] == "hypothesis":
                raise ModuleNotFoundError("No module named 'hypothesis'", name="hypothesis")
            return real(name, *args, **kwargs)

        for name in [name for name in sys.modules if name.startswith("persistence.testing.strategies")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setattr(builtins, "__import__", missing)

        with pytest.raises(ModuleNotFoundError, match=r"install persistence-dynamodb\[testing\]"):
            import persistence.testing.strategies  # noqa: F401
