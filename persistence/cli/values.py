"""Texts from a command line as values of fields: each field reads what it would store."""

from __future__ import annotations

import enum
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from persistence.attributes import AttributeValue
from persistence.errors import QueryError
from persistence.mapping import EntityMapping, MappedPath
from persistence.mapping.containers import ListOf, SetOf, TupleOf
from persistence.mapping.nodes import Node, Scalar
from persistence.mapping.paths import bare
from persistence.mapping.refusal import Unreadable
from persistence.mapping.untyped import Foreign, Plain

_WORDS = {"true": True, "false": False}
_TAGS = ("S", "N", "BOOL", "B")


def field_value(mapping: EntityMapping[Any], names: tuple[str | int, ...], text: str) -> Any:
    """Read a text as a value of a field.

    Args:
        mapping: the entity's mapping.
        names: the path in Python names.
        text: the value as it is stored, such as `42`, `pending` or `2026-01-02T03:04:05Z`; for an enum also
            the name of a member, for bytes base64, for a time without an offset UTC.

    Raises:
        QueryError: there is no such path, or its field can't read the text.
    """
    path = mapping.resolve(names)
    return _value(path, path.node, text)


def member_value(mapping: EntityMapping[Any], names: tuple[str | int, ...], text: str) -> Any:
    """Read a text as a value of what a field contains: a member of a set or list, or a part of a text.

    Raises:
        QueryError: as `field_value`.
    """
    path = mapping.resolve(names)
    match bare(path.node):
        case SetOf(inner=inner) | ListOf(inner=inner):
            return _value(path, inner, text)
        case TupleOf() | Plain() | Foreign():
            return plain_value(text)
        case Scalar(tag="B"):
            return _bytes(text)
        case _:
            return text


def part_value(mapping: EntityMapping[Any], names: tuple[str | int, ...], text: str) -> Any:
    """Read a text as the beginning of a value.

    Raises:
        QueryError: as `field_value`.
    """
    node = bare(mapping.resolve(names).node)
    return _bytes(text) if isinstance(node, Scalar) and node.tag == "B" else text


def plain_value(text: str) -> Any:
    """Read a text as JSON's scalars are read: numbers and true and false are such, all else is text."""
    if text in _WORDS:
        return _WORDS[text]
    if text == "null":
        return None
    try:
        return Plain().decode({"N": text})
    except (Unreadable, ValueError, ArithmeticError):
        return text


def _value(path: MappedPath, node: Node, text: str) -> Any:
    if isinstance(bare(node), Plain):
        return plain_value(text)
    for stored in _stored(bare(node), text):
        try:
            return bare(node).decode(stored)
        except Unreadable:
            continue
    found = _by_member_name(path, text)
    if found is None:
        raise QueryError(
            f"{text!r} is no value of {path.name}, which is stored as {node.expected}{_hint(path)}"
        )
    return found


def _stored(node: Node, text: str) -> Iterator[AttributeValue]:
    """Give what a text may stand for, as attribute values."""
    tags = (node.tag,) if isinstance(node, Scalar) else _TAGS if isinstance(node, Foreign) else ()
    for tag in tags:
        if tag in ("S", "N"):
            yield {tag: text}
            yield from _moments(tag, text)
        elif tag == "BOOL" and text.lower() in _WORDS:
            yield {"BOOL": _WORDS[text.lower()]}
        elif tag == "B":
            try:
                yield {"B": b64decode(text, validate=True)}
            except ValueError:
                continue


def _moments(tag: str, text: str) -> Iterator[AttributeValue]:
    """Give a time or day as fields of times store it: without an offset it is meant in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    yield {"N": str(int(moment.timestamp()))} if tag == "N" else {"S": moment.isoformat()}


def _by_member_name(path: MappedPath, text: str) -> Any:
    kind = _enum_of(path)
    return None if kind is None else kind.__members__.get(text)


def _enum_of(path: MappedPath) -> type[enum.Enum] | None:
    """Give the enum of a path's field, as marshmallow's field knows it."""
    kind = getattr(path.known.field, "enum", None) if path.known is not None else None
    return kind if isinstance(kind, type) and issubclass(kind, enum.Enum) else None


_SHOWN = 12


def _hint(path: MappedPath) -> str:
    kind = _enum_of(path)
    if kind is None:
        return ""
    names = list(kind.__members__)
    return f": {', '.join(names[:_SHOWN])}{' ...' if len(names) > _SHOWN else ''}"


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise QueryError("bytes are written in base64") from None


def moment_of(text: str) -> datetime:
    """Read a time: ISO-8601, without an offset in UTC; a day stands for its first moment.

    Raises:
        QueryError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise QueryError(f"{text!r} is no time; write it like 2026-01-02T03:04:05Z") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
