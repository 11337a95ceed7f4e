"""What attributes hold, as Python has it: the kinds of fields, and the classes made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from persistence.schema.codegen.names import literal
from persistence.schema.codegen.source import Call, Source

Presence = Literal["always", "sometimes", "null", "null or absent"]
"""Whether an attribute is there: always, not in all items, always but sometimes NULL, or both."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value whose field is inferred from its hint.

    Attributes:
        hint: the type hint.
        field: the field of `persistence.fields`.
    """

    hint: str
    field: str


@dataclass(frozen=True, slots=True)
class Written:
    """A datetime that is stored in another form than the library's own.

    Attributes:
        write: source of the function that writes it.
    """

    write: str


@dataclass(frozen=True, slots=True)
class Enumeration:
    """One of the texts that were found, as a member of an enum.

    Attributes:
        name: the class.
        members: the name and value of each.
    """

    name: str
    members: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SetOf:
    """A set."""

    inner: Scalar


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list, whose elements may be NULL."""

    inner: Kind
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map with free names, whose values may be NULL."""

    inner: Kind
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a generated dataclass.

    Attributes:
        name: its Python name.
        attribute: its name in the table.
        kind: what it holds.
        presence: whether it is there.
        role: the field of `persistence.fields` that it is instead, such as "Version".
        of_key: it exists in the key only, from which it is read.
        note: what is uncertain about it.
    """

    name: str
    attribute: str
    kind: Kind
    presence: Presence = "always"
    role: str | None = None
    of_key: bool = False
    note: str | None = None

    @property
    def declared(self) -> bool:
        """Whether the mapping has to declare it, since its hint alone does not say how it is stored."""
        return (
            self.name != self.attribute
            or self.role is not None
            or self.of_key
            or needs_declaration(self.kind)
            or (self.presence == "null" and not isinstance(self.kind, SetOf))
            or self.missing
        )

    @property
    def missing(self) -> bool:
        """Whether both an absent attribute and NULL have to be kept apart from all values."""
        return self.presence == "null or absent" and not isinstance(self.kind, SetOf)


@dataclass(frozen=True, slots=True)
class Record:
    """A generated dataclass.

    Attributes:
        name: the class.
        fields: its fields, in order.
        doc: its docstring.
    """

    name: str
    fields: tuple[Field, ...]
    doc: str

    @property
    def mapped(self) -> bool:
        """Whether it needs a mapping of its own."""
        return any(field.declared for field in self.fields)


Kind = Scalar | Written | Enumeration | SetOf | ListOf | MapOf | Record

TEXT = Scalar("str", "String")
INTEGER = Scalar("int", "Integer")
DECIMAL = Scalar("Decimal", "Decimal")
BOOLEAN = Scalar("bool", "Boolean")
BINARY = Scalar("bytes", "Binary")
UUID = Scalar("UUID", "UUID")
DAY = Scalar("date", "Date")
INSTANT = Scalar("datetime", "DateTime")
ANYTHING = Scalar("Any", "Raw")

_SETS = {"String": "StringSet", "Integer": "NumberSet", "Decimal": "NumberSet", "Binary": "BinarySet"}
_OWN_MEMBERS = {"String", "Decimal", "Binary"}


def needs_declaration(kind: Kind) -> bool:
    """Tell whether a kind is stored in another way than its hint says."""
    match kind:
        case Written():
            return True
        case ListOf() | MapOf():
            return needs_declaration(kind.inner)
        case Record():
            return kind.mapped
        case _:
            return False


def hint_of(kind: Kind) -> str:
    """Give the type hint of a kind."""
    match kind:
        case Scalar():
            return kind.hint
        case Written():
            return INSTANT.hint
        case Enumeration() | Record():
            return kind.name
        case SetOf():
            return f"set[{kind.inner.hint}]"
        case ListOf():
            return f"list[{_optional(kind)}]"
        case MapOf():
            return f"dict[str, {_optional(kind)}]"


def _optional(kind: ListOf | MapOf) -> str:
    hint = hint_of(kind.inner)
    return f"{hint} | None" if kind.nullable and hint != ANYTHING.hint else hint


def declaration_of(kind: Kind, *arguments: tuple[str, Source]) -> Call:
    """Give the expression that makes the field of a kind.

    Args:
        kind: the kind.
        arguments: further keyword arguments.
    """
    given: Sequence[tuple[str | None, Source]] = ()
    match kind:
        case Scalar():
            name = kind.field
        case Written():
            name, given = "Converted", [(None, kind.write), (None, "datetime.fromisoformat")]
        case Enumeration():
            name, given = "Enum", [(None, kind.name), ("by_value", "True")]
        case SetOf():
            name = _SETS.get(kind.inner.field, "StringSet")
            given = [] if kind.inner.field in _OWN_MEMBERS else [(None, declaration_of(kind.inner))]
        case ListOf():
            name, given = "List", [(None, _inner(kind))]
        case MapOf():
            name, given = "Dict", [("values", _inner(kind))]
        case Record():
            # A class without a mapping of its own is inferred by a field that is not declared; see `Record`.
            name, given = "Nested", [(None, f"{kind.name}Mapping")]
    return Call(f"fields.{name}", (*given, *arguments))


def _inner(kind: ListOf | MapOf) -> Call:
    nullable = kind.nullable or kind.inner == ANYTHING
    return declaration_of(kind.inner, *([("allow_none", "True")] if nullable else []))


def data_key(field: Field) -> tuple[tuple[str, Source], ...]:
    """Give the argument that says how a field is stored, where its name does not."""
    return () if field.name == field.attribute else (("data_key", literal(field.attribute)),)
