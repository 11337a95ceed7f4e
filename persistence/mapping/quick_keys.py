"""Keys of the usual kinds without detours; whatever is unusual is left to the sure way, which explains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from persistence.attributes import NUMBER_DIGITS, AttributeValue, Item, NormalisedKey, normalised_key
from persistence.mapping.keys import KeyPart, Slot
from persistence.mapping.nodes import Node, Scalar
from persistence.mapping.refusal import Refused
from persistence.mapping.scalars import INTEGER, STRING
from persistence.table import Table

Content = str | bytes
_Write = Callable[[object], Content | None]
_Fill = Callable[[Sequence[object]], Content | None]

_OUT_OF_RANGE = 10**NUMBER_DIGITS


@dataclass(frozen=True, slots=True)
class QuickKey:
    """Makes the stored key of usual values: of plain text and whole numbers above all.

    It gives the same key as the sure way, or None.

    Attributes:
        fields: the names of the fields that it takes, in order.
        of: gives the key for the values of its fields, or None where something is unusual.
        of_entity: gives the key of an entity, or None where something is unusual.
    """

    fields: tuple[str, ...]
    of: Callable[[Sequence[object]], Item | None]
    of_entity: Callable[[object], Item | None]


def _key(parts: Sequence[tuple[str, str, _Fill]], values: Sequence[object]) -> Item | None:
    key: Item = {}
    for attribute, tag, fill in parts:
        content = fill(values)
        if content is None:
            return None
        key[attribute] = {tag: content}
    return key


def quick_key(parts: Sequence[KeyPart], fields: tuple[str, ...]) -> QuickKey | None:
    """Make the quick way to the keys of a mapping, or None where only the sure way knows them.

    Args:
        parts: the parts of its key.
        fields: the names of their fields, in order.
    """
    fills = [_filled(part, fields) for part in parts]
    if not fields or None in fills:
        return None
    made = tuple((part.attribute, part.type, fill) for part, fill in zip(parts, fills, strict=True) if fill)
    return QuickKey(fields, _of_values(made), _of_text(parts) or _of_entity(made, fields))


def _of_values(parts: Sequence[tuple[str, str, _Fill]]) -> Callable[[Sequence[object]], Item | None]:
    if len(parts) > 1:
        return lambda values: _key(parts, values)
    ((attribute, tag, fill),) = parts

    def of_one(values: Sequence[object]) -> Item | None:
        content = fill(values)
        return None if content is None else {attribute: {tag: content}}

    return of_one


def _of_entity(
    parts: Sequence[tuple[str, str, _Fill]], fields: tuple[str, ...]
) -> Callable[[object], Item | None]:
    read: Callable[[object], Any] = attrgetter(*fields)
    several = len(fields) > 1

    def of_entity(entity: object) -> Item | None:
        try:
            values = read(entity)
        except AttributeError:
            return None
        return _key(parts, values if several else (values,))

    return of_entity


def _of_text(parts: Sequence[KeyPart]) -> Callable[[object], Item | None] | None:
    """Make what gives the key of an entity where that is one text or two, as most keys are; else None."""
    if any(part.parsed is not None or part.node is not STRING or part.type != "S" for part in parts):
        return None
    return _of_one_text(*parts) if len(parts) == 1 else _of_two_texts(*parts) if len(parts) == 2 else None


def _of_one_text(part: KeyPart) -> Callable[[object], Item | None]:
    attribute, limit = part.attribute, part.limit
    read: Callable[[object], object] = attrgetter(part.fields[0])

    def of_entity(entity: object) -> Item | None:
        try:
            value = read(entity)
        except AttributeError:
            return None
        if type(value) is str and value.isascii() and 0 < len(value) <= limit:
            return {attribute: {"S": value}}
        return None

    return of_entity


def _of_two_texts(one: KeyPart, other: KeyPart) -> Callable[[object], Item | None]:
    first, most, last, most_of_last = one.attribute, one.limit, other.attribute, other.limit
    read: Callable[[object], tuple[object, object]] = attrgetter(one.fields[0], other.fields[0])

    def of_entity(entity: object) -> Item | None:
        try:
            text, other_text = read(entity)
        except AttributeError:
            return None
        if (
            type(text) is str
            and type(other_text) is str
            and text.isascii()
            and other_text.isascii()
            and 0 < len(text) <= most
            and 0 < len(other_text) <= most_of_last
        ):
            return {first: {"S": text}, last: {"S": other_text}}
        return None

    return of_entity


def identifier(table: Table) -> Callable[[Mapping[str, AttributeValue]], tuple[str, NormalisedKey]]:
    """Make what gives the identity of a key, or of an item that has it: the table and the normalised key.

    Args:
        table: the declaration of its table.
    """
    name, names = table.name, table.key_names()
    tags = [table.type_of(attribute) for attribute in names]

    def identity(key: Mapping[str, AttributeValue]) -> tuple[str, NormalisedKey]:
        return name, normalised_key(key, names)

    if "N" in tags:
        return identity
    first, last, first_tag, last_tag = names[0], names[-1], tags[0], tags[-1]

    def of_one(key: Mapping[str, AttributeValue]) -> tuple[str, NormalisedKey]:
        try:
            return name, ((first_tag, key[first][first_tag]),)
        except KeyError:
            return identity(key)

    def of_two(key: Mapping[str, AttributeValue]) -> tuple[str, NormalisedKey]:
        try:
            return name, ((first_tag, key[first][first_tag]), (last_tag, key[last][last_tag]))
        except KeyError:
            return identity(key)

    return of_one if len(names) == 1 else of_two


def _filled(part: KeyPart, fields: tuple[str, ...]) -> _Fill | None:
    if part.parsed is not None:
        return _template(part, fields)
    write = None if part.node is None else _writer(part.node, part.type, part.limit)
    if write is None:
        return None
    at = fields.index(part.fields[0])
    return lambda values: write(values[at])


def _writer(node: Node, tag: str, limit: int) -> _Write | None:
    """Give what writes a value as one attribute, within a number of bytes."""
    if node is STRING and tag == "S":
        return lambda value: (
            value if type(value) is str and value.isascii() and 0 < len(value) <= limit else None
        )
    if node is INTEGER and tag == "N":
        return _whole_number
    if not isinstance(node, Scalar) or node.key_type != tag:
        return None

    def write(value: object) -> Content | None:
        try:
            content = None if value is None else node.encode(value, validate=False)[tag]
        except Refused:
            return None
        if tag == "N":
            return content
        return content if content and _size(content) <= limit else None

    return write


def _whole_number(value: object) -> str | None:
    return str(value) if type(value) is int and -_OUT_OF_RANGE < value < _OUT_OF_RANGE else None


def _size(content: Content) -> int:
    return len(content.encode()) if isinstance(content, str) else len(content)


def _template(part: KeyPart, fields: tuple[str, ...]) -> _Fill | None:
    template = part.parsed
    assert template is not None
    slots: list[tuple[int, _Write]] = []
    for slot in template.slots:
        write = _slot_writer(slot, part.limit)
        if write is None:
            return None
        slots.append((fields.index(slot.name), write))
    first, *others = template.literals
    pattern, limit = template.pattern, part.limit

    def fill(values: Sequence[object]) -> str | None:
        texts = tuple([write(values[at]) for at, write in slots])
        text = first
        for filled, literal in zip(texts, others, strict=True):
            if not isinstance(filled, str):
                return None
            text += filled + literal
        found = pattern.fullmatch(text) if text.isascii() and 0 < len(text) <= limit else None
        # A value that holds a separator would make the key of another entity.
        return text if found is not None and found.groups() == texts else None

    return fill


def _slot_writer(slot: Slot, limit: int) -> _Write | None:
    tag = slot.node.key_type
    return None if slot.spec or tag not in ("S", "N") else _writer(slot.node, tag, limit)
