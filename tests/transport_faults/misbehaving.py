"""A server that misbehaves as a test says: one step of a script per request, on connections that it keeps."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

_PATIENCE = 10.0


@dataclass(frozen=True)
class Request:
    """A request that arrived.

    Attributes:
        headers: under names in small letters.
        body: as it came.
        connection: the number of its connection, from 0.
    """

    headers: dict[str, str]
    body: bytes
    connection: int


@dataclass(frozen=True)
class Answer:
    """An answer.

    Attributes:
        body: data to be sent as JSON, or bytes as they are.
        status: of HTTP.
        headers: beside the usual ones; they replace those of their names.
        cut: bytes that are missing at its end; the connection is closed then.
        checksum: "right", "wrong", or "none" for an answer without one.
        zipped: the body comes compressed, and says so.
        chunked: it comes in chunks, without a length.
        after: seconds until it begins.
        stalls: seconds of silence in the middle of the body.
        closes: the connection is closed after it, though the answer does not say so.
        resets: the same, by a reset.
    """

    body: dict[str, Any] | bytes = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int = 0
    checksum: str = "right"
    zipped: bool = False
    chunked: bool = False
    after: float = 0.0
    stalls: float = 0.0
    closes: bool = False
    resets: bool = False

    def send(self, connection: socket.socket) -> bool:
        """Send it; tell whether the connection goes on."""
        time.sleep(self.after)
        head, body = self._written()
        connection.sendall(head + body[: len(body) // 2])
        if self.stalls:
            time.sleep(self.stalls)
        connection.sendall(body[len(body) // 2 : len(body) - self.cut])
        if self.resets:
            _reset(connection)
        return not (self.cut or self.closes or self.resets)

    def _written(self) -> tuple[bytes, bytes]:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        sent = gzip.compress(body) if self.zipped else body
        headers = {
            "Server": "Server",
            "Date": "Thu, 26 Nov 2026 20:00:00 GMT",
            "Content-Type": "application/x-amz-json-1.0",
            "x-amzn-RequestId": "ABCDEFGHIJ",
        }
        if self.checksum != "none":
            headers["x-amz-crc32"] = str(crc32(sent) + (self.checksum == "wrong"))
        if self.zipped:
            headers["Content-Encoding"] = "gzip"
        if self.chunked:
            headers["Transfer-Encoding"] = "chunked"
            sent = b"%x\r\n%b\r\n0\r\n\r\n" % (len(sent), sent)
        else:
            headers["Content-Length"] = str(len(sent))
        lines = "".join(f"{name}: {value}\r\n" for name, value in {**headers, **self.headers}.items())
        return f"HTTP/1.1 {self.status} X\r\n{lines}\r\n".encode(), sent


@dataclass(frozen=True)
class Raw:
    """Bytes that are no answer, or part of one, after which the connection is closed."""

    data: bytes = b""
    resets: bool = False

    def send(self, connection: socket.socket) -> bool:
        """Send them."""
        connection.sendall(self.data)
        if self.resets:
            _reset(connection)
        return False


@dataclass(frozen=True)
class HalfClosed:
    """Nothing is sent any more, though the connection is still open to the other side."""

    data: bytes = b""

    def send(self, connection: socket.socket) -> bool:
        """Send what comes before, and close one half."""
        connection.sendall(self.data)
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.05)
        return False


@dataclass(frozen=True)
class Silence:
    """No answer for longer than the client waits."""

    seconds: float = 0.5

    def send(self, connection: socket.socket) -> bool:
        """Wait."""
        del connection
        time.sleep(self.seconds)
        return False


@dataclass(frozen=True)
class ResetOnArrival:
    """The connection is reset before anything of the request is read, when it is there."""

    def send(self, connection: socket.socket) -> bool:
        """Reset it."""
        connection.recv(1, socket.MSG_PEEK)
        _reset(connection)
        return False


@dataclass(frozen=True)
class Meeting:
    """An answer that waits until as many requests are there as the barrier has parties."""

    answer: Answer
    barrier: threading.Barrier

    def send(self, connection: socket.socket) -> bool:
        """Wait for the others, and send it."""
        self.barrier.wait(_PATIENCE)
        return self.answer.send(connection)


Step = Answer | Raw | HalfClosed | Silence | ResetOnArrival | Meeting


def is_slow(step: Step) -> bool:
    """Tell whether a step keeps the client waiting."""
    return isinstance(step, Silence) or (isinstance(step, Answer) and (step.after > 0 or step.stalls > 0))


def refusal(code: str, message: str = "", status: int = 400, **members: Any) -> Answer:
    """Make an error answer of the service."""
    return Answer(
        {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message, **members}, status
    )


@dataclass
class Misbehaving:
    """The running server.

    Attributes:
        endpoint_url: where it listens.
        requests: those that arrived.
        tls: how it encrypts, if it does.
        unread: connections that were reset before a request was read from them.
        connections: how many were made.
        ended: released as a connection ends.
    """

    endpoint_url: str
    script: list[Step]
    tls: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    unread: int = 0
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    live: list[socket.socket] = field(default_factory=list)
    ended: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def begin(self, steps: Sequence[Step]) -> None:
        """Begin another script: forget what arrived, and end all connections."""
        with self.lock:
            live, self.live = self.live, []
            self.script, self.requests, self.unread, self.connections = list(steps), [], 0, 0
        for connection in live:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def attempts(self) -> int:
        """How often somebody tried to have an answer."""
        return len(self.requests) + self.unread

    def wait_for_an_end(self) -> None:
        """Wait until a connection has ended, one more with each call."""
        assert self.ended.acquire(timeout=_PATIENCE), "no connection ended"

    def serve(self, connection: socket.socket, number: int) -> None:
        """Serve a connection until it ends."""
        try:
            self._serve(connection, number)
        finally:
            self.ended.release()

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.settimeout(_PATIENCE)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.tls is not None:
            try:
                connection = self.tls.wrap_socket(connection, server_side=True)
            except OSError:  # the client does not trust it
                connection.close()
                return
        goes_on = True
        with connection, suppress(OSError), connection.makefile("rb") as reader:
            while goes_on:
                with self.lock:
                    if self.script and isinstance(self.script[0], ResetOnArrival):
                        self.unread += 1
                        goes_on = self.script.pop(0).send(connection)
                        continue
                request = _read(reader, number)
                if request is None:
                    return
                with self.lock:
                    self.requests.append(request)
                    step = self.script.pop(0) if self.script else refusal("ScriptIsOver", status=400)
                goes_on = step.send(connection)


@contextmanager
def misbehaving(steps: Sequence[Step], tls: ssl.SSLContext | None = None) -> Iterator[Misbehaving]:
    """Serve one step per request; one beyond the last is refused as `ScriptIsOver`."""
    scheme = "http" if tls is None else "https"
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        server = Misbehaving(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}", list(steps), tls)
        accepting = threading.Thread(target=_accept, args=(listener, server), daemon=True)
        accepting.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join(_PATIENCE)


def _accept(listener: socket.socket, server: Misbehaving) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # the test is over
            return
        with server.lock:
            server.live.append(connection)
            number, server.connections = server.connections, server.connections + 1
        threading.Thread(target=server.serve, args=(connection, number), daemon=True).start()


def _read(reader: Any, number: int) -> Request | None:
    first = reader.readline()
    if not first:
        return None
    headers: dict[str, str] = {}
    while (line := reader.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Request(headers, reader.read(int(headers["content-length"])), number)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
