"""Plain Python data to tagged attribute values and back, for fields that the compiler does not know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from decimal import Decimal
from typing import Any

from persistence.attributes import (
    NESTING_LIMIT,
    NUMBER_DIGITS,
    AttributeValue,
    NumberRefused,
    number_text,
    parse_number,
    type_of,
)
from persistence.mapping.refusal import Refused, TooDeep, Unreadable


def float_text(value: float) -> str:
    """Write a float through its shortest text, in DynamoDB's canonical form.

    Raises:
        NumberRefused: NaN, infinite, or out of DynamoDB's range.
    """
    text = repr(value)
    if text[-2:] == ".0":
        return text[:-2] if value else "0"
    if "e" in text or "n" in text:  # an exponent, or what is no number
        return number_text(Decimal(text))
    return text


def number(value: object) -> str:
    """Write any number that may be stored: int, Decimal or float, but no bool.

    Raises:
        Refused: it is no number, or DynamoDB can't hold it.
    """
    try:
        if isinstance(value, bool):
            raise Refused("Not a valid number: a bool.")
        if isinstance(value, int):
            return number_text(int(value))
        if isinstance(value, float):
            return float_text(float(value))
        if isinstance(value, Decimal):
            return number_text(value)
    except NumberRefused as error:
        raise Refused(f"Not a number that can be stored: {error}.") from error
    raise Refused(f"Not a valid number: {type(value).__name__}.")


def storable_text(value: str) -> str:
    """Give plain text that can be stored.

    Raises:
        Refused: it has no form in UTF-8.
    """
    plain = str.__str__(value)
    if not plain.isascii():
        try:
            plain.encode()
        except UnicodeEncodeError as error:
            raise Refused("Not valid text: half of a surrogate pair has no form in UTF-8.") from error
    return plain


def refuse_depth(stored: AttributeValue) -> None:
    """Refuse an attribute that is nested deeper than the service takes ("Service quotas": nested attributes).

    Raises:
        TooDeep: it is.
    """
    level: list[AttributeValue] = [stored]
    for _ in range(_ITEM, NESTING_LIMIT):
        documents = [value for value in level if "M" in value or "L" in value]
        if not documents:
            return
        level = [part for value in documents for part in _parts(value)]
    if any("M" in value or "L" in value for value in level):
        raise TooDeep


_ITEM = 1
"""The item itself is a map, and counts as a level."""


def _parts(value: AttributeValue) -> Iterable[AttributeValue]:
    return list(value["M"].values()) if "M" in value else value["L"]


def tagged(value: object, depth: int = _ITEM) -> AttributeValue:
    """Tag a plain value by its own type.

    Args:
        value: None, bool, str, int, float, Decimal, bytes, or lists, tuples, maps and sets of such.
        depth: how many levels it is inside of, the item included.

    Raises:
        Refused: a type or number that DynamoDB can't hold; messages follow the structure.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": storable_text(value)}
        case int() | float() | Decimal():
            return {"N": number(value)}
        case bytes() | bytearray() | memoryview():
            return {"B": bytes(value)}
        case Set():
            return tagged_set(value)
        case Mapping():
            return {"M": tagged_map(value, depth)}
        case Sequence():
            return {"L": list(_tagged_parts(dict(enumerate(value)), depth).values())}
        case _:
            raise Refused(f"Can't be stored: {type(value).__name__} is no plain data.")


def _tagged_parts(parts: Mapping[Any, object], depth: int) -> dict[Any, AttributeValue]:
    if depth >= NESTING_LIMIT:
        raise TooDeep
    done: dict[Any, AttributeValue] = {}
    problems: dict[Any, Any] = {}
    for name, part in parts.items():
        try:
            done[name] = tagged(part, depth + 1)
        except TooDeep:
            raise
        except Refused as refused:
            problems[name] = refused.messages
    if problems:
        raise Refused(problems)
    return done


def tagged_map(parts: Mapping[Any, object], depth: int = _ITEM) -> dict[str, AttributeValue]:
    """Tag the entries of a map.

    Raises:
        Refused: a key that is no text, or an entry that can't be stored.
    """
    for name in parts:
        if not isinstance(name, str):
            raise Refused(f"Keys of maps must be text, not {type(name).__name__}.")
        storable_text(name)
    return _tagged_parts(parts, depth)


_SET_TAGS: tuple[tuple[tuple[type, ...], str, Callable[[Any], Any]], ...] = (
    ((str,), "SS", storable_text),
    ((int, float, Decimal), "NS", number),
    ((bytes, bytearray), "BS", bytes),
)


def tagged_set(members: Set[Any]) -> AttributeValue:
    """Tag a set by the one type of its members, which are sorted so that requests repeat themselves.

    Raises:
        Refused: it is empty, or its members are of several types or of one that DynamoDB's sets can't hold.
    """
    if not members:
        raise Refused("An empty set: DynamoDB has none.")
    for types, tag, write in _SET_TAGS:
        if all(isinstance(member, types) and not isinstance(member, bool) for member in members):
            return {tag: [write(member) for member in _sorted(members)]}
    kinds = sorted({type(member).__name__ for member in members})
    raise Refused(f"A set of one type is expected: text, numbers or bytes; found {', '.join(kinds)}.")


def _sorted(members: Set[Any]) -> list[Any]:
    try:
        return sorted(members)
    except ArithmeticError as error:  # a signalling NaN can't even be compared
        raise Refused("Not a number that can be stored: NaN is no number that DynamoDB can hold.") from error


def integral_or_decimal(text: str) -> int | Decimal:
    """Read the text of a number: an int where it has no fraction, else an exact Decimal.

    Raises:
        NumberRefused: it is no number, or one that DynamoDB can't hold.
    """
    number = parse_number(text) if len(text) > NUMBER_DIGITS else None
    try:
        return int(text)
    except ValueError:
        return parse_number(text) if number is None else number


def untagged_part(step: str | int, stored: AttributeValue, depth: int = _ITEM) -> Any:
    """Give the plain value of a part of something.

    Args:
        step: its name or index.
        stored: its attribute value.
        depth: how many levels it is inside of, the item included.

    Raises:
        Unreadable: with the step in its path.
    """
    try:
        return untagged(stored, depth)
    except Unreadable as problem:
        raise problem.inside(step) from problem.__cause__


def untagged(stored: AttributeValue, depth: int = _ITEM) -> Any:
    """Give the plain value of a tagged one: numbers as int or Decimal, sets as sets.

    Args:
        stored: the attribute value.
        depth: how many levels it is inside of, the item included.

    Raises:
        Unreadable: it is no attribute value, or nested deeper than the service takes.
    """
    try:
        return _untagged(stored, depth)
    except (TypeError, ValueError, AttributeError) as error:
        raise Unreadable("an attribute value", "what is none") from error


def _untagged(stored: AttributeValue, depth: int) -> Any:
    ((tag, content),) = stored.items()
    match tag:
        case "S" | "BOOL":
            return content
        case "N":
            return _untagged_number(content)
        case "B":
            return bytes(content)
        case "NULL":
            return None
        case "M" | "L" if depth >= NESTING_LIMIT:
            raise Unreadable(f"at most {NESTING_LIMIT} levels", "more")
        case "M":
            return {name: untagged_part(name, part, depth + 1) for name, part in content.items()}
        case "L":
            return [untagged_part(index, part, depth + 1) for index, part in enumerate(content)]
        case "SS":
            return set(content)
        case "NS":
            return set(map(_untagged_number, content))
        case "BS":
            return set(map(bytes, content))
        case _:
            raise Unreadable("an attribute value", type_of(stored))


def _untagged_number(text: str) -> int | Decimal:
    try:
        return integral_or_decimal(text)
    except NumberRefused as error:
        raise Unreadable("a number that DynamoDB can hold (N)", "another N") from error
