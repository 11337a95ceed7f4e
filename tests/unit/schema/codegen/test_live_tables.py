"""Tables of real data: the example's, and thousands of movies, on the memory store and on DynamoDB Local."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from decimal import Decimal
from importlib.resources import files
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from domain_example.container import shop_on
from domain_example.invoices import ONLINE_RETAIL, read_invoices
from domain_example.job import replay
from domain_example.mappings import MAPPINGS
from persistence import DynamoStore, MemoryStore, SchemaService, Store, Table
from persistence.attributes import Item
from persistence.mapping import MappingRegistry, mapping_of
from persistence.mapping.plain import tagged_map
from persistence.operations import BatchWriteItems, CreateTable, PutItem, ScanPage
from persistence.schema.planning.comparison import differences
from tests.unit.schema.codegen.made import assert_lossless, changes, mapping_for, module_of

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


TABLES = MappingRegistry(*MAPPINGS).tables()


def movies() -> list[Item]:
    archive = files("domain_example") / "data" / "moviedata.json.gz"
    return [
        tagged_map(each) for each in json.loads(gzip.decompress(archive.read_bytes()), parse_float=Decimal)
    ]


def fill(store: Store, table: Table, items: Iterable[Item]) -> None:
    store.perform(CreateTable(table))
    puts = [PutItem(table, item) for item in items]
    for start in range(0, len(puts), 25):
        assert not store.perform(BatchWriteItems(tuple(puts[start : start + 25]))).unprocessed


def all_items(store: Store, table: Table) -> list[Item]:
    items: list[Item] = []
    page = store.perform(ScanPage(table))
    items += page.items
    while page.last_key is not None:
        page = store.perform(ScanPage(table, start=page.last_key))
        items += page.items
    return items


class TestMovies:
    def test_all_are_read_and_written_on_the_memory_store(self) -> None:
        table, store, items = Table("movies", "year", "title", types={"year": "N"}), MemoryStore(), movies()
        fill(store, table, items)

        text = SchemaService(store).codegen("movies", sample=5000)

        assert len(items) == 4609
        with module_of(text) as module:
            assert not any(changes(item, module.MovieMapping) for item in all_items(store, table))

    @pytest.mark.slow
    def test_many_are_read_and_written_on_dynamodb_local(self, dynamodb_local_client: DynamoDBClient) -> None:
        """Every eighth: they are in the form in which a server gives them."""
        name = f"movies-{uuid4().hex}"
        table, store = Table(name, "year", "title", types={"year": "N"}), DynamoStore(dynamodb_local_client)
        fill(store, table, movies()[::8])

        text = SchemaService(store).codegen(name, sample=5000)

        stored = all_items(store, table)
        assert len(stored) == 577
        with module_of(text) as module:
            (schema,) = module.MAPPINGS
            assert not any(changes(item, schema) for item in stored)
            assert mapping_of(schema).table.structure == table


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    """The example's tables after some of its invoices."""
    store = MemoryStore(auto_create=False)
    replay(shop_on(store), read_invoices(ONLINE_RETAIL, 60), 1, lambda stage, count: lambda: None)
    return store


class TestShop:
    """The tables of the example, whose mappings were written by hand."""

    @pytest.mark.parametrize("table", TABLES, ids=lambda each: each.name)
    def test_is_read_and_written_by_what_is_generated(self, store: MemoryStore, table: Table) -> None:
        text = SchemaService(store).codegen(table.name, sample=10_000)

        items = all_items(store, table)
        assert items
        assert_lossless(text, items)
        with module_of(text) as module:
            declared = [mapping_of(schema).table for schema in module.MAPPINGS]
        assert [differences(each, table) for each in declared] == [()] * len(declared)
        assert [differences(table, each) for each in declared] == [()] * len(declared)

    def test_has_the_templates_that_were_written_by_hand(self, store: MemoryStore) -> None:
        text = SchemaService(store).codegen("shop-orders", sample=10_000)

        assert 'key = Key("ORDER#{id}", "#ORDER")' in text
        assert 'key = Key("ORDER#{order_id}", "LINES#{first:05d}")' in text

    def test_keeps_its_entities_apart(self, store: MemoryStore) -> None:
        (orders,) = [table for table in TABLES if table.name == "shop-orders"]
        text = SchemaService(store).codegen("shop-orders", sample=10_000)

        with module_of(text) as module:
            found = {mapping_for(item, module).__name__ for item in all_items(store, orders)}
        assert found == {"OrderMapping", "OrderLinesMapping"}
