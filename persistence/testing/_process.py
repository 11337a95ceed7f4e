"""A server process on a loopback port: started until it answers, and never left behind."""

from __future__ import annotations

import atexit
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Self

from persistence.testing._npm import ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

HOST = "127.0.0.1"
"""The address under which local servers are reached."""

_GUARD = Path(__file__).with_name("_guard.py")
_STOP_TIMEOUT = 5.0  # seconds; longer than the guard's own grace
_PORT_ATTEMPTS = 5
_POLL = 0.05  # seconds


class LocalServer(ABC):
    """A DynamoDB server as a child process, in memory, reachable from this machine.

    A context manager: `with DynamoDBLocal() as server: client_for(server.endpoint_url)`. The process ends
    with `stop`, at the latest with the process that started it, even if that is killed. A stopped server may
    be started again, empty. Many may run at once, each on a port of its own.

    Not thread-safe: start and stop it in one thread. Its clients may be used in any.
    """

    def __init__(self, *, port: int | None = None, start_timeout: float = 60.0) -> None:
        """Prepare a server; nothing is fetched or started yet.

        Args:
            port: The port to listen on; None finds a free one.
            start_timeout: Seconds to wait for the first answer.
        """
        self._wanted_port = port
        self._start_timeout = start_timeout
        self._running: _Running | None = None

    @abstractmethod
    def command(self, port: int) -> Sequence[str]:
        """Return the command that runs this server in the foreground, fetching the software if need be.

        Args:
            port: The port to listen on.

        Raises:
            ServerUnavailable: The software or what it runs on can't be had.
        """

    @property
    def endpoint_url(self) -> str:
        """The URL to give to a client, such as `http://127.0.0.1:40123`.

        Raises:
            RuntimeError: The server is not running.
        """
        if self._running is None:
            raise RuntimeError(
                f"{type(self).__name__} is not running: call start() or use it as a context manager"
            )
        return f"http://{HOST}:{self._running.port}"

    def start(self) -> Self:
        """Start the server and wait until it answers. Starting a running server does nothing.

        Returns:
            The server itself.

        Raises:
            ServerUnavailable: The software can't be had, or the server does not come up.
        """
        if self._running is None:
            self._running = self._start_on_some_port()
            atexit.register(self.stop)
        return self

    def stop(self) -> None:
        """Stop the server and wait for its end. Stopping a stopped server does nothing."""
        running, self._running = self._running, None
        if running is not None:
            atexit.unregister(self.stop)
            running.stop()

    def __enter__(self) -> Self:
        """Start the server."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop the server."""
        self.stop()

    def _start_on_some_port(self) -> _Running:
        attempts_left = _PORT_ATTEMPTS if self._wanted_port is None else 1
        while True:
            attempts_left -= 1
            running = _Running(self.command, self._wanted_port)
            if running.answers_within(self._start_timeout):
                return running
            port_may_be_taken = not running.is_alive()
            running.stop()
            if not (port_may_be_taken and attempts_left):
                raise ServerUnavailable(f"{type(self).__name__} did not start: {running.last_output}")


class _Running:
    """One process, from its start to its end."""

    def __init__(self, command: Callable[[int], Sequence[str]], port: int | None) -> None:
        self._reservation = _reserve(port)
        self.port: int = self._reservation.getsockname()[1]
        self.last_output = ""
        self._owner = os.getpid()
        self._log = tempfile.TemporaryFile("a+b")  # noqa: SIM115  open as long as the process runs
        try:
            self._process = self._spawn(command(self.port))
        except BaseException:
            self._release()
            raise

    def _spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(_GUARD), *command],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # an interrupt at the terminal must leave the server to the teardown
        )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def answers_within(self, seconds: float) -> bool:
        """Wait for the first answer; False if the process ends before, or time is up."""
        deadline = time.monotonic() + seconds
        while self.is_alive() and time.monotonic() < deadline:
            if _speaks_dynamodb(self.port):
                return self.is_alive()
            time.sleep(_POLL)
        return False

    def stop(self) -> None:
        """End the process, and keep its last words."""
        if self._owner != os.getpid():  # a forked copy of the owner
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._kill()
        self._log.seek(0)
        self.last_output = self._log.read().decode(errors="replace").strip()[-1000:]
        self._release()

    def _kill(self) -> None:
        if sys.platform == "win32":
            self._process.kill()
        else:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _release(self) -> None:
        self._log.close()
        self._reservation.close()


def _reserve(port: int | None) -> socket.socket:
    """Reserve a port among the servers of this module, in any process, until the socket is closed.

    The UDP port of the same number is what is held: it leaves the TCP port to the server, and the kernel
    gives it to one process only. Else two test workers could find the same port free, and share a server.
    """
    while True:
        reservation = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            reservation.bind((HOST, port or 0))
        except OSError as error:
            reservation.close()
            raise ServerUnavailable(f"port {port or ''} of {HOST} can't be had: {error}") from error
        if port is not None or _is_free(reservation.getsockname()[1]):
            return reservation
        reservation.close()


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


def _speaks_dynamodb(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/")
        return connection.getresponse().getheader("x-amzn-RequestId") is not None
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
