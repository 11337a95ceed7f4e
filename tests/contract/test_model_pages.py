"""Random queries in pages: the memory store and DynamoDB Local find the same, page by page and as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.attributes import AttributeValue, Item
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeType,
    BeginsWith,
    Between,
    Comparator,
    Compare,
    Condition,
    Contains,
    In,
    Not,
    Or,
    Path,
    Size,
    Value,
)
from persistence.operations import CreateTable, Page, PutItem, QueryPage
from persistence.store import Store
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.memory import MemoryStore
from persistence.table import ScalarType, Table
from persistence.testing.contract.base import unique_table_name, wait_until_active
from persistence.testing.contract.places import INDEXES, PLACES, Place, SortCondition, all_pages, ranked

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# Of one case: DynamoDB Local finds prefixes of keys without regard to it.
KEYS: Mapping[ScalarType, tuple[AttributeValue, ...]] = {
    "S": tuple({"S": text} for text in ("a", "ab", "abc", "b", "ba", "z", "é")),
    "N": tuple({"N": text} for text in ("-20", "-1.5", "0", "0.5", "3", "10", "200")),
    "B": tuple(
        {"B": content} for content in (b"\x00", b"\x01", b"\x01\x02", b"\x02", b"\x7f", b"\x80", b"\xff")
    ),
}
FOUND: tuple[AttributeValue | None, ...] = (
    None,
    {"S": "x"},
    {"S": "xyz"},
    {"N": "1"},
    {"N": "25"},
    {"BOOL": True},
    {"NULL": True},
    {"L": [{"N": "1"}, {"S": "x"}]},
    {"M": {"w": {"N": "1"}}},
    {"SS": ["x", "y"]},
    {"NS": ["1", "2"]},
)
COMPARATORS: tuple[Comparator, ...] = ("=", "<", "<=", ">", ">=")


def items(kind: ScalarType) -> list[Item]:
    """Two partitions, in which the order of the indexes has nothing to do with that of the table."""
    found: list[Item] = []
    for partition, group in (("p", "g"), ("q", "h")):
        for position, sort in enumerate(KEYS[kind]):
            further = {"x": FOUND[(3 * position) % 11], "y": FOUND[(5 * position + 2) % 11]}
            held = {name: value for name, value in further.items() if value is not None}
            found.append(ranked(partition, group, sort, KEYS[kind][(4 * position) % 7], **held))
    return found


@cache
def declared(kind: ScalarType) -> Table:
    return Table(unique_table_name(), "pk", "sk", INDEXES, {"sk": kind, "rank": kind})


def filled(store: Store) -> Store:
    for kind in KEYS:
        store.perform(CreateTable(declared(kind)))
        wait_until_active(store, declared(kind).name)
        for item in items(kind):
            store.perform(PutItem(declared(kind), item))
    return store


@pytest.fixture(scope="module")
def memory_store() -> Store:
    return filled(MemoryStore(auto_create=False))


@pytest.fixture(scope="module")
def local_store(dynamodb_local_client: DynamoDBClient) -> Store:
    return filled(DynamoStore(dynamodb_local_client))


@st.composite
def sort_conditions(draw: st.DrawFn, place: Place, kind: ScalarType) -> SortCondition | None:
    path, values = Path.of(place.sort), KEYS[kind]
    low, high = sorted(draw(st.tuples(st.integers(0, 6), st.integers(0, 6))))
    among: list[SortCondition | None] = [
        None,
        Compare(draw(st.sampled_from(COMPARATORS)), path, Value(values[low])),
        Between(path, Value(values[low]), Value(values[high])),
    ]
    if kind != "N":
        among.append(BeginsWith(path, Value(values[low])))
    return draw(st.sampled_from(among))


def filters(names: tuple[str, ...]) -> st.SearchStrategy[Condition]:
    """Make conditions on attributes that an index holds."""
    paths = st.sampled_from(names).map(Path.of)
    values = st.sampled_from([value for value in FOUND if value is not None]).map(Value)
    ordered = st.sampled_from([{"S": "x"}, {"N": "1"}, {"N": "20"}]).map(Value)
    leaves: st.SearchStrategy[Condition] = st.one_of(
        st.builds(Compare, st.sampled_from(["=", "<>"]), paths, values),
        st.builds(Compare, st.sampled_from(["<", "<=", ">", ">="]), paths | paths.map(Size), ordered),
        st.builds(In, paths, st.lists(values, min_size=1, max_size=3).map(tuple)),
        st.builds(Contains, paths, values),
        st.builds(AttributeType, paths, st.sampled_from(["S", "N", "L", "SS", "NULL"])),
        st.builds(AttributeExists, paths),
        st.builds(BeginsWith, paths, st.just(Value({"S": "x"}))),
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(Not, inner)
            | st.lists(inner, min_size=2, max_size=3)
            .map(tuple)
            .flatmap(lambda parts: st.sampled_from([And(parts), Or(parts)]))
        ),
        max_leaves=4,
    )


@st.composite
def queries(draw: st.DrawFn) -> QueryPage:
    kind, place = draw(st.sampled_from(list(KEYS))), draw(st.sampled_from(list(PLACES.values())))
    query = place.query(declared(kind), "g" if place.everywhere else "p", draw(sort_conditions(place, kind)))
    held = ("x", "y") if place.index is None or place.index.endswith("-all") else ("x",)
    free = held if place.index is None or not place.index.endswith("-keys") else ("sk",)
    condition = draw(st.none() | filters(free))
    return replace(query, filter=condition, descending=draw(st.booleans()))


def told(pages: list[Page]) -> list[Page]:
    """Leave out what stores may do differently: whether a full last page is followed by an empty one."""
    if len(pages) > 1 and pages[-1].scanned_count == 0:
        pages = [*pages[:-2], replace(pages[-2], last_key=None)]
    return [replace(page, capacity=()) for page in pages]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=queries(), size=st.integers(1, 8))
def test_pages_of_a_query_are_the_same(
    memory_store: Store, local_store: Store, query: QueryPage, size: int
) -> None:
    """Each page has the same items, counts and end; one after the other they are the whole."""
    whole = local_store.perform(query).items

    on_memory, on_local = (
        all_pages(store, replace(query, limit=size)) for store in (memory_store, local_store)
    )

    assert memory_store.perform(query).items == whole
    assert told(on_memory) == told(on_local)
    assert tuple(item for page in on_memory for item in page.items) == whole
