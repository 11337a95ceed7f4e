"""One set of tables per store and process; see `worlds.py`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from persistence import AsyncDynamoStore, AsyncMemoryStore, DynamoStore, MappingSchema, MemoryStore
from persistence.testing.servers import DYNAMODB_LOCAL_2020_LIMITS, client_for
from tests.models.shelves import SHELVES
from tests.models.specimens import SharedSpecimenMapping, SpecimenMapping
from tests.models.worlds import World, both_colours

MAPPINGS: tuple[type[MappingSchema[Any]], ...] = (SpecimenMapping, SharedSpecimenMapping, *SHELVES)


@pytest.fixture(scope="session")
def memory_worlds() -> Iterator[tuple[World, World]]:
    """The memory store, synchronously and asynchronously."""
    store = MemoryStore(auto_create=False)
    with both_colours("memory", store, lambda: AsyncMemoryStore(store), MAPPINGS) as worlds:
        yield worlds


@pytest.fixture(scope="session")
def local_worlds(dynamodb_local: str) -> Iterator[tuple[World, World]]:
    """Amazon's local server, synchronously and asynchronously."""
    client = client_for(dynamodb_local, access_key_id="models")
    store = DynamoStore(client, limits=DYNAMODB_LOCAL_2020_LIMITS)
    awaited = AsyncDynamoStore(store)
    with both_colours("dynamodb-local", store, lambda: awaited, MAPPINGS) as worlds:
        yield worlds
    awaited.close()
    client.close()
