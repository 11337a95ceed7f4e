"""The stores that the main job can run on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import assert_never

from domain_example.moto_store import moto_store
from domain_example.settings import Settings, StoreKind
from persistence import DynamoStore, MemoryStore, Store
from persistence.store import Limits
from persistence.testing.servers import DynamoDBLocal, client_for

LOCAL_LIMITS = Limits(transaction_actions=10)
"""What the build of DynamoDB Local that is fetched takes; AWS takes 100."""


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """Open the store that the settings name; what is started for it ends with the block.

    Raises:
        ServerUnavailable: DynamoDB Local can't be had here.
    """
    match settings.store:
        case StoreKind.MEMORY:
            yield MemoryStore()
        case StoreKind.MOTO:
            with moto_store() as store:
                yield store
        case StoreKind.DYNAMODB_LOCAL:
            with (
                _server(settings.endpoint_url) as endpoint_url,
                closing(client_for(endpoint_url, access_key_id=settings.access_key_id)) as client,
            ):
                yield DynamoStore(client, limits=LOCAL_LIMITS)
        case unknown:
            assert_never(unknown)


@contextmanager
def _server(running: str | None) -> Iterator[str]:
    if running is not None:
        yield running
        return
    with DynamoDBLocal() as server:
        yield server.endpoint_url
