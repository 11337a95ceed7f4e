"""HTTP messages on the wire: as much of RFC 9112 as a client of DynamoDB and a server use."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from zlib import crc32

_END_OF_HEAD = b"\r\n\r\n"
_END_OF_LINE = b"\r\n"


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer.

    Attributes:
        head: the start line and the header lines, as they came.
        body: the content, without any transfer coding.
        seconds: how long it takes to send it.
        pieces: in how many it is sent.
    """

    head: bytes
    body: bytes = b""
    seconds: float = 0.0
    pieces: int = 1

    def __bytes__(self) -> bytes:
        return self.head + _END_OF_HEAD + self.body

    @property
    def status(self) -> int:
        """The status of an answer."""
        return int(self.head.split(b" ", 2)[1])

    @property
    def closes(self) -> bool:
        """Whether its sender closes the connection behind it."""
        return (self.header("connection") or "").lower() == "close"

    def header(self, name: str) -> str | None:
        """Give the value of a header; None without one."""
        found = re.search(rb"\r\n%s:[ \t]*([^\r]*)" % re.escape(name.encode()), self.head, re.IGNORECASE)
        return found and found[1].decode("latin-1").strip()

    def with_body(self, body: bytes) -> Message:
        """Copy it with another body, and headers that fit: length, and checksum if it has one."""
        head = self._without("transfer-encoding")._with_header("content-length", str(len(body)))
        if head.header("x-amz-crc32") is not None:
            head = head._with_header("x-amz-crc32", str(crc32(body)))
        return replace(head, body=body)

    def _without(self, name: str) -> Message:
        return replace(
            self, head=re.sub(rb"\r\n%s:[^\r]*" % name.encode(), b"", self.head, flags=re.IGNORECASE)
        )

    def _with_header(self, name: str, value: str) -> Message:
        return replace(self, head=self._without(name).head + f"\r\n{name}: {value}".encode())


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """Read one message; None when the connection ends before one begins.

    Raises:
        EOFError: it ended in the middle of one.
        OSError: it broke.
    """
    try:
        head = await reader.readuntil(_END_OF_HEAD)
    except asyncio.IncompleteReadError as cut:
        if cut.partial:
            raise
        return None
    message = Message(head.removesuffix(_END_OF_HEAD))
    if (message.header("transfer-encoding") or "").lower() == "chunked":
        return message.with_body(await _read_chunks(reader))
    return replace(message, body=await reader.readexactly(int(message.header("content-length") or 0)))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(_END_OF_LINE)).split(b";")[0], 16):
        body += (await reader.readexactly(size + len(_END_OF_LINE)))[:size]
    while await reader.readuntil(_END_OF_LINE) != _END_OF_LINE:
        pass  # what may follow the last chunk are trailers, which nobody reads
    return body
