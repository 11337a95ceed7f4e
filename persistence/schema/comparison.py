"""A declaration held against a live table."""

from __future__ import annotations

from collections.abc import Iterator

from persistence.table import Index, Table


def differences(declared: Table, live: Table) -> tuple[str, ...]:
    """Tell in words where a live table is not as it is declared; what it has beyond that does not count."""
    return tuple(_differences(declared, live))


def _differences(declared: Table, live: Table) -> Iterator[str]:
    if declared.key != live.key:
        yield f"its key is {live.key.names}, declared is {declared.key.names}"
    for name, kind in declared.key_types.items():
        if name in live.key_types and live.type_of(name) != kind:
            yield f"key attribute {name!r} is of type {live.type_of(name)}, declared is {kind}"
    existing = {index.name: index for index in live.indexes}
    for index in declared.indexes:
        if index.name not in existing:
            yield f"index {index.name!r} is missing"
        elif _shape(index) != _shape(existing[index.name]):
            yield f"index {index.name!r} has another key or projection than declared"


def _shape(index: Index) -> tuple[object, ...]:
    key = getattr(index, "key", None) or getattr(index, "sort", None)
    return type(index), key, index.projection.kind, frozenset(index.projection.attributes)
