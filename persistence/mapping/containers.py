"""The nodes of lists, tuples, maps, sets and plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError

from persistence.attributes import AttributeValue
from persistence.mapping.nodes import Node, Output, Scalar, checked, content_of, leave_fast_way, slow_write
from persistence.mapping.plain import tagged, untagged
from persistence.mapping.refusal import Refused, Unreadable

_EMPTY: Mapping[type, object] = {list: [], tuple: (), set: set(), frozenset: frozenset(), dict: {}}


class Collected:
    """Collects what is wrong with the parts of a value, so that all of it is reported at once."""

    def __init__(self) -> None:
        self.problems: dict[Any, Any] = {}

    def attempt(self, name: Any, work: Callable[[], Any]) -> Any:
        """Do the work and give its result, or note under a name what was refused."""
        try:
            return work()
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
        return f"{self.inner.expected} or NULL"

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        return {"NULL": True} if value is None else self.inner.encode(value, validate=validate)

    def decode(self, stored: AttributeValue) -> Any:
        return None if "NULL" in stored else self.inner.decode(stored)

    def guard(self, out: Output, name: str) -> str:
        guard = self.inner.guard(out, name)
        return f"{name} is not None and ({guard})" if guard else ""

    def write(self, out: Output, name: str) -> str:
        return f'({{"NULL": True}} if {name} is None else {self.inner.write(out, name)})'

    def read(self, out: Output, stored: str) -> str:
        return f"{out.bind(self.decode, 'nullable')}({stored})"


@dataclass(frozen=True, eq=False)
class Validated(Node):
    """A value inside another one that has validators of its own."""

    inner: Node
    validate_value: Callable[[Any], object]

    @property
    def expected(self) -> str:  # type: ignore[override]  # it depends on what is inside
        return self.inner.expected

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        if validate:
            run_validators(self.validate_value, value)
        return self.inner.encode(value, validate=validate)

    def decode(self, stored: AttributeValue) -> Any:
        return self.inner.decode(stored)

    def guard(self, out: Output, name: str) -> str:
        return "" if out.validating else self.inner.guard(out, name)

    def write(self, out: Output, name: str) -> str:
        return slow_write(self, out, name) if out.validating else self.inner.write(out, name)

    def read(self, out: Output, stored: str) -> str:
        return self.inner.read(out, stored)


def run_validators(validate_value: Callable[[Any], object], value: Any) -> None:
    """Run the validators of a field on a Python value.

    Raises:
        Refused: with their messages.
    """
    try:
        validate_value(value)
    except ValidationError as error:
        raise Refused(error.messages) from error


@dataclass(frozen=True, eq=False)
class ListOf(Node):
    """A list or tuple of any length, stored as a list."""

    inner: Node
    build: type[list[Any]] | type[tuple[Any, ...]] = list
    expected: str = "a list (L)"

    @property
    def empty(self) -> object:  # type: ignore[override]  # it depends on what is built
        return self.build()

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        if not isinstance(value, list | tuple):
            raise Refused("Not a valid list.")
        parts = Collected()
        stored = [
            parts.attempt(
                index, lambda each=each: self.inner.encode(_present(each, self.inner), validate=validate)
            )  # type: ignore[misc]
            for index, each in enumerate(value)
        ]
        parts.close()
        return {"L": stored}

    def decode(self, stored: AttributeValue) -> Any:
        content = content_of(stored, "L", self.expected)
        return self.build(decoded_part(index, self.inner, each) for index, each in enumerate(content))

    def guard(self, out: Output, name: str) -> str:
        return f"type({name}) is not {self.build.__name__}"

    def write(self, out: Output, name: str) -> str:
        return f'{{"L": [{checked(self.inner, out, "each")} for each in {name}]}}'

    def read(self, out: Output, stored: str) -> str:
        parts = f'[{self.inner.read(out, "each")} for each in {stored}["L"]]'
        return parts if self.build is list else f"tuple({parts})"


def _present(value: Any, node: Node) -> Any:
    if value is None and not isinstance(node, Nullable | Plain):
        raise Refused("Field may not be null.")
    return value


@dataclass(frozen=True, eq=False)
class TupleOf(Node):
    """A tuple with a node for each place, stored as a list."""

    inner: tuple[Node, ...]

    @property
    def expected(self) -> str:  # type: ignore[override]  # it depends on what is inside
        return f"a list of {len(self.inner)} (L)"

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        if not isinstance(value, list | tuple):
            raise Refused("Not a valid tuple.")
        if len(value) != len(self.inner):
            raise Refused(f"Length must be {len(self.inner)}.")
        parts = Collected()
        stored = [
            parts.attempt(
                index, lambda node=node, each=each: node.encode(_present(each, node), validate=validate)
            )  # type: ignore[misc]
            for index, (node, each) in enumerate(zip(self.inner, value, strict=True))
        ]
        parts.close()
        return {"L": stored}

    def decode(self, stored: AttributeValue) -> Any:
        content = content_of(stored, "L", self.expected)
        if len(content) != len(self.inner):
            raise Unreadable(self.expected, f"a list of {len(content)} (L)")
        return tuple(
            decoded_part(index, *pair) for index, pair in enumerate(zip(self.inner, content, strict=True))
        )

    def guard(self, out: Output, name: str) -> str:
        return "False"

    def write(self, out: Output, name: str) -> str:
        return slow_write(self, out, name)

    def read(self, out: Output, stored: str) -> str:
        return f"{out.bind(self.decode, 'tuple')}({stored})"


@dataclass(frozen=True, eq=False)
class MapOf(Node):
    """A dict with text for keys, stored as a map."""

    inner: Node
    validate_key: Callable[[Any], object] | None = None
    expected: str = "a map (M)"

    @property
    def empty(self) -> object:  # type: ignore[override]  # each reader gets a dict of its own
        return {}

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        if not isinstance(value, Mapping):
            raise Refused("Not a valid mapping type.")
        parts = Collected()
        stored = {
            name: parts.attempt(name, lambda name=name, each=each: self._entry(name, each, validate))  # type: ignore[misc]
            for name, each in value.items()
        }
        parts.close()
        return {"M": stored}

    def _entry(self, name: Any, value: Any, validate: bool) -> AttributeValue:
        if not isinstance(name, str):
            raise Refused({"key": [f"Keys of maps must be text, not {type(name).__name__}."]})
        if validate and self.validate_key is not None:
            parts = Collected()
            parts.attempt("key", lambda: run_validators(self.validate_key, name))  # type: ignore[arg-type]
            parts.close()
        try:
            return self.inner.encode(_present(value, self.inner), validate=validate)
        except Refused as refused:
            raise Refused({"value": refused.messages}) from refused

    def decode(self, stored: AttributeValue) -> Any:
        content = content_of(stored, "M", self.expected)
        return {name: decoded_part(name, self.inner, each) for name, each in content.items()}

    def guard(self, out: Output, name: str) -> str:
        return f"type({name}) is not dict or {out.bind(_other_than_text, 'other_than_text')}({name})"

    def write(self, out: Output, name: str) -> str:
        if out.validating and self.validate_key is not None:
            return slow_write(self, out, name)
        return f'{{"M": {{name: {checked(self.inner, out, "each")} for name, each in {name}.items()}}}}'

    def read(self, out: Output, stored: str) -> str:
        return f'{{name: {self.inner.read(out, "each")} for name, each in {stored}["M"].items()}}'


def _other_than_text(names: Iterable[str]) -> bool:
    """Fail if a name is no text: `join` looks at each in C."""
    "".join(names)
    return False


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
        return f"a set ({self.tag})"

    @property
    def empty(self) -> object:  # type: ignore[override]  # it depends on what is built
        return self.build()

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
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
        content = content_of(stored, self.tag, self.expected)
        return self.build(map(self.inner.parsed, content))

    def guard(self, out: Output, name: str) -> str:
        return f"type({name}) is not {self.build.__name__}"

    def write(self, out: Output, name: str) -> str:
        guard = self.inner.guard(out, "each")
        content = self.inner.write_content(out, "each")
        if guard:
            content = f"({out.bind(leave_fast_way, 'leave')}() if {guard} else {content})"
        if self.inner.tag == "S":
            return f'{{"SS": sorted([{content} for each in {name}])}}'
        return f'{{"{self.tag}": {out.bind(_in_order, "in_order")}("{self.inner.tag}", [{content} for each in {name}])}}'

    def read(self, out: Output, stored: str) -> str:
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
        return tagged(value)

    def decode(self, stored: AttributeValue) -> Any:
        return untagged(stored)

    def guard(self, out: Output, name: str) -> str:
        return ""

    def write(self, out: Output, name: str) -> str:
        return f"{out.bind(tagged, 'tagged')}({name})"

    def read(self, out: Output, stored: str) -> str:
        return f"{out.bind(untagged, 'untagged')}({stored})"


@dataclass(frozen=True, eq=False)
class Foreign(Node):
    """A value that its own marshmallow field converts; what the field gives is stored as plain data."""

    serialize: Callable[[Any], Any]
    deserialize: Callable[[Any], Any]
    expected: str

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        return tagged(self.plain(value))

    def plain(self, value: Any) -> Any:
        """Give the plain value.

        Raises:
            Refused: the field can't convert it.
        """
        try:
            return self.serialize(value)
        except ValidationError as error:
            raise Refused(error.messages) from error
        except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
            raise Refused(f"Not {self.expected} ({type(error).__name__}).") from error

    def decode(self, stored: AttributeValue) -> Any:
        try:
            return self.deserialize(untagged(stored))
        except (
            ValidationError,
            ValueError,
            TypeError,
            LookupError,
            ArithmeticError,
            AttributeError,
        ) as error:
            (tag,) = stored
            raise Unreadable(self.expected, f"{tag} that can't be read as such") from error

    def guard(self, out: Output, name: str) -> str:
        return ""

    def write(self, out: Output, name: str) -> str:
        return slow_write(self, out, name)

    def read(self, out: Output, stored: str) -> str:
        return f"{out.bind(self.decode, 'decode')}({stored})"
