"""Attribute values and items as DynamoDB knows them, its number rules, sizes and equality.

An attribute value is a dict with one type tag, `{"S": "x"}`, exactly as botocore's low-level client takes and
gives it: numbers are text, binary is `bytes`, sets are lists. An item is a dict of attribute names to
attribute values.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

AttributeValue = dict[str, Any]
"""A value with its type tag, such as `{"S": "x"}` or `{"L": [{"N": "1"}]}`."""

Item = dict[str, AttributeValue]
"""Attribute name -> attribute value."""

NormalisedKey = tuple[tuple[str, str | Decimal | bytes], ...]
"""The key of an item in a form that is equal where DynamoDB's keys are: `1`, `1.0` and `1E0` are one."""

NUMBER_DIGITS = 38
"""Significant digits of a number (developer guide, "Supported data types": Number)."""
NUMBER_SIZE_LIMIT = 22
"""Bytes of a number at most, rounded up."""
NUMBER_EXPONENT = 125
"""The greatest decimal exponent of a number; the smallest is -130."""
NUMBER_LEAST_EXPONENT = -130

ITEM_SIZE_LIMIT = 409_600
"""Bytes of an item, attribute names included."""
PARTITION_KEY_SIZE_LIMIT = 2048
SORT_KEY_SIZE_LIMIT = 1024
NESTING_LIMIT = 32
LAST_INDEX = 2**31 - 1
"""The greatest index of an element that a path may have."""
ATTRIBUTE_NAME_LIMIT = 65_535
"""Bytes of the name of an attribute."""
KEY_NAME_LIMIT = 255
"""Bytes of the name of an attribute that is part of a key, or that an index names."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?\Z")
_LONG_EXPONENT = 10_000
"""Exponents of this magnitude are out of range whatever stands before them; they are never expanded."""


class NumberRefused(ValueError):
    """A number that DynamoDB can't hold; the message says why."""


def number_text(value: int | Decimal) -> str:
    """Write a number as DynamoDB returns it: exact, canonical, never scientific.

    Args:
        value: an int (not a bool) or Decimal.

    Raises:
        NumberRefused: NaN, infinite, more than 38 significant digits, or a magnitude outside 1E-130 to
            9.9E+125.
    """
    if isinstance(value, int):
        return _int_text(value)
    return _decimal_text(value)


def _int_text(value: int) -> str:
    if -(10**NUMBER_DIGITS) < value < 10**NUMBER_DIGITS:
        return str(value)
    if abs(value) >= 10 ** (NUMBER_EXPONENT + 1):
        _check_magnitude(NUMBER_EXPONENT + 1)
    return _decimal_text(Decimal(value))


def _decimal_text(value: Decimal) -> str:
    if not value.is_finite():
        raise NumberRefused(
            f"{'NaN' if value.is_nan() else 'an infinity'} is no number that DynamoDB can hold"
        )
    if not value:
        return "0"
    digits = value.as_tuple().digits
    if len(digits) > NUMBER_DIGITS:
        significant = "".join(map(str, digits)).strip("0")
        if len(significant) > NUMBER_DIGITS:
            raise NumberRefused(
                f"it has {len(significant)} significant digits; DynamoDB's numbers have {NUMBER_DIGITS}"
            )
    _check_magnitude(value.adjusted())
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _check_magnitude(exponent: int) -> None:
    if exponent > NUMBER_EXPONENT:
        raise NumberRefused("its magnitude is larger than DynamoDB's numbers can be (9.9E+125)")
    if exponent < NUMBER_LEAST_EXPONENT:
        raise NumberRefused("its magnitude is smaller than DynamoDB's numbers can be (1E-130)")


def parse_number(text: str) -> Decimal:
    """Read the text of a number exactly.

    Raises:
        NumberRefused: it is no number, or one that DynamoDB can't hold; of zero the exponent that it is
            written with must be in range, as the service has it.
    """
    match = _NUMBER.match(text) if isinstance(text, str) else None
    if match is None:
        raise NumberRefused("the parameter cannot be converted to a numeric value")
    if match[1] is not None:
        _check_exponent(match[1])
    value = Decimal(text)
    if match[1] is not None and not value:
        _check_magnitude(int(match[1]))
    _decimal_text(value)
    return value


def _check_exponent(text: str) -> None:
    """Check an exponent before anything is made of it: it may be as long as an item."""
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) > len(str(2**63)) or not -(2**63) <= int(text) < 2**63:
        raise NumberRefused("the parameter cannot be converted to a numeric value")
    if abs(exponent := int(text)) >= _LONG_EXPONENT:
        _check_magnitude(exponent)


def canonical_number(text: str) -> str:
    """Rewrite a number's text in the one form that DynamoDB returns.

    Raises:
        NumberRefused: it is no number, or one that DynamoDB can't hold.
    """
    return _decimal_text(parse_number(text))


def type_of(value: AttributeValue) -> str:
    """Give the type tag of an attribute value: S, N, B, BOOL, NULL, M, L, SS, NS or BS."""
    return next(iter(value))


def comparable(value: AttributeValue) -> Any:
    """Turn an attribute value into a hashable form that is equal exactly where DynamoDB's `=` says so.

    Numbers compare by value, sets without order, maps without order; different types are never equal.
    """
    ((tag, content),) = value.items()
    match tag:
        case "N":
            return tag, Decimal(content)
        case "SS" | "BS":
            return tag, frozenset(content)
        case "NS":
            return tag, frozenset(map(Decimal, content))
        case "L":
            return tag, tuple(map(comparable, content))
        case "M":
            return tag, frozenset((name, comparable(part)) for name, part in content.items())
        case _:
            return tag, content


def same(one: AttributeValue | None, other: AttributeValue | None) -> bool:
    """Tell whether two attribute values are the same as stored; None stands for an absent attribute."""
    if one == other:
        return True
    if one is None or other is None or "S" in one:
        return False
    if "N" in one and "N" in other:
        return Decimal(one["N"]) == Decimal(other["N"])
    if (tag := type_of(one)) != type_of(other) or tag in _EQUAL_AS_WRITTEN:
        return False
    return bool(comparable(one) == comparable(other))


_EQUAL_AS_WRITTEN = frozenset({"S", "B", "BOOL", "NULL"})
"""Types whose values differ wherever what is written differs."""


def normalised_key(key: Mapping[str, AttributeValue], names: Iterable[str]) -> NormalisedKey:
    """Give the identity of a key.

    Args:
        key: an item or key that holds the attributes.
        names: the key's attribute names, partition key first.
    """
    parts: list[tuple[str, str | Decimal | bytes]] = []
    for name in names:
        ((tag, content),) = key[name].items()
        parts.append((tag, Decimal(content) if tag == "N" else content))
    return tuple(parts)


def item_size(item: Mapping[str, AttributeValue]) -> int:
    """Give the size of an item in bytes as the service counts it, names included.

    Source: developer guide, "DynamoDB item sizes and formats".
    """
    size = 0
    for name, value in item.items():
        size += _text_size(name) + value_size(value)
    return size


def size_at_most(data: Item | list[Any]) -> int:
    """Give a number of bytes that is not less than the size of an item, or of names and values in a list.

    The encoding of the standard library's marshal, version 2, writes every name and text in full and at least
    as much beside them as the service counts; it costs a fraction of the exact size.

    Args:
        data: attribute name -> attribute value; or a list of such, of attribute values, or of names.
    """
    return len(marshal.dumps(data, 2))


def surely_fits(item: Item, size: int) -> bool:
    """Tell whether an item is certainly not larger than a size; False means that it has to be weighed.

    Args:
        item: attribute name -> attribute value.
        size: bytes.
    """
    return size_at_most(item) <= size


def value_size(value: AttributeValue) -> int:
    """Give the size of one attribute value in bytes as the service counts it."""
    for tag, content in value.items():
        if tag == "S":
            return _text_size(content)
        if tag == "N":
            return _number_size(content)
        if tag == "L":
            return 3 + len(content) + sum(map(value_size, content))
        if tag == "M":
            return 3 + len(content) + item_size(content)
        if tag == "B":
            return len(content)
        if tag in _MEMBER_SIZES:
            return sum(map(_MEMBER_SIZES[tag], content))
    return 1


def _text_size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def _number_size(text: str) -> int:
    return number_size(format(Decimal(text), "f") if "e" in text or "E" in text else text)


def number_size(text: str) -> int:
    """Give the size of a number in bytes as the service counts it.

    One byte, one more for each two significant digits before the point and for each two behind it, and one
    for a minus sign. That the two parts are rounded up apart is not in the developer guide; the public
    dynamodb-conformance suite measured it on AWS, at the limit of 400 KB.

    Args:
        text: the number, without exponent.
    """
    whole, _, fraction = text.lstrip("+-").partition(".")
    whole, fraction = whole.lstrip("0"), fraction.rstrip("0")
    if not fraction:
        whole = whole.rstrip("0")
    elif not whole:
        fraction = fraction.lstrip("0")
    if not whole and not fraction:
        return 1
    return 1 + (len(whole) + 1) // 2 + (len(fraction) + 1) // 2 + (text[0] == "-")


_MEMBER_SIZES: Mapping[str, Callable[[Any], int]] = {"SS": _text_size, "NS": _number_size, "BS": len}
