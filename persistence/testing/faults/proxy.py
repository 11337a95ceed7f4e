"""`FaultProxy`: a network in trouble between a client and a local DynamoDB."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from types import TracebackType
from urllib.parse import urlsplit

from persistence.testing.faults.decisions import Decisions, Injected, Landed
from persistence.testing.faults.lines import Line
from persistence.testing.faults.relay import ProxiedRequest, Relay
from persistence.testing.faults.rules import Rule, Unreachable

_HOST = "127.0.0.1"


class FaultProxy:
    """A proxy in front of a local DynamoDB server that lets requests fail as rules say.

        with DynamoDBLocal() as server, FaultProxy(server.endpoint_url, plan, seed=1) as proxy:
            client = client_for(proxy.endpoint_url)

    It listens on the loopback interface only, serves any number of clients, keeps connections, and works in a
    thread of its own that ends with the block. Requests of other kinds than our operations pass untouched. A
    batch that is left partly undone is rewritten, so that its signature no longer fits; local servers check
    none.

    Args:
        target_url: where the server listens, with http.
        plan: the rules; the first one that strikes decides. `Unreachable` is not possible here: close the
            proxy instead.
        seed: of chance; the same seed decides alike about the same sequence of requests.

    Raises:
        ValueError: a target that is no http URL, or a fault that is not possible here.
    """

    def __init__(self, target_url: str, plan: Iterable[Rule] = (), *, seed: int = 0) -> None:
        target = urlsplit(target_url)
        if target.scheme != "http" or target.hostname is None:
            raise ValueError(f"a proxy needs a target such as http://127.0.0.1:8000, not {target_url!r}")
        rules = tuple(plan)
        if any(isinstance(rule.fault, Unreachable) for rule in rules):
            raise ValueError("Unreachable can't happen in a proxy, which was reached; use LostRequest")
        self._decisions = Decisions(rules, seed)
        self._relay = Relay(target.hostname, target.port or 80, self._decisions)
        self._running: _Running | None = None

    @property
    def endpoint_url(self) -> str:
        """Where the proxy listens.

        Raises:
            RuntimeError: it is not running.
        """
        return f"http://{_HOST}:{self._run.port}"

    @property
    def requests(self) -> tuple[ProxiedRequest, ...]:
        """Every request so far, in the order in which they came."""
        return self._relay.requests

    @property
    def injected(self) -> tuple[Injected, ...]:
        """The faults so far, in order."""
        return self._decisions.injected

    @property
    def landed(self) -> tuple[Landed, ...]:
        """What arrived late so far, and what became of it."""
        return self._relay.landed

    def start(self) -> None:
        """Begin to listen; nothing happens if the proxy does already."""
        if self._running is None:
            self._running = _Running(self._relay)

    def settle(self) -> None:
        """Let everything that is late arrive now, and wait until it was answered."""
        asyncio.run_coroutine_threadsafe(self._relay.settle(), self._run.loop).result()

    def close(self) -> None:
        """Stop listening and break all connections; what is late never arrives."""
        running, self._running = self._running, None
        if running is not None:
            running.stop()

    def __enter__(self) -> FaultProxy:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _run(self) -> _Running:
        if self._running is None:
            raise RuntimeError("the proxy is not running; use it as a context manager, or call start()")
        return self._running


class _Running:
    """The thread and event loop of a proxy, from its first connection to its last."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._connections: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self._stop = asyncio.Event()
        listening: Future[tuple[asyncio.AbstractEventLoop, int]] = Future()
        self._thread = threading.Thread(target=self._work, args=(listening,), name="fault-proxy", daemon=True)
        self._thread.start()
        self.loop, self.port = listening.result()

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._failures:
            raise self._failures[0]

    def _work(self, listening: Future[tuple[asyncio.AbstractEventLoop, int]]) -> None:
        try:
            # Only this kind of loop can stop listening before the server is closed, on every platform.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve(listening))
        except BaseException as error:
            # Before it listens somebody waits for it; afterwards the thread's own hook reports it.
            if listening.done():
                raise
            listening.set_exception(error)

    async def _serve(self, listening: Future[tuple[asyncio.AbstractEventLoop, int]]) -> None:
        server = await asyncio.start_server(self._connect, _HOST, 0)
        listening.set_result((asyncio.get_running_loop(), server.sockets[0].getsockname()[1]))
        await self._stop.wait()
        # The server closes last: one that is closed drops what it has accepted and not presented yet.
        for listener in server.sockets:
            asyncio.get_running_loop().remove_reader(listener)
        await _let_the_loop_catch_up()
        connections = tuple(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)  # failures were noted by _ended
        await _let_the_loop_catch_up()
        server.close()
        await server.wait_closed()

    def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._stop.is_set():  # it was accepted just before, and nobody would end it
            writer.transport.abort()
            return
        task = asyncio.ensure_future(self._relay.serve(Line(reader, writer)))
        self._connections.add(task)
        task.add_done_callback(lambda ended: self._ended(ended, writer))

    def _ended(self, connection: asyncio.Task[None], writer: asyncio.StreamWriter) -> None:
        writer.close()  # a task that is cancelled before it began has closed nothing
        self._connections.discard(connection)
        if not connection.cancelled() and (error := connection.exception()) is not None:
            self._failures.append(error)


async def _let_the_loop_catch_up() -> None:
    # asyncio needs some turns to present a connection that it accepted, and to close one that was closed.
    for _turn in range(10):
        await asyncio.sleep(0)
