"""The stores that the main job can run on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

from moto import mock_aws

from domain_example.settings import Settings
from persistence import DynamoStore, Limits, MemoryStore, Store
from persistence.testing.servers import DynamoDBLocal, client_for

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

AWS_ENDPOINT = "https://dynamodb.us-east-1.amazonaws.com"

LOCAL_LIMITS = Limits(transaction_actions=10)
"""What the build of DynamoDB Local that is fetched takes; AWS takes 100."""


@contextmanager
def opened(settings: Settings) -> Iterator[Store]:
    """Open the store that the settings name; what is started for it ends with the block.

    Raises:
        ServerUnavailable: DynamoDB Local can't be had here.
    """
    match settings.store:
        case "memory":
            yield MemoryStore()
        case "moto":
            with mock_aws(), _client(AWS_ENDPOINT, "shop") as client:
                yield DynamoStore(client)
        case "dynamodb-local":
            server = nullcontext() if settings.endpoint_url else DynamoDBLocal()
            with server as started:
                endpoint = settings.endpoint_url or started.endpoint_url
                with _client(endpoint, settings.access_key_id) as client:
                    yield DynamoStore(client, limits=LOCAL_LIMITS)
        case unknown:
            raise AssertionError(f"settings let {unknown!r} pass")


@contextmanager
def _client(endpoint_url: str, access_key_id: str) -> Iterator[DynamoDBClient]:
    client = client_for(endpoint_url, access_key_id=access_key_id)
    try:
        yield client
    finally:
        client.close()
