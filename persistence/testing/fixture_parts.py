"""The parts of a fixture: the records of each mapping, and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from pathlib import Path
from typing import Any

from persistence.mapping import MappingSchema, mapping_of
from persistence.table import Table
from persistence.testing.fixture_files import FixtureError, read_file

FixtureData = Mapping[Any, Any] | str | Path
"""Mapping or `Table` -> records, or a file of them; or a file that holds all by the names of mappings."""


@dataclass(frozen=True, slots=True)
class Records:
    """The records of one mapping or table, and the file that they come from, if any."""

    subject: Any
    records: Sequence[Any]
    file: str = ""

    def where(self, index: int) -> str:
        """Name a record in messages."""
        name = f"table {self.subject.name!r}" if isinstance(self.subject, Table) else self.subject.__name__
        return f"{self.file and self.file + ': '}{name}[{index}]"


def parts_of(
    fixture: FixtureData, mappings: Sequence[type[MappingSchema[Any]]], folder: Path
) -> Iterator[Records]:
    """Give the parts of a fixture, files read.

    Args:
        fixture: as for `load_fixture`.
        mappings: what the names in a file may stand for.
        folder: where relative paths begin.

    Raises:
        FixtureError: there is no such file, or something else stands where mappings or lists are expected.
    """
    if isinstance(fixture, str | Path):
        yield from _of_file(folder / fixture, mappings)
        return
    if not isinstance(fixture, Mapping):
        raise FixtureError(
            f"a fixture is a dict of mappings to records, or the path of a file, not {type(fixture).__name__}"
        )
    for subject, records in fixture.items():
        _check_subject(subject)
        if isinstance(records, str | Path):
            path = folder / records
            yield _records(subject, read_file(path), str(records))
        else:
            yield _records(subject, records)


def _of_file(path: Path, mappings: Sequence[type[MappingSchema[Any]]]) -> Iterator[Records]:
    content = read_file(path)
    if not isinstance(content, Mapping):
        raise FixtureError(
            f"{path}: expected an object of lists by the names of mappings; of a file with one list say "
            "whose it is: load_fixture({OrderMapping: path}, ...)"
        )
    known = {name: mapping for mapping in mappings for name in (mapping_of(mapping).name, mapping.__name__)}
    for name, records in content.items():
        if name not in known:
            names = ", ".join(mapping.__name__ for mapping in mappings) or "none; pass mappings=[...]"
            raise FixtureError(f"{path}: {name!r} is the name of no mapping that was given; known: {names}")
        yield _records(known[name], records, path.name)


def _check_subject(subject: object) -> None:
    if isinstance(subject, Table) or (isinstance(subject, type) and issubclass(subject, MappingSchema)):
        return
    raise FixtureError(
        "the keys of a fixture are mappings, such as OrderMapping, or Tables for plain items, not "
        f"{subject.__name__ if isinstance(subject, type) else type(subject).__name__}"
    )


def _records(subject: Any, records: object, file: str = "") -> Records:
    if isinstance(records, Sequence) or (
        isinstance(records, Iterable) and not isinstance(records, Mapping) and not is_dataclass(records)
    ):
        return Records(subject, records if isinstance(records, Sequence) else list(records), file)
    found = Records(subject, (), file)
    raise FixtureError(f"{found.where(0)[:-3]}: expected a list of records, found {type(records).__name__}")
