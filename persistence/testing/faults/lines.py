"""Connections: one that a client made, and one to the server behind it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable

from persistence.testing.faults.messages import Message, read_message

_LINGER_NOT = struct.pack("ii", 1, 0)


class Line:
    """One TCP connection, without Nagle's delay, over which messages go."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._socket: socket.socket = writer.get_extra_info("socket")
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def ended(self) -> bool:
        """Whether the other side has closed it."""
        return self._reader.at_eof() or self._writer.is_closing()

    async def receive(self) -> Message | None:
        """Read one message; None at the end."""
        return await read_message(self._reader)

    async def send(self, message: Message) -> None:
        """Write one message, in as many pieces as it says."""
        content = bytes(message)
        size = -(-len(content) // message.pieces)
        for start in range(0, len(content), size):
            self._writer.write(content[start : start + size])
            await self._writer.drain()
            if message.seconds:
                await asyncio.sleep(message.seconds / message.pieces)

    def reset(self) -> None:
        """Break it: the other side sees a reset rather than an orderly end."""
        if not self._writer.is_closing():
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self._writer.transport.abort()

    async def close(self) -> None:
        """Close it, whatever state it is in."""
        self._writer.close()
        with contextlib.suppress(OSError):  # that it broke before was seen by whoever used it
            await self._writer.wait_closed()


class Upstream:
    """The way to the server: one connection that is kept, and made anew once the server has closed it.

    Args:
        host: where the server listens.
        port: on which port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._line: Line | None = None

    async def ask(self, request: Message, *, sent: Callable[[], None] | None = None) -> Message:
        """Send a request and read its answer.

        Args:
            request: what to send.
            sent: called between the two.

        Raises:
            OSError, EOFError: the server can't be reached, or broke the connection.
        """
        line = await self._open()
        await line.send(request)
        if sent is not None:
            sent()
        answer = await line.receive()
        if answer is None:
            raise EOFError("the server closed the connection without an answer")
        return answer

    async def close(self) -> None:
        """Close the connection, if there is one."""
        line, self._line = self._line, None
        if line is not None:
            await line.close()

    async def _open(self) -> Line:
        if self._line is not None and self._line.ended:
            await self.close()
        if self._line is None:
            self._line = await _connect(self._host, self._port)
        return self._line


async def _connect(host: str, port: int) -> Line:
    opening = asyncio.ensure_future(asyncio.open_connection(host, port))
    try:
        return Line(*await asyncio.shield(opening))
    except asyncio.CancelledError:
        # The connection may stand by now, and nobody else knows of it.
        await Line(*await opening).close()
        raise
