"""What the parts of a mapping raise among themselves; the codec turns it into the library's errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.attributes import NESTING_LIMIT

Messages = list[str] | dict[Any, Any]
"""A list of texts, or field name or index -> messages: marshmallow's shape."""


class Refused(Exception):
    """A value that can't be stored.

    Attributes:
        messages: what is wrong with it, in marshmallow's shape.
    """

    def __init__(self, messages: str | list[str] | Mapping[Any, Any]) -> None:
        self.messages: Messages = _as_messages(messages)
        super().__init__(self.messages)


class TooDeep(Refused):
    """A value that is nested deeper than the service takes, or contains itself; reported as a whole."""

    def __init__(self) -> None:
        super().__init__(f"Nested deeper than {NESTING_LIMIT} levels, or contains itself.")


def _as_messages(messages: str | list[str] | Mapping[Any, Any]) -> Messages:
    if isinstance(messages, str):
        return [messages]
    return messages if isinstance(messages, list) else dict(messages)


class Unreadable(Exception):
    """A stored value that can't be read.

    Attributes:
        expected: what should be there, in words.
        found: the type tag that is there, or "nothing".
        path: the way down to it: names of map entries and indexes of list elements, outermost first.
    """

    def __init__(self, expected: str, found: str) -> None:
        self.expected = expected
        self.found = found
        self.path: tuple[str | int, ...] = ()
        super().__init__(f"expected {expected}, found {found}")

    def inside(self, step: str | int) -> Unreadable:
        """Put a step before the path, and give the error itself to be raised again."""
        self.path = (step, *self.path)
        return self


def said(messages: Messages, path: str = "") -> str:
    """Give messages as one line."""
    if isinstance(messages, list):
        return f"{path}: {' '.join(map(str, messages))}" if path else " ".join(map(str, messages))
    return "; ".join(said(found, f"{path}.{name}" if path else str(name)) for name, found in messages.items())


def named_messages(messages: Messages) -> dict[Any, Any]:
    """Give messages by name; those that have none belong to the whole."""
    return messages if isinstance(messages, dict) else {"_schema": messages}
