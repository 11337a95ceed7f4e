"""The nodes of lists, tuples, maps and sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from persistence.attributes import AttributeValue
from persistence.json_text import quoted
from persistence.mapping.collecting import Collected, decoded_part
from persistence.mapping.nodes import (
    Node,
    Output,
    Scalar,
    Text,
    checked,
    checked_text,
    content_of,
    leave_fast_way,
    slow_write,
)
from persistence.mapping.plain import storable_text
from persistence.mapping.refusal import Refused, Unreadable
from persistence.mapping.untyped import Plain
from persistence.mapping.wrapping import Nullable, run_validators

_EMPTY: Mapping[type, object] = {list: [], tuple: (), set: set(), frozenset: frozenset(), dict: {}}


@dataclass(frozen=True, eq=False)
class ListOf(Node):
    """A list or tuple of any length, stored as a list."""

    inner: Node
    build: type[list[Any]] | type[tuple[Any, ...]] = list
    expected: str = "a list (L)"

    @property
    def empty(self) -> object:  # type: ignore[override]  # it depends on what is built
        """The value that `omit_empty` leaves out."""
        return self.build()

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        """Give the attribute value; see `Node`."""
        if not isinstance(value, list | tuple):
            raise Refused("Not a valid list.")
        parts = Collected()
        stored = [
            parts.attempt(index, partial(_encoded, self.inner, each, validate))
            for index, each in enumerate(value)
        ]
        parts.close()
        return {"L": stored}

    def decode(self, stored: AttributeValue) -> Any:
        """Give the Python value; see `Node`."""
        content = content_of(stored, "L", self.expected)
        return self.build(decoded_part(index, self.inner, each) for index, each in enumerate(content))

    def guard(self, out: Output, name: str) -> str:
        """Give the check of the fast way; see `Node`."""
        return f"type({name}) is not {self.build.__name__}"

    def write(self, out: Output, name: str) -> str:
        """Give the source that encodes; see `Node`."""
        return f'{{"L": {self.inner.write_each(out, name)}}}'

    def write_text(self, out: Output, name: str) -> Text:
        """Give the JSON text; see `Node`."""
        return Text('{"L":[', self.inner.write_texts(out, name), "]}")

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        parts = self.inner.read_each(out, f'{stored}["L"]')
        return parts if self.build is list else f"tuple({parts})"


def _encoded(node: Node, value: Any, validate: bool) -> AttributeValue:
    if value is None and not isinstance(node, Nullable | Plain):
        raise Refused("Field may not be null.")
    return node.encode(value, validate=validate)


@dataclass(frozen=True, eq=False)
class TupleOf(Node):
    """A tuple with a node for each place, stored as a list."""

    inner: tuple[Node, ...]

    @property
    def expected(self) -> str:  # type: ignore[override]  # it depends on what is inside
        """What is stored, in words."""
        return f"a list of {len(self.inner)} (L)"

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        """Give the attribute value; see `Node`."""
        if not isinstance(value, list | tuple):
            raise Refused("Not a valid tuple.")
        if len(value) != len(self.inner):
            raise Refused(f"Length must be {len(self.inner)}.")
        parts = Collected()
        stored = [
            parts.attempt(index, partial(_encoded, node, each, validate))
            for index, (node, each) in enumerate(zip(self.inner, value, strict=True))
        ]
        parts.close()
        return {"L": stored}

    def decode(self, stored: AttributeValue) -> Any:
        """Give the Python value; see `Node`."""
        content = content_of(stored, "L", self.expected)
        if len(content) != len(self.inner):
            raise Unreadable(self.expected, f"a list of {len(content)} (L)")
        return tuple(
            decoded_part(index, *pair) for index, pair in enumerate(zip(self.inner, content, strict=True))
        )

    def guard(self, out: Output, name: str) -> str:
        """Give the check of the fast way; see `Node`."""
        return "False"

    def write(self, out: Output, name: str) -> str:
        """Give the source that encodes; see `Node`."""
        return slow_write(self, out, name)

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        return f"{out.bind(self.decode, 'tuple')}({stored})"


@dataclass(frozen=True, eq=False)
class MapOf(Node):
    """A dict with text for keys, stored as a map."""

    inner: Node
    validate_key: Callable[[Any], object] | None = None
    expected: str = "a map (M)"

    @property
    def empty(self) -> object:  # type: ignore[override]  # each reader gets a dict of its own
        """The value that `omit_empty` leaves out."""
        return {}

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        """Give the attribute value; see `Node`."""
        if not isinstance(value, Mapping):
            raise Refused("Not a valid mapping type.")
        parts = Collected()
        stored = {
            name: parts.attempt(name, partial(self._entry, name, each, validate))
            for name, each in value.items()
        }
        parts.close()
        return {"M": stored}

    def _entry(self, name: Any, value: Any, validate: bool) -> AttributeValue:
        if not isinstance(name, str):
            raise Refused({"key": [f"Keys of maps must be text, not {type(name).__name__}."]})
        parts = Collected()
        parts.attempt("key", partial(storable_text, name))
        if validate and self.validate_key is not None:
            parts.attempt("key", partial(run_validators, self.validate_key, name))
        stored: AttributeValue = parts.attempt("value", partial(_encoded, self.inner, value, validate))
        parts.close()
        return stored

    def decode(self, stored: AttributeValue) -> Any:
        """Give the Python value; see `Node`."""
        content = content_of(stored, "M", self.expected)
        return {name: decoded_part(name, self.inner, each) for name, each in content.items()}

    def guard(self, out: Output, name: str) -> str:
        """Give the check of the fast way; see `Node`."""
        return f"type({name}) is not dict or {_other_than_text(name)}"

    def write(self, out: Output, name: str) -> str:
        """Give the source that encodes; see `Node`."""
        if out.validating and self.validate_key is not None:
            return slow_write(self, out, name)
        return f'{{"M": {{name: {checked(self.inner, out, "each")} for name, each in {name}.items()}}}}'

    def write_text(self, out: Output, name: str) -> Text:
        """Give the JSON text; see `Node`."""
        key, inner = f"{out.bind(quoted, 'quoted')}(name)", checked_text(self.inner, out, "each")
        return Text('{"M":{', f"','.join([{key} + ':' + {inner} for name, each in {name}.items()])", "}}")

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        return f'{{name: {self.inner.read(out, "each")} for name, each in {stored}["M"].items()}}'


def _other_than_text(name: str) -> str:
    """Give a condition that fails or is true for what can't be stored as text: `join` looks at each in C."""
    return f'not ((text := "".join({name})).isascii() or text.encode())'


@dataclass(frozen=True, eq=False)
class SetOf(Node):
    """A set of members that are stored as text, numbers or bytes."""

    inner: Scalar
    build: type[set[Any]] | type[frozenset[Any]] = set

    @property
    def tag(self) -> str:
        """The type tag: SS, NS or BS."""
        return f"{self.inner.tag}S"

    @property
    def expected(self) -> str:  # type: ignore[override]  # it depends on what is inside
        """What is stored, in words."""
        return f"a set ({self.tag})"

    @property
    def empty(self) -> object:  # type: ignore[override]  # it depends on what is built
        """The value that `omit_empty` leaves out."""
        return self.build()

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        """Give the attribute value; see `Node`."""
        if not isinstance(value, Set):
            raise Refused("Not a valid set.")
        if not value:
            raise Refused("An empty set: DynamoDB has none.")
        kinds = {type(member).__name__ for member in value}
        try:
            return {self.tag: self._contents(value)}
        except Refused as refused:
            if len(kinds) < 2:
                raise
            listed = ", ".join(sorted(kinds))
            raise Refused(
                f"A set of one type is expected, {self.inner.expected}; found {listed}."
            ) from refused

    def _contents(self, value: Set[Any]) -> list[Any]:
        return _in_order(self.inner.tag, [self.inner.content(member) for member in value])

    def decode(self, stored: AttributeValue) -> Any:
        """Give the Python value; see `Node`."""
        content = content_of(stored, self.tag, self.expected)
        return self.build(map(self.inner.parsed, content))

    def guard(self, out: Output, name: str) -> str:
        """Give the check of the fast way; see `Node`."""
        guard = f"type({name}) is not {self.build.__name__}"
        plain = self._is_text(self.inner.write_content(out, "each"))
        return f"{guard} or {_other_than_text(name)}" if plain else guard

    def write(self, out: Output, name: str) -> str:
        """Give the source that encodes; see `Node`."""
        members = self._members(out, name)
        if self.inner.tag == "S":
            members = f"sorted({members})"
        else:
            members = f'{out.bind(_in_order, "in_order")}("{self.inner.tag}", {members})'
        # An empty set may be inside of something else.
        return f'{{"{self.tag}": {members} or {out.bind(leave_fast_way, "leave")}()}}'

    def write_text(self, out: Output, name: str) -> Text:
        """Give the JSON text, whose members stand in the order that requests have; see `Node`."""
        members = f"sorted({self._members(out, name)}, key=repr) or {out.bind(leave_fast_way, 'leave')}()"
        before, content, after = self.inner.texts_of(out, f"({members})")
        return Text(f'{{"{self.tag}":[{before}', content, f"{after}]}}")

    def _members(self, out: Output, name: str) -> str:
        content = self.inner.write_content(out, "each")
        guard = self.inner.guard(out, "each")
        if self._is_text(content):
            return name
        if guard:
            content = f"({out.bind(leave_fast_way, 'leave')}() if {guard} else {content})"
        return f"[{content} for each in {name}]"

    def _is_text(self, content: str) -> bool:
        return self.inner.tag == "S" and content == "each"

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        content = f'{stored}["{self.tag}"]'
        part = self.inner.read_content(out, "each")
        if part == "each":
            return f"{self.build.__name__}({content})"
        return f"{self.build.__name__}([{part} for each in {content}])"


def _in_order(tag: str, contents: list[Any]) -> list[Any]:
    return sorted(contents, key=Decimal) if tag == "N" else sorted(contents)
