"""The client that a store makes when it is given none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from boto3.session import Session
from botocore.client import BaseClient
from botocore.config import Config

from persistence.stores.dynamodb.exchanges import Service

_AWS_HOSTS = (
    ".amazonaws.com",
    ".amazonaws.com.cn",
    ".amazonaws.eu",
    ".api.aws",
    ".api.amazonwebservices.com.cn",
    ".api.amazonwebservices.eu",
    ".ic.gov",
    ".sgov.gov",
    ".aws.scloud",
    ".adc-e.uk",
)
"""Ends of the names of AWS's hosts, in all partitions (botocore's `partitions.json`)."""


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """How a client is made; what is None comes from the environment, as boto3 finds it.

    botocore's defaults wait for a minute and more. DynamoDB answers in milliseconds: who waits for seconds
    waits for a connection that is gone. A lost answer of a transaction is best asked for again after 5
    seconds, since that makes the service finish it (API reference, `TransactionInProgressException`).

    Attributes:
        region: such as "eu-central-1".
        endpoint_url: for local servers; for AWS leave it to botocore.
        connect_timeout: seconds to wait for a connection.
        read_timeout: seconds to wait for an answer; None for as long as it takes.
        attempts: how often botocore sends one request at most, the first time included, where it may be
            repeated.
        connections: how many connections are kept; at least one per thread that uses the store.
    """

    region: str | None = None
    endpoint_url: str | None = None
    connect_timeout: float = 2.0
    read_timeout: float | None = 5.0
    attempts: int = 3
    connections: int = 50


def settings_of(client: BaseClient) -> ClientSettings:
    """Read the settings of a client, as far as a store minds them: timeouts and connections."""
    config: Any = client.meta.config
    return ClientSettings(
        connect_timeout=config.connect_timeout,
        read_timeout=config.read_timeout,
        connections=config.max_pool_connections,
    )


def make_client(settings: ClientSettings, service: Service = "dynamodb") -> BaseClient:
    """Make a low-level client, in a session of its own.

    Args:
        settings: how it is made.
        service: whose client it is; another service than DynamoDB is not asked at the endpoint of that one.
    """
    config = Config(
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        retries={"mode": "standard", "total_max_attempts": settings.attempts},
        max_pool_connections=settings.connections,
        tcp_keepalive=True,
    )
    endpoint = settings.endpoint_url if service == "dynamodb" else None
    return Session().client(service, region_name=settings.region, endpoint_url=endpoint, config=config)


def is_at_aws(client: BaseClient) -> bool:
    """Tell whether a client asks AWS, and no server that stands in for it."""
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    return host.endswith(_AWS_HOSTS)


class LazyClient:
    """Makes a client when it is first asked for, once for all threads."""

    __slots__ = ("_client", "_lock", "_make")

    def __init__(self, make: Callable[[], BaseClient]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: BaseClient | None = None

    def get(self) -> BaseClient:
        """Give the client."""
        if self._client is None:
            with self._lock:
                if self._client is None:
                    self._client = self._make()
        return self._client

    def close(self) -> None:
        """Close its connections, if there is a client; the next `get` makes a new one."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()
