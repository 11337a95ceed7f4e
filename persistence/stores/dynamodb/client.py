"""The client that a store makes when it is given none."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit
from weakref import WeakSet

from botocore.client import BaseClient
from botocore.config import Config
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.hooks import BaseEventHooks
from botocore.session import Session
from botocore.utils import ensure_boolean

import persistence.stores.dynamodb.fast_lane as lanes
from persistence.stores.dynamodb.exchanges import Service
from persistence.stores.dynamodb.sessions import make_session, with_user_agent

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


def make_client(
    settings: ClientSettings,
    service: Service = "dynamodb",
    *,
    session: Session | None = None,
    event_hooks: BaseEventHooks | None = None,
    checks: bool = True,
) -> BaseClient:
    """Make a low-level client, the same as boto3 would make.

    Args:
        settings: how it is made.
        service: whose client it is; another service than DynamoDB is not asked at the endpoint of that one.
        session: the session to make it in; None makes one.
        event_hooks: for a session that is made: the emitter that its handlers, and those of its clients, are
            registered with.
        checks: whether the client of DynamoDB checks parameters; False where somebody else does that.
    """
    config = Config(
        connect_timeout=settings.connect_timeout,
        read_timeout=settings.read_timeout,
        retries={"mode": "standard", "total_max_attempts": settings.attempts},
        max_pool_connections=settings.connections,
        tcp_keepalive=True,
    )
    session = make_session(event_hooks) if session is None else session
    if not checks and service == "dynamodb" and _may_check_itself(session):
        config = config.merge(Config(parameter_validation=False))
    config = with_user_agent(config, session)
    client: BaseClient = session.create_client(
        service,
        region_name=settings.region,
        endpoint_url=settings.endpoint_url if service == "dynamodb" else None,
        config=config,
    )
    emitter = lanes.mindful_emitter_of(client)
    if emitter is not None:
        emitter.same_user_agent = config.user_agent is not None  # type: ignore[attr-defined]
        emitter.attempts = settings.attempts
        emitter.checks = config.parameter_validation  # type: ignore[attr-defined]
    return client


def _may_check_itself(session: Session) -> bool:
    """Tell whether parameters can be checked in botocore's stead: where it does that, and rules lead the way.

    Without rules it tells nobody that it is about to find the way, and so nobody could check in time.
    """
    if not ensure_boolean(session.get_scoped_config().get("parameter_validation", True)):
        return False
    try:
        session.get_component("data_loader").load_service_model("dynamodb", "endpoint-rule-set-1")
    except (DataNotFoundError, UnknownServiceError):
        return False
    return True


class ClientMaker:
    """Makes the clients of a store, all in one session, whose credentials they share.

    Args:
        settings: how they are made.
        event_hooks: makes the emitter of the session; None for botocore's own.
        checks: whether the client of DynamoDB checks parameters, see `make_client`.
    """

    def __init__(
        self,
        settings: ClientSettings,
        event_hooks: Callable[[], BaseEventHooks] | None = None,
        *,
        checks: bool = True,
    ) -> None:
        self._settings = settings
        self._event_hooks = event_hooks
        self._checks = checks
        self._lock = threading.Lock()
        self._session: Session | None = None
        _begin_anew_after_fork(self)

    def make(self, service: Service = "dynamodb") -> BaseClient:
        """Make a client.

        Args:
            service: whose client it is.
        """
        with self._lock:
            if self._session is None:
                self._session = make_session(self._event_hooks and self._event_hooks())
            return make_client(self._settings, service, session=self._session, checks=self._checks)

    def verify(self) -> bool | str:
        """Tell which certificates the clients trust: a path names them, True stands for botocore's own."""
        with self._lock:
            session = self._session or make_session()
        bundle: str | None = session.get_config_variable("ca_bundle")
        return bundle or os.environ.get("REQUESTS_CA_BUNDLE") or True

    def forget(self) -> None:
        """Forget the session, and with it its credentials; the next client is made in a new one."""
        with self._lock:
            self._session = None

    def begin_anew(self) -> None:
        """Do the same in a process that was forked, where a lock may be held for ever."""
        self._lock = threading.Lock()
        self._session = None


def is_at_aws(client: BaseClient) -> bool:
    """Tell whether a client asks AWS, and no server that stands in for it."""
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    return host.endswith(_AWS_HOSTS)


class LazyClient:
    """Makes a client when it is first asked for, once for all threads."""

    __slots__ = ("__weakref__", "_client", "_lock", "_make")

    def __init__(self, make: Callable[[], BaseClient]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._client: BaseClient | None = None
        _begin_anew_after_fork(self)

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

    def begin_anew(self) -> None:
        """Leave the client, in a process that was forked, to the parent whose connections it has.

        It is not closed, and not destroyed either: another thread may have held its locks in the parent.
        """
        self._lock = threading.Lock()
        if self._client is not None:
            _LEFT_TO_THE_PARENT.append(self._client)
            self._client = None


class _OfAParent(Protocol):
    def begin_anew(self) -> None: ...


_LEFT_TO_THE_PARENT: list[BaseClient] = []
_TO_BEGIN_ANEW: WeakSet[_OfAParent] = WeakSet()
_REGISTERING = threading.Lock()


def _begin_anew_after_fork(something: _OfAParent) -> None:
    with _REGISTERING:
        _TO_BEGIN_ANEW.add(something)


def _begin_anew() -> None:
    global _REGISTERING  # noqa: PLW0603  # the parent's may be held for ever
    _REGISTERING = threading.Lock()
    for something in tuple(_TO_BEGIN_ANEW):
        something.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
