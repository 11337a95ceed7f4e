"""Where programs are tried: stores in memory, and Amazon's local server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from persistence import DynamoStore, MemoryStore
from persistence.store import Limits
from persistence.stores.dynamodb import AsyncDynamoStore
from persistence.stores.memory import AsyncMemoryStore
from persistence.testing.servers import client_for
from tests.programs.comparing import Comparison
from tests.programs.kinds import MOST_ACTIONS
from tests.programs.library import AsyncWorld, SyncWorld, make_tables

LIMITS = Limits(transaction_actions=MOST_ACTIONS)


def memory_comparisons(loop: asyncio.AbstractEventLoop) -> Mapping[str, Comparison]:
    """Compare with the memory store: synchronously, asynchronously, and without transactions of one write."""
    store = MemoryStore(auto_create=False, limits=LIMITS)
    async_store = AsyncMemoryStore(store)
    make_tables(store)
    return {
        "memory": Comparison(lambda: SyncWorld(store)),
        "memory, async": Comparison(lambda: AsyncWorld(loop, store, async_store)),
        "memory, conditional": Comparison(lambda: SyncWorld(store, single_write="conditional")),
    }


def local_comparisons(
    loop: asyncio.AbstractEventLoop, endpoint_url: str, access_key_id: str
) -> Mapping[str, Comparison]:
    """Compare with a DynamoDB Local: synchronously and asynchronously.

    Args:
        loop: for what is asynchronous.
        endpoint_url: where the server is.
        access_key_id: gives tables of its own.
    """
    store = DynamoStore(client_for(endpoint_url, access_key_id=access_key_id), limits=LIMITS)
    async_store = AsyncDynamoStore(store)
    make_tables(store)
    return {
        "dynamodb-local": Comparison(lambda: SyncWorld(store), refuses_whole=True),
        "dynamodb-local, async": Comparison(lambda: AsyncWorld(loop, store, async_store), refuses_whole=True),
    }
