"""`migrate`: ordered migrations of data, with a history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from persistence.cli.consent import demand_consent, yes_option
from persistence.cli.failures import Exit, Failure
from persistence.cli.lazy import SuggestingGroup
from persistence.cli.options import setting_option
from persistence.cli.progress import shown_progress
from persistence.cli.resuming import can_resume
from persistence.cli.session import Session
from persistence.schema.migrations import Migration, Migrations
from persistence.schema.migrations.ledger import DEFAULT_TABLE

F = TypeVar("F", bound=Callable[..., Any])


def _of_migrations(function: F) -> F:
    for decorate in (
        setting_option("--history", metavar="TABLE", help=f"The table with the history ({DEFAULT_TABLE})."),
        setting_option("--application", metavar="NAME", help="Whose they are (the first part of --app)."),
        setting_option("--migrations", metavar="FOLDER", help="Where they are, such as 0007_add_totals.py."),
    ):
        function = decorate(function)
    return function


@click.group(cls=SuggestingGroup)
def migrate() -> None:
    """Run ordered migrations of data, once each, one process at a time.

    The folder with the migrations, the application's name and the history table may be said in
    [tool.persistence]: migrations, application, history.
    """


@migrate.command()
@_of_migrations
@click.pass_context
def status(ctx: click.Context) -> None:
    """Tell where each migration stands, and who is running them."""
    session = Session.of(ctx)
    ledger = _ledger(session)
    rows = [
        {
            "id": each.id,
            "name": each.name,
            "state": each.state,
            "at": each.at and each.at.isoformat(timespec="seconds"),
            "seconds": None if each.seconds is None else round(each.seconds, 1),
            "owner": each.owner,
            "failure": each.failure,
        }
        for each in ledger.status()
    ]
    session.output.rows(rows)
    holder = ledger.holder()
    if holder is not None:
        until = datetime.fromtimestamp(holder.until, UTC).isoformat(timespec="seconds")
        session.output.hint(
            {"held_by": holder.owner, "until": until},
            f"{holder.owner} is running migrations, or was killed; its lease ends at {until}",
        )


@migrate.command()
@click.option("--to", metavar="ID", help="The last one to run.")
@click.option("--exit-code", is_flag=True, help="End with 1 if there is something to run.")
@_of_migrations
@click.pass_context
def plan(ctx: click.Context, to: str | None, *, exit_code: bool) -> int:
    """Tell which migrations would be run. Nothing is changed."""
    session = Session.of(ctx)
    found = _ledger(session).plan(to)
    _show(session, found, "to run")
    return Exit.DIFFERENCES if exit_code and found else Exit.OK


@migrate.command()
@click.option("--to", metavar="ID", help="The last one to run.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be run.")
@_of_migrations
@click.pass_context
def run(ctx: click.Context, to: str | None, *, dry_run: bool) -> None:
    """Run the migrations that are not applied yet, in their order.

    What is done stays when a later one fails; the failed one is run again the next time. Exit code 4 if
    somebody else is running them, one failed, or applied ones were changed.
    """
    session = Session.of(ctx)
    can_resume(ctx, "The migration that was under way is run again the next time: persistence migrate status")
    with shown_progress() as progress:
        found = _ledger(session).run(to, dry_run=dry_run, progress=progress)
    _show(session, found, "to run" if dry_run else "applied")


@migrate.command()
@click.option("--to", metavar="ID", help="The one that shall be the last one applied.")
@click.option("--steps", type=click.IntRange(min=1), help="How many to undo.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be undone.")
@_of_migrations
@yes_option
@click.pass_context
def rollback(ctx: click.Context, to: str | None, steps: int | None, *, dry_run: bool, yes: bool) -> None:
    """Undo migrations, the last one first. Asks first, unless --yes is given."""
    if (to is None) == (steps is None):
        raise click.UsageError("Say how far: either --to ID or --steps NUMBER", ctx)
    session = Session.of(ctx)
    ledger = _ledger(session)
    found = ledger.rollback(to, steps=steps, dry_run=True)
    if not dry_run and found:
        demand_consent(session.place, [f"undo migration {each}" for each in found], yes=yes)
        can_resume(ctx, "What is undone stays undone: persistence migrate status")
        with shown_progress() as progress:
            found = ledger.rollback(to, steps=steps, progress=progress)
    _show(session, found, "to undo" if dry_run else "undone")


def _ledger(session: Session) -> Migrations:
    settings = session.settings
    if settings.migrations is None:
        raise Failure(
            "say where the migrations are: --migrations FOLDER, PERSISTENCE_MIGRATIONS, or migrations in "
            "[tool.persistence]"
        )
    application = settings.application or (settings.app or "").partition(":")[0].partition(".")[0]
    if not application:
        raise Failure(
            "say whose migrations they are: --application NAME, or application in [tool.persistence]"
        )
    return Migrations(
        session.store,
        settings.migrations,
        application=application,
        table=settings.history or DEFAULT_TABLE,
        mappings=session.app.mappings if settings.app else (),
    )


def _show(session: Session, found: tuple[Migration, ...], what: str) -> None:
    if session.output.json:
        session.output.document([{"id": each.id, "name": each.name} for each in found])
        return
    for each in found:
        session.output.say(f"{what}: {each}")
    if not found:
        session.output.say("nothing to do")
