"""Fixtures: from objects, dicts and files into a store, and what is said of those that can't be loaded."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from persistence import (
    AsyncMemoryStore,
    AsyncUnitOfWork,
    MemoryStore,
    Repository,
    Table,
    UnitOfWork,
    UnitOfWorkStateError,
)
from persistence.operations import GetItem, ScanPage
from persistence.testing import (
    FixtureError,
    FrozenClock,
    RawItem,
    async_load_fixture,
    cost_budget,
    load_fixture,
)
from persistence.testing.faults import FaultyStore, Rule, Unprocessed
from tests.unit.testing.shop import Customer, CustomerMapping, Line, Order, OrderMapping

PLAIN = Table("plain", "id")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture
def uow(clock: FrozenClock) -> UnitOfWork:
    return UnitOfWork(MemoryStore(), clock=clock)


@pytest.fixture
def orders(uow: UnitOfWork) -> Repository[Order]:
    return Repository(OrderMapping, uow)


def refused(fixture: Any, uow: UnitOfWork, **options: Any) -> tuple[str, ...]:
    with pytest.raises(FixtureError) as error:
        load_fixture(fixture, uow, **options)
    assert all(problem in str(error.value) for problem in error.value.problems[:20])
    return error.value.problems


class TestLoadFixture:
    def test_takes_entities(self, uow: UnitOfWork, orders: Repository[Order], clock: FrozenClock) -> None:
        """They are stored as new ones, frozen ones are given as they are stored, and can be worked with."""
        order = Order("o-1", "c-1", version=7)

        loaded = load_fixture({OrderMapping: [order], CustomerMapping: (Customer("c-1", 3),)}, uow)

        assert loaded[OrderMapping] == [orders.get("o-1")]
        assert loaded[OrderMapping][0] is order
        assert (order.version, order.placed_at) == (0, clock.now)
        assert loaded[CustomerMapping] == [Customer("c-1", version=0)]
        assert repr(loaded) == "<loaded 2 items: 1 of OrderMapping, 1 of CustomerMapping>"
        order.total = Decimal(5)
        assert orders.update(order).version == 1

    @pytest.mark.parametrize("wanted", [CustomerMapping, Customer, "CustomerMapping"], ids=repr)
    def test_gives_nothing_of_a_mapping_that_the_fixture_does_not_have(
        self, uow: UnitOfWork, wanted: Any
    ) -> None:
        """It says what the fixture has."""
        loaded = load_fixture({OrderMapping: []}, uow)

        with pytest.raises(
            FixtureError, match=r"no mapping of the fixture .*, which has OrderMapping;"
        ) as why:
            loaded[wanted]

        assert str(why.value).startswith(getattr(wanted, "__name__", repr(wanted)))

    @pytest.mark.parametrize("name", ["customer_id", "customerId"])
    def test_takes_dicts_by_either_name(self, uow: UnitOfWork, orders: Repository[Order], name: str) -> None:
        """Of the field or of the attribute; what is left out has its default."""
        load_fixture({OrderMapping: [{"id": "o-1", name: "c-1", "total": "1.50"}]}, uow)

        assert orders.get("o-1").total == Decimal("1.5")

    def test_takes_dicts_within_dicts(self, uow: UnitOfWork, orders: Repository[Order]) -> None:
        """Plain ones, or objects; binary data in base64 or as they are."""
        lines = [{"sku": "a", "quantity": "2", "seal": "AQI="}, {"sku": "b", "seal": b"\x03"}]
        record = {"id": "o-1", "customer_id": "c-1", "lines": lines}

        load_fixture({OrderMapping: [record, {**record, "id": "o-2", "lines": [Line("c")]}]}, uow)

        assert orders.get("o-1").lines == [Line("a", 2, b"\x01\x02"), Line("b", 1, b"\x03")]
        assert orders.get("o-2").lines == [Line("c")]

    def test_takes_items_as_they_are(self, uow: UnitOfWork) -> None:
        """Beside entities, or by table: to test how old and foreign data are read."""
        old, plain = {"id": {"S": "o-1"}, "old": {"N": "1"}}, {"id": {"S": "p-1"}}

        loaded = load_fixture(
            {OrderMapping: [RawItem(old)], PLAIN: [plain, RawItem({"id": {"S": "p-2"}})]}, uow
        )

        assert loaded.items == 3
        assert loaded[OrderMapping] == []
        assert uow.store.perform(GetItem(Table("orders", "id"), {"id": {"S": "o-1"}})).item == old
        assert uow.store.perform(ScanPage(PLAIN)).count == 2

    def test_replaces_what_is_there(self, uow: UnitOfWork, orders: Repository[Order]) -> None:
        """A fixture says what the store holds, whatever it held."""
        orders.add(Order("o-1", "c-1", total=Decimal(9)))

        load_fixture({OrderMapping: [Order("o-1", "c-2")]}, uow)

        assert (orders.get("o-1").customer_id, orders.get("o-1").total) == ("c-2", Decimal(0))

    def test_writes_in_batches(self, uow: UnitOfWork) -> None:
        """A thousand entities are forty requests."""
        records = [{"id": f"o-{number}", "customer_id": "c"} for number in range(1000)]

        with cost_budget(uow, requests=40):
            loaded = load_fixture({OrderMapping: iter(records)}, uow)

        assert len(loaded[OrderMapping]) == 1000

    def test_sends_again_what_was_left_unprocessed(self) -> None:
        """As the service asks for."""
        memory = MemoryStore()
        store = FaultyStore(memory, [Rule(Unprocessed(left=5), count=2)])

        load_fixture({CustomerMapping: [Customer(f"c-{number}") for number in range(25)]}, store)

        assert len(store.injected) == 2
        assert Repository(CustomerMapping, UnitOfWork(memory)).scan().count() == 25

    def test_takes_a_store(self) -> None:
        store = MemoryStore()

        load_fixture({CustomerMapping: [Customer("c-1")]}, store)

        assert Repository(CustomerMapping, UnitOfWork(store)).get("c-1") == Customer("c-1")

    def test_takes_asynchronous_ones(self) -> None:
        memory = MemoryStore()

        async def load() -> None:
            await async_load_fixture({CustomerMapping: [Customer("c-1")]}, AsyncMemoryStore(memory))
            await async_load_fixture(
                {CustomerMapping: [Customer("c-2")]}, AsyncUnitOfWork(AsyncMemoryStore(memory))
            )

        asyncio.run(load())

        assert len(Repository(CustomerMapping, UnitOfWork(memory)).scan().all()) == 2

    def test_is_no_part_of_a_unit(self, uow: UnitOfWork) -> None:
        """It would be neither undone nor seen by it."""
        with pytest.raises(UnitOfWorkStateError, match="load it before `with uow:`"), uow:
            load_fixture({CustomerMapping: [Customer("c-1")]}, uow)


class TestFiles:
    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("orders.json", '[{"id": "o-1", "customer_id": "c-1", "total": 0.1}]'),
            ("orders.jsonl", '{"id": "o-1", "customer_id": "c-1", "total": 0.1}\n\n'),
            ("orders.yaml", "- id: o-1\n  customer_id: c-1\n  total: 0.1\n"),
            ("orders.yml", "- {id: o-1, customer_id: c-1, total: 0.1}\n"),
        ],
    )
    def test_are_read_by_their_suffix(
        self, uow: UnitOfWork, orders: Repository[Order], tmp_path: Path, name: str, text: str
    ) -> None:
        """Numbers stay what is written."""
        (tmp_path / name).write_text(text)

        load_fixture({OrderMapping: name}, uow, folder=tmp_path)

        assert orders.get("o-1").total == Decimal("0.1")

    def test_may_hold_records_of_several_mappings(
        self, uow: UnitOfWork, orders: Repository[Order], tmp_path: Path
    ) -> None:
        """By the names of mappings, or of what they map."""
        file = tmp_path / "shop.json"
        file.write_text(
            json.dumps({"OrderMapping": [{"id": "o-1", "customer_id": "c"}], "Customer": [{"id": "c"}]})
        )

        loaded = load_fixture(file, uow, mappings=[OrderMapping, CustomerMapping])

        assert loaded[CustomerMapping] == [Customer("c")]
        assert orders.get("o-1") == loaded[OrderMapping][0]

    @pytest.mark.parametrize(
        ("name", "text", "problem"),
        [
            ("a.json", "[{]", "{}: line 1: no JSON: "),
            ("a.jsonl", '{"id": "1"}\n[', "{}: line 2: no JSON: "),
            ("a.yaml", "- id: [", "{}: line 1: no YAML: "),
            ("a.csv", "id", "{}: fixture files are .json, .jsonl, .yaml, .yml, not .csv"),
            ("a.json", '{"id": "1"}', "a.json: OrderMapping: expected a list of records, found dict"),
        ],
    )
    def test_say_what_is_wrong_with_them(
        self, uow: UnitOfWork, tmp_path: Path, name: str, text: str, problem: str
    ) -> None:
        (tmp_path / name).write_text(text)

        (found,) = refused({OrderMapping: name}, uow, folder=tmp_path)

        assert found.startswith(problem.format(tmp_path / name))

    def test_have_to_be_there(self, uow: UnitOfWork, tmp_path: Path) -> None:
        assert refused({OrderMapping: "none.json"}, uow, folder=tmp_path) == (
            f"{tmp_path / 'none.json'}: there is no such file",
        )

    def test_need_names_that_are_known(self, uow: UnitOfWork, tmp_path: Path) -> None:
        file = tmp_path / "shop.json"
        file.write_text('{"Invoice": []}')

        assert refused(file, uow, mappings=[OrderMapping]) == (
            f"{file}: 'Invoice' is the name of no mapping that was given; known: OrderMapping",
        )
        file.write_text("[]")
        assert "expected an object of lists by the names of mappings" in refused(file, uow)[0]

    def test_in_yaml_need_pyyaml(
        self, uow: UnitOfWork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "yaml", None)
        (tmp_path / "a.yaml").write_text("[]")

        with pytest.raises(ModuleNotFoundError, match="pip install pyyaml"):
            load_fixture({OrderMapping: tmp_path / "a.yaml"}, uow)


class TestProblems:
    def test_are_told_all_at_once(self, uow: UnitOfWork, tmp_path: Path) -> None:
        """With file, mapping, index and field; and nothing is written."""
        records: list[Mapping[str, Any]] = [
            {"id": "o-1", "customer_id": "c"},
            {"id": "o-2"},
            {"id": "o-3", "customer_id": "", "colour": "red", "lines": [{"sku": 3}]},
            {"id": "o-1", "customer_id": "c"},
        ]
        (tmp_path / "orders.json").write_text(json.dumps(records))

        problems = refused({OrderMapping: "orders.json"}, uow, folder=tmp_path)

        assert problems == (
            "orders.json: OrderMapping[1]: customer_id: Missing data for required field.",
            "orders.json: OrderMapping[2]: customer_id: Shorter than minimum length 1.",
            "orders.json: OrderMapping[2]: lines[0].sku: Not a valid string.",
            "orders.json: OrderMapping[2]: colour: Unknown field.",
            "orders.json: OrderMapping[3]: it has the key of orders.json: OrderMapping[0]",
        )
        assert Repository(OrderMapping, uow).scan().all() == []

    @pytest.mark.parametrize(
        ("fixture", "problem"),
        [
            ({OrderMapping: [7]}, "OrderMapping[0]: expected Order, a dict or a RawItem, found int"),
            (
                {OrderMapping: [Customer("c")]},
                "OrderMapping[0]: expected Order, a dict or a RawItem, found Customer",
            ),
            (
                {OrderMapping: [{"id": "1", "lines": [Line("a")], "customer_id": "c", "x": [Line("b")]}]},
                "OrderMapping[0]: x: Unknown field.",
            ),
            (
                {OrderMapping: [Order("o", "")]},
                "OrderMapping[0]: customer_id: Shorter than minimum length 1.",
            ),
            (
                {OrderMapping: [Order("o", "c" * 450_000)]},
                "OrderMapping[0]: ",
            ),
            ({OrderMapping: Order("o", "c")}, "OrderMapping: expected a list of records, found Order"),
            (
                {Order: []},
                "the keys of a fixture are mappings, such as OrderMapping, or Tables for plain items",
            ),
            (
                [Order("o", "c")],
                "a fixture is a dict of mappings to records, or the path of a file, not list",
            ),
            ({PLAIN: [{"name": {"S": "x"}}]}, "table 'plain'[0]: expected an item with attribute values"),
            ({PLAIN: [{"id": {"N": "1"}}]}, "table 'plain'[0]: the store refuses it: "),
        ],
    )
    def test_name_the_record(self, uow: UnitOfWork, fixture: Any, problem: str) -> None:
        (found,) = refused(fixture, uow)

        assert found.startswith(problem)

    def test_are_not_told_without_end(self, uow: UnitOfWork) -> None:
        with pytest.raises(FixtureError, match="and 80 more") as error:
            load_fixture({OrderMapping: [{}] * 50}, uow)

        assert len(error.value.problems) == 100
