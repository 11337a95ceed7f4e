"""The memory store, awaited."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import Self, TypeVar

from persistence.operations import Operation
from persistence.store import AWS_LIMITS, Limits
from persistence.stores.memory.clocks import Clock
from persistence.stores.memory.store import MemoryStore
from persistence.stores.tenancy.face import AsyncForTenants

R = TypeVar("R")


class AsyncMemoryStore(AsyncForTenants):
    """A `MemoryStore` behind the asynchronous port; see `persistence.store.AsyncStore` for what it promises.

    Other tasks get their turn as they do while a real store is waited for: twice in each `perform`, before
    the operation takes effect and after it. So a task that is cancelled ends in one of the ways that a
    network has: cancelled on the way there, nothing happened; cancelled on the way back, the operation took
    effect and nobody hears of its answer.

    Args:
        store: a memory store whose content is shared, so that synchronous code can work on the same tables;
            None makes a new one.
        auto_create: as for `MemoryStore`, like the further arguments; only for a store to make.
        clock: gives the time in epoch seconds, as for `MemoryStore`.
        table_delay: seconds that making, changing and deleting a table takes.
        index_delay: seconds that a write takes to reach the global indexes.
        expiry_delay: seconds after which what has expired is deleted; None for never.
        limits: what one request may hold.

    Raises:
        ValueError: settings for a store to make, beside a store.
    """

    def __init__(
        self,
        store: MemoryStore | None = None,
        *,
        auto_create: bool = True,
        clock: Clock = time.time,
        table_delay: float = 0.0,
        index_delay: float = 0.0,
        expiry_delay: float | None = None,
        limits: Limits = AWS_LIMITS,
    ) -> None:
        settings = (auto_create, clock, table_delay, index_delay, expiry_delay, limits)
        if store is not None and settings != (True, time.time, 0.0, 0.0, None, AWS_LIMITS):
            raise ValueError("AsyncMemoryStore takes a MemoryStore as it is; give that one the settings")
        if store is None:
            store = MemoryStore(
                auto_create=auto_create,
                clock=clock,
                table_delay=table_delay,
                index_delay=index_delay,
                expiry_delay=expiry_delay,
                limits=limits,
            )
        self._store = store

    @property
    def limits(self) -> Limits:
        """What one request may hold."""
        return self._store.limits

    async def perform(self, operation: Operation[R]) -> R:
        """Perform one operation; see `persistence.store.AsyncStore.perform`.

        Raises:
            StoreError: or a `ConflictError`, as `MemoryStore.perform` does.
            asyncio.CancelledError: the task was cancelled; the operation may have taken effect.
        """
        await asyncio.sleep(0)
        try:
            return self._store.perform(operation)
        finally:
            await asyncio.sleep(0)

    def close(self) -> None:
        """Do nothing: it is here for code that closes whatever store it was given. The items stay."""

    async def aclose(self) -> None:
        """Do nothing, as `close`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()
