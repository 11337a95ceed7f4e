"""Items of the usual kinds, admitted in one quick walk: dicts, lists, texts, numbers, truth values and bytes.

Most of them are in the form that a table keeps already. They need not be taken over part by part: a walk
looks at them, and they are packed as they are.

What is unusual or wrong is left to `values`, which looks closely and says what is wrong with it.
"""

from __future__ import annotations

import marshal
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from persistence.attributes import NESTING_LIMIT, AttributeValue, canonical_number, number_size
from persistence.stores.validation.record import Record
from persistence.stores.validation.refused import Refused

ATTRIBUTE_NAME_LIMIT = 65_535

# What is in the canonical form already needs no arithmetic.
is_canonical = re.compile(
    r"0|-?[1-9][0-9]{0,37}|-?(?=[0-9.]{3,39}\Z)(?:0|[1-9][0-9]*)\.[0-9]*[1-9]"
).fullmatch
_FEW = 100
# Writes no references: of two parts of an item that are one object each reader gets two.
_PACKED = 2
_TEXT = {str}


class Unusual(ValueError):
    """Something is not as most items have it; it may be wrong."""


def admit_usual(item: Mapping[str, AttributeValue]) -> Record:
    """Give an item in the form in which a table keeps it, of whatever size it is.

    Raises:
        ValueError, TypeError, AttributeError: it has to be looked at closely.
    """
    nested: list[str] = []
    texts: list[str] = []
    kept, size = _walk(item.items(), 1, nested, texts)
    return Record(kept, size + _names_size(item) + (_texts_size(texts) if texts else 0), tuple(nested))


def pack_usual(item: Mapping[str, AttributeValue]) -> Record:
    """Give an item packed, of whatever size it is, if it is in the form in which a table keeps it.

    Raises:
        ValueError, TypeError, AttributeError: it has to be looked at closely.
    """
    size = _names_size(item) + _size_of_usual(item.values())
    # It packs nothing but what is of these very types: a subclass of them is an error.
    return Record.packed(marshal.dumps(item, _PACKED), size)  # type: ignore[arg-type]  # so is another mapping


def has_usual_parts(value: AttributeValue) -> bool:
    """Tell that a value is surely taken, with all that is inside of it; all else is looked at closely."""
    try:
        _size_of_usual((value,))
    except (ValueError, TypeError, AttributeError):
        return False
    return True


def _size_of_usual(values: Iterable[AttributeValue]) -> int:
    texts: list[str] = []
    numbers: list[str] = []
    size = _look(values, 1, texts, numbers) + sum(map(_canonical_size, numbers))
    return size + _texts_size(texts) if texts else size


def _look(values: Iterable[AttributeValue], depth: int, texts: list[str], numbers: list[str]) -> int:
    """Look at values, note the texts and numbers among them, and give the size of all else."""
    size = 0
    for value in values:
        if len(value) != 1:
            raise Unusual
        if "S" in value:
            texts.append(value["S"])
        elif "N" in value:
            numbers.append(value["N"])
        elif "BOOL" in value:
            if type(value["BOOL"]) is not bool:
                raise Unusual
            size += 1
        elif "M" in value:
            content = value["M"]
            if type(content) is not dict or depth >= NESTING_LIMIT:
                raise Unusual
            size += 3 + len(content) + _names_size(content)
            size += _look(content.values(), depth + 1, texts, numbers)
        elif "L" in value:
            content = value["L"]
            if type(content) is not list or depth >= NESTING_LIMIT:
                raise Unusual
            size += 3 + len(content) + _look(content, depth + 1, texts, numbers)
        else:
            size += _other(value, depth, [], [])[1]
    return size


def is_usual(value: AttributeValue) -> bool:
    """Tell at a glance that a value is a text or number as most are; all else is looked at closely."""
    if type(value) is not dict or len(value) != 1:
        return False
    ((tag, content),) = value.items()
    return type(content) is str and (
        (tag == "S" and content.isascii()) or (tag == "N" and is_canonical(content) is not None)
    )


def _walk(
    values: Iterable[tuple[Any, AttributeValue]], depth: int, nested: list[str], texts: list[str]
) -> tuple[dict[Any, Any], int]:
    """Take over values by their names or positions, and give their size without that of texts."""
    kept: dict[Any, Any] = {}
    size = 0
    for name, value in values:
        if len(value) != 1:
            raise Unusual
        if "S" in value:
            text = value["S"]
            texts.append(text)
            kept[name] = {"S": text}
        elif "N" in value:
            text, more = number_admitted(value["N"])
            size += more
            kept[name] = {"N": text}
        elif "BOOL" in value:
            content = value["BOOL"]
            if type(content) is not bool:
                raise Unusual
            kept[name] = {"BOOL": content}
            size += 1
        elif "M" in value:
            content = value["M"]
            if type(content) is not dict or depth >= NESTING_LIMIT:
                raise Unusual
            inner, more = _walk(content.items(), depth + 1, nested, texts)
            kept[name] = {"M": inner}
            size += 3 + len(inner) + _names_size(content) + more
            if depth == 1:
                nested.append(name)
        else:
            kept[name], more = _other(value, depth, nested, texts)
            size += more
            if depth == 1 and ("L" in value or "SS" in value):
                nested.append(name)
    return kept, size


def _other(
    value: AttributeValue, depth: int, nested: list[str], texts: list[str]
) -> tuple[AttributeValue, int]:
    ((tag, content),) = value.items()
    kind = type(content)
    if kind is bool and tag == "NULL" and content:
        return {"NULL": True}, 1
    if kind is bytes and tag == "B":
        return {"B": content}, len(content)
    if kind is list and tag == "L" and depth < NESTING_LIMIT:
        kept, size = _walk(enumerate(content), depth + 1, nested, texts)
        return {"L": list(kept.values())}, 3 + len(content) + size
    if kind is list and tag == "SS" and len(set(content)) == len(content) > 0:
        return {"SS": content.copy()}, _texts_size(content)
    raise Unusual


def _texts_size(texts: list[Any]) -> int:
    if set(map(type, texts)) != _TEXT:
        raise Unusual
    text = "".join(texts)
    return len(text) if text.isascii() else len(text.encode())


def _names_size(values: Mapping[str, AttributeValue]) -> int:
    return _few_names_size(tuple(values)) if len(values) <= _FEW else sum(map(name_size, values))


@lru_cache(1024)
def _few_names_size(names: tuple[Any, ...]) -> int:
    """Give the size of names that often stand together, as those of one class of entities do."""
    return sum(map(name_size, names))


@lru_cache(4096)
def name_size(name: Any) -> int:
    """Give the size of an attribute's name.

    Raises:
        Refused: it is none.
    """
    if not isinstance(name, str) or not name:
        raise Refused("Attribute names must be strings of at least one character")
    size = len(name) if name.isascii() else len(encoded(name))
    if size > ATTRIBUTE_NAME_LIMIT:
        raise Refused(f"Attribute name is too large, its size must be at most {ATTRIBUTE_NAME_LIMIT} bytes")
    return size


def encoded(text: str) -> bytes:
    """Give a text as the service counts it.

    Raises:
        Refused: it is no valid Unicode.
    """
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise Refused("Text must be valid Unicode; this has a surrogate without its pair") from None


@lru_cache(4096)
def _canonical_size(text: str) -> int:
    """Give the size of a number that is in its canonical form.

    Raises:
        Unusual: it is not.
    """
    if is_canonical(text) is None:
        raise Unusual
    return number_size(text)


@lru_cache(4096)
def number_admitted(text: str) -> tuple[str, int]:
    """Give the canonical form of a number, and its size.

    Raises:
        NumberRefused: it is none, or one that DynamoDB can't hold.
    """
    if not is_canonical(text):
        text = canonical_number(text)
    return text, number_size(text)
