"""From the values of attributes to fields: what all of them have in common."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from persistence.attributes import NUMBER_DIGITS, AttributeValue, type_of
from persistence.schema.codegen.kinds import (
    ANYTHING,
    BINARY,
    BOOLEAN,
    DECIMAL,
    INTEGER,
    TEXT,
    Enumeration,
    Field,
    Kind,
    ListOf,
    MapOf,
    Presence,
    Record,
    Scalar,
    SetOf,
)
from persistence.schema.codegen.names import Names, class_name, field_name, words
from persistence.schema.codegen.texts import member_kind, text_kind

Values = Sequence[AttributeValue]
Attributes = Mapping[str, AttributeValue]

DEEPEST = 6
"""Levels of nested classes; what is deeper is a dict."""

MOST_FIELDS = 60
"""Attributes of a map that still is a class; one with more names is a dict."""

LEAST_PRESENT = 0.5
"""What part of its names each map has at the least, on average, if it is a class."""

MOST_MEMBERS = 40
"""Members of an enum that was asked for."""

_SETS = {"SS": TEXT, "NS": DECIMAL, "BS": BINARY}


class Inference:
    """Finds fields, and makes nested classes on the way.

    Args:
        names: keeps the names of classes apart.
        enums: the names of attributes whose texts are members of an enum.
        table: the table's name, for docstrings.
    """

    def __init__(self, names: Names, enums: Collection[str], table: str) -> None:
        self._names = names
        self._enums = enums
        self._table = table

        self.records: list[Record] = []
        self.enumerations: list[Enumeration] = []

    def fields_of(
        self, items: Sequence[Attributes], owner: str, plain: Mapping[str, int] | None = None, depth: int = 0
    ) -> tuple[Field, ...]:
        """Find the fields of items or maps.

        Args:
            items: what was sampled.
            owner: the class whose fields they are.
            plain: attribute -> 1 for the plainest types, 2 for anything, where more was found not to hold.
            depth: how deep they are nested.
        """
        names = Names()
        attributes = sorted({name for item in items for name in item})
        return tuple(
            self._field(items, attribute, names, owner, (plain or {}).get(attribute, 0), depth)
            for attribute in sorted(attributes, key=lambda name: (name != field_name(name), name))
        )

    def _field(
        self, items: Sequence[Attributes], attribute: str, names: Names, owner: str, plain: int, depth: int
    ) -> Field:
        present = [item[attribute] for item in items if attribute in item]
        values = [value for value in present if "NULL" not in value]
        kind = self._kind(values, attribute, owner, plain, depth)
        tags = sorted({type_of(value) for value in values})
        note = f"of several types: {', '.join(tags)}" if len(tags) > 1 else None
        if not values and present:
            note = "NULL wherever it was found"
        elif kind in (ListOf(ANYTHING), MapOf(ANYTHING)) and not plain and not any(map(_content, values)):
            note = "empty wherever it was found"
        presence = _presence(len(items), len(present), len(values))
        return Field(names.free(field_name(attribute)), attribute, kind, presence, note=note)

    def _kind(self, values: Values, attribute: str, owner: str, plain: int, depth: int) -> Kind:
        tags = {type_of(value) for value in values}
        if len(tags) != 1 or plain > 1:
            return ANYTHING
        contents = [_content(value) for value in values]
        (tag,) = tags
        match tag:
            case "S":
                return self._text(contents, attribute, owner, plain)
            case "N":
                return DECIMAL if plain else number_kind(contents)
            case "BOOL":
                return BOOLEAN
            case "B":
                return BINARY
            case "L":
                return self._list(contents, attribute, owner, plain, depth)
            case "M":
                return self._map(contents, attribute, owner, plain, depth)
            case _:
                return SetOf(_SETS[tag] if plain else _member_kind(tag, contents))

    def _text(self, texts: Sequence[str], attribute: str, owner: str, plain: int) -> Kind:
        if plain:
            return TEXT
        if attribute in self._enums and len(set(texts)) <= MOST_MEMBERS:
            return self._enumeration(sorted(set(texts)), attribute, owner)
        return text_kind(texts)

    def _enumeration(self, texts: Sequence[str], attribute: str, owner: str) -> Enumeration:
        name = class_name(attribute)
        for known in self.enumerations:
            if known.name == name and tuple(value for _, value in known.members) == tuple(texts):
                return known
        names = Names("mro")
        members = tuple((names.free(member_name(text)), text) for text in texts)
        made = Enumeration(self._class(name, owner), members)
        self.enumerations.append(made)
        return made

    def _list(self, lists: Sequence[Values], attribute: str, owner: str, plain: int, depth: int) -> Kind:
        elements = [element for each in lists for element in each]
        values = [element for element in elements if "NULL" not in element]
        inner = ANYTHING if plain else self._kind(values, attribute, owner, 0, depth)
        return ListOf(inner, inner != ANYTHING and len(values) < len(elements))

    def _map(self, maps: Sequence[Attributes], attribute: str, owner: str, plain: int, depth: int) -> Kind:
        if not plain and depth < DEEPEST and _is_regular(maps):
            return self._record(maps, attribute, owner, depth)
        entries = [value for each in maps for value in each.values()]
        values = [value for value in entries if "NULL" not in value]
        inner = ANYTHING if plain or depth >= DEEPEST else self._kind(values, attribute, owner, 0, depth + 1)
        return MapOf(inner, inner != ANYTHING and len(values) < len(entries))

    def _record(self, maps: Sequence[Attributes], attribute: str, owner: str, depth: int) -> Record:
        wanted = class_name(attribute)
        fields = self.fields_of(maps, wanted, depth=depth + 1)
        for known in self.records:
            if known.fields == fields and known.name.endswith(wanted):
                return known
        made = Record(self._class(wanted, owner), fields, f"Held by items of table {self._table!r}.")
        self.records.append(made)
        return made

    def _class(self, wanted: str, owner: str) -> str:
        try:
            return self._names.exactly(wanted, "Mapping")
        except LookupError:
            return self._names.free(class_name(f"{owner}{wanted}", one=False), "Mapping")


def number_kind(texts: Iterable[str]) -> Scalar:
    """Find the kind of some numbers: int, if none of them has a fraction, else Decimal."""
    return INTEGER if all(map(_is_whole, texts)) else DECIMAL


def _is_whole(text: str) -> bool:
    number = Decimal(text)
    return number.adjusted() < NUMBER_DIGITS and number == number.to_integral_value()


def member_name(text: str) -> str:
    """Make the name of an enum's member."""
    name = "_".join(words(text)).upper()[:40] or "EMPTY"
    return f"N{name}" if name[0].isdigit() else name


def _member_kind(tag: str, sets: Sequence[Sequence[str]]) -> Scalar:
    members = [member for each in sets for member in each]
    if tag == "SS":
        return member_kind(members)
    return number_kind(members) if tag == "NS" else BINARY


def _is_regular(maps: Sequence[Attributes]) -> bool:
    """Tell whether maps look like the attributes of a class, rather than like entries under free names."""
    names = {name for each in maps for name in each}
    if not names or "" in names or len(names) > MOST_FIELDS or not all(map(_is_word, names)):
        return False
    return sum(map(len, maps)) / (len(maps) * len(names)) >= LEAST_PRESENT


def _is_word(name: str) -> bool:
    """Tell whether a name is a word, as names of attributes are, rather than a number, a date or an id."""
    letters = sum(letter.isalpha() for letter in name)
    return 0 < len(name) <= 60 and letters > len(name) / 2 and bool(words(name))


def _presence(items: int, present: int, values: int) -> Presence:
    if present == items:
        return "always" if values == present else "null"
    return "sometimes" if values == present else "null or absent"


def _content(value: AttributeValue) -> Any:
    return next(iter(value.values()))
