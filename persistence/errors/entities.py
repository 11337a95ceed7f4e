"""Errors of single entities: not found, not valid, not readable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from persistence.errors.base import PersistenceError, key_text, named


class EntityNotFound(PersistenceError, LookupError):
    """No entity is stored under a key, or none matches a query that must have a result.

    Attributes:
        entity_type: the type that was asked for.
        key: the first missing key, as its values; None where a query was asked.
        keys: all missing keys.
    """

    def __init__(self, entity_type: type, keys: Iterable[tuple[object, ...]]) -> None:
        self.entity_type = entity_type
        self.keys = tuple(keys)
        self.key = self.keys[0] if self.keys else None
        names = ", ".join(key_text(key) for key in self.keys) or "none matches the query"
        super().__init__(f"{entity_type.__name__} not found: {names}")


class MultipleResultsFound(PersistenceError, LookupError):
    """A query of which exactly one result was wanted has several.

    Attributes:
        entity_type: the type that was asked for.
    """

    def __init__(self, entity_type: type) -> None:
        self.entity_type = entity_type
        super().__init__(
            f"several {entity_type.__name__} match the query, and exactly one is wanted; demand more of it, "
            "or ask for first() or all()"
        )


class ValidationFailed(PersistenceError, ValueError):
    """Values of an entity that its mapping refuses to store; nothing was sent.

    Attributes:
        entity_type: class of the entity.
        key: its key values, or None where the key itself is invalid.
        messages: field name -> list of messages or nested dict, as marshmallow reports them.
    """

    def __init__(
        self,
        entity_type: type,
        messages: Mapping[str, Any],
        key: tuple[object, ...] | None = None,
    ) -> None:
        self.entity_type = entity_type
        self.key = key
        self.messages = dict(messages)
        name = entity_type.__name__ if key is None else named(entity_type, key)
        super().__init__(f"{name} can't be stored: {_flat_messages(self.messages)}")


class DecodeError(PersistenceError):
    """A stored item does not fit the mapping that should read it.

    Attributes:
        entity_type: class of the entity.
        key: its key values in the order of `get(*key)`; where the stored key can't be read, its raw contents.
        attribute: path of the attribute, such as `lines[0].sku`; empty where the item as a whole is meant.
        expected: what the mapping expects, in words.
        found: the type tag that was found, or "nothing".
    """

    def __init__(
        self,
        entity_type: type,
        attribute: str,
        expected: str,
        found: str,
        key: tuple[object, ...] | None = None,
    ) -> None:
        self.entity_type = entity_type
        self.attribute = attribute
        self.expected = expected
        self.found = found
        self.key = key
        name = named(entity_type, key) if key else entity_type.__name__
        where = f" in attribute {attribute!r}" if attribute else ""
        super().__init__(f"{name} can't be read: expected {expected}{where}, found {found}")


def _flat_messages(messages: Mapping[str, Any], path: str = "") -> str:
    parts = []
    for name, found in messages.items():
        # Names of map entries may be what can't be stored, and then can't be printed either.
        shown = str(name).encode(errors="backslashreplace").decode()
        where = f"{path}.{shown}" if path else shown
        if isinstance(found, Mapping):
            parts.append(_flat_messages(found, where))
        else:
            texts = found if isinstance(found, list | tuple) else [found]
            parts.append(f"{where}: {' '.join(str(text) for text in texts)}")
    return "; ".join(parts)
