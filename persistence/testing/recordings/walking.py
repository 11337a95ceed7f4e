"""Operations, answers and errors with some of their attribute values replaced, wherever these stand."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from persistence.attributes import AttributeValue, Item
from persistence.errors import PersistenceError
from persistence.expressions import And, KeyCondition, Not, Or, Path, Value

T = TypeVar("T")

Replacing = Callable[[str, AttributeValue], AttributeValue]
"""Gives what stands for an attribute value: gets the name of its attribute, or map entry, and the value."""

_ITEMS = frozenset({"item", "items", "key", "start", "last_key", "attributes", "found"})
"""Fields that hold items, or several of them."""

_JOINED = (And, Or, Not)


def replaced(part: T, replacing: Replacing) -> T:
    """Give an operation, an answer or a part of one with attribute values replaced.

    A value is that of each attribute and map entry in whose place it stands; in conditions and updates that
    is the path beside it.
    """
    made: Any = _walked(part, replacing, ())
    return made  # type: ignore[no-any-return]  # what is walked keeps its type


def replaced_error(error: PersistenceError, replacing: Replacing) -> PersistenceError:
    """Give an error with attribute values of the items that it holds replaced."""
    changed = copy.copy(error)
    for name, part in vars(error).items():
        vars(changed)[name] = _held(name, part, replacing, ())
    return changed


def _walked(part: Any, replacing: Replacing, beside: tuple[str, ...]) -> Any:
    if isinstance(part, Value):
        value = part.value
        for name in beside:
            value = replacing(name, value)
        return Value(_inside(value, replacing))
    if isinstance(part, KeyCondition):
        return KeyCondition(
            _named(part.partition, replacing),
            _walked(part.sort, replacing, ()),
            tuple(_named(each, replacing) for each in part.also),
        )
    if dataclasses.is_dataclass(part) and not isinstance(part, type | Path):
        names = beside if isinstance(part, _JOINED) else (*beside, *_names_in(part))
        changes = {
            field.name: _held(field.name, getattr(part, field.name), replacing, names)
            for field in dataclasses.fields(part)
            if field.init
        }
        changed = {name: each for name, each in changes.items() if each is not getattr(part, name)}
        return dataclasses.replace(part, **changed) if changed else part
    if isinstance(part, tuple):
        return tuple(_walked(each, replacing, beside) for each in part)
    return part


def _held(name: str, part: Any, replacing: Replacing, beside: tuple[str, ...]) -> Any:
    if name in _ITEMS and isinstance(part, Mapping):
        return replaced_item(part, replacing)
    if name in _ITEMS and isinstance(part, Sequence) and not isinstance(part, str | bytes):
        return tuple(replaced_item(each, replacing) if isinstance(each, Mapping) else each for each in part)
    return _walked(part, replacing, beside)


def _names_in(part: Any) -> Iterator[str]:
    for field in dataclasses.fields(part):
        held = getattr(part, field.name)
        if isinstance(held, Path):
            yield from (str(segment) for segment in held.segments if isinstance(segment, str))
        elif dataclasses.is_dataclass(held) and isinstance(getattr(held, "path", None), Path):
            yield from _names_in(held)


def _named(pair: tuple[str, AttributeValue], replacing: Replacing) -> tuple[str, AttributeValue]:
    name, value = pair
    return name, replacing(name, value)


def replaced_item(item: Mapping[str, AttributeValue], replacing: Replacing) -> Item:
    """Give an item with attribute values replaced, those of map entries too."""
    return {name: _inside(replacing(name, value), replacing) for name, value in item.items()}


def _inside(value: AttributeValue, replacing: Replacing) -> AttributeValue:
    if "M" in value:
        return {"M": replaced_item(value["M"], replacing)}
    if "L" in value:
        return {"L": [_inside(each, replacing) for each in value["L"]]}
    return value
