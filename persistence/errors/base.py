"""The base of all errors, and how they name entities."""

from __future__ import annotations

from typing import Any


class PersistenceError(Exception):
    """The base of all errors of this library.

    Attributes:
        retryable: True if the same call may succeed later without any change by the caller.
        entity_type: the class of the entity concerned, where it is one.
        key: its key values in the order of `get(*key)`, where known.
        operation: what was asked of the store, such as "GetItem", where something was.
        committed: whether the commit that raised it took effect: False, True, or None if nobody knows.
    """

    retryable: bool = False
    committed: bool | None = False
    entity_type: type | None = None
    key: tuple[object, ...] | None = None
    operation: str | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(
    kind: type[PersistenceError], args: tuple[object, ...], state: dict[str, object]
) -> PersistenceError:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


def described(name: str, key: tuple[object, ...]) -> str:
    """Name an entity in a message: its type and its key."""
    return f"{name} {key_text(key)}"


def named(entity_type: type, key: tuple[object, ...]) -> str:
    """Name an entity in a message, by its class and its key."""
    return described(entity_type.__name__, key)


def key_text(key: tuple[object, ...]) -> str:
    """Write the values of a key for a message."""
    return repr(key[0]) if len(key) == 1 else repr(key)
