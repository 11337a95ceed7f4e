"""The stub of the service, as a program and as what starts it.

    python -m benchmarks.service.server [latency in milliseconds] [tls]

It prints its port, and where its certificate is if it has one, and serves until its input ends. Connections
are kept. It has one thread: what it costs is not counted, since the contenders' processor time is taken in
their own process. It remembers the last requests: see `benchmarks.service.sent`.
"""

from __future__ import annotations

import asyncio
import re
import ssl
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from benchmarks.service.answers import answer
from benchmarks.service.sent import OPERATION, Memory

_OPERATION = re.compile(rb"x-amz-target: ?DynamoDB_\d+\.(\w+)", re.IGNORECASE)
_ASKED_FOR_REQUESTS = OPERATION.encode()
_LENGTH = re.compile(rb"content-length: ?(\d+)", re.IGNORECASE)
_HEAD = (
    b"HTTP/1.1 %s\r\nServer: Server\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: %d\r\nConnection: keep-alive\r\n"
    b"x-amzn-RequestId: STUBSTUBSTUBSTUBSTUBSTUBSTUBSTUBSTUBSTUBSTUBSTUBSTUB\r\nx-amz-crc32: %d\r\n\r\n"
)


@dataclass(frozen=True, slots=True)
class Service:
    """Where a stub is.

    Attributes:
        url: its endpoint.
        certificate: what its TLS certificate is checked with; None for a plain one.
    """

    url: str
    certificate: Path | None = None


@contextmanager
def service(*, latency_ms: int = 0, tls: bool = False) -> Iterator[Service]:
    """Serve in a process of its own.

    Args:
        latency_ms: milliseconds that each answer waits.
        tls: whether it speaks TLS.
    """
    command = [sys.executable, "-m", "benchmarks.service.server", str(latency_ms), *(["tls"] if tls else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None, "it is a pipe"
        assert process.stdout is not None, "it is a pipe"
        port, _, certificate = process.stdout.readline().strip().partition(" ")
        try:
            yield Service(
                f"{'https' if tls else 'http'}://127.0.0.1:{int(port)}",
                Path(certificate) if certificate else None,
            )
        finally:
            process.stdin.close()


@lru_cache(maxsize=256)
def _framed(body: bytes) -> bytes:
    return _HEAD % (b"200 OK", len(body), zlib.crc32(body)) + body


def reply(head: bytes, body: bytes) -> bytes:
    """Give the whole answer to a request: status, headers and body.

    Args:
        head: the request's first line and headers.
        body: its body.
    """
    operation = _OPERATION.search(head)
    try:
        if operation is None:
            raise KeyError("no X-Amz-Target")
        return _framed(answer(operation[1].decode(), body))
    except (KeyError, ValueError) as unknown:
        print(f"stub: no answer: {unknown!r}", file=sys.stderr, flush=True)
        text = b'{"__type":"com.amazon.coral.service#UnknownOperationException"}'
        return _HEAD % (b"400 Bad Request", len(text), zlib.crc32(text)) + text


class Connection(asyncio.Protocol):
    """One connection of a client.

    Args:
        latency: seconds that each answer waits.
        memory: what all connections were sent.
    """

    def __init__(self, latency: float, memory: Memory) -> None:
        self._latency = latency
        self._memory = memory
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport), "it is a stream"
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        received = self._received + data if self._received else data
        while (end := received.find(b"\r\n\r\n")) >= 0:
            head, start = received[:end], end + 4
            length = _LENGTH.search(head)
            stop = start + (int(length[1]) if length else 0)
            if len(received) < stop:
                break
            self._answer(self._reply(received[:start], received[start:stop]))
            received = received[stop:]
        self._received = received

    def _reply(self, head: bytes, body: bytes) -> bytes:
        operation = _OPERATION.search(head)
        if operation is not None and operation[1] == _ASKED_FOR_REQUESTS:
            text = self._memory.take()
            return _HEAD % (b"200 OK", len(text), zlib.crc32(text)) + text
        self._memory.add(head + body)
        return reply(head, body)

    def _answer(self, text: bytes) -> None:
        assert self._transport is not None, "it is connected"
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._transport.write, text)
        else:
            self._transport.write(text)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for this machine that nobody else trusts; gives it and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = "subjectAltName=IP:127.0.0.1,DNS:localhost"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    command += ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", names]
    subprocess.run(
        [*command, "-keyout", str(key), "-out", str(certificate)], check=True, stderr=subprocess.DEVNULL
    )
    return certificate, key


async def _serve(latency: float, files: tuple[Path, Path] | None) -> None:
    loop = asyncio.get_running_loop()
    context = None
    if files is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*files)
    memory = Memory()
    server = await loop.create_server(
        lambda: Connection(latency, memory), "127.0.0.1", 0, ssl=context, backlog=512
    )
    port = server.sockets[0].getsockname()[1]
    print(port, files[0] if files else "", flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


def main(latency_ms: str = "0", *kind: str) -> None:
    """Serve until the input ends."""
    with tempfile.TemporaryDirectory(prefix="stub-") as folder:
        files = make_certificate(Path(folder)) if kind == ("tls",) else None
        asyncio.run(_serve(int(latency_ms) / 1000, files))


if __name__ == "__main__":
    main(*sys.argv[1:])
