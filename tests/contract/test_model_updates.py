"""Random updates: the memory store and DynamoDB Local make the same of an item, or both refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.attributes import AttributeValue, Item
from persistence.errors import PersistenceError
from persistence.expressions import (
    Add,
    Discard,
    IfNotExists,
    ListAppend,
    Minus,
    Path,
    Plus,
    Remove,
    Set,
    UpdateAction,
    Value,
)
from persistence.operations import CreateTable, GetItem, PutItem, UpdateItem
from persistence.store import Store
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.memory import MemoryStore
from persistence.table import Table
from persistence.testing.contract.base import unique_table_name, wait_until_active
from persistence.testing.contract.words import settled

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEY: Item = {"pk": {"S": "a"}}
NAMES = ("a", "b", "c")

# Short texts and small numbers, in one form and not empty: what this build of DynamoDB Local knows of.
SCALARS: st.SearchStrategy[AttributeValue] = st.one_of(
    st.sampled_from(["x", "y", "xy"]).map(lambda text: {"S": text}),
    st.integers(-3, 3).map(lambda number: {"N": str(number)}),
    st.sampled_from([b"x", b"y"]).map(lambda content: {"B": content}),
    st.booleans().map(lambda truth: {"BOOL": truth}),
    st.just({"NULL": True}),
)
SETS: st.SearchStrategy[AttributeValue] = st.one_of(
    st.sets(st.sampled_from(["x", "y", "z"]), min_size=1).map(lambda members: {"SS": sorted(members)}),
    st.sets(st.sampled_from(["1", "2", "3"]), min_size=1).map(lambda members: {"NS": sorted(members)}),
)
VALUES: st.SearchStrategy[AttributeValue] = st.recursive(
    SCALARS | SETS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda elements: {"L": elements})
        | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3).map(lambda entries: {"M": entries})
    ),
    max_leaves=6,
)
ITEMS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=3).map(lambda item: {**KEY, **item})
PATHS = st.builds(
    lambda first, rest: Path.of(first, *rest),
    st.sampled_from(NAMES),
    st.lists(st.sampled_from(NAMES) | st.integers(0, 3), max_size=2),
)
CONSTANTS = VALUES.map(Value)
PLAIN = PATHS | CONSTANTS | st.builds(IfNotExists, PATHS, PATHS | CONSTANTS)
ACTIONS: st.SearchStrategy[UpdateAction] = st.one_of(
    st.builds(Set, PATHS, PLAIN | st.builds(Plus, PLAIN, PLAIN) | st.builds(Minus, PLAIN, PLAIN)),
    st.builds(Set, PATHS, st.builds(ListAppend, PLAIN, PLAIN)),
    st.builds(Remove, PATHS),
    st.builds(Add, PATHS, CONSTANTS),
    st.builds(Discard, PATHS, CONSTANTS),
)


@pytest.fixture(scope="module")
def table() -> Table:
    return Table(unique_table_name(), "pk")


@pytest.fixture(scope="module")
def local_store(dynamodb_local_client: DynamoDBClient, table: Table) -> Store:
    store = DynamoStore(dynamodb_local_client)
    store.perform(CreateTable(table))
    wait_until_active(store, table.name)
    return store


def outcome(store: Store, table: Table, before: Item, actions: tuple[UpdateAction, ...]) -> tuple[Any, Item]:
    """Update an item.

    Returns:
        What was returned, or the kind of the refusal; and the item as it is then.
    """
    store.perform(PutItem(table, before))
    told: Any
    try:
        told = store.perform(UpdateItem(table, KEY, actions, returning="old")).attributes
    except PersistenceError as refused:
        told = type(refused).__name__
    after = store.perform(GetItem(table, KEY, consistent=True)).item
    assert after is not None, "an update deletes nothing"
    return settled(told) if isinstance(told, dict) else told, settled(after)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=ITEMS, actions=st.lists(ACTIONS, min_size=1, max_size=3).map(tuple))
def test_updates_make_the_same_of_an_item(
    local_store: Store, table: Table, before: Item, actions: tuple[UpdateAction, ...]
) -> None:
    """The same item afterwards, or the same refusal and the item as it was."""
    on_memory = outcome(MemoryStore(), table, before, actions)

    assert on_memory == outcome(local_store, table, before, actions)
