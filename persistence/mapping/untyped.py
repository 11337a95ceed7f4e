"""The nodes of plain data without a type of its own, and of what foreign fields make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from persistence.attributes import AttributeValue
from persistence.mapping.nodes import Node, Output, slow_write
from persistence.mapping.plain import tagged, untagged
from persistence.mapping.refusal import Refused, Unreadable


@dataclass(frozen=True, eq=False)
class Plain(Node):
    """Plain JSON-like data without a type of its own; numbers are read as int or Decimal."""

    expected: str = "any value"

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        """Give the attribute value; see `Node`."""
        return tagged(value)

    def decode(self, stored: AttributeValue) -> Any:
        """Give the Python value; see `Node`."""
        return untagged(stored)

    def guard(self, out: Output, name: str) -> str:
        """Give the check of the fast way; see `Node`."""
        return ""

    def write(self, out: Output, name: str) -> str:
        """Give the source that encodes; see `Node`."""
        return f"{out.bind(tagged, 'tagged')}({name})"

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        return f"{out.bind(untagged, 'untagged')}({stored})"


@dataclass(frozen=True, eq=False)
class Foreign(Node):
    """A value that its own marshmallow field converts; what the field gives is stored as plain data."""

    serialize: Callable[[Any], Any]
    deserialize: Callable[[Any], Any]
    converter: str

    @property
    def expected(self) -> str:  # type: ignore[override]  # it depends on the field
        """What is stored, in words."""
        return f"what {self.converter} reads"

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        """Give the attribute value; see `Node`."""
        return tagged(converted(self.serialize, value, self.converter))

    def decode(self, stored: AttributeValue) -> Any:
        """Give the Python value; see `Node`."""
        try:
            return self.deserialize(untagged(stored))
        except Unreadable:
            raise
        except Exception as error:  # the field is the user's code, and may fail in any way
            (tag,) = stored
            raise Unreadable(self.expected, f"{tag} that can't be read as such") from error

    def guard(self, out: Output, name: str) -> str:
        """Give the check of the fast way; see `Node`."""
        return ""

    def write(self, out: Output, name: str) -> str:
        """Give the source that encodes; see `Node`."""
        return slow_write(self, out, name)

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        return f"{out.bind(self.decode, 'decode')}({stored})"


def converted(serialize: Callable[[Any], Any], value: Any, converter: str) -> Any:
    """Give the plain value that a marshmallow field makes of a Python value.

    Raises:
        Refused: it can't.
    """
    try:
        return serialize(value)
    except ValidationError as error:
        raise Refused(error.messages) from error
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise Refused(f"{converter} can't convert it ({type(error).__name__}).") from error
