"""One store for a whole application, put in place of the one that its container would pick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from persistence.errors import ConfigurationError
from persistence.store import Store
from persistence.stores.memory import MemoryStore
from persistence.testing.budgets import belongs_to_the_test


@contextmanager
def in_memory(container: object, store: Store | None = None) -> Iterator[Store]:
    """Put a store in memory under an application, for the time of a `with` block.

        with in_memory(shop) as store:
            shop.place_order()("o-1")

    Every repository and unit of work of the container works on it at once, also those that exist already.

    Args:
        container: an instance of a `PersistenceContainer`, or of one that embeds it as `persistence`.
        store: another store to put there; by default a new `MemoryStore`.

    Returns:
        What to enter; it gives the store.

    Raises:
        ConfigurationError: no such container, or a class instead of an instance.
    """
    provider = _store_provider(container)
    present = MemoryStore() if store is None else store
    belongs_to_the_test(present)
    provider.override(present)
    try:
        yield present
    finally:
        provider.reset_last_overriding()


def _store_provider(container: Any) -> Any:
    if isinstance(container, type):
        raise ConfigurationError(
            f"{container.__name__} is a class, and an override of it would reach every container that is "
            f"made later; pass an instance: in_memory({container.__name__}())"
        )
    holder = getattr(container, "persistence", container)
    provider = getattr(holder, "store", None)
    if not hasattr(provider, "override") or not hasattr(holder, "uow"):
        raise ConfigurationError(
            "in_memory takes an instance of a PersistenceContainer, or of a container that embeds one as "
            f"`persistence`, not {type(container).__name__}; of another name pass the inner one: "
            "in_memory(app.storage)"
        )
    return provider


class StoreOverride:
    """Puts one store under containers, until a test ends.

    Args:
        store: what is put there.
        overrides: ends the overrides.
    """

    def __init__(self, store: Store, overrides: ExitStack) -> None:
        self._store = store
        self._overrides = overrides

    def __call__(self, container: object) -> Store:
        """Put the store under a container; see `in_memory`.

        Returns:
            The store.
        """
        self._overrides.enter_context(in_memory(container, self._store))
        return self._store
