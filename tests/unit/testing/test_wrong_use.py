"""What a test hands to the kit by mistake, and what it is told."""

from __future__ import annotations

from typing import Any

import pytest

from persistence import (
    AsyncRepository,
    AsyncUnitOfWork,
    MappingError,
    MemoryStore,
    QueryError,
    Repository,
    UnitOfWork,
    UnitOfWorkStateError,
)
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing import (
    ExpectingStore,
    assert_committed,
    assert_nothing_committed,
    nothing_committed,
)
from persistence.testing.repositories import AsyncRepositoryMaker, RepositoryMaker
from tests.unit.testing.expecting.shop import Item, ItemMapping


class Items(Repository[Item]):
    mapping = ItemMapping


class AsyncItems(AsyncRepository[Item]):
    mapping = ItemMapping


@pytest.mark.parametrize("entities", [[Item("a")], (Item("a"),), []])
def test_a_list_is_not_returned_as_an_entity(entities: Any) -> None:
    mock = ExpectingStore()

    with pytest.raises(QueryError, match=r"one by one, not in a .*: will_return\(\*found\)"):
        mock.expect_query(ItemMapping).will_return(entities)
    with pytest.raises(QueryError, match="where one is read, only that one"):
        mock.expect_get(ItemMapping, "a").will_return(entities)


def test_a_store_is_no_unit_of_work() -> None:
    store: Any = MemoryStore()
    message = r"expected the unit of work that commits, not MemoryStore; .* assert_stored\("

    with pytest.raises(UnitOfWorkStateError, match=message):
        assert_committed(store, [])
    with pytest.raises(UnitOfWorkStateError, match=message):
        assert_nothing_committed(store)
    with pytest.raises(UnitOfWorkStateError, match=message), nothing_committed(store):
        pass


def test_repositories_have_the_colour_of_their_fixture() -> None:
    make: Any = RepositoryMaker(UnitOfWork(MemoryStore()))
    make_async: Any = AsyncRepositoryMaker(AsyncUnitOfWork(AsyncMemoryStore()))

    with pytest.raises(MappingError, match="AsyncItems is asynchronous; ask for async_repository_of"):
        make(AsyncItems)
    with pytest.raises(MappingError, match="Items is synchronous; derive it from AsyncRepository"):
        make_async(Items)
