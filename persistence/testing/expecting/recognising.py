"""Telling which entities an operation is about, and writing it for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from persistence.attributes import Item
from persistence.expressions import Compare, Condition, Path, Value
from persistence.mapping import EntityMapping
from persistence.operation_facts import api_name
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactAction,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.stores.layers.facts import tables_of
from persistence.stores.layers.table_wording import subject_of
from persistence.stores.layers.wording import clauses_of
from persistence.testing.expecting.declared import mappings_of_table
from persistence.testing.expecting.meaning import demands_of, demands_of_key, meaning
from persistence.testing.expecting.showing import (
    counted,
    indented,
    key_values,
    shown_condition,
    shown_key,
)
from persistence.testing.expecting.wanted import shown_action, stored_in

Mappings = Iterable[EntityMapping[Any]]


def demands_in(read: QueryPage | ScanPage) -> list[Condition]:
    """Give all that a query or scan demands, of keys and by its filter."""
    keys = demands_of_key(read.key_condition) if isinstance(read, QueryPage) else ()
    return [*keys, *demands_of(read.filter)]


def type_demand(mapping: EntityMapping[Any]) -> Condition | None:
    """Give the demand that items are marked as those of a mapping; None where nothing marks them."""
    if mapping.discriminator is None:
        return None
    attribute, value = mapping.discriminator
    return Compare("=", Path.of(attribute), Value(value))


def mapping_of_item(table: str, stored: Item, known: Mappings) -> EntityMapping[Any] | None:
    """Find the mapping of a stored item or key; None where none, or none for sure, has it."""
    for mapping in _of_table(table, known):
        key = {name: stored[name] for name in mapping.key_names if name in stored}
        marked = mapping.discriminator
        foreign = marked is not None and stored.get(marked[0], marked[1]) != marked[1]
        if not foreign and len(key) == len(mapping.key_names) and key_values(key, mapping) is not None:
            return mapping
    return None


def mapping_of_read(read: QueryPage | ScanPage, known: Mappings) -> EntityMapping[Any] | None:
    """Find the mapping of the entities that a query or scan is about."""
    demanded = set(map(meaning, demands_in(read)))
    possible = _of_table(read.table.name, known)
    for mapping in possible:
        mark = type_demand(mapping)
        if mark is not None and meaning(mark) in demanded:
            return mapping
    unmarked = [mapping for mapping in possible if mapping.discriminator is None]
    return unmarked[0] if unmarked else None


def mapping_of_action(action: TransactAction | GetItem, known: Mappings) -> EntityMapping[Any] | None:
    """Find the mapping of the entity that an action is about."""
    stored = action.key if isinstance(action, GetItem) else stored_in(action)
    return mapping_of_item(action.table.name, stored, known)


def _of_table(table: str, known: Mappings) -> list[EntityMapping[Any]]:
    here = [mapping for mapping in known if mapping.table.name == table]
    return [*here, *(mapping for mapping in mappings_of_table(table) if mapping not in here)]


def shown_operation(operation: Operation[Any], known: Mappings) -> list[str]:
    """Write an operation for people: a title, and its parts moved to the right."""
    known = tuple(known)
    match operation:
        case GetItem():
            return [_get(operation, known)]
        case QueryPage() | ScanPage():
            return _read(operation, known)
        case BatchGetItems(gets) | TransactGet(gets):
            word = "batch get" if isinstance(operation, BatchGetItems) else "snapshot"
            return [f"{word} of {counted(len(gets), 'item')}", *indented(_get(get, known) for get in gets)]
        case TransactWrite(actions):
            return [f"commit of {counted(len(actions), 'action')}", *indented(shown_actions(actions, known))]
        case BatchWriteItems(writes):
            return [f"batch write of {counted(len(writes), 'item')}", *indented(shown_actions(writes, known))]
        case PutItem() | UpdateItem() | DeleteItem():
            return ["single write", *indented(shown_actions((operation,), known))]
        case _:
            return [_other(operation)]


def shown_actions(actions: Sequence[TransactAction], known: Mappings) -> list[str]:
    """Write actions for people, each with what it does below its title."""
    lines: list[str] = []
    for action in actions:
        title, content = shown_action(action, mapping_of_action(action, known))
        lines += [title, *indented(content)]
    return lines


def _get(get: GetItem, known: Mappings) -> str:
    mapping = mapping_of_action(get, known)
    name = f"item of table {get.table.name}" if mapping is None else mapping.name
    return f"get of {name}({shown_key(get.key, mapping)})"


def _read(read: QueryPage | ScanPage, known: Mappings) -> list[str]:
    mapping = mapping_of_read(read, known)
    word = "query" if isinstance(read, QueryPage) else "scan"
    name = f"table {read.table.name}" if mapping is None else mapping.name
    by = f" by index {read.index}" if read.index else ""
    mark = None if mapping is None else type_demand(mapping)
    told = [
        shown_condition(each, mapping)
        for each in demands_in(read)
        if mark is None or meaning(each) != meaning(mark)
    ]
    return [f"{word} of {name}{by}", *indented([*told, *settings_of(read)])]


def settings_of(read: QueryPage | ScanPage) -> list[str]:
    """Write what a query or scan asks beside conditions, where it is not the default."""
    told = [
        "consistent" if read.consistent else "",
        f"limit {read.limit}" if read.limit is not None else "",
        "count only" if read.count_only else "",
        "behind a first page" if read.start is not None else "",
    ]
    if isinstance(read, QueryPage):
        told.append("descending" if read.descending else "")
    elif read.segments:
        told.append(f"segment {read.segment} of {read.segments}")
    return [line for line in told if line]


def _other(operation: Operation[Any]) -> str:
    where = ", ".join(tables_of(operation))
    told = [api_name(type(operation)), where, str(clauses_of(operation, values=True)), subject_of(operation)]
    return " ".join(part for part in told if part)
