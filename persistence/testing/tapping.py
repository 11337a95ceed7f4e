"""Layers around a store that others hold already: put around its `perform` in place, for a while.

A layer of `persistence.stores.layers` makes another store, which then has to reach whoever works with the
first one. What is tapped stays the object that it is, so that units of work, repositories and containers that
hold it need not be made anew.
"""

from __future__ import annotations

import inspect
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

from persistence.errors import UnitOfWorkStateError
from persistence.operations import Operation
from persistence.store import AsyncStore, Limits, Store, check_store_source, takes_text, tenant_of
from persistence.stores.layers import Layer, layered

R = TypeVar("R")

_lock = threading.RLock()


@contextmanager
def tapped(store: Store | AsyncStore, layer: Layer) -> Iterator[None]:
    """Put a layer around a store in place, for the time of a `with` block.

        with tapped(store, Echo(write=print)):
            service()

    The layer that came last is the outermost. Blocks may overlap, also in several threads.

    Args:
        store: a synchronous or an asynchronous one.
        layer: what stands around it.

    Raises:
        UnitOfWorkStateError: it is no store, or one whose attributes can't be set.
    """
    with _lock:
        tap = _tap_of(store)
        tap.put(layer)
    try:
        yield
    finally:
        with _lock:
            tap.take(layer)
            if not tap.layers:
                tap.end()


def _tap_of(store: Store | AsyncStore) -> _Tap | _AsyncTap:
    check_store_source(store)
    if not hasattr(store, "perform"):
        raise UnitOfWorkStateError(
            f"expected a store, not {type(store).__name__}; call it, and pass what it gives"
        )
    present = getattr(store.perform, "__self__", None)
    if isinstance(present, _Tap | _AsyncTap) and present.store is store:
        return present
    try:
        attributes = vars(store)
    except TypeError:
        raise UnitOfWorkStateError(
            f"{type(store).__name__} has no attributes that could be set (it has __slots__); put the layer "
            "around it where it is made: layered(store, layer)"
        ) from None
    asynchronous = inspect.iscoroutinefunction(store.perform)
    tap: _Tap | _AsyncTap = _AsyncTap(store, attributes) if asynchronous else _Tap(store, attributes)
    is_noticed = getattr(store.perform, "__self__", None) is tap
    if not is_noticed:
        tap.end()
        raise UnitOfWorkStateError(
            f"`perform` of {type(store).__name__} can't be set, since its class gives it anew each time; "
            "put the layer around it where it is made: layered(store, layer)"
        )
    return tap


class _TapBase(ABC):
    """What stands in the place of one store's `perform`, and the layers around that."""

    perform: Callable[..., Any]

    def __init__(self, store: Any, attributes: dict[str, Any]) -> None:
        self.store = store
        self.layers: list[Layer] = []
        self._attributes = attributes
        self._own = attributes.get("perform")
        self._below = self._view(store.perform)
        self._outermost = self._below
        attributes["perform"] = self.perform

    @abstractmethod
    def _view(self, perform: Callable[..., Any]) -> Any:
        """Give the store as it is below the layers."""

    def put(self, layer: Layer) -> None:
        self.layers.insert(0, layer)
        self._outermost = layered(self._below, *self.layers)

    def take(self, layer: Layer) -> None:
        self.layers.remove(layer)
        self._outermost = layered(self._below, *self.layers)

    def end(self) -> None:
        """Give the store its own `perform` back."""
        if self._own is None:
            self._attributes.pop("perform", None)
        else:
            self._attributes["perform"] = self._own


class _Tap(_TapBase):
    def _view(self, perform: Callable[..., Any]) -> Store:
        return _Below(self.store, perform)

    def perform(self, operation: Operation[R]) -> R:
        return cast("R", self._outermost.perform(operation))


class _AsyncTap(_TapBase):
    def _view(self, perform: Callable[..., Any]) -> AsyncStore:
        return _AsyncBelow(self.store, perform)

    async def perform(self, operation: Operation[R]) -> R:
        return cast("R", await self._outermost.perform(operation))


class _BelowBase:
    """A store as it was before it was tapped."""

    def __init__(self, store: Store | AsyncStore, perform: Callable[..., Any]) -> None:
        self._store = store
        self._perform = perform

    @property
    def limits(self) -> Limits:
        return self._store.limits

    @property
    def tenant(self) -> str | None:
        return tenant_of(self._store)

    @property
    def takes_text(self) -> bool:
        return takes_text(self._store)


class _Below(_BelowBase):
    def perform(self, operation: Operation[R]) -> R:
        return cast("R", self._perform(operation))


class _AsyncBelow(_BelowBase):
    async def perform(self, operation: Operation[R]) -> R:
        return cast("R", await self._perform(operation))
