"""Attribute values: what the service accepts, the one form in which it keeps them, and their size.

One walk over an item does all three, because a store needs all three for every write. Usual items are
admitted by a quicker one, in `usual_values`; the walk here is for all others, and finds what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from persistence.attributes import (
    ITEM_SIZE_LIMIT,
    NESTING_LIMIT,
    AttributeValue,
    Item,
    NumberRefused,
    item_size,
)
from persistence.stores.validation.record import Record
from persistence.stores.validation.refused import ItemTooBig, Refused
from persistence.stores.validation.usual_values import (
    admit_usual,
    encoded,
    has_usual_parts,
    is_usual,
    name_size,
    number_admitted,
    pack_usual,
)

_SCALARS = frozenset({"S", "N", "B", "BOOL", "NULL"})
_INVALID = "One or more parameter values were invalid"
_Content = tuple[Any, int]


def admit(item: Mapping[str, AttributeValue], limit: int = ITEM_SIZE_LIMIT) -> Record:
    """Check an item and give it in the form in which a table keeps it.

    Args:
        item: attribute names and tagged attribute values.
        limit: the size that it may have in bytes.

    Raises:
        Refused: a malformed value, a number out of range, an empty or doubled set, too deep a nesting.
        ItemTooBig: it is larger than the limit.
    """
    try:
        record = admit_usual(item)
    except _UNUSUAL:
        record = _admit_closely(item)
    return _fitting(record, limit)


def packed(item: Mapping[str, AttributeValue], limit: int) -> Record | None:
    """Check an item and give it as a table keeps one that nobody looks into; None where it must be admitted.

    Args:
        item: attribute names and tagged attribute values.
        limit: the size that it may have in bytes.

    Raises:
        ItemTooBig: it is larger than the limit.
    """
    try:
        record = pack_usual(item)
    except _UNUSUAL:
        return None
    return _fitting(record, limit)


def admit_changed(item: Item, old: Record, limit: int) -> Record:
    """Check an item that an update made of another one; what they share was admitted before.

    Args:
        item: the item after the update.
        old: what was stored before.
        limit: the size that it may have in bytes.

    Raises:
        Refused, ItemTooBig: see `admit`.
    """
    before = old.item
    other = {name: value for name, value in item.items() if value is not before.get(name)}
    if len(other) > len(item) // 2:
        return admit(item, limit)  # to weigh what is gone would take longer
    changed = admit(other, limit)
    gone = {name: value for name, value in before.items() if name in other or name not in item}
    nested = None
    if old.nested is not None and changed.nested is not None:
        nested = (*[name for name in old.nested if name not in gone], *changed.nested)
    size = old.size - item_size(gone) + changed.size
    return _fitting(Record({**item, **changed.item}, size, nested), limit)


_UNUSUAL = (ValueError, TypeError, AttributeError)


def _fitting(record: Record, limit: int) -> Record:
    if record.size > limit:
        raise ItemTooBig("Item size has exceeded the maximum allowed size")
    return record


def _admit_closely(item: Mapping[str, AttributeValue]) -> Record:
    kept, total = _members(item, 1)
    return Record(kept, total, tuple(name for name, value in kept.items() if _SCALARS.isdisjoint(value)))


def check_value(value: AttributeValue, name: str = "") -> None:
    """Check a value that stands in a key or an expression.

    Args:
        value: the tagged value.
        name: the attribute that it belongs to, for the message.

    Raises:
        Refused: the service would not take it.
    """
    if is_usual(value) or has_usual_parts(value):
        return
    try:
        _admitted(value, 1)
    except Refused as refused:
        raise (refused.below(name) if name else refused) from None


def _members(values: Mapping[str, AttributeValue], depth: int) -> _Content:
    kept: Item = {}
    total = 0
    for name, value in values.items():
        try:
            tag, content, size = _admitted(value, depth)
            total += size + name_size(name)
        except Refused as refused:
            raise refused.below(name) from None
        kept[name] = {tag: content}
    return kept, total


def _admitted(value: AttributeValue, depth: int) -> tuple[str, Any, int]:
    try:
        ((tag, content),) = value.items()
        admit_content = _CONTENTS[tag]
    except (ValueError, AttributeError, KeyError, TypeError):
        raise Refused(_malformed(value)) from None
    content, size = admit_content(content, depth)
    return tag, content, size


def _malformed(value: object) -> str:
    if not isinstance(value, Mapping):
        return f"Expected a tagged attribute value such as {{'S': ...}}, found {type(value).__name__}"
    if not value:
        return "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
    if len(value) > 1:
        return (
            "Supplied AttributeValue has more than one datatypes set, "
            "must contain exactly one of the supported datatypes"
        )
    return (
        "Supplied AttributeValue has an unknown datatype, must contain one of the supported datatypes: "
        f"{', '.join(_CONTENTS)}"
    )


def _string(content: Any, depth: int) -> _Content:
    if not isinstance(content, str):
        raise Refused(_expected("S", "str", content))
    text = str.__str__(content)  # of a subclass, as the service would give it back
    return text, len(text) if text.isascii() else len(encoded(text))


def _number(content: Any, depth: int) -> _Content:
    if not isinstance(content, str):
        raise Refused(_expected("N", "a number as str", content))
    try:
        return number_admitted(str.__str__(content))
    except NumberRefused as refused:
        raise Refused(_number_refusal(refused)) from refused


def _number_refusal(refused: NumberRefused) -> str:
    text = str(refused)
    for word, service in _NUMBER_WORDS.items():
        if word in text:
            return f"{service}: {text}"
    return f"The parameter cannot be converted to a numeric value: {text}"


_NUMBER_WORDS = {
    "digits": "Attempting to store more than 38 significant digits in a Number",
    "larger": "Number overflow. Attempting to store a number with magnitude larger than supported range",
    "smaller": "Number underflow. Attempting to store a number with magnitude smaller than supported range",
}


def _binary(content: Any, depth: int) -> _Content:
    if not isinstance(content, bytes | bytearray):
        raise Refused(_expected("B", "bytes", content))
    return bytes(content), len(content)


def _boolean(content: Any, depth: int) -> _Content:
    if not isinstance(content, bool):
        raise Refused(_expected("BOOL", "bool", content))
    return content, 1


def _null(content: Any, depth: int) -> _Content:
    if content is not True:
        raise Refused(f"{_INVALID}: Null attribute value types must have the value of true")
    return content, 1


def _list(content: Any, depth: int) -> _Content:
    if not isinstance(content, list | tuple):
        raise Refused(_expected("L", "list", content))
    _check_depth(depth)
    kept = []
    total = 3
    for position, element in enumerate(content):
        try:
            tag, inner, size = _admitted(element, depth + 1)
        except Refused as refused:
            raise refused.below(position) from None
        kept.append({tag: inner})
        total += 1 + size
    return kept, total


def _map(content: Any, depth: int) -> _Content:
    if not isinstance(content, Mapping):
        raise Refused(_expected("M", "dict", content))
    _check_depth(depth)
    kept, total = _members(content, depth + 1)
    return kept, 3 + len(kept) + total


def _check_depth(depth: int) -> None:
    if depth >= NESTING_LIMIT:
        raise Refused("Nesting Levels have exceeded supported limits")


def _set(tag: str, word: str, member: Callable[[Any, int], _Content]) -> Callable[[Any, int], _Content]:
    def admitted(content: Any, depth: int) -> _Content:
        if not isinstance(content, list | tuple):
            raise Refused(_expected(tag, "list", content))
        if not content:
            raise Refused(f"{_INVALID}: {word}")
        members = [member(part, depth) for part in content]
        kept = [part for part, _ in members]
        if len(set(kept)) < len(kept):
            raise Refused(f"{_INVALID}: Input collection ({tag}) contains duplicates.")
        return kept, sum(size for _, size in members)

    return admitted


def _expected(tag: str, wanted: str, found: object) -> str:
    return f"Expected {wanted} under type tag {tag}, found {type(found).__name__}"


_CONTENTS: Mapping[str, Callable[[Any, int], _Content]] = {
    "S": _string,
    "N": _number,
    "B": _binary,
    "BOOL": _boolean,
    "NULL": _null,
    "L": _list,
    "M": _map,
    "SS": _set("SS", "An string set  may not be empty", _string),
    "NS": _set("NS", "An number set  may not be empty", _number),
    "BS": _set("BS", "Binary sets should not be empty", _binary),
}
