"""`evolve` and `backfill`: data that changes its shape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from persistence.cli.app import named_object
from persistence.cli.completing import complete_mapping, complete_table
from persistence.cli.consent import demand_consent, yes_option
from persistence.cli.failures import Exit, Failure
from persistence.cli.progress import shown_progress
from persistence.cli.resuming import can_resume
from persistence.cli.session import Session
from persistence.schema.base import Schema
from persistence.schema.evolution.report import EvolutionReport

CHECKPOINT = click.option(
    "--checkpoint",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keeps how far the job is, so that it goes on there when it is run again.",
)
SEGMENTS = click.option(
    "--segments",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    help="Parts that are read at once.",
)
WRITE_UNITS = click.option("--write-units", type=float, metavar="NUMBER", help="Per second at most.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Read and transform everything, and write nothing.")


@click.command()
@click.argument("source", shell_complete=complete_table)
@click.option("--target", metavar="NAME", help="Where to; without it the items are changed in place.")
@click.option("--backup", metavar="TABLE", help="A table to which the items are copied first, as they are.")
@click.option("--no-copy", is_flag=True, help="Make the tables only.")
@click.option("--transform", metavar="MODULE:FUNCTION", help="Gets each item, gives what is stored.")
@click.option("--convert", metavar="MODULE:FUNCTION", help="Gets each entity, gives what is stored.")
@click.option(
    "--batch-size", type=click.IntRange(min=1), default=25, show_default=True, help="Items read at a time."
)
@SEGMENTS
@WRITE_UNITS
@DRY_RUN
@CHECKPOINT
@yes_option
@click.pass_context
def evolve(
    ctx: click.Context,
    source: str,
    target: str | None,
    backup: str | None,
    transform: str | None,
    convert: str | None,
    batch_size: int,
    segments: int,
    write_units: float | None,
    checkpoint: Path | None,
    *,
    no_copy: bool,
    dry_run: bool,
    yes: bool,
) -> int:
    """Copy the items of SOURCE to another table, transform them, or change them in place.

    SOURCE and --target are names of mappings or tables, or module:attribute. The application may go on
    working: nothing that is newer is overwritten, and no table is deleted. Changes in place are asked about
    first, unless there is a --backup or --yes is given.

    Exit code 1 if items were left out; they are listed, and only they are tried again with the same
    --checkpoint.
    """
    session = Session.of(ctx)
    if target is None and backup is None and not dry_run and not no_copy:
        demand_consent(session.place, [f"change the items of {source} in place, without a backup"], yes=yes)
    _note_resuming(ctx, checkpoint)
    with shown_progress() as progress:
        report = session.service.evolve(
            _schema(session, source),
            target=None if target is None else _schema(session, target),
            backup=backup,
            copy=not no_copy,
            transform=_function(session, transform),
            convert=_function(session, convert),
            batch_size=batch_size,
            segments=segments,
            write_units=write_units,
            dry_run=dry_run,
            checkpoint=checkpoint,
            progress=progress,
        )
    return _show(session, report)


@click.command()
@click.argument("entity", shell_complete=complete_mapping)
@SEGMENTS
@WRITE_UNITS
@DRY_RUN
@CHECKPOINT
@click.pass_context
def backfill(
    ctx: click.Context,
    entity: str,
    segments: int,
    write_units: float | None,
    checkpoint: Path | None,
    *,
    dry_run: bool,
) -> int:
    """Store the items of ENTITY that are of older schema versions as current ones, in place.

    The application may go on working: each is written only if it is still as it was read. Exit code 1 if
    items were left out.
    """
    session = Session.of(ctx)
    _note_resuming(ctx, checkpoint)
    with shown_progress() as progress:
        report = session.service.backfill(
            session.mapping(entity),
            segments=segments,
            write_units=write_units,
            dry_run=dry_run,
            checkpoint=checkpoint,
            progress=progress,
        )
    return _show(session, report)


def _note_resuming(ctx: click.Context, checkpoint: Path | None) -> None:
    where = (
        f"it goes on from {checkpoint}"
        if checkpoint is not None
        else "what is done is not done twice, but read again; --checkpoint FILE would spare that"
    )
    can_resume(ctx, f"What was written stays. Run the same command again: {where}.")


def _schema(session: Session, name: str) -> Schema | str:
    """Find a mapping or a declared table; any other name is that of a table."""
    if ":" in name:
        found: Schema = named_object(name, session.folders)
        return found
    if any(name in (entity, mapping.__name__) for entity, mapping in session.app.named):
        return session.mapping(name)
    declared = {table.name: table for table in session.app.tables}
    return declared.get(name, name)


def _function(session: Session, name: str | None) -> Any:
    if name is None:
        return None
    found = named_object(name, session.folders)
    if ":" not in name or not callable(found):
        raise Failure(f"{name!r} is no function; write package.module:function")
    return found


def _show(session: Session, report: EvolutionReport) -> int:
    data = report.as_dict()
    if session.output.json:
        session.output.line(data)
    else:
        session.output.facts({name.replace("_", " "): data[name] for name in data if name != "failures"})
    if report.settled:
        return Exit.OK
    session.output.note("The source was still being changed; run it again.")
    return Exit.DIFFERENCES
