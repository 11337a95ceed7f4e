"""How one value is stored: a tree of nodes per mapping, each with a sure way and a fast way.

`encode` and `decode` are the sure way: they check everything and say what is wrong, with its place. `guard`,
`write` and `read` give the source of the fast way, which the compiler puts together. Where the fast way meets
anything unusual it fails, whereupon the whole entity or item goes the sure way. So the fast way needs no
messages, but must never accept what the sure way would refuse.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Protocol

from marshmallow import ValidationError

from persistence.attributes import AttributeValue, NumberRefused, type_of
from persistence.json_text import binary_text, quoted
from persistence.mapping.refusal import Refused, Unreadable
from persistence.stable_items import stable_text
from persistence.table import ScalarType

NO_EMPTY = object()
"""Marks a node whose values are never empty."""


class Output(Protocol):
    """Where nodes put their source: the compiler."""

    validating: bool

    def bind(self, value: object, hint: str) -> str:
        """Make a value known to the generated source, and give the name that it has there."""
        ...

    def function(self, record: Any, purpose: str) -> str:
        """Give the name of the generated function that encodes or decodes a record."""
        ...


class Text(NamedTuple):
    """The JSON text of an attribute value: what is the same for all values, around what is not.

    Attributes:
        before, after: JSON.
        content: an expression for the text between.
    """

    before: str
    content: str
    after: str

    @property
    def expression(self) -> str:
        """An expression for all of it."""
        parts = [repr(self.before), f"({self.content})", repr(self.after)]
        return " + ".join(part for part in parts if part != "''")


class Node(ABC):
    """How one value is stored.

    Attributes:
        expected: what is stored, in words with the type tag.
        empty: the value that `omit_empty` leaves out, to be put back on reading.
    """

    expected: str
    empty: object = NO_EMPTY

    @property
    def key_type(self) -> ScalarType | None:
        """The type of a key attribute that holds such values, or None if they can't be keys."""
        return None

    @abstractmethod
    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        """Give the attribute value.

        Args:
            value: a value that is not None.
            validate: run the validators of everything inside.

        Raises:
            Refused: the value can't be stored.
        """

    @abstractmethod
    def decode(self, stored: AttributeValue) -> Any:
        """Give the Python value.

        Raises:
            Unreadable: something else is stored.
        """

    @abstractmethod
    def guard(self, out: Output, name: str) -> str:
        """Give an expression that is true where `write` can't take the value of this name."""

    @abstractmethod
    def write(self, out: Output, name: str) -> str:
        """Give an expression for the attribute value of a value that passed the guard."""

    def write_each(self, out: Output, name: str) -> str:
        """Give an expression for the list of the attribute values of all values that this name holds."""
        return f"[{checked(self, out, 'each')} for each in {name}]"

    def write_text(self, out: Output, name: str) -> Text:
        """Give the JSON text of the attribute value of a value that passed the guard; no validators run."""
        return Text("", f"{out.bind(stable_text, 'stable_text')}({self.write(out, name)})", "")

    def write_texts(self, out: Output, name: str) -> str:
        """Give an expression for the joined JSON texts of all values that this name holds."""
        return f"','.join([{checked_text(self, out, 'each')} for each in {name}])"

    @abstractmethod
    def read(self, out: Output, stored: str) -> str:
        """Give an expression for the Python value, from one for the attribute value."""

    def read_each(self, out: Output, content: str) -> str:
        """Give an expression for the list of the Python values, from one for the list of attribute values."""
        return f"[{self.read(out, 'each')} for each in {content}]"


def checked(node: Node, out: Output, name: str) -> str:
    """Give guard and write as one expression, for use inside comprehensions."""
    guard = node.guard(out, name)
    written = node.write(out, name)
    return f"({out.bind(leave_fast_way, 'leave')}() if {guard} else {written})" if guard else written


def checked_text(node: Node, out: Output, name: str) -> str:
    """Give guard and JSON text as one expression; see `checked`."""
    guard, written = node.guard(out, name), node.write_text(out, name).expression
    return f"({out.bind(leave_fast_way, 'leave')}() if {guard} else {written})" if guard else written


def leave_fast_way() -> Any:
    """Fail, so that the sure way is taken."""
    raise Refused("unusual")


def slow_write(node: Node, out: Output, name: str) -> str:
    """Give an expression that calls the sure way of a node from within the fast one."""
    return f"{out.bind(node.encode, 'encode')}({name}, validate={out.validating})"


def content_of(stored: AttributeValue, tag: str, expected: str) -> Any:
    """Give what an attribute value of this tag holds.

    Raises:
        Unreadable: it has another tag, or is no attribute value.
    """
    refuse_malformed(stored, expected)
    try:
        content = stored[tag]
    except KeyError:
        raise Unreadable(expected, type_of(stored)) from None
    if tag in _HOLDS and not isinstance(content, _HOLDS[tag]):
        raise Unreadable(expected, f"{tag} with {type(content).__name__} in it")
    return content


def refuse_malformed(stored: object, expected: str) -> None:
    """Refuse what is no attribute value, which no service gives.

    Raises:
        Unreadable: it is none.
    """
    if not isinstance(stored, Mapping) or len(stored) != 1:
        raise Unreadable(expected, "no attribute value")


_HOLDS: Mapping[str, type | tuple[type, ...]] = {
    "M": Mapping,
    **dict.fromkeys(("L", "SS", "NS", "BS"), (list, tuple, set, frozenset)),
}


_Problems = (ValueError, TypeError, KeyError, ArithmeticError, AttributeError)


@dataclass(frozen=True, eq=False)
class Scalar(Node):
    """A value that is stored as one text, number, binary or bool.

    Args:
        expected: what is stored, in words.
        tag: its type tag.
        accept: Python value -> content; raises `Refused` or `NumberRefused`.
        parse: content -> Python value; raises a usual error for what it can't read.
        guard_source, write_source, read_source: the fast way, with `{v}` for the value, `{c}` for the content
        and
            the names of helpers.
        helpers: what the fast way uses.
        empty: its empty value.
        unescaped: whether the content, a text, needs no escapes in JSON.
    """

    expected: str
    tag: str
    accept: Callable[[Any], Any]
    parse: Callable[[Any], Any]
    guard_source: str
    write_source: str = "{v}"
    read_source: str = "{c}"
    helpers: Mapping[str, object] = field(default_factory=dict)
    empty: object = NO_EMPTY
    unescaped: bool = False

    KEY_TYPES: ClassVar[Mapping[str, ScalarType]] = MappingProxyType({"S": "S", "N": "N", "B": "B"})

    @property
    def key_type(self) -> ScalarType | None:
        """The type of a key attribute; see `Node`."""
        return self.KEY_TYPES.get(self.tag)

    def content(self, value: Any) -> Any:
        """Give what the attribute value holds.

        Raises:
            Refused: the value can't be stored.
        """
        try:
            return self.accept(value)
        except NumberRefused as error:
            raise Refused(f"Not a number that can be stored: {error}.") from error
        except ValidationError as error:
            raise Refused(error.messages) from error

    def encode(self, value: Any, *, validate: bool) -> AttributeValue:
        """Give the attribute value; see `Node`."""
        return {self.tag: self.content(value)}

    def decode(self, stored: AttributeValue) -> Any:
        """Give the Python value; see `Node`."""
        return self.parsed(content_of(stored, self.tag, self.expected))

    def parsed(self, content: Any) -> Any:
        """Give the Python value of a content.

        Raises:
            Unreadable: it does not parse.
        """
        try:
            return self.parse(content)
        except (*_Problems, ValidationError, Refused) as error:
            raise Unreadable(self.expected, f"{self.tag} that can't be read as such") from error

    def guard(self, out: Output, name: str) -> str:
        """Give the check of the fast way; see `Node`."""
        return self._source(self.guard_source, out, v=name)

    def write(self, out: Output, name: str) -> str:
        """Give the source that encodes; see `Node`."""
        return f'{{"{self.tag}": {self.write_content(out, name)}}}'

    def write_content(self, out: Output, name: str) -> str:
        """Give an expression for the content of a value that passed the guard."""
        return self._source(self.write_source, out, v=name)

    def write_text(self, out: Output, name: str) -> Text:
        """Give the JSON text; see `Node`."""
        return self.text_of(out, self.write_content(out, name))

    def text_of(self, out: Output, content: str) -> Text:
        """Give the JSON text of a content."""
        before, after = f'{{"{self.tag}":', "}"
        if self.tag == "BOOL":
            return Text(before, f"'true' if {content} else 'false'", after)
        write = self._quoting(out)
        if write == "quoted":
            return Text(before, f"{write}({content})", after)
        return Text(f'{before}"', f"{write}({content})" if write else content, f'"{after}')

    def texts_of(self, out: Output, contents: str) -> Text:
        """Give the JSON texts of contents that are the members of a set, joined; one at least."""
        write = self._quoting(out)
        if write == "quoted":
            return Text("", f"','.join(map({write}, {contents}))", "")
        return Text('"', f"""'","'.join({f"map({write}, {contents})" if write else contents})""", '"')

    def _quoting(self, out: Output) -> str:
        """Name what makes JSON of a content, with quotes or to stand in them, if anything has to."""
        if self.tag == "B":
            return out.bind(binary_text, "base64")
        return out.bind(quoted, "quoted") if self.tag == "S" and not self.unescaped else ""

    def read(self, out: Output, stored: str) -> str:
        """Give the source that decodes; see `Node`."""
        return self.read_content(out, f'{stored}["{self.tag}"]')

    def read_content(self, out: Output, content: str) -> str:
        """Give an expression for the Python value of a content."""
        return self._source(self.read_source, out, c=content)

    def _source(self, template: str, out: Output, **names: str) -> str:
        used = {name: value for name, value in self.helpers.items() if f"{{{name}}}" in template}
        return template.format(**names, **{name: out.bind(value, name) for name, value in used.items()})
