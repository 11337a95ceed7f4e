"""A server that answers as a test says, to show what a network and a service in trouble do."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32


@dataclass(frozen=True)
class Answer:
    """An answer of the service.

    Attributes:
        cut: bytes that are missing at its end.
        flipped: the checksum does not fit.
    """

    body: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    cut: int = 0
    flipped: bool = False

    @property
    def text(self) -> bytes:
        """All that is sent."""
        body = json.dumps(self.body).encode()
        head = (
            f"HTTP/1.1 {self.status} X\r\ncontent-type: application/x-amz-json-1.0\r\nconnection: close\r\n"
            f"content-length: {len(body)}\r\nx-amz-crc32: {crc32(body) + self.flipped}\r\n\r\n"
        )
        return head.encode() + body[: len(body) - self.cut]

    def send(self, connection: socket.socket) -> None:
        connection.sendall(self.text)


class Drop:
    """The request arrives and the connection is closed without an answer."""

    def send(self, connection: socket.socket) -> None:
        del connection


class Reset:
    """The connection is reset in the middle of the answer."""

    def send(self, connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class Silence:
    """Nothing comes until the client has waited enough and hangs up."""

    def send(self, connection: socket.socket) -> None:
        with suppress(OSError):
            connection.recv(1)


@dataclass(frozen=True)
class Held:
    """The answer is held back until the test lets it go.

    Attributes:
        arrived: the request is there.
        released: set by the test.
    """

    answer: Answer = field(default_factory=Answer)
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def send(self, connection: socket.socket) -> None:
        self.arrived.set()
        assert self.released.wait(10), "the test never let the answer go"
        self.answer.send(connection)


Step = Answer | Drop | Reset | Silence | Held


def refusal(code: str, message: str = "", status: int = 400, **members: Any) -> Answer:
    """Make an error answer."""
    return Answer(
        {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **members}, status
    )


@dataclass
class Scripted:
    """The running server.

    Attributes:
        endpoint_url: where it listens.
        requests: the bodies that arrived.
    """

    endpoint_url: str
    requests: list[bytes] = field(default_factory=list)


@contextmanager
def scripted(steps: Sequence[Step]) -> Iterator[Scripted]:
    """Serve one step per request; a request beyond the last step finds nobody listening."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Scripted(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_serve, args=(listener, server, steps))
        thread.start()
        try:
            yield server
        finally:
            listener.close()
            thread.join(timeout=10)


def _serve(listener: socket.socket, server: Scripted, steps: Sequence[Step]) -> None:
    waiting = list(steps)
    while waiting:
        try:
            listener.settimeout(0.05)
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        except OSError:  # the test is over
            return
        with connection:
            connection.settimeout(5)
            server.requests.append(received(connection).partition(b"\r\n\r\n")[2])
            waiting.pop(0).send(connection)
    listener.close()


def received(connection: socket.socket) -> bytes:
    """Read one request, head and body; nothing where the client has closed the connection before."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    (line,) = (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    while len(body) < int(line.split(b":")[1]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
