"""Values, conditions and differences in the words of reports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from persistence.attributes import AttributeValue, Item, same
from persistence.errors import PersistenceError
from persistence.expressions import Condition, Path, UpdateAction
from persistence.mapping import EntityMapping
from persistence.stores.layers.wording import Readable, shown

NOTHING = "nothing"
"""What is said of an absent attribute."""

_LONGEST = 120
"""Characters of a value that are shown."""


class _Named(Readable):
    """Writes expressions with the names of fields in place of those of attributes."""

    __slots__ = ("_names",)

    def __init__(self, names: Mapping[str, str]) -> None:
        super().__init__(values=True)
        self._names = names

    def _alias(self, name: str | int) -> str:
        return self._names.get(str(name), str(name))

    def _bound(self, value: AttributeValue) -> str:
        return shown_value(value)


def field_names(mapping: EntityMapping[Any] | None) -> Mapping[str, str]:
    """Give the name of the field for each attribute of a mapping."""
    return {} if mapping is None else {field.attribute: field.name for field in mapping.plan.fields}


def shown_value(value: AttributeValue | None) -> str:
    """Write an attribute value, shortened where it is long."""
    text = NOTHING if value is None else shown(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text)} characters)"


def shown_condition(condition: Condition, mapping: EntityMapping[Any] | None) -> str:
    """Write a condition in the names of a mapping's fields."""
    return _Named(field_names(mapping)).condition(condition)


def shown_actions(actions: Iterable[UpdateAction], mapping: EntityMapping[Any] | None) -> list[str]:
    """Write update actions in the names of a mapping's fields, one each."""
    names = field_names(mapping)
    return [_Named(names).update((action,)) for action in actions]


def shown_item(item: Mapping[str, AttributeValue], mapping: EntityMapping[Any] | None) -> list[str]:
    """Write an item, one line for each attribute."""
    names = field_names(mapping)
    return [f"{names.get(name, name)}: {shown_value(value)}" for name, value in item.items()]


def shown_key(key: Item, mapping: EntityMapping[Any] | None) -> str:
    """Write a key as `get` takes it, or its attributes where it is none of the mapping."""
    values = key_values(key, mapping)
    if values is None:
        return "{" + ", ".join(f"{name}: {shown_value(value)}" for name, value in key.items()) + "}"
    return ", ".join(map(repr, values))


def key_values(key: Item, mapping: EntityMapping[Any] | None) -> tuple[object, ...] | None:
    """Give the values of a key as `get` takes them; None where it is no key of the mapping."""
    if mapping is None:
        return None
    try:
        return mapping.key_values(key)
    except PersistenceError:
        return None


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where something else came than was expected.

    Attributes:
        path: where, in attribute names.
        expected, came: None for nothing.
    """

    path: Path
    expected: AttributeValue | None
    came: AttributeValue | None

    def shown(self, mapping: EntityMapping[Any] | None, found: str = "came") -> str:
        """Write it as a line; `found` is said of what is there."""
        first, *rest = self.path.segments
        name = Path.of(field_names(mapping).get(str(first), str(first)), *rest)
        return f"{name}: expected {shown_value(self.expected)}, {found} {shown_value(self.came)}"


def differences(
    expected: Mapping[str, AttributeValue], came: Mapping[str, AttributeValue], at: tuple[str | int, ...] = ()
) -> Iterator[Difference]:
    """Give the places where two items, or maps, differ as stored, as deep as they can be told apart."""
    for name in dict.fromkeys((*expected, *came)):
        yield from differing(expected.get(name), came.get(name), (*at, name))


def differing(
    expected: AttributeValue | None, came: AttributeValue | None, at: tuple[str | int, ...]
) -> Iterator[Difference]:
    """Give the places where two values differ as stored."""
    if same(expected, came):
        return
    if expected is not None and came is not None:
        if "M" in expected and "M" in came:
            yield from differences(expected["M"], came["M"], at)
            return
        if "L" in expected and "L" in came and len(expected["L"]) == len(came["L"]):
            for place, pair in enumerate(zip(expected["L"], came["L"], strict=True)):
                yield from differing(*pair, (*at, place))
            return
    yield Difference(Path(at), expected, came)


def indented(lines: Iterable[str], by: int = 4) -> list[str]:
    """Move lines to the right."""
    return [" " * by + line for line in lines]


def counted(number: int, thing: str) -> str:
    """Write a number of things: "1 operation", "2 operations"."""
    return f"{number} {thing}{'' if number == 1 else 's'}"
