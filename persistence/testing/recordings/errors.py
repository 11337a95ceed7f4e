"""Errors of stores as JSON: their class, their arguments and what they hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from persistence.errors import PersistenceError
from persistence.table import Table
from persistence.testing.recordings.failures import RecordingError
from persistence.testing.recordings.values import Json, as_json, from_json

_HOME = "persistence.errors"


def error_as_json(error: PersistenceError, name_of: Callable[[Table], str]) -> Json:
    """Write an error; the service's own error behind it is left out.

    Raises:
        RecordingError: it is none of `persistence.errors`, or holds what can't be recorded.
    """
    name = type(error).__name__
    if getattr(import_module(_HOME), name, None) is not type(error):
        raise RecordingError(
            f"{name} can't be recorded: a store raises errors of {_HOME}, and this is a class of "
            f"{type(error).__module__}"
        )
    held = {field: part for field, part in vars(error).items() if field != "__notes__"}
    return {
        "class": name,
        "args": [as_json(part, name_of) for part in error.args],
        "holds": {field: as_json(part, name_of) for field, part in held.items()},
    }


def error_from_json(read: Json, tables: Mapping[str, Table]) -> PersistenceError:
    """Make the error that was written.

    Raises:
        RecordingError: it is no error of `persistence.errors`.
    """
    name = read.get("class") if isinstance(read, dict) else None
    kind = getattr(import_module(_HOME), name, None) if isinstance(name, str) else None
    if not isinstance(kind, type) or not issubclass(kind, PersistenceError):
        raise RecordingError(f"a recording holds errors of {_HOME}, not {name!r}")
    args: tuple[Any, ...] = from_json(read.get("args", []), tables)
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update({field: from_json(part, tables) for field, part in read.get("holds", {}).items()})
    return error
