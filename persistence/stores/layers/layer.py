"""Middleware between the application and a store, written once for both colours.

    class Timed(Layer):
        def around(self, operation: Operation[R]) -> Flow[R]:
            begun = time.perf_counter()
            answer = yield from perform(operation)
            print(type(operation).__name__, time.perf_counter() - begun)
            return answer

    store = layered(MemoryStore(), Timed())

What a layer does with an operation is a flow, as of `persistence.flows`: the store below serves what it asks
for, be that one operation, several, a pause or a call.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast, overload

from persistence.errors import UnitOfWorkStateError
from persistence.flows import Flow, perform, run, run_async
from persistence.operations import Operation
from persistence.store import AsyncStore, Limits, Store, check_store_source, takes_text, tenant_of
from persistence.stores.tenancy.face import AsyncForTenants, ForTenants

R = TypeVar("R")


class Layer:
    """Something that stands around a store's `perform`; this one passes everything on as it is.

    One layer may stand around several stores, and is called by any number of threads and tasks at once:
    what it keeps, it guards with a lock of its own.
    """

    def around(self, operation: Operation[R]) -> Flow[R]:
        """Perform an operation by way of the store below.

        `yield from perform(operation)` passes it on, and gives the answer or raises the error.

        Args:
            operation: what was asked.

        Returns:
            The answer: that of the store below, or another of the operation's own type.

        Raises:
            StoreError: or `ConflictError`; what the store below raised, unless the layer knows better.
        """
        return (yield from perform(operation))


class LayeredStore(ForTenants):
    """A store with one layer around it; see `layered`.

    Args:
        store: the store that does the work.
        layer: what stands around it.
        sleep: waits for a number of seconds, where the layer pauses.
    """

    def __init__(self, store: Store, layer: Layer, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._store = store
        self._layer = layer
        self._sleep = sleep

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
        """Perform an operation on the store below, by way of the layer; see `Store.perform`."""
        return run(self._layer.around(operation), self._store, sleep=self._sleep)


class AsyncLayeredStore(AsyncForTenants):
    """An asynchronous store with one layer around it; see `layered`.

    Args:
        store: the store that does the work.
        layer: what stands around it.
        sleep: waits for a number of seconds, where the layer pauses.
    """

    def __init__(
        self, store: AsyncStore, layer: Layer, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._store = store
        self._layer = layer
        self._sleep = sleep

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

    async def perform(self, operation: Operation[R]) -> R:
        """Perform an operation on the store below, by way of the layer; see `AsyncStore.perform`."""
        return await run_async(self._layer.around(operation), self._store, sleep=self._sleep)


@overload
def layered(store: AsyncStore, layer: Layer, /, *layers: Layer) -> AsyncLayeredStore: ...


@overload
def layered(store: Store, layer: Layer, /, *layers: Layer) -> LayeredStore: ...


@overload
def layered(store: AsyncStore, *layers: Layer) -> AsyncStore: ...


@overload
def layered(store: Store, *layers: Layer) -> Store: ...


def layered(store: Store | AsyncStore, *layers: Layer) -> Store | AsyncStore:
    """Put layers around a store.

    Args:
        store: the store that does the work, synchronous or asynchronous. It stays the caller's to close.
        layers: in the order in which an operation meets them: the first is the outermost.

    Returns:
        A store of the same colour, with the limits of the one below.

    Raises:
        UnitOfWorkStateError: what was passed is no store, or no layer.
    """
    _check_store(store)
    for layer in reversed(layers):
        _check_layer(layer)
        store = _around(store, layer)
    return store


def _around(store: Store | AsyncStore, layer: Layer) -> Store | AsyncStore:
    if inspect.iscoroutinefunction(store.perform):
        return AsyncLayeredStore(cast("AsyncStore", store), layer)
    return LayeredStore(cast("Store", store), layer)


def _check_store(store: object) -> None:
    check_store_source(store)
    if not hasattr(store, "perform"):
        raise UnitOfWorkStateError(
            f"expected a store to put layers around, not {type(store).__name__}; "
            "call what gives the store, and pass that"
        )


def _check_layer(layer: object) -> None:
    if not isinstance(layer, Layer):
        found = f"the class {layer.__name__}" if isinstance(layer, type) else type(layer).__name__
        raise UnitOfWorkStateError(
            f"expected instances of subclasses of Layer after the store, not {found}; "
            "write layered(store, MyLayer(), ...)"
        )
