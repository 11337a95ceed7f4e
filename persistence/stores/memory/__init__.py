"""A store in memory that behaves as the service does: for tests, for trying things out, for small tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.stores.memory.asynchronous import AsyncMemoryStore
    from persistence.stores.memory.store import MemoryStore

__all__ = ["AsyncMemoryStore", "MemoryStore"]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.stores.memory.asynchronous": ("AsyncMemoryStore",),
        "persistence.stores.memory.store": ("MemoryStore",),
    },
)
