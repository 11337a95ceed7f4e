"""The lines that a test needs to expect what came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from persistence.errors import PersistenceError
from persistence.expressions import BeginsWith, Compare, Condition, Path, Value
from persistence.mapping import EntityMapping
from persistence.operations import (
    ConditionCheck,
    DeleteItem,
    GetItem,
    Operation,
    PutItem,
    QueryPage,
    ScanPage,
    TransactAction,
    TransactWrite,
    UpdateItem,
)
from persistence.testing.expecting.meaning import demands_of, demands_of_key, meaning
from persistence.testing.expecting.recognising import mapping_of_action, mapping_of_read, type_demand
from persistence.testing.expecting.showing import key_values
from persistence.testing.expecting.wanted import stored_in

Mappings = Iterable[EntityMapping[Any]]


def suggestion(operation: Operation[Any], mappings: Mappings) -> list[str] | None:
    """Write the lines by which a test expects an operation; None where that can't be told."""
    match operation:
        case GetItem():
            mapping = mapping_of_action(operation, mappings)
            if mapping is None:
                return None
            return [
                f"mock.expect_get({mapping.schema.__name__}, {_key(operation.key, mapping)}).will_return(...)"
            ]
        case QueryPage() | ScanPage():
            return _read(operation, mappings)
        case TransactWrite(actions):
            return _commit(actions, mappings)
        case PutItem() | UpdateItem() | DeleteItem():
            return _commit((operation,), mappings)
        case _:
            return None


def _key(key: dict[str, Any], mapping: EntityMapping[Any]) -> str:
    return ", ".join(map(repr, key_values(key, mapping) or ("...",)))


def _read(read: QueryPage | ScanPage, mappings: Mappings) -> list[str] | None:
    mapping = mapping_of_read(read, mappings)
    if mapping is None:
        return None
    word = "query" if isinstance(read, QueryPage) else "scan"
    lines = [f"mock.expect_{word}({mapping.schema.__name__})"]
    lines += [f"    .with_condition({condition})" for condition in _conditions(read, mapping)]
    lines.append("    .will_return(...)")
    return (
        ["(", *(f"    {line}" for line in lines), ")"] if len(lines) > 2 else ["".join(map(str.strip, lines))]
    )


def _conditions(read: QueryPage | ScanPage, mapping: EntityMapping[Any]) -> Iterator[str]:
    if isinstance(read, QueryPage):
        parts = {part.attribute: part for part in mapping.key_parts(read.index)}
        for demand in demands_of_key(read.key_condition):
            path, operand = _sides(demand)
            part = None if path is None else parts.get(path.attribute)
            if part is None or operand is None:
                continue
            if part.parsed is None or _operator(demand) == "=":
                try:
                    values = part.parse(operand.value)
                except PersistenceError:
                    continue
                yield from (f'"{name}", "{_operator(demand)}", {value!r}' for name, value in values.items())
    mark = type_demand(mapping)
    for demand in demands_of(read.filter):
        if mark is None or meaning(demand) != meaning(mark):
            yield from _compared(demand, mapping)


def _compared(demand: Condition, mapping: EntityMapping[Any]) -> Iterator[str]:
    path, operand = _sides(demand)
    if path is None or operand is None or len(path.segments) > 1:
        return
    field = next((each for each in mapping.plan.fields if each.attribute == path.attribute), None)
    if field is not None:
        try:
            value = field.node.decode(operand.value)
        except Exception:  # noqa: BLE001  # a suggestion less; fields are the user's code
            return
        yield f'"{field.name}", "{_operator(demand)}", {value!r}'


def _sides(demand: Condition) -> tuple[Path | None, Value | None]:
    match demand:
        case Compare(_, Path() as path, Value() as value) | BeginsWith(path, Value() as value):
            return path, value
        case _:
            return None, None


def _operator(demand: Condition) -> str:
    return demand.operator if isinstance(demand, Compare) else "begins_with"


_METHODS: dict[type, str] = {
    PutItem: "put",
    UpdateItem: "update",
    DeleteItem: "delete",
    ConditionCheck: "check",
}


def _commit(actions: Iterable[TransactAction], mappings: Mappings) -> list[str]:
    lines = ["mock.expect_commit()"]
    for action in actions:
        mapping = mapping_of_action(action, mappings)
        if mapping is None:
            continue
        stored = stored_in(action)
        key = _key({name: stored[name] for name in mapping.key_names}, mapping)
        several = f"({key})" if len(mapping.key_fields) > 1 else key
        method = _METHODS[type(action)]
        subject = (
            f"{mapping.name}({key}, ...)" if method == "put" else f"{mapping.schema.__name__}, {several}"
        )
        lines.append(f"    .with_{method}({subject})")
    return ["(", *(f"    {line}" for line in lines), ")"] if len(lines) > 1 else lines
