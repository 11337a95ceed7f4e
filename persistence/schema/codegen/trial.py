"""Generated mappings, tried on the items that they were made from."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from persistence.attributes import Item, same
from persistence.errors import DecodeError, MappingError, UnusableMapping, ValidationFailed
from persistence.mapping import MappingSchema
from persistence.schema.codegen.entities import Entity

_numbers = itertools.count(1)


@contextmanager
def imported(text: str) -> Iterator[ModuleType]:
    """Give a generated module as it would be imported, for as long as it is tried.

    Args:
        text: the module's text, made of identifiers and quoted literals.
    """
    name = f"persistence_codegen_trial_{next(_numbers)}"
    module = ModuleType(name)
    sys.modules[name] = module  # hints are resolved by the name of their module
    try:
        exec(
            compile(text, f"<{name}>", "exec"), module.__dict__
        )  # our own text: nothing sampled is code in it
        yield module
    finally:
        del sys.modules[name]


def lost(entity: Entity, items: Sequence[Item], module: ModuleType) -> frozenset[str]:
    """Tell what a generated mapping does not read and write back as it is.

    Args:
        entity: the entity type.
        items: its items.
        module: the module of its mapping.

    Returns:
        The names of attributes; none where every item is the same after it was read and written.
    """
    schema: type[MappingSchema[Any]] = getattr(module, f"{entity.record.name}Mapping")
    everything = frozenset(name for item in items for name in item)
    try:
        codec = schema.codec
    except (MappingError, UnusableMapping):
        return everything
    failing: set[str] = set()
    for item in items:
        try:
            written = codec.encode(codec.decode(item))
        except DecodeError as error:
            failing |= _named(error.attribute, item) or {*entity.sources}
        except ValidationFailed as error:
            failing |= {*entity.sources}.union(*(_stored_as(str(name), entity) for name in error.messages))
        else:
            failing |= {name for name in {*item, *written} if not same(item.get(name), written.get(name))}
    return frozenset(failing)


def _stored_as(name: str, entity: Entity) -> set[str]:
    """Give the attribute of a field; fields that exist in keys only have none."""
    return {field.attribute for field in entity.record.fields if field.name == name and not field.of_key}


def _named(path: str, item: Mapping[str, object]) -> set[str]:
    """Find the attributes that a path may begin with: dots and brackets may be part of their names."""
    return {name for name in item if path == name or path.startswith((f"{name}.", f"{name}["))}
