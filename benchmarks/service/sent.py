"""What the stub was sent, as it remembers it: so contenders can be held to the same requests."""

from __future__ import annotations

import json
import os
import ssl
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

OPERATION = "Remembered"
"""What the stub is asked for; DynamoDB has no such operation."""

_REMEMBERED = 64


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that reached the stub.

    Attributes:
        raw: all bytes of it: its head and its body.
    """

    raw: bytes

    @property
    def operation(self) -> str:
        """What is asked for, such as "GetItem"."""
        head = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1")
        fields = (line.partition(":") for line in head.split("\r\n"))
        return next(
            value.strip().partition(".")[2] for name, _, value in fields if name.lower() == "x-amz-target"
        )

    @property
    def content(self) -> dict[str, Any]:
        """The body."""
        content: dict[str, Any] = json.loads(self.raw.partition(b"\r\n\r\n")[2])
        return content


@dataclass(slots=True)
class Memory:
    """The last requests, in the stub."""

    _requests: deque[bytes] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))

    def add(self, request: bytes) -> None:
        """Remember a request."""
        self._requests.append(request)

    def take(self) -> bytes:
        """Give what is remembered as JSON, and forget it."""
        texts = [b64encode(each).decode() for each in self._requests]
        self._requests.clear()
        return json.dumps(texts).encode()


def taken_from(url: str) -> tuple[Sent, ...]:
    """Ask a stub for the requests it got since it was asked last, of all clients.

    Args:
        url: of the stub. Over TLS its certificate is that of `AWS_CA_BUNDLE`.
    """
    connection = _connection(url)
    try:
        connection.request("POST", "/", b"{}", {"X-Amz-Target": f"DynamoDB_0.{OPERATION}"})
        texts: Iterable[str] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return tuple(Sent(b64decode(each)) for each in texts)


def _connection(url: str) -> HTTPConnection:
    place = urlsplit(url)
    assert place.hostname is not None, "it is one of a stub"
    if place.scheme == "https":
        return HTTPSConnection(place.hostname, place.port, context=trusting())
    return HTTPConnection(place.hostname, place.port)


def trusting() -> ssl.SSLContext:
    """Trust what the environment says that botocore shall trust."""
    return ssl.create_default_context(cafile=os.environ.get("AWS_CA_BUNDLE"))
