"""An asynchronous store as a synchronous one, so that the contract can run on it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import TypeVar

from persistence.operations import Operation
from persistence.store import AsyncStore, Limits, takes_text, tenant_of
from persistence.stores.tenancy.face import ForTenants

R = TypeVar("R")


class SyncView(ForTenants):
    """An `AsyncStore` as a `Store`: each operation is awaited on an event loop in a thread of its own.

        with SyncView(MyAsyncStore()) as store:
            found = store.perform(GetItem(table, key))

    Any number of threads may use it; their operations are tasks of the one loop. The loop ends with the
    block, or with `close`; the asynchronous store is not closed.

    Args:
        store: the store that does the work.
    """

    def __init__(self, store: AsyncStore) -> None:
        self._store = store
        self._closing = asyncio.Event()
        running: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._work, args=(running,), name="sync-view", daemon=True)
        self._thread.start()
        self._loop = running.result()

    @property
    def limits(self) -> Limits:
        """The limits of the store below."""
        return self._store.limits

    @property
    def tenant(self) -> str | None:
        """The tenant of the store below; None where it has none."""
        return tenant_of(self._store)

    @property
    def takes_text(self) -> bool:
        """Whether the store below sends new items as JSON; whoever looks at one is given it."""
        return takes_text(self._store)

    def perform(self, operation: Operation[R]) -> R:
        """Perform an operation on the store below and wait for it; see `Store.perform`.

        Raises:
            RuntimeError: the view is closed.
        """
        if self._loop.is_closed():
            raise RuntimeError("the view is closed, and its event loop with it")
        performing = asyncio.run_coroutine_threadsafe(self._store.perform(operation), self._loop)
        try:
            return performing.result()
        except BaseException:
            performing.cancel()  # whoever waited was interrupted
            raise

    def close(self) -> None:
        """End the loop, and cancel what is under way on it."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    def __enter__(self) -> SyncView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _work(self, running: Future[asyncio.AbstractEventLoop]) -> None:
        try:
            asyncio.run(self._serve(running))
        except BaseException as error:
            # Before it runs somebody waits for it; afterwards the thread's own hook reports it.
            if running.done():
                raise
            running.set_exception(error)

    async def _serve(self, running: Future[asyncio.AbstractEventLoop]) -> None:
        running.set_result(asyncio.get_running_loop())
        await self._closing.wait()
