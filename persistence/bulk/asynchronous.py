"""The asynchronous bulk."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Callable, Iterable
from types import TracebackType
from typing import ParamSpec, TypeVar

from persistence.attributes import Item
from persistence.bulk.base import BulkBase
from persistence.entity_keys import EntityKey
from persistence.flows import Flow, run_async
from persistence.unit_of_work import AsyncUnitOfWork

T = TypeVar("T")
P = ParamSpec("P")


class AsyncBulk(BulkBase[T, AsyncUnitOfWork]):
    """What `Bulk` is, awaited: `async with orders.bulk() as bulk: await bulk.add(order)`.

    Made by `AsyncRepository.bulk`. Its `progress` may be a coroutine function. Several tasks of one event
    loop may use one bulk.
    """

    async def __aenter__(self) -> AsyncBulk[T]:
        self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._drive(self._leave, error)
        if error is None:
            self._raise_failures()

    async def add(self, entity: T) -> None:
        """Store a new entity; see `Bulk.add`."""
        await self._drive(self._take, "add", entity)

    async def update(self, entity: T) -> None:
        """Store a changed entity if its version is still stored; see `Bulk.update`."""
        await self._drive(self._take, "update", entity)

    async def save(self, entity: T) -> None:
        """Store an entity whatever is stored now; see `Bulk.save`."""
        await self._drive(self._take, "save", entity)

    async def remove(self, entity: T) -> None:
        """Delete an entity if its version is still stored; see `Bulk.remove`."""
        await self._drive(self._take, "remove", entity)

    async def remove_key(self, *key: object, **fields: object) -> None:
        """Delete whatever is stored under a key; see `Bulk.remove_key`."""
        await self._drive(self._take_key, key, fields)

    async def remove_item(self, item: Item) -> None:
        """Delete an item that was read, if it still is what was read; see `Bulk.remove_item`."""
        await self._drive(self._take_item, item)

    async def remove_all(self, found: AsyncIterable[T | EntityKey[T]] | Iterable[T | EntityKey[T]]) -> None:
        """Delete all that an iterable gives, such as a query; see `Bulk.remove_all`."""
        if isinstance(found, AsyncIterable):
            async for each in found:
                await self._drive(self._take_removal, each)
        else:
            for each in found:
                await self._drive(self._take_removal, each)

    async def flush(self) -> None:
        """Send now what is in the buffer; see `Bulk.flush`."""
        await self._drive(self._flush)

    def _make_lock(self) -> asyncio.Lock:
        return asyncio.Lock()

    async def _drive(self, take: Callable[P, Flow[None] | None], *given: P.args, **named: P.kwargs) -> None:
        async with self._lock:
            flow = take(*given, **named)
            if flow is None:
                return  # most are only kept
            try:
                await run_async(flow, self._store, sleep=self._uow.timing.sleep_async)
            finally:
                news = self._news()
        if news is not None and self._progress is not None:
            told = self._progress(news)
            if inspect.isawaitable(told):
                await told
