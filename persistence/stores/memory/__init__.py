"""A store in memory that behaves as the service does: for tests, for trying things out, for small tools."""

from persistence.stores.memory.asynchronous import AsyncMemoryStore
from persistence.stores.memory.store import MemoryStore

__all__ = ["AsyncMemoryStore", "MemoryStore"]
