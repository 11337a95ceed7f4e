"""The nodes of lists, tuples, maps, sets and plain data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from marshmallow import ValidationError

from persistence.attributes import AttributeValue
from persistence.mapping.nodes import Node, Output, Scalar, checked, content_of, leave_fast_way, slow_write
from persistence.mapping.plain import refuse_depth, storable_text, tagged, untagged
from persistence.mapping.refusal import Refused, TooDeep, Unreadable

_EMPTY: Mapping[type, object] = {list: [], tuple: (), set: set(), frozenset: frozenset(), dict: {}}


class Collected:
    """Collects what is wrong with the parts of a value, so that all of it is reported at once."""

    def __init__(self) -> None:
        self.problems: dict[Any, Any] = {}

    def attempt(self, name: Any, work: Callable[[], Any]) -> Any:
        """Do the work and give its result, or note under a name what was refused."""
        try:
            return work()
        except TooDeep:
            raise
        except Refused as refused:
            self.problems[name] = refused.messages
            return None

    def close(self) -> None:
        """Raise what was noted, if anything was.

        Raises:
            Refused: with the messages of all parts.
        """
        if self.problems:
            raise Refused(self.problems)


class CollectedAttributes(Collected):
    """Collects what is wrong with the attributes of an item, which are the place to count levels from."""

    def attempt(self, name: Any, work: Callable[[], Any]) -> Any:
        """Do as in any value, and note what is nested too deep."""
        try:
            stored = super().attempt(name, work)
            if stored is not None:
                refuse_depth(stored)
        except TooDeep as refused:
            self.problems[name] = refused.messages
            return None
        except RecursionError:
            self.problems[name] = TooDeep().messages
            return None
        return stored


def decoded_part(step: str | int, node: Node, stored: AttributeValue) -> Any:
    """Decode a part of a value.

    Raises:
        Unreadable: with the step in its path.
    """
    try:
        return node.decode(stored)
    except Unreadable as problem:
        raise problem.inside(step) from problem.__cause__


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
        plain = self.inner.tag == "S" and self.inner.write_content(out, "each") == "each"
        return f"{guard} or {_other_than_text(name)}" if plain else guard

    def write(self, out: Output, name: str) -> str:
        """Give the source that encodes; see `Node`."""
        leave = out.bind(leave_fast_way, "leave")  # for an empty set, inside of something else
        if self.inner.tag == "S" and self.inner.write_content(out, "each") == "each":
            return f'{{"SS": sorted({name}) or {leave}()}}'
        guard = self.inner.guard(out, "each")
        content = self.inner.write_content(out, "each")
        if guard:
            content = f"({leave}() if {guard} else {content})"
        if self.inner.tag == "S":
            return f'{{"SS": sorted([{content} for each in {name}]) or {leave}()}}'
        in_order = out.bind(_in_order, "in_order")
        return (
            f'{{"{self.tag}": {in_order}("{self.inner.tag}", [{content} for each in {name}]) or {leave}()}}'
        )

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        content = f'{stored}["{self.tag}"]'
        part = self.inner.read_content(out, "each")
        if part == "each":
            return f"{self.build.__name__}({content})"
        return f"{self.build.__name__}([{part} for each in {content}])"


def _in_order(tag: str, contents: list[Any]) -> list[Any]:
    return sorted(contents, key=Decimal) if tag == "N" else sorted(contents)


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
