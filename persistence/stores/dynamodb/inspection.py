"""What tools want to know of DynamoDB's surroundings: credentials, region, endpoint, clock, versions.

Nothing here shows or keeps a secret.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore
from boto3.session import Session
from botocore.client import BaseClient
from botocore.config import Config

from persistence.errors import AccessDenied, StoreError
from persistence.stores.dynamodb.failures import FOREIGN_ERRORS, Asked, translated

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
MADE_UP = "local"
MADE_UP_REGION = "us-east-1"

_CONFIG = Config(
    connect_timeout=3,
    read_timeout=15,
    retries={"mode": "standard", "total_max_attempts": 4},
    max_pool_connections=50,
)
"""A person, or a job of minutes, waits longer than a request of an application does."""

_SHORT = 12
"""Characters of a key id that can be none of AWS, but was made up."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where DynamoDB is to be found; what is None is found as boto3 finds it."""

    profile: str | None = None
    region: str | None = None
    endpoint: str | None = None

    @property
    def is_loopback(self) -> bool:
        """Whether it is a server on this machine."""
        return self.endpoint is not None and urlsplit(self.endpoint).hostname in LOOPBACK


@dataclass(frozen=True, slots=True)
class CredentialFacts:
    """What may be shown of credentials.

    Attributes:
        provider: botocore's word for where they come from, such as "env" or "sso"; "made up" for a local
            server.
        key_id: the access key's id, shortened; it is no secret, but nobody else's business.
        expires_at: aware time after which they are renewed or refused; None if they don't expire.
    """

    provider: str
    key_id: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServerTime:
    """A server's clock.

    Attributes:
        at: what it says.
        offset: seconds by which this machine's clock is ahead; whole seconds are all that it tells.
    """

    at: datetime
    offset: float


class Access:
    """A session of boto3 for a place, and what it finds there.

    For a server on this machine missing credentials and region are made up: it does not check them, and
    nobody else gets them.

    Raises:
        AccessDenied: there is no such profile.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        try:
            self._session = Session(profile_name=place.profile, region_name=place.region)
        except FOREIGN_ERRORS as error:
            raise translated(error, Asked("Connect", None, False)) from error

    def __str__(self) -> str:
        where = f"DynamoDB in {self.region or 'no region'}"
        if self.place.endpoint:
            return f"{where} at {self.place.endpoint}"
        return f"{where}, account {self.account or 'unknown'}"

    @property
    def region(self) -> str | None:
        """The region; None if none is configured."""
        found = self._session.region_name
        return found or (MADE_UP_REGION if self.place.is_loopback else None)

    @cached_property
    def made_up(self) -> bool:
        """Whether credentials are made up for a local server."""
        return self.place.is_loopback and self._credentials() is None

    def credentials(self) -> CredentialFacts | None:
        """Tell which credentials are used; None if there are none.

        Raises:
            AccessDenied: a provider failed.
        """
        if self.made_up:
            return CredentialFacts("made up, for a local server", MADE_UP)
        found = self._credentials()
        if found is None:
            return None
        try:
            key_id = found.access_key or ""  # credentials of a role or of SSO are fetched only now
        except FOREIGN_ERRORS as error:
            raise translated(error, Asked("Connect", None, False)) from error
        expires = getattr(found, "_expiry_time", None)  # botocore has no public name for it
        shown = f"{key_id[:4]}...{key_id[-4:]}" if len(key_id) > _SHORT else key_id
        return CredentialFacts(found.method, shown, expires)

    @cached_property
    def account(self) -> str | None:
        """The account's number; None if nobody tells."""
        try:
            client = self._session.client("sts", region_name=self.region, config=_CONFIG)
            identity: str = client.get_caller_identity()["Account"]
        except FOREIGN_ERRORS:
            return None
        return identity

    def client(self) -> BaseClient:
        """Make a DynamoDB client.

        Raises:
            StoreError: no region is configured.
        """
        secrets: dict[str, Any] = (
            {"aws_access_key_id": MADE_UP, "aws_secret_access_key": MADE_UP} if self.made_up else {}
        )
        try:
            return self._session.client(
                "dynamodb",
                region_name=self.region,
                endpoint_url=self.place.endpoint,
                config=_CONFIG,
                **secrets,
            )
        except FOREIGN_ERRORS as error:
            raise translated(error, Asked("Connect", None, False)) from error
        except ValueError as error:
            raise StoreError(f"{error}; check the endpoint", operation="Connect") from error

    def server_time(self) -> ServerTime | None:
        """Ask a server for its time, by any request; None if it does not tell.

        Raises:
            StoreError: it does not answer; `AccessDenied` where only the request itself was refused is no
                error here.
        """
        told: list[str] = []
        client = self.client()
        client.meta.events.register("response-received.dynamodb", _date_into(told))
        before = datetime.now(UTC)
        try:
            client.list_tables(Limit=1)  # type: ignore[attr-defined]  # made at run time
        except FOREIGN_ERRORS as error:
            fault = translated(error, Asked("ListTables", None, False))
            if not told or not isinstance(fault, AccessDenied):
                raise fault from error
        finally:
            client.close()
        if not told:
            return None
        at = parsedate_to_datetime(told[-1]).astimezone(UTC)
        middle = before + (datetime.now(UTC) - before) / 2
        return ServerTime(at, (middle - at).total_seconds())

    def _credentials(self) -> Any:
        try:
            return self._session.get_credentials()
        except FOREIGN_ERRORS as error:
            raise translated(error, Asked("Connect", None, False)) from error


def _date_into(told: list[str]) -> Any:
    def note(response_dict: dict[str, Any] | None = None, **_: Any) -> None:
        date = (response_dict or {}).get("headers", {}).get("date")
        if date:
            told.append(date)

    return note


def versions() -> dict[str, str]:
    """Give the versions of boto3 and botocore."""
    return {"boto3": boto3.__version__, "botocore": botocore.__version__}
