"""Whether a template still fits the mappings."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from persistence.errors import SchemaMismatch
from persistence.schema.declarations import completed
from persistence.schema.infrastructure.facts import (
    Unresolved,
    declared_facts,
    fact_differences,
    template_facts,
)
from persistence.schema.infrastructure.files import tables_in
from persistence.schema.infrastructure.reading import TemplateTable
from persistence.table import Table


def verify_template(path: str | os.PathLike[str], tables: Sequence[Table]) -> None:
    """Compare a template with declarations.

    Args:
        path: the template.
        tables: the declarations; tables of the template that are not among them are left alone.

    Raises:
        SchemaMismatch: a table is missing, or not as declared; it has those of all tables.
        QueryError: the path is no template that can be read.
        NotSupported: it is written in a language that is not read here.
    """
    found = tables_in(Path(path))
    wrong = []
    for table in tables:
        differences = tuple(_differences(table, found))
        if differences:
            first = f"in the template {Path(path).name}, {differences[0]}"
            wrong.append(SchemaMismatch(table.name, (first, *differences[1:])))
    if wrong:
        raise SchemaMismatch(wrong[0].table, wrong[0].differences, others=wrong[1:])


def _differences(table: Table, found: Sequence[TemplateTable]) -> Iterator[str]:
    same = [each for each in found if each.name == table.name]
    if not same:
        unnamed = [
            f"{each.resource} ({each.name.reason})" for each in found if isinstance(each.name, Unresolved)
        ]
        hint = f"; the names of some tables can't be told: {', '.join(unnamed)}" if unnamed else ""
        yield f"there is no such table{hint}"
    for each in same:
        yield from fact_differences(declared_facts(completed(table)), template_facts(each.properties))
    if len(same) > 1:
        yield f"it is there more than once: {', '.join(each.resource for each in same)}"
