"""What nobody can do without on this machine: the bytes of a job, sent and received by a bare socket.

It is no client: it knows the bytes before, and looks at nothing that it gets. In a loop of its own it would
find all that it needs in the processor's caches, which no client does: it costs several times as much right
after other work. So the raw client does its job before each exchange, untimed.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from benchmarks.harness import Contender, Seconds
from benchmarks.service.sent import Sent, trusting

FLOOR = "floor: a bare socket"

_ROOM = 1 << 20


class Floor:
    """Sends requests over one connection that is kept, and takes the answers.

    Args:
        url: of the stub.
        sent: the requests.
    """

    def __init__(self, url: str, sent: Sequence[Sent]) -> None:
        self._socket = connected(url)
        self._room = memoryview(bytearray(_ROOM))
        self._exchanges = [(each.raw, self._length_of_answer(each.raw)) for each in sent]

    def __call__(self) -> int:
        """Do it once; gives how many bytes were received."""
        total = 0
        for request, length in self._exchanges:
            self._socket.sendall(request)
            left = length
            while left > 0:
                left -= self._socket.recv_into(self._room)
            total += length
        return total

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def contender(self, before: Callable[[], object], number: int) -> Contender:
        """Give it as one that takes its turns as the others do.

        Args:
            before: what is done before each exchange; it is not counted.
            number: of exchanges in a turn.
        """

        def seconds(number: int) -> Seconds:
            return sum(self._seconds_after(before) for _ in range(number))

        return Contender(FLOOR, seconds, fixed=number, waits=True)

    def _seconds_after(self, before: Callable[[], object]) -> Seconds:
        before()
        begun = time.process_time()
        self()
        return time.process_time() - begun

    def _length_of_answer(self, request: bytes) -> int:
        self._socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._socket.recv(_ROOM)
        head = received.partition(b"\r\n\r\n")[0]
        fields = (line.partition(b":") for line in head.lower().split(b"\r\n"))
        body = next(int(value) for name, _, value in fields if name == b"content-length")
        length = len(head) + 4 + body
        left = length - len(received)
        while left > 0:
            left -= len(self._socket.recv(_ROOM))
        return length


def connected(url: str) -> socket.socket:
    """Connect to a stub.

    Args:
        url: of it. Over TLS its certificate is that of `AWS_CA_BUNDLE`.
    """
    place = urlsplit(url)
    plain = socket.create_connection((place.hostname, place.port))
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if place.scheme != "https":
        return plain
    return trusting().wrap_socket(plain, server_hostname=place.hostname)
