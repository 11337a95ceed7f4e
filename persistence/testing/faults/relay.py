"""The proxy's work: requests in, faults or the server's answers out; all of it on one event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from persistence.operation_facts import OperationType
from persistence.testing.faults import wire
from persistence.testing.faults.decisions import Decisions, Landed, Latecomers
from persistence.testing.faults.lines import Line, Upstream
from persistence.testing.faults.messages import Message
from persistence.testing.faults.rules import (
    Abandoned,
    Cancellation,
    Delay,
    ExpiredCredentials,
    Fault,
    InProgress,
    LateArrival,
    LostAnswer,
    LostRequest,
    ServerError,
    Stall,
    Throttling,
    Trickle,
    Unprocessed,
    Unreachable,
)
from persistence.testing.faults.subjects import Subject


@dataclass(frozen=True, slots=True)
class ProxiedRequest:
    """A request as it came from a client.

    Attributes:
        target: its `X-Amz-Target`, such as "DynamoDB_20120810.TransactWriteItems".
        body: its content, byte by byte.
        operation: the type of operation that it performs; None for what is none of ours.
        token: the client token of a transaction, if it has one.
        fault: what happened to it; None if nothing did.
    """

    target: str
    body: bytes
    operation: OperationType | None
    token: str | None
    fault: Fault | None


@dataclass(frozen=True, slots=True)
class _Late:
    request: Message
    subject: Subject


@dataclass(frozen=True, slots=True)
class _Exchange:
    """One request of a client, and the two connections that it concerns."""

    request: Message
    subject: Subject
    client: Line
    upstream: Upstream


class Relay:
    """Stands between clients and a server.

    Args:
        host: where the server listens.
        port: on which port.
        decisions: say what happens to which request.
    """

    def __init__(self, host: str, port: int, decisions: Decisions) -> None:
        self._host = host
        self._port = port
        self._decisions = decisions
        self._late = Latecomers[_Late]()
        self._lock = threading.Lock()
        self._requests: list[ProxiedRequest] = []
        self._landed: list[Landed] = []

    @property
    def requests(self) -> tuple[ProxiedRequest, ...]:
        """Every request so far; any thread may ask."""
        with self._lock:
            return tuple(self._requests)

    @property
    def landed(self) -> tuple[Landed, ...]:
        """What arrived late so far; any thread may ask."""
        with self._lock:
            return tuple(self._landed)

    async def serve(self, client: Line) -> None:
        """Serve a client until it, the server or a fault ends its connection."""
        upstream = Upstream(self._host, self._port)
        try:
            while (request := await client.receive()) is not None:
                answer = await self._answer(request, client, upstream)
                if answer is None:
                    break
                await client.send(answer)
                if answer.closes or request.closes:
                    break
        except (OSError, EOFError):
            # Either side broke off. The other one shall see no more than that, as without a proxy.
            client.reset()
        finally:
            try:
                await upstream.close()
            finally:  # the proxy may end while this one waits
                await client.close()

    async def settle(self) -> None:
        """Let everything that is late arrive now."""
        await self._land(self._late.all())

    async def _answer(self, request: Message, client: Line, upstream: Upstream) -> Message | None:
        subject = wire.subject_of_request(request)
        fault = self._decisions.decide(subject) if subject is not None else None
        self._note(request, subject, fault)
        if subject is None:
            return await upstream.ask(request)
        exchange = _Exchange(request, subject, client, upstream)
        if fault is None:
            return await self._reach(exchange)
        answer = await self._strike(exchange, fault)
        if answer is None:
            client.reset()
        return answer

    async def _strike(self, exchange: _Exchange, fault: Fault) -> Message | None:
        """Give the answer to a request that a fault happens to; None breaks the client's connection."""
        match fault:
            case Delay(seconds):
                await asyncio.sleep(seconds)
                return await self._reach(exchange)
            case Trickle(seconds, pieces):
                answer = await self._reach(exchange)
                return replace(answer, seconds=seconds, pieces=pieces)
            case Unprocessed(left):
                return await self._reach_partly(exchange, left)
            case LostAnswer():
                await self._reach(exchange)
                return None
            case Abandoned():
                await self._reach(exchange, abandoned=True)
                return None
            case LostRequest():
                return None
            case LateArrival(after):
                self._late.hold(_Late(exchange.request, exchange.subject), after)
                return None
            case Stall(seconds, applied):
                if applied:
                    await self._reach(exchange)
                await asyncio.sleep(seconds)
                return None
            case ServerError(applied):
                if applied:
                    await self._reach(exchange)
                return wire.server_error()
            case Throttling():
                return wire.throttled(fault)
            case Cancellation():
                return wire.cancelled(exchange.subject, fault)
            case InProgress():
                return wire.in_progress()
            case ExpiredCredentials():
                return wire.expired()
            case Unreachable():
                raise TypeError("a proxy was reached, once it has a request")
            case _:
                assert_never(fault)

    async def _reach(self, exchange: _Exchange, *, abandoned: bool = False) -> Message:
        """Ask the server, and let what is late arrive behind it."""
        sent = exchange.client.reset if abandoned else None
        answer = await exchange.upstream.ask(exchange.request, sent=sent)
        await self._land(self._late.arriving())
        return answer

    async def _reach_partly(self, exchange: _Exchange, left: int) -> Message:
        undone = self._decisions.choose(exchange.subject.size, left)
        request, unprocessed = wire.without_parts(exchange.request, undone)
        answer = await self._reach(_Exchange(request, exchange.subject, exchange.client, exchange.upstream))
        return wire.with_undone(exchange.subject, answer, unprocessed)

    async def _land(self, late: Iterable[_Late]) -> None:
        for each in late:
            upstream = Upstream(self._host, self._port)
            try:
                answer = await upstream.ask(each.request)
            finally:
                await upstream.close()
            landed = Landed(each.subject.name, each.subject.token, wire.refusal_code(answer))
            with self._lock:
                self._landed.append(landed)

    def _note(self, request: Message, subject: Subject | None, fault: Fault | None) -> None:
        noted = ProxiedRequest(
            target=request.header(wire.TARGET_HEADER) or "",
            body=request.body,
            operation=subject.operation if subject is not None else None,
            token=subject.token if subject is not None else None,
            fault=fault,
        )
        with self._lock:
            self._requests.append(noted)
