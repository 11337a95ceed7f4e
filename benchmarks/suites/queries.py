"""Queries: what it costs to describe one, and to read one from a stub of the service.

The stub runs in a process of its own, so only the work of the client is measured. All contenders make the
same entities of what they read. PynamoDB is left out where it is not installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from boto3.dynamodb.conditions import Attr as Attribute
from boto3.dynamodb.conditions import ConditionExpressionBuilder, Key
from boto3.dynamodb.types import TypeSerializer

from benchmarks.contenders import handwritten
from benchmarks.harness import Comparison, Contender, calling
from benchmarks.reading import Entries, client_of, connected
from benchmarks.service.server import service
from persistence import MemoryStore, UnitOfWork

HANDWRITTEN = "boto3 + hand-written"
OURS = "persistence"
PYNAMODB = "PynamoDB"

Reads = Mapping[str, Callable[[int], object]]
"""What is read -> reads so many items of a partition that has as many."""

_decode = handwritten.CODECS["simple"].decode


def compare_queries() -> Iterator[Comparison]:
    """Compare describing a query, then reading with it."""
    yield _describing()
    with service() as stub:
        readers = readers_of(stub.url)
        for title, way, count in (
            ("query 100 items", "query", 100),
            ("query 1,000 items", "query", 1000),
            ("select 2 attributes of 1,000 items", "select", 1000),
            ("count 1,000 items", "count", 1000),
        ):
            yield Comparison(title, _contenders(readers, way, count))


def readers_of(url: str) -> Mapping[str, Reads]:
    """Give the ways to read of all contenders that are installed."""
    found = {HANDWRITTEN: _by_hand(client_of(url)), OURS: _ours(Entries(UnitOfWork(connected(url))))}
    if find_spec("pynamodb") is not None:
        found[PYNAMODB] = import_module("benchmarks.contenders.queries_with_pynamodb").reads(url)
    return found


def _contenders(readers: Mapping[str, Reads], way: str, count: int) -> tuple[Contender, ...]:
    return tuple(calling(name, reads[way], count) for name, reads in readers.items())


def _ours(entries: Entries) -> Reads:
    return {
        "query": lambda count: entries.partition(count).all(),
        "select": lambda count: (
            entries.partition(count).select(lambda entry: (entry.id, entry.balance)).all()
        ),
        "count": lambda count: entries.partition(count).count(),
    }


def _by_hand(client: Any) -> Reads:
    def pages(count: int, **further: Any) -> Iterator[Any]:
        asked = {
            "TableName": "entries",
            "KeyConditionExpression": "#n = :n",
            "ExpressionAttributeNames": {"#n": "name"},
            "ExpressionAttributeValues": {":n": {"S": str(count)}},
        }
        return iter(client.get_paginator("query").paginate(**asked, **further))

    def selected(count: int) -> list[Any]:
        read = pages(count, ProjectionExpression="id, balance")
        return [(item["id"]["S"], Decimal(item["balance"]["N"])) for page in read for item in page["Items"]]

    return {
        "query": lambda count: [_decode(item) for page in pages(count) for item in page["Items"]],
        "select": selected,
        "count": lambda count: sum(page["Count"] for page in pages(count, Select="COUNT")),
    }


def _describing() -> Comparison:
    entries = Entries(UnitOfWork(MemoryStore()))
    return Comparison(
        "describe a query of a key and two fields, 20 at most",
        (
            calling("boto3's conditions, rendered", boto3_description),
            calling("persistence, described", described, entries),
            calling("persistence, described and planned", planned, entries),
        ),
    )


def described(entries: Entries) -> Any:
    """Describe a query as an application does."""
    return entries.query(
        lambda entry: (entry.name == "Ada") & (entry.id > "c-5") & (entry.age >= 18) & (entry.active == True)  # noqa: E712  # it is recorded
    ).limit(20)


def planned(entries: Entries) -> Any:
    """Describe a query, and choose how it is answered."""
    return described(entries).explain()


def boto3_description() -> Any:
    """Do the same with boto3's own conditions, which know no indexes and nothing of types."""
    builder, serialize = ConditionExpressionBuilder(), TypeSerializer().serialize
    key = builder.build_expression(Key("name").eq("Ada") & Key("id").gt("c-5"), is_key_condition=True)
    rest = builder.build_expression(Attribute("age").gte(18) & Attribute("active").eq(True))
    values = {**key.attribute_value_placeholders, **rest.attribute_value_placeholders}
    return key, rest, {name: serialize(value) for name, value in values.items()}
