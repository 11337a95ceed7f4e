"""Sign requests with AWS Signature Version 4; the key of a day, and what requests share, is written once.

Source: AWS General Reference, "Create a signed AWS API request". The signatures are those of
`botocore.auth.SigV4Auth`, to the byte.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple, Protocol
from urllib.parse import urlsplit

from botocore.auth import SIGNED_HEADERS_BLACKLIST

ALGORITHM = "AWS4-HMAC-SHA256"

DATE = "X-Amz-Date"
TOKEN = "X-Amz-Security-Token"

_DATE = DATE.lower()

_UNSIGNED = frozenset(SIGNED_HEADERS_BLACKLIST)


class Credentials(Protocol):
    """Frozen credentials, as botocore gives them."""

    @property
    def access_key(self) -> str:
        """Which key signs."""
        ...

    @property
    def secret_key(self) -> str:
        """The key itself."""
        ...

    @property
    def token(self) -> str | None:
        """Of temporary credentials, that of their session."""
        ...


@dataclass(frozen=True, slots=True)
class Signatures:
    """What the signatures share of requests that differ in nothing but body and time.

    Attributes:
        credentials: who asks.
        region: of the signature.
        service: of the signature.
        before: the canonical request up to the time.
        after: what follows of it, up to the hash of the body.
        names: of the headers that are signed.
        sent: the headers, but for those of the signature.
        token: header with that of the credentials' session, if they have one.
    """

    credentials: Credentials
    region: str
    service: str
    before: str
    after: str
    names: str
    sent: Mapping[str, str]
    token: Mapping[str, str]

    @staticmethod
    def of(
        headers: Mapping[str, str], host: str, credentials: Credentials, region: str, service: str
    ) -> Signatures:
        """Write what is shared.

        Args:
            headers: of all requests; the host may be left out.
            host: as it is in the header of that name, see `host_of`; the path is `/`.
            credentials: who asks.
            region: of the signature.
            service: of the signature.
        """
        token = {TOKEN: credentials.token} if credentials.token else {}
        replaced = _REPLACED_WITH_TOKEN if token else _REPLACED
        sent = {name: value for name, value in headers.items() if name.lower() not in replaced}
        values = {name.lower(): " ".join(value.split()) for name, value in {**sent, **token}.items()}
        values = {"host": host, **values, _DATE: ""}
        signed = [name for name in sorted(values) if name not in _UNSIGNED]
        lines = [f"{name}:{values[name]}\n" for name in signed]
        place, names = signed.index(_DATE), ";".join(signed)
        before = f"POST\n/\n\n{''.join(lines[:place])}{_DATE}:"
        after = f"\n{''.join(lines[place + 1 :])}\n{names}\n"
        return Signatures(credentials, region, service, before, after, names, sent, token)

    def headers(self, body: bytes, timestamp: str) -> dict[str, str]:
        """Give the headers of one request's signature.

        Args:
            body: as it is sent.
            timestamp: the time in UTC, such as "20261126T195500Z".
        """
        request = f"{self.before}{timestamp}{self.after}{sha256(body).hexdigest()}"
        scope = _scope(timestamp[:8], self.region, self.service)
        text = f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        key = signing_key(self.credentials.secret_key, timestamp[:8], self.region, self.service)
        signature = hmac.digest(key, text.encode(), sha256).hex()
        who = f"Credential={self.credentials.access_key}/{scope}"
        return {
            DATE: timestamp,
            **self.token,
            "Authorization": f"{ALGORITHM} {who}, SignedHeaders={self.names}, Signature={signature}",
        }


def signed(
    headers: Mapping[str, str],
    body: bytes,
    *,
    host: str,
    credentials: Credentials,
    region: str,
    timestamp: str,
    service: str = "dynamodb",
) -> dict[str, str]:
    """Give the headers of a POST request with its signature.

    Args:
        headers: all others that are sent; the host may be left out.
        body: as it is sent.
        host: as it is in the header of that name, see `host_of`; the path is `/`.
        credentials: who asks.
        region: of the signature.
        timestamp: the time in UTC, such as "20261126T195500Z".
        service: of the signature.

    Returns:
        The headers, those of the signature added or replaced; the host only if it was given.
    """
    who = _Keys(credentials.access_key, credentials.secret_key, credentials.token)
    shared = _signatures(tuple(headers.items()), host, who, region, service)
    return {**shared.sent, **shared.headers(body, timestamp)}


@lru_cache(maxsize=64)
def _signatures(
    headers: tuple[tuple[str, str], ...], host: str, credentials: _Keys, region: str, service: str
) -> Signatures:
    return Signatures.of(dict(headers), host, credentials, region, service)


class _Keys(NamedTuple):
    access_key: str
    secret_key: str
    token: str | None


@lru_cache(maxsize=32)
def _scope(date: str, region: str, service: str) -> str:
    return f"{date}/{region}/{service}/aws4_request"


@lru_cache(maxsize=32)
def host_of(url: str) -> str:
    """Give the host of a URL as its header has it: without the port that its scheme has anyway."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return host if parts.port in {None, usual} else f"{host}:{parts.port}"


@lru_cache(maxsize=32)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Derive the key that signs the requests of a day.

    Args:
        secret: the secret key.
        date: the day in UTC, such as "20261126".
        region: of the signature.
        service: of the signature.
    """
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), sha256)
    return key


_REPLACED = frozenset({"authorization", _DATE})
_REPLACED_WITH_TOKEN = _REPLACED | {TOKEN.lower()}
