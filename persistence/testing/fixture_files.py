"""Files with records: JSON, JSON lines and YAML, read so that numbers stay exact."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

_YAML_MISSING = "YAML files need PyYAML: pip install pyyaml; or write JSON"


class FixtureError(ValueError):
    """A fixture that can't be loaded; nothing of it was written, unless a message says so.

    Attributes:
        problems: one text for each, with file, mapping, index of the record and field.
    """

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        shown = [*problems[:_SHOWN]]
        if len(problems) > _SHOWN:
            shown.append(f"... and {len(problems) - _SHOWN} more")
        super().__init__("\n".join(shown))


_SHOWN = 20


def read_file(path: Path) -> Any:
    """Read a file of records, by its suffix.

    Raises:
        FixtureError: there is none, it has another suffix, or is not well-formed.
        ModuleNotFoundError: it is YAML, and PyYAML is not installed.
    """
    read = _READERS.get(path.suffix)
    if read is None:
        raise FixtureError(
            f"{path}: fixture files are {', '.join(_READERS)}, not {path.suffix or 'without suffix'}"
        )
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise FixtureError(f"{path}: there is no such file") from None
    return read(text, path)


def _json(text: str, path: Path) -> Any:
    try:
        return json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        raise FixtureError(f"{path}: line {error.lineno}: no JSON: {error.msg}") from error


def _json_lines(text: str, path: Path) -> list[Any]:
    records: list[Any] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                records.append(json.loads(line, parse_float=Decimal))
            except json.JSONDecodeError as error:
                raise FixtureError(f"{path}: line {number}: no JSON: {error.msg}") from error
    return records


def _yaml(text: str, path: Path) -> Any:
    try:
        yaml = import_module("yaml")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(f"{path}: {_YAML_MISSING}", name="yaml") from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f" line {mark.line + 1}:"
        raise FixtureError(
            f"{path}:{line} no YAML: {getattr(error, 'problem', None) or 'malformed'}"
        ) from error


_READERS: Mapping[str, Callable[[str, Path], Any]] = MappingProxyType(
    {".json": _json, ".jsonl": _json_lines, ".yaml": _yaml, ".yml": _yaml}
)
