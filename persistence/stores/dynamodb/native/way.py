"""The native way of one store: what is learnt, the lines of its event loops, and calls over them."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.client import BaseClient

from persistence.events import event_log
from persistence.stores.dynamodb.attempts import Attempts
from persistence.stores.dynamodb.client import settings_of
from persistence.stores.dynamodb.failures import FOREIGN_ERRORS, translated
from persistence.stores.dynamodb.native import speaker
from persistence.stores.dynamodb.native.forms import Form, Unsuitable, learn, renewed
from persistence.stores.dynamodb.native.messages import Received
from persistence.stores.dynamodb.native.speaker import Parameters
from persistence.stores.dynamodb.native.suitability import calls_are_botocores, proxy_of, tls_of
from persistence.stores.dynamodb.native.wire import Line, Peer
from persistence.stores.dynamodb.workers import Workers

FRESH_SECONDS = 30.0
"""How long credentials are used that botocore gave. It gives none that expire within minutes."""

_THREADS = 4


@dataclass(frozen=True, slots=True)
class _Known:
    form: Form | Unsuitable
    peer: Peer | None
    client: BaseClient
    since: float

    @property
    def is_fresh(self) -> bool:
        return time.monotonic() - self.since < FRESH_SECONDS and calls_are_botocores(self.client)


class NativeWay:
    """Performs calls of a client over aiohttp; to be used from any number of event loops and threads.

    Args:
        client: gives the client; it may block.
        thread_name: how the names begin of the threads in which botocore is asked for what may block.
        refusal: makes the error for a request that was not begun when this was closed.
    """

    def __init__(
        self, client: Callable[[], BaseClient], thread_name: str, refusal: Callable[[], Exception]
    ) -> None:
        self._client = client
        self._thread_name = thread_name
        self._workers: Workers | None = None
        self._refusal = refusal
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}
        self._fetching: dict[str, Future[_Known]] = {}
        self._lines: dict[asyncio.AbstractEventLoop, Line] = {}
        self._process = os.getpid()
        self._of_parents: list[object] = []
        self._refused = False
        self._closings = 0

    async def call(self, api: str, parameters: Parameters, attempts: Attempts) -> dict[str, Any] | None:
        """Perform a call as a method of the client does; see `speaker.call`.

        Args:
            api: the service's name of the action.
            parameters: gives those of the call, where they are needed.
            attempts: which attempts may be repeated.

        Returns:
            What the method returns; None if the client can't be served here: then nothing was sent.

        Raises:
            PersistenceError: what the call ended in.
        """
        if self._process != os.getpid():
            self._start_anew()
        known = self._known.get(api)
        if known is None or not known.is_fresh:
            closings = self._closings
            try:
                known = await self._fetched(api, partial(self._learnt, api, parameters, known))
            except FOREIGN_ERRORS as error:
                raise translated(error, attempts.asked) from error
            if self._closings != closings:
                raise self._refusal()
        if isinstance(known.form, Unsuitable):
            return None
        send = partial(self._send, known)
        try:
            return await speaker.call(known.form, parameters, attempts, send, self._renewed)
        except Unsuitable:
            return None

    def close(self) -> None:
        """Refuse what waits for its turn, and close connections when the last answers have come."""
        with self._lock:
            lines, self._lines = self._lines, {}
            workers, self._workers = self._workers, None
            self._known = {}
            self._closings += 1
        for line in lines.values():
            line.retire()
        if workers is not None:
            workers.close()

    async def aclose(self) -> None:
        """Do the same, and wait for the closing of what this loop's connections are not used for any more."""
        loop = asyncio.get_running_loop()
        own = self._lines.get(loop)
        self.close()
        if own is not None:
            await own.aclose()

    async def _send(self, known: _Known, url: str, headers: Mapping[str, str], body: bytes) -> Received:
        loop = asyncio.get_running_loop()
        line = self._lines.get(loop)
        if line is None:
            assert known.peer is not None
            line = await Line.opened(known.peer, partial(self._forget, loop))
            with self._lock:
                self._lines[loop] = line
                ended = [other for other in self._lines if other.is_closed()]
                lost = [self._lines.pop(other) for other in ended]
            for each in lost:
                each.retire()
        return await line.send(url, headers, body, self._refusal)

    def _forget(self, loop: asyncio.AbstractEventLoop, line: Line) -> None:
        with self._lock:
            if self._lines.get(loop) is line:
                del self._lines[loop]

    async def _fetched(self, api: str, fetch: Callable[[], _Known]) -> _Known:
        """Have it fetched in a thread, once for all that wait for it."""
        with self._lock:
            future = self._fetching.get(api)
            if future is None or future.done():
                future = self._fetching[api] = self._present_workers().submit(fetch)
        known = await asyncio.shield(asyncio.wrap_future(future))
        self._known[api] = known
        return known

    def _present_workers(self) -> Workers:
        if self._workers is None:
            self._workers = Workers(_THREADS, self._thread_name, self._refusal)
        return self._workers

    async def _renewed(self, form: Form) -> Form:
        known = await self._fetched(form.api, partial(self._with_new_credentials, form))
        assert isinstance(known.form, Form)
        return known.form

    def _with_new_credentials(self, form: Form) -> _Known:
        peer = self._present_peer() or _peer_of(form.client)
        return _Known(renewed(form), peer, form.client, time.monotonic())

    def _learnt(self, api: str, parameters: Parameters, before: _Known | None) -> _Known:
        client = self._client()
        now = time.monotonic()
        peer = before.peer if before is not None and before.client is client else None
        try:
            form = learn(client, api, parameters())
            return _Known(form, peer or self._present_peer() or _peer_of(client), client, now)
        except Unsuitable as obstacle:
            self._tell(obstacle)
            return _Known(obstacle, None, client, now)

    def _present_peer(self) -> Peer | None:
        return next((known.peer for known in list(self._known.values()) if known.peer is not None), None)

    def _tell(self, obstacle: Unsuitable) -> None:
        if not self._refused:
            self._refused = True
            event_log().info("store.native_refused", reason=str(obstacle))

    def _start_anew(self) -> None:
        # What belongs to the parent process is kept and never touched: closing it here would end it there.
        self._of_parents.append(self._lines)
        self._lock, self._workers = threading.Lock(), None
        self._lines, self._fetching, self._known = {}, {}, {}
        self._process = os.getpid()


def _peer_of(client: BaseClient) -> Peer:
    settings = settings_of(client)
    return Peer(
        settings.connections,
        settings.connect_timeout,
        settings.read_timeout,
        tls_of(client),
        proxy_of(client),
    )
