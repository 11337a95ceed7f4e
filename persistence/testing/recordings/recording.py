"""A recording: operations with their answers or errors, in the order in which they were asked.

It is a file of lines, each a JSON object:

| line       | what it holds                                                                       |
|------------|-------------------------------------------------------------------------------------|
| the first  | "recording": the version of the format; "limits" and the colour of the store        |
| a table    | "table": the name by which others refer to it; "declares": keys, indexes and so on  |
| a call     | "call": what is asked, in words, for readers; "operation"; "answer" or "error"      |
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from persistence.errors import PersistenceError
from persistence.operations import Operation
from persistence.store import Limits
from persistence.table import Table
from persistence.testing.expecting.recognising import shown_operation
from persistence.testing.recordings.errors import error_as_json, error_from_json
from persistence.testing.recordings.failures import RecordingError
from persistence.testing.recordings.values import Json, as_json, declaration_as_json, from_json

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Call:
    """One operation, and what came of it.

    Attributes:
        operation: what was asked.
        answer: what was answered.
        error: what was raised instead.
    """

    operation: Operation[Any]
    answer: object = None
    error: PersistenceError | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """Calls of a store.

    Attributes:
        calls: in the order in which they were asked.
        limits: those of the store.
        asynchronous: whether the store was.
    """

    calls: tuple[Call, ...]
    limits: Limits = field(default_factory=Limits)
    asynchronous: bool = False

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file; folders that are missing are made, and a file that is there is replaced.

        Raises:
            RecordingError: it holds something that no operation and no answer holds.
            OSError: the file can't be written.
        """
        text = "".join(f"{line}\n" for line in self.lines())
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f"{target.name}.new")
        beside.write_text(text, encoding="utf-8")
        beside.replace(target)

    def lines(self) -> Iterator[str]:
        """Give the lines of the file."""
        limits = dataclasses.asdict(self.limits)
        yield _text({"recording": FORMAT, "asynchronous": self.asynchronous, "limits": limits})
        tables = _Tables()
        for call in self.calls:
            line = _call_as_json(call, tables)
            for name, table in tables.taken():
                yield _text({"table": name, "declares": declaration_as_json(table, tables.name_of)})
            yield _text(line)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Recording:
        """Read a file.

        Raises:
            RecordingError: there is no such file, or it is no recording; with the number of the line.
        """
        try:
            text = Path(path).read_text(encoding="utf-8")
        except FileNotFoundError as missing:
            raise RecordingError(f"there is no recording {os.fspath(path)!r}; record it first") from missing
        except UnicodeDecodeError as error:
            raise RecordingError(f"{os.fspath(path)!r} is no recording: it is no text") from error
        return cls.read(text.splitlines(), os.fspath(path))

    @classmethod
    def read(cls, lines: Iterable[str], name: str = "the recording") -> Recording:
        """Read lines.

        Args:
            lines: as `lines` gives them.
            name: where they are from, for messages.

        Raises:
            RecordingError: they are no recording.
        """
        head: Recording | None = None
        tables: dict[str, Table] = {}
        calls: list[Call] = []
        for number, line in enumerate(lines, 1):
            try:
                if head is None:
                    head = _head(_parsed(line))
                elif line.strip():
                    _take(_parsed(line), tables, calls)
            except RecordingError as error:
                raise RecordingError(f"{name}, line {number}: {error}") from error
        if head is None:
            raise RecordingError(f"{name} is empty; delete it and record it again")
        return dataclasses.replace(head, calls=tuple(calls))


class _Tables:
    """The names by which the tables of a recording are referred to."""

    def __init__(self) -> None:
        self._known: list[tuple[str, Table]] = []
        self._told = 0

    def name_of(self, table: Table) -> str:
        for name, known in self._known:
            if known == table:
                return name
        same = sum(known.name == table.name for _, known in self._known)
        name = f"{table.name}#{same + 1}" if same else table.name
        self._known.append((name, table))
        return name

    def taken(self) -> list[tuple[str, Table]]:
        """Give those that are new."""
        new = self._known[self._told :]
        self._told = len(self._known)
        return new


def _call_as_json(call: Call, tables: _Tables) -> Json:
    line = {
        "call": shown_operation(call.operation, ())[0],
        "operation": as_json(call.operation, tables.name_of),
    }
    if call.error is not None:
        return {**line, "error": error_as_json(call.error, tables.name_of)}
    return {**line, "answer": as_json(call.answer, tables.name_of)}


def _text(line: Json) -> str:
    return json.dumps(line, ensure_ascii=False, allow_nan=False)


def _parsed(line: str) -> dict[str, Json]:
    try:
        read = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise RecordingError("it is no JSON") from error
    if not isinstance(read, dict):
        raise RecordingError(f"an object is expected, not {type(read).__name__}")
    return read


def _head(read: dict[str, Json]) -> Recording:
    if read.get("recording") != FORMAT:
        raise RecordingError(f'it does not begin with "recording": {FORMAT}, or is of another version')
    try:
        limits = Limits(**read.get("limits", {}))
    except TypeError as error:
        raise RecordingError(f"these are no limits: {error}") from error
    return Recording((), limits, bool(read.get("asynchronous")))


def _take(read: dict[str, Json], tables: dict[str, Table], calls: list[Call]) -> None:
    if "table" in read:
        declared = from_json(read.get("declares"), tables)
        if not isinstance(declared, Table):
            raise RecordingError("a table declares its keys and indexes")
        tables[read["table"]] = declared
        return
    operation = from_json(read.get("operation"), tables)
    if not isinstance(operation, Operation):
        raise RecordingError('a call has an "operation", and an "answer" or "error"')
    if "error" in read:
        calls.append(Call(operation, error=error_from_json(read["error"], tables)))
    else:
        calls.append(Call(operation, from_json(read.get("answer"), tables)))
