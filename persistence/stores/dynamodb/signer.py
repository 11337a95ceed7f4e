"""A signer for botocore that keeps the key of the day: `sign_quickly` has a client use it.

It signs what it knows to be as `signed` has it, and leaves every other request to botocore's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, cast
from urllib.parse import urlsplit

from botocore.auth import AUTH_TYPE_MAPS, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.client import BaseClient

from persistence.stores.dynamodb.signing import DATE, TOKEN, Credentials, host_of, signed
from persistence.stores.dynamodb.stamps import timestamp

SIGNATURE_VERSION = "persistence-v4"
"""The name of the signer among botocore's."""

_SIGNER = "persistence-signer"
_V4 = "v4"
_SET = (DATE, "Authorization")
_SET_WITH_TOKEN = (DATE, TOKEN, "Authorization")
_OTHERWISE_SIGNED = frozenset({"date", "x-amz-content-sha256"})


class QuickSigV4Auth(SigV4Auth):
    """Signs as its base does, to the byte."""

    def __init__(self, credentials: Any, service_name: str, region_name: str) -> None:
        super().__init__(credentials, service_name, region_name)
        self.scope_of_key = (region_name, service_name)

    def add_auth(self, request: AWSRequest) -> None:
        """Add the headers of the signature.

        Args:
            request: as botocore prepared it.

        Raises:
            NoCredentialsError: there are none.
        """
        host = _host_of_plain(request)
        headers: dict[str, Any] = dict(request.headers.raw_items())
        names = _plain_names(tuple(headers)) if len(headers) == len(request.headers) else None
        if self.credentials is None or host is None or names is None or not _are_plain(headers.values()):
            super().add_auth(request)
            return
        now = timestamp()
        request.context["timestamp"] = now
        region, service = self.scope_of_key
        signature = signed(
            headers,
            cast(bytes, request.data),
            host=host,
            credentials=cast(Credentials, self.credentials),
            region=region,
            timestamp=now,
            service=service,
        )
        for name in _SET_WITH_TOKEN if self.credentials.token else _SET:
            if name.lower() in names:
                del request.headers[name]
            request.headers[name] = signature[name]


def sign_quickly(client: BaseClient) -> None:
    """Have a client of DynamoDB sign quickly where it signs by "v4"; doing it again changes nothing.

    Args:
        client: a low-level client.
    """
    AUTH_TYPE_MAPS[SIGNATURE_VERSION] = QuickSigV4Auth
    # botocore's own handler has an answer always, so that nobody behind it is asked.
    events: Any = client.meta.events
    events.register_first("choose-signer", _choose, unique_id=_SIGNER)


def _choose(signature_version: object, context: dict[str, Any], **_more: object) -> str | None:
    if signature_version != _V4 or context.get("auth_type") not in {None, _V4}:
        return None
    config = context.get("client_config")
    if context.get("unsigned_payload") or getattr(config, "auth_scheme_preference", None):
        return None
    return SIGNATURE_VERSION


def _host_of_plain(request: AWSRequest) -> str | None:
    context = request.context
    is_plain = (
        request.method == "POST"
        and not request.params
        and type(request.data) is bytes
        and "checksum" not in context
        and context.get("payload_signing_enabled", True)
    )
    return _host_of_root(request.url) if is_plain else None


@lru_cache(maxsize=32)
def _host_of_root(url: str) -> str | None:
    parts = urlsplit(url)
    return host_of(url) if parts.path in {"", "/"} and not parts.query else None


@lru_cache(maxsize=64)
def _plain_names(names: tuple[str, ...]) -> frozenset[str] | None:
    """Give the names in small letters; None where one is there twice, or makes signatures differ."""
    small = frozenset(name.lower() for name in names)
    return small if len(small) == len(names) and small.isdisjoint(_OTHERWISE_SIGNED) else None


def _are_plain(values: Iterable[object]) -> bool:
    for value in values:  # noqa: SIM110  # a generator takes twice as long
        if type(value) is not str or not value.isascii():
            return False
    return True
