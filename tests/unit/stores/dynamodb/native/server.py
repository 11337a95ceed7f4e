"""A server that keeps connections, for what a scripted one that closes each of them can't show."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.unit.stores.dynamodb.scripted import Answer, received


@dataclass
class Kept:
    """The running server.

    Attributes:
        endpoint_url: where it listens.
        requests: heads and bodies that arrived.
        connections: those that were made, in their order.
        answer: gives the answer to a request, by its head and body; None closes the connection instead.
    """

    endpoint_url: str
    answer: Callable[[bytes], Answer | None]
    requests: list[bytes] = field(default_factory=list)
    connections: list[socket.socket] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)


@contextmanager
def kept(
    answer: Callable[[bytes], Answer | None], tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> Iterator[Kept]:
    """Serve any number of connections, and any number of requests on each.

    Args:
        answer: gives the answer to a request; it may block.
        tls: None for connections without it.
        host: as the endpoint's URL has it.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=100) as listener:
        scheme = "http" if tls is None else "https"
        server = Kept(f"{scheme}://{host}:{listener.getsockname()[1]}", answer)
        accepting = threading.Thread(target=_accept, args=(listener, server, tls))
        accepting.start()
        try:
            yield server
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join(10)
            for connection in server.connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for thread in server.threads:
                thread.join(10)
            for connection in server.connections:
                connection.close()


def _accept(listener: socket.socket, server: Kept, tls: ssl.SSLContext | None) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # the test is over
            return
        thread = threading.Thread(target=_serve, args=(connection, server, tls))
        server.threads.append(thread)
        thread.start()


def _serve(connection: socket.socket, server: Kept, tls: ssl.SSLContext | None) -> None:
    with suppress(OSError):
        if tls is not None:
            connection = tls.wrap_socket(connection, server_side=True)
        server.connections.append(connection)
        while request := received(connection):
            server.requests.append(request)
            answer = server.answer(request)
            if answer is None:
                break
            connection.sendall(answer.text.replace(b"connection: close", b"connection: keep-alive"))
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
