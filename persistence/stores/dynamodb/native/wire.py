"""Connections of one event loop to one endpoint, by aiohttp: it opens and keeps them, and reads answers.

A request is written, and its answer read, on the connection itself. aiohttp's sessions would take twice as
long, for what DynamoDB needs none of, such as cookies, redirects and encodings.
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, cast
from urllib.parse import unquote

import aiohttp
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.http_exceptions import HttpProcessingError
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import mask_proxy_url
from yarl import URL

from persistence.stores.dynamodb.native.messages import Received
from persistence.stores.dynamodb.signing import host_of

ANSWER_LIMIT = 1 << 28
"""Bytes of an answer at most: more than 16 MB of items take as JSON that escapes every character."""

IDLE_SECONDS = 30.0
"""How long an idle connection is kept at most. Middleboxes forget them after minutes without a word."""

_QUIET_SECONDS = 0.5
"""After so long without a request, the loop is first given the chance to see which connections have ended."""


@dataclass(frozen=True, slots=True)
class Peer:
    """How connections are made.

    Attributes:
        connections: how many at most.
        connect_timeout: seconds until one must stand, with TLS.
        read_timeout: seconds until an answer, or its next part, must come; None for as long as it takes.
        tls: None without TLS.
        proxy: URL of a proxy through which TLS is spoken.
    """

    connections: int
    connect_timeout: float
    read_timeout: float | None
    tls: ssl.SSLContext | None
    proxy: str | None


class _Stream(Protocol):
    async def readany(self) -> bytes: ...


class _Head(Protocol):
    code: int
    headers: Mapping[str, str]


class Line:
    """The connections of one event loop.

    It must be made in its loop, by `opened`, and used and closed there. What comes in beyond the number of
    connections waits for its turn. It closes with the loop, if nobody closes it before.
    """

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._turns = asyncio.Semaphore(peer.connections)
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=peer.connect_timeout)
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=peer.tls or True, keepalive_timeout=IDLE_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._requests: dict[str, ClientRequest] = {}
        self._active = 0
        self._latest = self._loop.time()
        self._keeper: AsyncGenerator[None, None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self.closed = False

    @staticmethod
    async def opened(peer: Peer, on_end: Callable[[Line], object]) -> Line:
        """Make a line for the running loop.

        Args:
            peer: how connections are made.
            on_end: called when its connections are closed.
        """
        line = Line(peer)
        line._keeper = _kept(line, on_end)
        await anext(line._keeper)
        return line

    async def send(
        self, url: str, headers: Mapping[str, str], body: bytes, refusal: Callable[[], Exception]
    ) -> Received:
        """Send a request when it is its turn, and give the answer.

        Args:
            url: of the endpoint.
            headers: all but the host and the length of the body.
            body: as it is sent.
            refusal: makes the error for a request that was not begun when the line was closed.

        Raises:
            HTTPClientError: as botocore raises it for what happened.
        """
        async with self._turns:
            if self.closed:
                self._turns.release()  # the next one that waits is to see it, too
                raise refusal()
            self._active += 1
            try:
                return await self._exchange(url, headers, body)
            finally:
                self._active -= 1
                self._latest = self._loop.time()
                if self.closed:
                    self._close_if_unused()

    def retire(self) -> None:
        """Refuse what waits for its turn, and close the connections when the last answer has come.

        It may be called from any thread, also of a loop that runs no more.
        """
        self.closed = True
        if self._loop.is_closed():
            _finish(self.session.close())
            return
        if _running_loop() is self._loop:
            self._end()
        else:
            self._loop.call_soon_threadsafe(self._end)

    async def aclose(self) -> None:
        """Do the same in the loop, and wait until unused connections are closed."""
        self.retire()
        if self._closing is not None:
            await asyncio.shield(self._closing)

    def _end(self) -> None:
        self._turns.release()
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        if not self._active and self._closing is None and self._keeper is not None:
            self._closing = self._loop.create_task(self._keeper.aclose())

    async def _exchange(self, url: str, headers: Mapping[str, str], body: bytes) -> Received:
        if self._loop.time() - self._latest > _QUIET_SECONDS:
            for _ in range(3):
                await asyncio.sleep(0)
        head: _Head | None = None
        connection: Connection | None = None
        parts: list[bytes] = []
        try:
            connection = await self._connection(url)
            head, stream = await self._answer_head(connection, url, headers, body)
            size = 0
            while part := await stream.readany():
                parts.append(part)
                size += len(part)
                if size > ANSWER_LIMIT:
                    raise aiohttp.ClientPayloadError(f"an answer of over {ANSWER_LIMIT} bytes")
        except BaseException as error:
            was_cut_off = isinstance(error, aiohttp.ClientPayloadError) and not _was_reset(connection)
            if connection is not None:
                connection.close()
            if was_cut_off and head is not None and "Content-Length" in head.headers:
                return Received(url, head.code, head.headers, b"".join(parts))  # shorter than it says
            foreign = _foreign(error, url, self._peer.proxy, connected=connection is not None)
            if foreign is None:
                raise
            raise foreign from error
        connection.release()
        return Received(url, head.code, head.headers, b"".join(parts))

    async def _connection(self, url: str) -> Connection:
        request = self._requests.get(url)
        if request is None:
            request = self._requests[url] = self._request(url)
        connector = self.session.connector
        assert connector is not None
        return await connector.connect(request, [], self._timeout)

    def _request(self, url: str) -> ClientRequest:
        proxy, proxy_headers = _without_login(self._peer.proxy)
        return ClientRequest(
            "POST",
            URL(url, encoded=True),
            loop=self._loop,
            session=self.session,
            ssl=self._peer.tls or True,
            proxy=proxy,
            proxy_headers=proxy_headers,
        )

    async def _answer_head(
        self, connection: Connection, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[_Head, _Stream]:
        protocol, transport = connection.protocol, connection.transport
        if protocol is None or transport is None:
            raise aiohttp.ServerDisconnectedError
        protocol.set_response_params(
            read_until_eof=True, auto_decompress=False, read_timeout=self._peer.read_timeout
        )
        transport.write(_written(url, headers, body))
        protocol.start_timeout()
        while True:
            head, stream = await protocol.read()
            if not 100 <= head.code < 200:
                return cast("_Head", head), cast("_Stream", stream)


async def _kept(line: Line, on_end: Callable[[Line], object]) -> AsyncGenerator[None, None]:
    # Loops close the asynchronous generators that began in them before they close themselves.
    try:
        yield
    finally:
        line.closed = True
        on_end(line)
        await line.session.close()


def _finish(closing: Coroutine[Any, Any, None]) -> None:
    # The loop has ended without closing what it held: nothing can be awaited there.
    with suppress(StopIteration):
        closing.send(None)
    closing.close()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


@lru_cache(maxsize=32)
def _first_lines(url: str) -> str:
    return f"POST / HTTP/1.1\r\nHost: {host_of(url)}\r\nAccept-Encoding: identity\r\n"


def _written(url: str, headers: Mapping[str, str], body: bytes) -> bytes:
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    if lines.count("\n") != len(headers):
        raise HTTPClientError(error="a header holds a line break")
    return f"{_first_lines(url)}{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _was_reset(connection: Connection | None) -> bool:
    protocol = None if connection is None else connection.protocol
    return protocol is not None and isinstance(protocol.exception(), OSError)


def _without_login(proxy: str | None) -> tuple[URL | None, dict[str, str] | None]:
    if proxy is None:
        return None, None
    url = URL(proxy)
    if url.user is None:
        return url, None
    login = f"{unquote(url.user)}:{unquote(url.password or '')}".encode()
    return url.with_user(None), {"Proxy-Authorization": f"Basic {b64encode(login).decode('ascii')}"}


def _foreign(error: BaseException, url: str, proxy: str | None, *, connected: bool) -> Exception | None:
    match error:
        case aiohttp.ClientSSLError():
            return SSLError(endpoint_url=url, error=error)
        case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
            return ProxyConnectionError(proxy_url=mask_proxy_url(proxy or ""), error=error)
        case TimeoutError() if not connected:
            return ConnectTimeoutError(endpoint_url=url, error=error)
        case TimeoutError():
            return ReadTimeoutError(endpoint_url=url, error=error)
        case aiohttp.ClientConnectionError() | OSError() if not connected:
            return EndpointConnectionError(endpoint_url=url, error=error)
        case (
            aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError() | HttpProcessingError() | OSError()
        ):
            return ConnectionClosedError(endpoint_url=url, error=error)
        case aiohttp.ClientError():
            return HTTPClientError(error=error)
        case _:
            return None
