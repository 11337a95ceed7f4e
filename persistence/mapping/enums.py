"""The nodes of enums and Literals: values from a short list, stored as the text or number behind them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from persistence import fields
from persistence.attributes import NumberRefused, number_text
from persistence.errors import MappingError
from persistence.mapping.nodes import Node, Scalar
from persistence.mapping.plain import tagged, untagged
from persistence.mapping.refusal import Refused
from persistence.mapping.scalars import parse_integer

_CHOICES: Mapping[Any, tuple[str, Callable[[Any], Any]]] = MappingProxyType(
    {str: ("S", str), int: ("N", number_text), bool: ("BOOL", bool)}
)


def choice(values: tuple[Any, ...], refusal: str) -> Node | None:
    """Make the node of the values of a Literal.

    Args:
        values: all text, all int or all bool.
        refusal: what is said of another value.

    Returns:
        The node, or None where the values are of other or of several types.
    """
    kinds = {type(value) for value in values}
    if not kinds <= {str, int, bool} or len(kinds) != 1:
        return None
    (kind,) = kinds
    tag, write = _CHOICES[kind]
    stored = {value: write(value) for value in values}
    by_content = {content: value for value, content in stored.items()}

    def accept(value: Any) -> Any:
        if type(value) is not kind or value not in stored:
            raise Refused(refusal)
        return stored[value]

    def parse(content: Any) -> Any:
        return by_content[content]

    return Scalar(
        f"one of the {len(values)} values of a Literal ({tag})"
        if len(values) > 1
        else f"the value of a Literal ({tag})",
        tag,
        accept,
        parse,
        "False",
        "{accept}({v})",
        "{by_content}[{c}]",
        {"accept": accept, "by_content": by_content},
    )


def enumeration(field: fields.Enum | Any) -> Node | None:
    """Make the node of an enum, stored by value or by name.

    Args:
        field: marshmallow's field for it.

    Returns:
        The node, or None where the field itself has to convert the values.

    Raises:
        MappingError: a member could be written, but not be read back.
    """
    kind: type[enum.Enum] = field.enum
    if field.by_value is False:
        return _members(kind, [(member.name, member) for member in kind], kind.__getitem__)
    node = None
    if field.by_value is True:
        node = _flags(kind) if issubclass(kind, enum.Flag) else _by_value(kind)
    if node is None:
        _refuse_unreadable(field, kind)
    return node


def _by_value(kind: type[enum.Enum]) -> Node | None:
    try:
        return _members(kind, [(member.value, member) for member in kind], kind)
    except NumberRefused:
        return None


def _refuse_unreadable(field: Any, kind: type[enum.Enum]) -> None:
    for member in kind:
        if not _returns(field, member):
            where = f"{type(field.root).__name__}.{field.name}: " if field.root is not None else ""
            raise MappingError(
                f"{where}{kind.__name__}.{member.name} would not be read back as what it is: its value, of "
                f"type {type(member.value).__name__}, changes on its way through the table. Give the members "
                f"of {kind.__name__} text or int values, or store their names: "
                f"fields.Enum({kind.__name__}, by_value=False)"
            )


def _returns(field: Any, member: enum.Enum) -> bool:
    try:
        stored = tagged(field._serialize(member, None, None))
        return "NULL" not in stored and field.deserialize(untagged(stored)) is member
    except Exception:  # noqa: BLE001  # whatever the code of an enum or field raises, it can't make the way
        return False


def _members(
    kind: type[enum.Enum], members: Sequence[tuple[Any, enum.Enum]], find: Callable[[Any], enum.Enum]
) -> Node | None:
    kinds = {str if isinstance(key, str) else type(key) for key, _ in members}
    if len(kinds) != 1 or not kinds <= {str, int}:
        return None
    tag, write = ("S", str.__str__) if kinds == {str} else ("N", number_text)
    contents = {member: write(key) for key, member in members}
    by_content = {content: member for member, content in contents.items()}

    refusal = _refusal(kind)

    def accept(value: Any) -> Any:
        if not isinstance(value, kind):
            raise Refused(refusal)
        return contents[value]

    def parse(content: Any) -> Any:
        known = by_content.get(content)
        return find(parse_integer(content) if tag == "N" else content) if known is None else known

    # Members are looked up by identity where it is possible: an enum's own hash is a Python function.
    return Scalar(
        f"a member of {kind.__name__} ({tag})",
        tag,
        accept,
        parse,
        "type({v}) is not {kind}",
        "{contents}[{v}._name_]",
        "{by_content}[{c}]",
        {
            "kind": kind,
            "contents": {member.name: content for member, content in contents.items()},
            "by_content": by_content,
        },
    )


_SHOWN = 8


def _refusal(kind: type[enum.Enum]) -> str:
    names = [member.name or "" for member in kind]
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"Must be a member of {kind.__name__}: {', '.join(names[:_SHOWN])}{more}."


def _flags(kind: type[enum.Flag]) -> Node:
    refusal = _refusal(kind)

    def accept(value: Any) -> str:
        if not isinstance(value, kind):
            raise Refused(refusal)
        return number_text(value.value)

    def parse(text: str) -> enum.Flag:
        return kind(parse_integer(text))

    return Scalar(
        f"members of {kind.__name__} (N)",
        "N",
        accept,
        parse,
        "False",
        "{accept}({v})",
        "{parse}({c})",
        {"accept": accept, "parse": parse},
    )
