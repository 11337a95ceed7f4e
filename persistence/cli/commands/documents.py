"""`documents`: JSON Schema, diagrams and access patterns, from mappings alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from persistence.cli.app import named_object
from persistence.cli.completing import complete_mapping, complete_table
from persistence.cli.failures import Failure
from persistence.cli.files import write_text
from persistence.cli.lazy import SuggestingGroup
from persistence.cli.session import Session
from persistence.cli.texts import json_document
from persistence.mapping import mapping_of

OUT = click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it to a file instead of stdout.",
)


@click.group(cls=SuggestingGroup)
def documents() -> None:
    """Write documents from the mappings. No store is asked."""


@documents.command(name="json-schema")
@click.argument("entity", shell_complete=complete_mapping)
@OUT
@click.pass_context
def json_schema(ctx: click.Context, entity: str, out: Path | None) -> None:
    """Write the JSON Schema of an ENTITY."""
    session = Session.of(ctx).offline()
    described = session.service.json_schema(session.mapping(entity))
    if out is None:
        session.output.document(described)
    else:
        write_text(json_document(described), out)


@documents.command()
@click.argument("names", nargs=-1, metavar="[TABLE]...", shell_complete=complete_table)
@OUT
@click.pass_context
def diagram(ctx: click.Context, names: tuple[str, ...], out: Path | None) -> None:
    """Draw tables, keys, indexes and entities as a Mermaid diagram; all tables if none is named."""
    session = Session.of(ctx).offline()
    shown = {table.name for table in session.tables(names)}
    mappings = [mapping for mapping in session.app.mappings if mapping_of(mapping).table.name in shown]
    write_text(session.service.diagram(*mappings), out)


@documents.command(name="access-patterns")
@click.argument("queries", metavar="MODULE:ATTRIBUTE")
@OUT
@click.pass_context
def access_patterns(ctx: click.Context, queries: str, out: Path | None) -> None:
    """Write a table in Markdown of which query uses which index.

    MODULE:ATTRIBUTE is a dict, title -> query, or a function that gives one.
    """
    session = Session.of(ctx).offline()
    found = _queries(named_object(queries, session.folders), queries)
    write_text(session.service.access_patterns(found), out)


def _queries(found: Any, name: str) -> Mapping[str, Any]:
    given = found() if callable(found) else found
    if not isinstance(given, Mapping):
        raise Failure(
            f"{name} is {type(given).__name__}; it is a dict of queries, or a function that gives one"
        )
    return given
