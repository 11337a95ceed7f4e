"""Sign requests with AWS Signature Version 4; the key that is derived for a day is kept.

Source: AWS General Reference, "Create a signed AWS API request". The signatures are those of
`botocore.auth.SigV4Auth`, to the byte.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from typing import Protocol
from urllib.parse import urlsplit

from botocore.auth import SIGNED_HEADERS_BLACKLIST

ALGORITHM = "AWS4-HMAC-SHA256"

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
    sent = {name: value for name, value in headers.items() if name.lower() not in _REPLACED}
    sent["X-Amz-Date"] = timestamp
    if credentials.token:
        sent["X-Amz-Security-Token"] = credentials.token
    canonical = {name.lower(): " ".join(value.split()) for name, value in sent.items()}
    canonical.setdefault("host", host)
    to_sign = {name: canonical[name] for name in sorted(canonical) if name not in _UNSIGNED}
    names = ";".join(to_sign)
    lines = "".join(f"{name}:{value}\n" for name, value in to_sign.items())
    request = f"POST\n/\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
    scope = f"{timestamp[:8]}/{region}/{service}/aws4_request"
    text = f"{ALGORITHM}\n{timestamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = signing_key(credentials.secret_key, timestamp[:8], region, service)
    signature = hmac.digest(key, text.encode(), sha256).hex()
    who = f"Credential={credentials.access_key}/{scope}"
    sent["Authorization"] = f"{ALGORITHM} {who}, SignedHeaders={names}, Signature={signature}"
    return sent


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


_REPLACED = frozenset({"authorization", "x-amz-date", "x-amz-security-token"})
