"""`get`, `query`, `scan`, `count`, `explain`: what is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import click

from persistence.cli.completing import complete_field, complete_fields, complete_index, complete_mapping
from persistence.cli.conditions import read_conditions
from persistence.cli.entities import repository_of
from persistence.cli.failures import Failure
from persistence.cli.rawitems import raw_items
from persistence.cli.session import Session
from persistence.cli.showing import raw_json, shown_row
from persistence.cli.values import field_value
from persistence.errors import EntityNotFound
from persistence.mapping import EntityMapping, mapping_of
from persistence.query import AccessPath, Query, Row

F = TypeVar("F", bound=Callable[..., Any])

LIMIT = 20

CONDITION_HELP = """
    Each CONDITION is put in quotes, and all of them must hold:

    \b
      "customer_id = 14646"          also !=  <  <=  >  >=
      "total between 100 and 200"
      "status in (pending, confirmed)"
      "id begins_with 5363"          also contains
      "customer_id exists"           also not_exists
      "size(lines) > 2"
      "total > 100 and not (country = France or country = Spain)"

    Fields are named as in Python, also inside others: address.city, lines[0].code. Values are written as they
    are stored; an enum also by the name of its member, a time also as a day. Put a value in quotes if there
    are spaces or signs in it.
"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the options of a query ask for."""

    conditions: tuple[str, ...]
    index: str | None = None
    order_by: str | None = None
    descending: bool = False
    consistent: bool = False
    select: str | None = None


def _asking(function: F) -> F:
    for decorate in (
        click.option("--consistent", is_flag=True, help="Read strongly consistently, at twice the price."),
        click.option("--index", metavar="NAME", shell_complete=complete_index, help="Read this index."),
        click.argument("conditions", nargs=-1, metavar="[CONDITION]...", shell_complete=complete_field),
        click.argument("entity", shell_complete=complete_mapping),
    ):
        function = decorate(function)
    return function


def _ordering(function: F) -> F:
    for decorate in (
        click.option("--descending", is_flag=True, help="Greatest first."),
        click.option("--order-by", metavar="FIELD", help="Sort by a field that is a sort key."),
    ):
        function = decorate(function)
    return function


def _showing(function: F) -> F:
    for decorate in (
        click.option("--raw", is_flag=True, help="Show items as they are stored, in DynamoDB's JSON."),
        click.option("--after", metavar="CURSOR", help="Go on behind the page that showed this cursor."),
        click.option(
            "--limit",
            type=click.IntRange(min=1),
            default=LIMIT,
            show_default=True,
            help="How many results at most.",
        ),
        click.option("--all", "everything", is_flag=True, help="Show all results, whatever their number."),
        click.option(
            "--select",
            metavar="FIELD,...",
            shell_complete=complete_fields,
            help="Read and show these fields only.",
        ),
    ):
        function = decorate(function)
    return function


@click.command(short_help="Show the entity with a key.")
@click.argument("entity", shell_complete=complete_mapping)
@click.argument("key", nargs=-1, required=True, metavar="KEY...")
@click.option("--raw", is_flag=True, help="Show the item as it is stored, in DynamoDB's JSON.")
@click.option("--eventual", is_flag=True, help="Read eventually consistently, at half the price.")
@click.pass_context
def get(ctx: click.Context, entity: str, key: tuple[str, ...], *, raw: bool, eventual: bool) -> None:
    """Show the ENTITY with a key: the values of the key's fields, in the order of the mapping's key.

    ENTITY is the name of an entity, of its mapping, or of a table that holds nothing else. Exit code 1 if
    there is none with that key.
    """
    session = Session.of(ctx)
    mapping = mapping_of(session.mapping(entity))
    query = _of_key(session, entity, mapping, key)
    query = query if eventual else query.consistent()
    if raw:
        items = list(raw_items(session.entity_store, mapping.table, query.explain(), 1))
        if not items:
            raise _missing(mapping, key)
        session.output.document(raw_json(items[0]))
        return
    row = query.including_deleted().select(*_names(mapping, None)).first()
    if row is None:
        raise _missing(mapping, key)
    session.output.facts(shown_row(mapping, row.as_dict()))


def _of_key(session: Session, entity: str, mapping: EntityMapping[Any], key: tuple[str, ...]) -> Query[Any]:
    names = mapping.key_fields
    if len(key) != len(names):
        raise Failure(
            f"the key of {mapping.name} is {', '.join(names)}: {len(names)} value(s), and {len(key)} came"
        )
    query = repository_of(session, entity).query()
    for name, text in zip(names, key, strict=True):
        query = query.where(name, "=", field_value(mapping, (name,), text))
    return query


def _missing(mapping: EntityMapping[Any], key: tuple[str, ...]) -> EntityNotFound:
    return EntityNotFound(mapping.entity_type, [key])


@click.command(
    short_help="Show the entities that match conditions.",
    help="Show the entities that match conditions, by the key or index that serves them.\n"
    + CONDITION_HELP
    + "\n    Exit code 2 if only a scan could answer: `scan` reads a whole table.",
)
@_asking
@_ordering
@_showing
@click.pass_context
def query(ctx: click.Context, /, entity: str, **options: Any) -> None:
    """Show the entities that match conditions."""
    _show(ctx, entity, options, scan=False)


@click.command(
    short_help="Read a whole table or index.",
    help="Read a whole table or index; conditions filter what was read, and all of it is paid for.\n"
    + CONDITION_HELP,
)
@_asking
@_showing
@click.pass_context
def scan(ctx: click.Context, /, entity: str, **options: Any) -> None:
    """Read a whole table or index."""
    _show(ctx, entity, options, scan=True)


@click.command(
    short_help="Count the entities that match conditions.",
    help="Count the entities that match conditions; all that is read for it is paid for.\n" + CONDITION_HELP,
)
@_asking
@click.option("--scan", "scanning", is_flag=True, help="Read the whole table or index.")
@click.pass_context
def count(ctx: click.Context, /, entity: str, scanning: bool, **options: Any) -> None:
    """Count the entities that match conditions."""
    session = Session.of(ctx)
    asked = _query(session, entity, Wanted(**options), scan=scanning)
    number = asked.count()
    session.output.either({"count": number}, str(number))


@click.command(
    short_help="Tell how a query would be answered, without asking.",
    help="Tell how a query would be answered, and what it would cost. Nothing is sent: no credentials are "
    "needed.\n" + CONDITION_HELP,
)
@_asking
@_ordering
@click.option("--limit", type=click.IntRange(min=1), help="How many results are wanted.")
@click.option("--select", metavar="FIELD,...", shell_complete=complete_fields, help="Read these fields only.")
@click.option("--scan", "scanning", is_flag=True, help="As `scan` would read.")
@click.pass_context
def explain(ctx: click.Context, /, entity: str, scanning: bool, limit: int | None, **options: Any) -> None:
    """Tell how a query would be answered."""
    session = Session.of(ctx).offline()
    mapping = mapping_of(session.mapping(entity))
    wanted = Wanted(**options)
    asked = _query(session, entity, wanted, scan=scanning, forbid=False)
    if wanted.select:
        asked = asked.select(*_names(mapping, wanted.select))
    path = (asked if limit is None else asked.limit(limit)).explain()
    session.output.either(_path_data(path), str(path))


def _path_data(path: AccessPath) -> dict[str, Any]:
    return {
        "kind": path.kind,
        "index": path.index,
        "fetch": path.fetch,
        "consistent": path.consistent,
        "filtered": path.filter is not None,
        "expected": str(path.expected),
        "refused": [{"index": name, "reason": reason} for name, reason in path.refused],
        "advice": [str(advice) for advice in path.advice],
    }


def _show(ctx: click.Context, entity: str, options: dict[str, Any], *, scan: bool) -> None:
    raw, after, everything = (options.pop(name) for name in ("raw", "after", "everything"))
    limit = options.pop("limit")
    session = Session.of(ctx)
    mapping = mapping_of(session.mapping(entity))
    wanted = Wanted(**options)
    asked = _query(session, entity, wanted, scan=scan)
    if raw:
        _refuse_together(raw=raw, after=after, select=wanted.select)
        for item in raw_items(
            session.entity_store, mapping.table, asked.explain(), None if everything else limit
        ):
            session.output.line(raw_json(item))
        return
    rows = asked.select(*_names(mapping, wanted.select))
    if everything:
        _stream(session, mapping, rows if after is None else rows.after(after))
        return
    page = rows.page(limit, after)
    session.output.rows([shown_row(mapping, row.as_dict()) for row in page])
    if page.cursor is not None:
        session.output.hint({"cursor": page.cursor}, f"More follow: --after {page.cursor}")


def _stream(session: Session, mapping: EntityMapping[Any], rows: Query[Row]) -> None:
    shown = (shown_row(mapping, row.as_dict()) for row in rows)
    if not session.output.json:
        session.output.rows(list(shown))
        return
    for row in shown:
        session.output.line(row)


def _refuse_together(*, raw: bool, after: str | None, select: str | None) -> None:
    if raw and (after or select):
        raise Failure("--raw goes without --after and --select; items come whole, from the first one on")


def _query(session: Session, entity: str, wanted: Wanted, *, scan: bool, forbid: bool = True) -> Query[Any]:
    repository = repository_of(session, entity)
    mapping = mapping_of(session.mapping(entity))
    asked: Query[Any] = repository.scan() if scan else repository.query()
    term = read_conditions(mapping, wanted.conditions)
    if term is not None:
        asked = asked.matching(term)  # type: ignore[arg-type]  # a term is recorded as it is
    asked = asked.hydrate()  # what an index does not hold is shown too, and `explain` tells what that costs
    if wanted.index is not None:
        asked = asked.index(wanted.index)
    if wanted.order_by is not None:
        asked = asked.order_by(wanted.order_by, descending=wanted.descending)
    elif wanted.descending:
        raise Failure("--descending goes with --order-by")
    if wanted.consistent:
        asked = asked.consistent()
    if forbid and not scan and asked.explain().kind == "scan":
        raise Failure(
            f"no key or index serves this: it would read all of table {mapping.table.name!r}. If that is "
            "meant, use `scan` (or `count --scan`); `explain` tells why"
        )
    return asked


def _names(mapping: EntityMapping[Any], select: str | None) -> list[str]:
    if select is not None:
        return [name.strip() for name in select.split(",") if name.strip()]
    return [field.name for field in mapping.plan.fields if field.loaded or field.role]
