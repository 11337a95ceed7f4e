"""What is to be done about the indexes of a live table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from persistence.errors import BlockedChange
from persistence.operations import UpdateTable
from persistence.schema.declarations import globals_of, index_billing, projected
from persistence.schema.planning.pair import Change, Pair, projection_text, same_shape
from persistence.schema.planning.plans import PlannedStep
from persistence.table import (
    GLOBAL_INDEXES_PER_TABLE,
    PROJECTED_ATTRIBUTES_PER_TABLE,
    GlobalIndex,
    Index,
    LocalIndex,
    ScalarType,
)

_LOCAL_REMEDY = (
    "local indexes are made with the table only: declare a global index, or a table of another name, and "
    "copy this one into it with SchemaService.evolve"
)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The indexes of a declaration and of a live table, by what is to be done about them."""

    blocked: tuple[BlockedChange, ...]
    surplus: tuple[GlobalIndex, ...]
    replaced: tuple[GlobalIndex, ...]
    missing: tuple[GlobalIndex, ...]
    kept: tuple[Index, ...]


def index_changes(pair: Pair) -> Iterator[Change]:
    """Plan the changes of indexes: drops before creations, each a step of its own.

    An index with another key or projection is dropped and made again, for which consent is needed, since
    queries of it fail meanwhile. Indexes that are not declared are dropped with consent only.
    """
    found = _sorted(pair)
    yield from found.blocked
    yield from _limits(found, pair)
    for index in found.surplus:
        yield _drop(pair, index, needed=False, difference="")
    for index in found.replaced:
        yield _drop(pair, index, needed=True, difference=_how_it_differs(pair, index))
    for index in (*found.replaced, *found.missing):
        again = index in found.replaced
        yield from _type_conflicts(pair, index, found)
        yield _creation(pair, index, "" if again else f"index {index.name!r} is missing")


def replaced_indexes(pair: Pair) -> frozenset[str]:
    """Name the indexes that have to be dropped and made again."""
    return frozenset(index.name for index in _sorted(pair).replaced)


def _sorted(pair: Pair) -> _Sorted:
    live = {index.name: index for index in pair.table.indexes}
    blocked: list[BlockedChange] = []
    replaced: list[GlobalIndex] = []
    missing: list[GlobalIndex] = []
    for index in pair.declared.indexes:
        there = live.get(index.name)
        if isinstance(index, LocalIndex) or isinstance(there, LocalIndex):
            blocked.extend(_local_changes(pair, index, there))
        elif there is None:
            missing.append(index)
        elif not same_shape(index, there) or _types_differ(pair, index):
            replaced.append(index)
    declared = {index.name for index in pair.declared.indexes}
    surplus = [index for index in globals_of(pair.table) if index.name not in declared]
    going = {index.name for index in surplus if pair.may_drop(index.name)} | {each.name for each in replaced}
    kept = tuple(index for index in pair.table.indexes if index.name not in going)
    return _Sorted(tuple(blocked), tuple(surplus), tuple(replaced), tuple(missing), kept)


def _local_changes(pair: Pair, declared: Index, live: Index | None) -> Iterator[BlockedChange]:
    if live is None:
        yield pair.blocked(f"local index {declared.name!r} is missing", _LOCAL_REMEDY)
    elif not same_shape(declared, live):
        kinds = "local and global" if type(declared) is not type(live) else "local"
        yield pair.blocked(
            f"{kinds} index {declared.name!r} has another key or projection than declared"
            if kinds == "local"
            else f"index {declared.name!r} is {_kind(live)}, declared is {_kind(declared)}",
            _LOCAL_REMEDY,
        )


def _kind(index: Index) -> str:
    return "a local one" if isinstance(index, LocalIndex) else "a global one"


def _types_differ(pair: Pair, index: GlobalIndex) -> bool:
    known = pair.table.key_types
    return any(known.get(name, kind) != kind for name, kind in _types(pair, index).items())


def _types(pair: Pair, index: GlobalIndex) -> dict[str, ScalarType]:
    return {name: pair.declared.type_of(name) for name in index.key.names}


def _how_it_differs(pair: Pair, index: GlobalIndex) -> str:
    if not same_shape(index, pair.table.index(index.name)):
        return f"index {index.name!r} has another key or projection than declared"
    known = pair.table.key_types
    kinds = [
        f"key attribute {name!r} is of type {known[name]}, declared is {kind}"
        for name, kind in _types(pair, index).items()
        if known.get(name, kind) != kind
    ]
    return f"index {index.name!r}: {', '.join(kinds)}"


def _drop(pair: Pair, index: GlobalIndex, *, needed: bool, difference: str) -> PlannedStep:
    again = ", so that it can be made again as declared; queries of it fail meanwhile" if needed else ""
    step = pair.step(
        "drop_index",
        index.name,
        UpdateTable(pair.name, delete_index=index.name),
        f"drop index {index.name!r}{again}",
        difference,
    )
    return pair.loss(step, index.name, needed=needed)


def _creation(pair: Pair, index: GlobalIndex, difference: str) -> PlannedStep:
    keys = ", ".join(index.key.names)
    made = replace(index, billing=index_billing(pair.declared, index), contributor_insights=None)
    return pair.step(
        "create_index",
        index.name,
        UpdateTable(pair.name, create_index=made, key_types=_types(pair, index)),
        f"create index {index.name!r} on {keys}, holding {projection_text(index.projection)}",
        difference,
    )


def _type_conflicts(pair: Pair, index: GlobalIndex, found: _Sorted) -> Iterator[BlockedChange]:
    """Find kept indexes that are not declared and hold an attribute of this one as another type."""
    surplus = {each.name for each in found.surplus}
    for name, kind in _types(pair, index).items():
        if pair.table.key_types.get(name, kind) == kind:
            continue
        for other in found.kept:
            if other.name in surplus and name in pair.table.key_names(other.name):
                yield pair.blocked(
                    f"index {index.name!r} needs attribute {name!r} as {kind}, but index {other.name!r}, "
                    f"which is not declared, has it as {pair.table.type_of(name)}",
                    f"an attribute has one type in all keys: declare it so, or name {other.name!r} in "
                    "allow_drop",
                )


def _limits(found: _Sorted, pair: Pair) -> Iterator[BlockedChange]:
    after: tuple[Index, ...] = (*found.kept, *found.replaced, *found.missing)
    undeclared = ", ".join(repr(index.name) for index in found.surplus if index in found.kept)
    number = sum(isinstance(index, GlobalIndex) for index in after)
    remedy = f"name some of those that are not declared in allow_drop: {undeclared}"
    if number > GLOBAL_INDEXES_PER_TABLE and undeclared:
        yield pair.blocked(
            f"it would have {number} global indexes, and DynamoDB allows {GLOBAL_INDEXES_PER_TABLE}", remedy
        )
    named = projected(after)
    if named > PROJECTED_ATTRIBUTES_PER_TABLE and undeclared:
        yield pair.blocked(
            f"its indexes would project {named} attributes by name, and DynamoDB allows "
            f"{PROJECTED_ATTRIBUTES_PER_TABLE} in all",
            remedy,
        )
