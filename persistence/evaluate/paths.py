"""What an item holds at document paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from persistence.attributes import AttributeValue, Item
from persistence.expressions import Path


def value_at(path: Path, item: Item) -> AttributeValue | None:
    """Give what an item holds at a document path, or None if there is nothing."""
    segments = path.segments
    value = item.get(segments[0])  # type: ignore[arg-type]  # the first segment is a name
    if len(segments) == 1:
        return value
    for segment in segments[1:]:
        if value is None:
            return None
        value = _part(value, segment)
    return value


def _part(value: AttributeValue, segment: str | int) -> AttributeValue | None:
    if isinstance(segment, str):
        found: AttributeValue | None = value["M"].get(segment) if "M" in value else None
        return found
    elements: Sequence[AttributeValue] = value.get("L", ())
    return elements[segment] if 0 <= segment < len(elements) else None


def project(item: Item, paths: Iterable[Path]) -> Item:
    """Give the parts of an item that lie at paths, in their places; what is absent is left out.

    List elements keep their order but not their positions, as in the service's projections.

    Args:
        item: the whole item.
        paths: document paths that don't overlap.
    """
    tree: dict[str | int, Any] = {}
    for path in paths:
        branch = tree
        for segment in path.segments:
            branch = branch.setdefault(segment, {})
    return _projected_entries(item, tree)


def _projected_entries(entries: Mapping[str, AttributeValue], tree: dict[str | int, Any]) -> Item:
    found: Item = {}
    for name, below in tree.items():
        if isinstance(name, str) and name in entries:
            part = _projected(entries[name], below)
            if part is not None:
                found[name] = part
    return found


def _projected(value: AttributeValue, tree: dict[str | int, Any]) -> AttributeValue | None:
    if not tree:
        return value
    if "M" in value:
        entries = _projected_entries(value["M"], tree)
        return {"M": entries} if entries else None
    if "L" in value:
        indexes = sorted(index for index in tree if isinstance(index, int))
        parts = (_projected(value["L"][index], tree[index]) for index in indexes if index < len(value["L"]))
        elements = [part for part in parts if part is not None]
        return {"L": elements} if elements else None
    return None
