"""Whether a table or index holds what a query needs, and how the rest is read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from persistence.expressions import And, Condition, Path, all_of, attributes_of
from persistence.mapping import EntityMapping
from persistence.mapping.picking import without_overlaps
from persistence.query.access import Fetch
from persistence.query.fitness import Unfit
from persistence.query.selection import Selection
from persistence.query.terms import dotted
from persistence.table import LocalIndex


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a table or index gives what is needed.

    Attributes:
        filter: what the service can filter by.
        check: what is left of the conditions, to be checked here.
        projection: the paths that are read; None for all.
        fetch: how attributes are read that an index does not hold.
    """

    filter: Condition | None
    check: Condition | None = None
    projection: tuple[Path, ...] | None = None
    fetch: Fetch = "nothing"


def coverage_of(
    mapping: EntityMapping[Any],
    index: str | None,
    selection: Selection[Any] | None,
    condition: Condition | None,
    *,
    hydrate: bool = False,
    also: Collection[str] = (),
) -> Coverage:
    """Tell how a table or index gives what a query needs.

    Args:
        mapping: the entity's mapping.
        index: name of the index, or None for the table.
        selection: the values that are wanted; None for whole entities.
        condition: what items are filtered by.
        hydrate: whether the rest may be read from the table, item by item.
        also: attributes that are needed besides, for what is done here with what was read.

    Raises:
        Unfit: it lacks attributes, and nothing says that they may be fetched.
    """
    if selection is not None and selection.whole:
        selection = None
    held = _held(mapping, index)
    if index is None or held is None:
        return Coverage(condition, projection=_read(mapping, index, selection, also))
    lacking = _lacking(held, selection, condition, also)
    if lacking == "":
        narrowed = None if selection is None else selection.within(held)
        return Coverage(condition, projection=_read(mapping, index, narrowed, also))
    answerable, rest = _split(condition, held)
    if isinstance(mapping.table.index(index), LocalIndex):
        return Coverage(answerable, rest, None, "by the service")
    if hydrate:
        return Coverage(answerable, condition, _keys(mapping, index), "by batch get")
    kind = mapping.table.index(index).projection.kind
    raise Unfit(f"it holds only some attributes ({kind}), and {lacking}; hydrate() reads the rest")


def _held(mapping: EntityMapping[Any], index: str | None) -> frozenset[str] | None:
    """Give the attributes that an index holds; None for all."""
    if index is None or mapping.table.index(index).projection.kind == "ALL":
        return None
    keys = (*mapping.table.key_names(), *mapping.table.key_names(index))
    return frozenset((*keys, *mapping.table.index(index).projection.attributes))


def _lacking(
    held: frozenset[str],
    selection: Selection[Any] | None,
    condition: Condition | None,
    also: Collection[str],
) -> str:
    """Say what an index lacks; nothing where it lacks nothing."""
    if selection is None:
        return "whole entities are wanted"
    asked = () if condition is None else attributes_of(condition)
    names = [*map(dotted, selection.lacking(held)), *(name for name in (*asked, *also) if name not in held)]
    return f"it lacks {', '.join(dict.fromkeys(names))}" if names else ""


def _read(
    mapping: EntityMapping[Any],
    index: str | None,
    selection: Selection[Any] | None,
    also: Collection[str],
) -> tuple[Path, ...] | None:
    """Give the paths to be read: what is wanted, keys for cursors, and what is needed here."""
    if selection is None:
        return None
    return without_overlaps((*selection.projection, *_keys(mapping, index), *map(Path.of, also)))


def _keys(mapping: EntityMapping[Any], index: str | None) -> tuple[Path, ...]:
    names = (*mapping.table.key_names(), *mapping.table.key_names(index))
    return tuple(Path.of(name) for name in dict.fromkeys(names))


def _split(condition: Condition | None, held: frozenset[str]) -> tuple[Condition | None, Condition | None]:
    """Part a condition into what asks of attributes that an index holds only, and the rest.

    A filter sees what the index holds, also where the service fetches whole items afterwards.
    """
    if condition is None:
        return None, None
    parts = condition.conditions if isinstance(condition, And) else (condition,)
    known = [part for part in parts if held.issuperset(attributes_of(part))]
    return all_of(*known), all_of(*(part for part in parts if part not in known))
