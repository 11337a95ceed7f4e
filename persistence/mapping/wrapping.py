"""The nodes of values that may be None, or have validators of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from persistence.attributes import AttributeValue
from persistence.mapping.nodes import Node, Output, Text, slow_write
from persistence.mapping.refusal import Refused


@dataclass(frozen=True, eq=False)
class Nullable(Node):
    """An element that may be None, stored as NULL; fields that are None are left out instead."""

    inner: Node

    @property
    def expected(self) -> str:  # type: ignore[override]  # it depends on what is inside
        """What is stored, in words."""
        return f"{self.inner.expected} or NULL"

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        """Give the attribute value; see `Node`."""
        return {"NULL": True} if value is None else self.inner.encode(value, validate=validate)

    def decode(self, stored: AttributeValue) -> Any:
        """Give the Python value; see `Node`."""
        return None if "NULL" in stored else self.inner.decode(stored)

    def guard(self, out: Output, name: str) -> str:
        """Give the check of the fast way; see `Node`."""
        guard = self.inner.guard(out, name)
        return f"{name} is not None and ({guard})" if guard else ""

    def write(self, out: Output, name: str) -> str:
        """Give the source that encodes; see `Node`."""
        return f'({{"NULL": True}} if {name} is None else {self.inner.write(out, name)})'

    def write_text(self, out: Output, name: str) -> Text:
        """Give the JSON text; see `Node`."""
        written = self.inner.write_text(out, name).expression
        return Text("", f"""'{{"NULL":true}}' if {name} is None else {written}""", "")

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        return f"{out.bind(self.decode, 'nullable')}({stored})"


@dataclass(frozen=True, eq=False)
class Validated(Node):
    """A value inside another one that has validators of its own."""

    inner: Node
    validate_value: Callable[[Any], object]

    @property
    def expected(self) -> str:  # type: ignore[override]  # it depends on what is inside
        """What is stored, in words."""
        return self.inner.expected

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        """Give the attribute value; see `Node`."""
        if validate:
            run_validators(self.validate_value, value, self.inner)
        return self.inner.encode(value, validate=validate)

    def decode(self, stored: AttributeValue) -> Any:
        """Give the Python value; see `Node`."""
        return self.inner.decode(stored)

    def guard(self, out: Output, name: str) -> str:
        """Give the check of the fast way; see `Node`."""
        return "" if out.validating else self.inner.guard(out, name)

    def write(self, out: Output, name: str) -> str:
        """Give the source that encodes; see `Node`."""
        return slow_write(self, out, name) if out.validating else self.inner.write(out, name)

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        return self.inner.read(out, stored)


def run_validators(validate_value: Callable[[Any], object], value: Any, node: Node | None = None) -> None:
    """Run the validators of a field on a Python value.

    Args:
        validate_value: runs them.
        value: the value.
        node: how it is stored, where that is known.

    Raises:
        Refused: with their messages; or as the node refuses a value whose type a validator stumbles over.
    """
    try:
        validate_value(value)
    except ValidationError as error:
        raise Refused(error.messages) from error
    except TypeError:
        if node is not None:
            node.encode(value, validate=False)
        raise
