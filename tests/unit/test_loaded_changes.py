"""Changes of loaded entities: found by mementos, and the same as their encodings tell."""

from __future__ import annotations

import copy
import dataclasses
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence import fields
from persistence.attributes import Item
from persistence.changes import Change
from persistence.commit_plan import plan
from persistence.errors import KeyChanged, MappingError, ValidationFailed
from persistence.mapping import EntityMapping, MappingSchema, mapping_of
from persistence.mapping.compiling import compile_mapping
from persistence.store import AWS_LIMITS
from persistence.table import GlobalIndex, Key, Table
from persistence.tracking import IdentityMap, Loaded, Tracked, loaded_changes
from tests.unit.mapping.random_entities import HINTS, SETTINGS, WRONG, Color, Mark, Point, mappings

NOW = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def loaded(mapping: EntityMapping[Any], item: Item) -> Tracked[Any]:
    entities = IdentityMap()
    entities.load(mapping, item)
    (tracked,) = entities
    return tracked


def by_memento(tracked: Tracked[Any]) -> Any:
    assert isinstance(tracked.origin, Loaded)
    return outcome(lambda: changes(tracked, tracked.origin))


def by_encoding(tracked: Tracked[Any], snapshot: Item) -> Any:
    assert isinstance(tracked.origin, Loaded)
    origin = Loaded(tracked.origin.item, snapshot, tracked.origin.complete)
    return outcome(lambda: changes(tracked, origin))


def changes(tracked: Tracked[Any], origin: Any) -> tuple[Change, ...]:
    return loaded_changes(tracked, origin).changes


def outcome(find: Any) -> Any:
    try:
        return find()
    except ValidationFailed as error:
        return error.messages


def disturb(data: st.DataObject, value: Any) -> None:
    """Change something inside of a value, if it can be changed."""
    match value:
        case list() if data.draw(st.booleans()):
            value.append(copy.copy(value[0]) if value else "x")
        case list() if value:
            disturb(data, value[-1])
        case dict() if value and data.draw(st.booleans()):
            value.popitem()
        case dict() if value:
            disturb(data, next(iter(value.values())))
        case dict():
            value["new"] = "x"
        case set():
            value.clear() if data.draw(st.booleans()) else value.add("x")
        case Point():
            value.x += data.draw(st.integers(0, 1))
            value.names.add("a")
        case Mark():
            object.__setattr__(value, "color", Color.BLUE)


def put(entity: Any, name: str, value: Any) -> None:
    object.__setattr__(entity, name, value)


class TestRandomChanges:
    @SETTINGS
    @given(st.data(), st.lists(st.sampled_from(list(HINTS)), min_size=1, max_size=6), st.booleans())
    def test_are_what_the_encodings_tell(self, data: st.DataObject, hints: list[Any], frozen: bool) -> None:
        """Whatever was stored, in whatever form, and whatever was done: also after a first commit."""
        mapping, _ = mappings(*hints, frozen=frozen)
        names = [f"f{place}" for place in range(len(hints))]
        item = mapping.codec.encode(mapping.entity_type("1", *(data.draw(HINTS[hint]) for hint in hints)))
        for name in names:
            if data.draw(st.booleans()):
                item[name] = data.draw(st.sampled_from(WRONG))
        try:
            snapshot = mapping.codec.snapshot(mapping.codec.decode(item))
        except Exception:  # noqa: BLE001  # it can't be read, or not be written as it was read
            return
        untouched = copy.deepcopy(item)
        tracked = loaded(mapping, item)
        for _ in range(2):
            for name, hint in zip(names, hints, strict=True):
                match data.draw(st.sampled_from(["leave", "replace", "equal", "disturb", "odd"])):
                    case "replace":
                        put(tracked.entity, name, data.draw(HINTS[hint]))
                    case "equal":
                        put(tracked.entity, name, copy.deepcopy(getattr(tracked.entity, name)))
                    case "disturb":
                        disturb(data, getattr(tracked.entity, name))
                    case "odd":
                        odd = [None, "x", 1, True, b"x", bytearray(b"y"), [1], {"a": 1}, ()]
                        put(tracked.entity, name, data.draw(st.sampled_from(odd)))

            found = by_memento(tracked)

            assert found == by_encoding(tracked, snapshot)
            assert item == untouched
            if isinstance(found, dict):
                return
            snapshot = mapping.codec.snapshot(tracked.entity)
            entities = IdentityMap()
            entities._tracked[tracked.identity] = tracked
            plan(entities, lambda: NOW, AWS_LIMITS).absorb(entities)
            assert by_memento(tracked) == ()
