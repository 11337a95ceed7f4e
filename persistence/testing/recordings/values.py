"""Operations and answers as JSON, from which they are read back exactly.

| value                      | JSON                                                                      |
|----------------------------|---------------------------------------------------------------------------|
| a dataclass of ours        | an object with "$type", and those of its fields that are not the defaults |
| a table                    | {"$table": name}; its declaration is written once                         |
| a document path            | {"$path": [names of map entries, and indexes of elements]}                |
| a tuple in a field         | a list                                                                    |
| an item, key or other dict | an object; names that begin with "$" get another one in front             |
| bytes                      | {"$bytes": base64}                                                        |
| a time                     | {"$time": ISO 8601}                                                       |

Nothing but the types of the tables here is ever made of what a file says.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

from persistence.expressions import Path
from persistence.table import Table
from persistence.testing.recordings.failures import RecordingError

Json = Any
"""What the standard library's json writes and reads."""

_MODULES = (
    "persistence.operations.items",
    "persistence.operations.writes",
    "persistence.operations.batches",
    "persistence.operations.pages",
    "persistence.operations.tables",
    "persistence.operations.settings",
    "persistence.operations.backups",
    "persistence.expressions.paths",
    "persistence.expressions.conditions",
    "persistence.expressions.updates",
    "persistence.table",
    "persistence.table_options",
    "persistence.errors.stores",
)

TYPE, TABLE, PATH, BYTES, TIME = "$type", "$table", "$path", "$bytes", "$time"


@cache
def recorded_types() -> Mapping[str, type]:
    """Give all types that a recording may hold, by their names."""
    found: dict[str, type] = {}
    for name in _MODULES:
        for kind in vars(import_module(name)).values():
            if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == name:
                found[kind.__name__] = kind
    return MappingProxyType(found)


def as_json(value: Any, name_of: Callable[[Table], str]) -> Json:
    """Write an operation, an answer or a part of one.

    Args:
        value: what to write.
        name_of: gives the name by which a table is referred to.

    Raises:
        RecordingError: it is, or holds, something that no operation and no answer holds.
    """
    if value is None or isinstance(value, bool | str | int | float):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return {BYTES: base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {TIME: value.isoformat()}
    if isinstance(value, Path):
        return {PATH: list(value.segments)}
    if isinstance(value, Table):
        return {TABLE: name_of(value)}
    if dataclasses.is_dataclass(value) and type(value).__name__ in recorded_types():
        return {TYPE: type(value).__name__, **dict(_fields(value, name_of))}
    if isinstance(value, Mapping):
        return {_escaped(name): as_json(part, name_of) for name, part in value.items()}
    if isinstance(value, Sequence):
        return [as_json(part, name_of) for part in value]
    raise RecordingError(f"{type(value).__name__} can't be recorded; operations and answers don't hold such")


def declaration_as_json(table: Table, name_of: Callable[[Table], str]) -> Json:
    """Write the declaration of a table."""
    return {TYPE: "Table", **dict(_fields(table, name_of))}


def _fields(value: Any, name_of: Callable[[Table], str]) -> Iterator[tuple[str, Json]]:
    for field in dataclasses.fields(value):
        if not field.init or (not field.compare and field.default is not dataclasses.MISSING):
            continue
        held = getattr(value, field.name)
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        if default is dataclasses.MISSING or held != default:
            yield field.name, as_json(held, name_of)


def _escaped(name: object) -> str:
    if not isinstance(name, str):
        raise RecordingError(f"a dict with keys of type {type(name).__name__} can't be recorded")
    return f"${name}" if name.startswith("$") else name


def from_json(read: Json, tables: Mapping[str, Table], *, in_dict: bool = False) -> Any:
    """Read what `as_json` wrote.

    Args:
        read: the JSON.
        tables: the tables by the names by which they are referred to.
        in_dict: whether it is part of a dict, where lists are lists; in fields they are tuples.

    Raises:
        RecordingError: it is something else.
    """
    if isinstance(read, list):
        parts = [from_json(part, tables, in_dict=in_dict) for part in read]
        return parts if in_dict else tuple(parts)
    if not isinstance(read, dict):
        return read
    if TYPE in read:
        return _made(read, tables)
    if TABLE in read:
        return _table(read[TABLE], tables)
    if PATH in read:
        return _path(read[PATH])
    if BYTES in read:
        return _bytes(read[BYTES])
    if TIME in read:
        return _time(read[TIME])
    return {
        name[1:] if name.startswith("$$") else name: from_json(part, tables, in_dict=True)
        for name, part in read.items()
    }


def _made(read: dict[str, Json], tables: Mapping[str, Table]) -> Any:
    name = read[TYPE]
    kind = recorded_types().get(name) if isinstance(name, str) else None
    if kind is None:
        raise RecordingError(f"a recording holds operations and answers, not {name!r}")
    values = {field: from_json(part, tables) for field, part in read.items() if field != TYPE}
    try:
        return kind(**values)
    except (TypeError, ValueError, AttributeError, LookupError) as error:
        raise RecordingError(f"a {name} can't be made of the fields {', '.join(values)}: {error}") from error


def _table(name: Json, tables: Mapping[str, Table]) -> Table:
    if not isinstance(name, str) or name not in tables:
        raise RecordingError(f"the recording refers to a table {name!r} that it does not declare before")
    return tables[name]


def _path(segments: Json) -> Path:
    if not isinstance(segments, list) or not segments or not isinstance(segments[0], str):
        raise RecordingError("a path in a recording begins with the name of an attribute")
    return Path(tuple(segments))


def _bytes(text: Json) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise RecordingError("bytes in a recording are base64, which this text is not") from error


def _time(text: Json) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise RecordingError(f"a time in a recording is ISO 8601, which {text!r} is not") from error
