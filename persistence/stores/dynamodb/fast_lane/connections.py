"""Kept connections for one request and its answer at a time, over the standard library's `http.client`.

What goes wrong is raised as botocore raises it from its own connections. A connection that became readable
while nobody asked anything is dead, or not in step: it is dropped before anything is sent on it.
"""

from __future__ import annotations

import errno
import io
import os
import socket
import ssl
from collections import deque
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any, cast

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import create_urllib3_context, get_cert_path
from urllib3.util import wait_for_read

from persistence.stores.dynamodb.fast_lane.replies import Reply, read_reply

_BUFFER = 32_768
_HARMLESS_TO_SEND = frozenset({errno.EPIPE, errno.ECONNRESET, errno.EPROTOTYPE})
"""The server closed already; its answer may be there to read all the same."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where to connect to.

    Attributes:
        url: as errors name it.
        host: name or address.
        port: of the service.
        encrypted: whether it is asked over TLS.
    """

    url: str
    host: str
    port: int
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Manners:
    """How connections are made and kept.

    Attributes:
        connect_timeout: seconds to wait for a connection; None for as long as it takes.
        read_timeout: seconds to wait for anything of an answer; None for as long as it takes.
        keep: how many idle connections are kept at most.
        keepalive: whether the system probes idle connections.
        verify: False accepts any certificate; a path names the certificates to trust; True takes botocore's.
    """

    connect_timeout: float | None
    read_timeout: float | None
    keep: int
    keepalive: bool
    verify: bool | str


@dataclass(frozen=True, slots=True)
class _Opened:
    """A connection, and what reads from it."""

    origin: Origin
    connection: HTTPConnection
    reader: io.BufferedReader

    def close(self) -> None:
        self.reader.close()
        self.connection.close()


class Connections:
    """Connections to any number of origins, for all threads; idle ones are kept, the latest used first."""

    def __init__(self, manners: Manners) -> None:
        self._manners = manners
        self._idle: deque[_Opened] = deque()
        self._generation = 0
        self._process = os.getpid()
        self._context: ssl.SSLContext | None = None

    def ask(self, origin: Origin, message: bytes) -> Reply:
        """Send a request and read its answer.

        Args:
            origin: where to.
            message: the whole request, head and body.

        Raises:
            HTTPClientError: of botocore, of the class that its own connections raise.
        """
        generation = self._generation
        connection = self._kept(origin) or self._made(origin)
        try:
            reply = _exchanged(connection, message)
        except BaseException:
            connection.close()
            raise
        if reply.reusable and generation == self._generation and self._process == os.getpid():
            self._keep(connection)
        else:
            connection.close()
        return reply

    def close(self) -> None:
        """Close the idle ones, and the others when their answers have come; later requests make new ones."""
        self._generation += 1
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return
            connection.close()

    def _kept(self, origin: Origin) -> _Opened | None:
        if self._process != os.getpid():
            self._begin_in_child()
        while True:
            try:
                connection = self._idle.pop()
            except IndexError:
                return None
            if connection.origin == origin and _is_quiet(connection):
                return connection
            connection.close()

    def _begin_in_child(self) -> None:
        # The parent goes on with its connections; closing them here takes nothing from it.
        self._process = os.getpid()
        self.close()

    def _keep(self, connection: _Opened) -> None:
        self._idle.append(connection)
        while len(self._idle) > self._manners.keep:
            try:
                oldest = self._idle.popleft()
            except IndexError:
                return
            oldest.close()

    def _made(self, origin: Origin) -> _Opened:
        connection = HTTPConnection(origin.host, origin.port, timeout=self._manners.connect_timeout)
        try:
            connection.connect()
            if self._manners.keepalive:
                connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=origin.url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=origin.url, error=error) from error
        try:
            self._prepare(origin, connection)
        except BaseException as error:
            connection.close()
            raise _as_botocore_says(error, origin) from error
        reader = cast(io.BufferedReader, connection.sock.makefile("rb", _BUFFER))
        return _Opened(origin, connection, reader)

    def _prepare(self, origin: Origin, connection: HTTPConnection) -> None:
        if origin.encrypted:
            connection.sock = self._tls().wrap_socket(connection.sock, server_hostname=origin.host)
        connection.sock.settimeout(self._manners.read_timeout)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            context: ssl.SSLContext = create_urllib3_context()
            verify = self._manners.verify
            if verify:
                context.verify_mode = ssl.CERT_REQUIRED
                context.check_hostname = True
                context.load_verify_locations(str(get_cert_path(cast(Any, verify))))
            else:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._context = context
        return self._context


def _exchanged(opened: _Opened, message: bytes) -> Reply:
    try:
        try:
            opened.connection.sock.sendall(message)
        except OSError as error:
            if error.errno not in _HARMLESS_TO_SEND:
                raise
        return read_reply(opened.reader)
    except (OSError, HTTPException) as error:
        raise _as_botocore_says(error, opened.origin) from error


def _is_quiet(opened: _Opened) -> bool:
    try:
        return not wait_for_read(opened.connection.sock, timeout=0)
    except (OSError, ValueError):
        return False


def _as_botocore_says(error: BaseException, origin: Origin) -> BaseException:
    match error:
        case TimeoutError():
            return ReadTimeoutError(endpoint_url=origin.url, error=error)
        case ssl.SSLError() | ssl.CertificateError():
            return SSLError(endpoint_url=origin.url, error=error)
        case OSError() | HTTPException():
            return ConnectionClosedError(endpoint_url=origin.url, error=error)
        case _:
            return error
