"""Entities, items and errors of the library as plain values, and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from persistence.attributes import AttributeValue, Item
from persistence.commit_plan import COMMIT_ID
from persistence.errors import (
    CommitConflict,
    ConflictError,
    DecodeError,
    EntityNotFound,
    HandlersFailed,
    KeyChanged,
    StaleEntity,
    TransactionTooLarge,
    UnitBroken,
    ValidationFailed,
)
from tests.programs.entities import TYPES, Account, Author, Line
from tests.programs.outcomes import Raised, Reason
from tests.programs.steps import Change, Patch
from tests.programs.values import Values, copied, edited, masked


def values_of(entity: Any) -> Values:
    """Give the values of an entity."""
    return {name: each if type(each) in _PLAIN else _value(each) for name, each in vars(entity).items()}


_PLAIN = (str, int, type(None))


def _value(value: Any) -> Any:
    match value:
        case dict():
            return copied(value)
        case set() | frozenset():
            return frozenset(value)
        case list() | tuple():
            return [_value(each) for each in value]
        case Author() | Line():
            return vars(value).copy()
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
        case _:
            return value


def changed(entity: Any, change: Change) -> Any:
    """Change an entity in place, or give a changed copy of a frozen one."""
    if isinstance(entity, Account):
        return _account(edited(values_of(entity), change))
    change_in_place(entity, change)
    return entity


def _account(values: Values) -> Account:
    author = values["author"] and Author(**values["author"])
    lines = tuple(Line(**line) for line in values["lines"])
    return Account(**{**values, "author": author, "lines": lines})


def change_in_place(entity: Any, change: Change) -> None:
    """Change an entity, its nested dataclasses, lists, sets and dicts where they are."""
    match change.what, change.value:
        case ("id" | "title" | "note") as name, value:
            setattr(entity, name, value)
        case "version", value if hasattr(entity, "version"):
            entity.version = value
        case "raise", event if hasattr(entity, "domain_events"):
            entity.domain_events.append(event)
        case "author", None:
            entity.author = None
        case "author", str(name):
            entity.author = Author(name)
        case ("author.name" | "author.city") as path, value if entity.author is not None:
            setattr(entity.author, path.removeprefix("author."), value)
        case path, value:
            _change_collection(entity, path, value)


def _change_collection(entity: Any, path: str, value: Any) -> None:
    match path:
        case "lines.append":
            entity.lines.append(Line(value))
        case "lines.pop" if entity.lines:
            entity.lines.pop(0)
        case "lines[-1].quantity" if entity.lines:
            entity.lines[-1].quantity = value
        case "tags.add":
            entity.tags.add(value)
        case "tags.discard":
            entity.tags.discard(value)
        case "extra.set":
            entity.extra.setdefault("k", {})["v"] = value
        case "extra.clear":
            entity.extra.clear()
        case _:
            pass


def patch_of(patch: Any, step: Patch) -> Any:
    """Say in the words of the library what a patch does."""
    for change in step.changes:
        verb, name = change.what.split()
        value = _patched_value(name, change.value)
        patch = getattr(patch, verb)(name, *(() if verb == "remove" else (value,)))
    if step.version is not None:
        patch = patch.if_version(step.version)
    if step.title is not None:
        patch = patch.if_where("title", "=", step.title)
    return patch.if_missing() if step.upsert else patch


def _patched_value(name: str, value: Any) -> Any:
    return Line(value) if name == "lines" else value


def plain_item(item: Mapping[str, AttributeValue]) -> Values:
    """Give a stored item as programs foretell it."""
    return masked({name: each for name, each in untagged_item(item).items() if name != COMMIT_ID})


def untagged_item(item: Mapping[str, AttributeValue]) -> Values:
    """Give a stored item as plain values."""
    return {name: untagged(value) for name, value in item.items()}


def untagged(value: AttributeValue) -> Any:
    """Give an attribute value as a plain one."""
    ((tag, content),) = value.items()
    match tag:
        case "N":
            number = Decimal(content)
            return int(number) if number == int(number) else number
        case "M":
            return untagged_item(content)
        case "L":
            return [untagged(each) for each in content]
        case "SS":
            return frozenset(content)
        case _:
            return content


def tagged_item(values: Values) -> Item:
    """Give plain values as an item."""
    return {name: tagged(value) for name, value in values.items()}


def tagged(value: Any) -> AttributeValue:
    """Give a plain value as an attribute value."""
    match value:
        case str():
            return {"S": value}
        case int():
            return {"N": str(value)}
        case dict():
            return {"M": tagged_item(value)}
        case list():
            return {"L": [tagged(each) for each in value]}
        case _:
            return {"SS": sorted(value)}


def raised(error: Exception, key_of: Callable[[Any], str]) -> Raised:
    """Give an error as plain data, with its entities as they are.

    Args:
        error: what a call raised.
        key_of: gives the key as programs write it.
    """
    return Raised(type(error).__name__, _about(error, key_of))


def _about(error: Exception, key_of: Callable[[Any], str]) -> Any:
    match error:
        case CommitConflict():
            return tuple(_reason(reason, key_of) for reason in error.reasons)
        case ConflictError():
            return _reason(error, key_of)
        case EntityNotFound():
            return _kind(error), tuple(key_of(key) for (key,) in error.keys)
        case ValidationFailed():
            return _kind(error), _key(error, key_of), tuple(error.messages)
        case DecodeError() | KeyChanged():
            return _kind(error), _key(error, key_of)
        case TransactionTooLarge():
            return error.actions, {name.lower(): count for name, count in error.by_type.items()}
        case UnitBroken():
            return type(error.first_failure).__name__
        case HandlersFailed():
            return tuple((failure.event, type(failure.error).__name__) for failure in error.failures)
        case _:
            return None


def _reason(error: ConflictError, key_of: Callable[[Any], str]) -> Reason:
    found = error.found
    if type(found) in TYPES:
        found = values_of(found)
    elif isinstance(found, Mapping):
        found = plain_item(found)
    if isinstance(found, dict):
        found["id"] = key_of(found["id"])
    versions = (error.expected_version, error.found_version) if isinstance(error, StaleEntity) else ()
    reason = Reason(type(error).__name__, _kind(error), _key(error, key_of), error.entity, *versions)  # type: ignore[arg-type]  # the run puts the entity's number in its place
    names = {}
    if isinstance(error, StaleEntity):
        names = {
            "by_me": tuple(sorted(error.changed_by_me)),
            "by_other": tuple(sorted(error.changed_by_other)),
        }
    return Reason(**{**vars(reason), "found": found, **names})


def _kind(error: Any) -> str:
    return TYPES[error.entity_type].name


def _key(error: Any, key_of: Callable[[Any], str]) -> str:
    (key,) = error.key
    return key_of(key)
