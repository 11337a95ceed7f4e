"""`tables`, `describe`, `delete-table`: live tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import click

from persistence.cli.completing import complete_table
from persistence.cli.consent import demand_consent, yes_option
from persistence.cli.session import Session
from persistence.errors import TableNotFound
from persistence.operations import DescribeTable, DescribeTimeToLive, ListTables, TableDescription
from persistence.store import Store
from persistence.table import GlobalIndex, Table
from persistence.table_options import Encryption


@click.command()
@click.option("--all", "everything", is_flag=True, help="List all tables of the account and region.")
@click.pass_context
def tables(ctx: click.Context, *, everything: bool) -> None:
    """List the tables that the mappings declare, and how they are."""
    session = Session.of(ctx)
    names = list(_names(session.store)) if everything else [table.name for table in session.app.tables]
    session.output.rows([_row(session, name) for name in names], _COLUMNS)


_COLUMNS = ("table", "status", "items", "bytes", "indexes", "entities")


def _names(store: Store) -> Iterator[str]:
    page = store.perform(ListTables())
    yield from page.names
    while page.next is not None:
        page = store.perform(ListTables(page.next))
        yield from page.names


def _row(session: Session, name: str) -> dict[str, Any]:
    entities = [mapping.name for mapping in session.app.mappings_of(name)] if session.settings.app else []
    try:
        found = session.store.perform(DescribeTable(name))
    except TableNotFound:
        return {"table": name, "status": "absent", "entities": ", ".join(entities)}
    return {
        "table": name,
        "status": found.status,
        "items": found.item_count,
        "bytes": found.size_bytes,
        "indexes": ", ".join(index.name for index in found.indexes),
        "entities": ", ".join(entities),
    }


@click.command()
@click.argument("names", nargs=-1, metavar="[TABLE]...", shell_complete=complete_table)
@click.pass_context
def describe(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Describe live tables, by their names or those of mappings; all that are declared if none is named.

    A table that no mapping declares can be described too.
    """
    session = Session.of(ctx)
    for number, name in enumerate(_named(session, names)):
        if number:
            session.output.say("")
        session.output.facts(_described(session.store, name))


def _named(session: Session, names: tuple[str, ...]) -> list[str]:
    if not names:
        return [table.name for table in session.app.tables]
    if not session.settings.app:
        return list(names)
    known = {
        mapping: table.name for table in session.app.tables for mapping in _mapping_names(session, table)
    }
    return [known.get(name, name) for name in names]


def _mapping_names(session: Session, table: Table) -> Iterator[str]:
    for mapping in session.app.mappings_of(table.name):
        yield mapping.name
        yield mapping.schema.__name__


def _described(store: Store, name: str) -> dict[str, Any]:
    found = store.perform(DescribeTable(name))
    facts: dict[str, Any] = {
        "table": name,
        "status": found.status,
        "key": _key(found.table, None),
        "items": found.item_count,
        "bytes": found.size_bytes,
        "created": found.created_at and found.created_at.isoformat(timespec="seconds"),
        "resource": found.arn,
        "time to live": store.perform(DescribeTimeToLive(name)),
    }
    options = {name.replace("_", " "): _option(value) for name, value in found.options.declared.items()}
    indexes = {f"index {index.name}": _index(found, index.name) for index in found.table.indexes}
    return {key: value for key, value in {**facts, **options, **indexes}.items() if value is not None}


def _option(value: Any) -> Any:
    """Write an option in words: `Provisioned read=5 write=5`, `on` and `off` as yes and no."""
    if isinstance(value, Encryption):
        return " ".join(part for part in (value.kind, value.key) if part)
    if is_dataclass(value) and not isinstance(value, type):
        given = {each.name: getattr(value, each.name) for each in fields(value)}
        return " ".join(
            [type(value).__name__, *(f"{name}={part}" for name, part in given.items() if part is not None)]
        )
    if isinstance(value, tuple):
        return ", ".join(map(_option, value)) or None
    return dict(value) if isinstance(value, Mapping) else value


def _key(table: Table, index: str | None) -> str:
    return ", ".join(f"{name} ({table.type_of(name)})" for name in table.key_names(index))


def _index(found: TableDescription, name: str) -> str:
    index = found.table.index(name)
    live = next(each for each in found.indexes if each.name == name)
    kind = "global" if isinstance(index, GlobalIndex) else "local"
    projection = index.projection.kind + "".join(f" {each}" for each in index.projection.attributes)
    return f"{_key(found.table, name)}; {kind}; {projection}; {live.status}"


@click.command(name="delete-table")
@click.argument("name", metavar="TABLE", shell_complete=complete_table)
@yes_option
@click.pass_context
def delete_table(ctx: click.Context, name: str, *, yes: bool) -> None:
    """Delete a table with all that is in it, and wait until it is gone.

    Asks first, unless --yes is given. Exit code 4 if nothing was done.
    """
    session = Session.of(ctx)
    table = session.app.table(name)
    found = session.store.perform(DescribeTable(table.name))
    demand_consent(
        session.place,
        [f"delete table {table.name!r} and its items, about {found.item_count} ({found.arn or 'no ARN'})"],
        yes=yes,
    )
    session.service.delete_table(table)
    session.output.either({"deleted": table.name}, f"table {table.name!r} is deleted")
