"""`backup` and `restore`: the service's own backups, and portable ones in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from persistence.cli.completing import complete_table
from persistence.cli.consent import demand_consent, yes_option
from persistence.cli.failures import Exit, Failure
from persistence.cli.lazy import SuggestingGroup
from persistence.cli.progress import shown_progress
from persistence.cli.resuming import can_resume
from persistence.cli.session import Session
from persistence.cli.values import moment_of
from persistence.operations import BackupDescription
from persistence.table import Table

FOLDER = click.Path(file_okay=False, path_type=Path)
EXPORTED = click.Path(exists=True, file_okay=False, path_type=Path)

SHOWN_BY = "`persistence backup list` shows them"


@click.group(cls=SuggestingGroup)
def backup() -> None:
    """Make, list and delete backups of DynamoDB; export items to a folder, and import them.

    A backup of DynamoDB stays in AWS, holds the table as it was at one moment, and is restored with
    `restore`. An export works with every store, and is a scan: compressed lines of JSON with a manifest.
    """


@backup.command()
@click.argument("table", shell_complete=complete_table)
@click.option("--name", help="The name of the backup (default: the table's, and the time).")
@click.pass_context
def create(ctx: click.Context, table: str, name: str | None) -> None:
    """Make a backup of a TABLE, and wait until it can be restored."""
    session = Session.of(ctx)
    can_resume(ctx, "DynamoDB goes on with the backup: persistence backup list")
    with shown_progress() as progress:
        made = session.service.backup(session.app.table(table), name, progress=progress)
    session.output.facts(_row(made))


@backup.command(name="list")
@click.argument("table", required=False, shell_complete=complete_table)
@click.pass_context
def list_(ctx: click.Context, table: str | None) -> None:
    """List the backups of a TABLE, or of all tables."""
    session = Session.of(ctx)
    found = (
        session.bare_service.backups() if table is None else session.service.backups(session.app.table(table))
    )
    session.output.rows(
        [_row(each) for each in found], ("name", "table", "status", "created", "bytes", "arn")
    )


def _is_arn(text: str) -> bool:
    return text.startswith("arn:")


def _row(found: BackupDescription) -> dict[str, Any]:
    return {
        "name": found.name,
        "table": found.table,
        "status": found.status,
        "created": found.created_at.isoformat(timespec="seconds"),
        "bytes": found.size_bytes,
        "arn": found.arn,
    }


@backup.command()
@click.argument("arn")
@yes_option
@click.pass_context
def delete(ctx: click.Context, arn: str, *, yes: bool) -> None:
    """Delete the backup with an ARN. Asks first, unless --yes is given."""
    session = Session.of(ctx)
    if not _is_arn(arn):
        raise Failure(f"{arn!r} is no ARN of a backup; {SHOWN_BY}")
    demand_consent(session.place, [f"delete backup {arn}"], yes=yes)
    session.bare_service.delete_backup(arn)
    session.output.either({"deleted": arn}, f"backup {arn} is deleted")


@backup.command()
@click.argument("table", shell_complete=complete_table)
@click.argument("folder", type=FOLDER)
@click.option("--segments", type=click.IntRange(min=1), default=4, show_default=True, help="Read at once.")
@click.option("--consistent", is_flag=True, help="Read strongly consistently, at twice the price.")
@click.option("--read-units", type=float, metavar="NUMBER", help="Read units per second at most.")
@click.pass_context
def export(
    ctx: click.Context,
    table: str,
    folder: Path,
    segments: int,
    read_units: float | None,
    *,
    consistent: bool,
) -> None:
    """Export all items of a TABLE into a FOLDER.

    Interrupted, it goes on when it is run again with the same folder.
    """
    session = Session.of(ctx)
    can_resume(ctx, f"Run the same command again: it goes on in {folder}.")
    with shown_progress() as progress:
        made = session.service.export_items(
            session.app.table(table),
            folder,
            segments=segments,
            consistent=consistent,
            read_units=read_units,
            progress=progress,
        )
    session.output.facts(_manifest(folder, made))


def _manifest(folder: Path, made: Any) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "table": made.table.name,
        "items": made.items,
        "bytes": made.bytes,
        "files": len(made.files),
        "digest": made.digest,
    }


@backup.command()
@click.argument("folder", type=EXPORTED)
@click.pass_context
def check(ctx: click.Context, folder: Path) -> None:
    """Check an exported FOLDER: checksums, counts and each line. No store is asked.

    Exit code 1 if it is damaged.
    """
    session = Session.of(ctx).offline()
    session.output.facts(_manifest(folder, session.bare_service.verify_items(folder)))


@backup.command(name="import")
@click.argument("folder", type=EXPORTED)
@click.option("--into", "target", metavar="TABLE", help="The table (default: the one that it is of).")
@click.option("--overwrite", is_flag=True, help="Replace items that are there. Asks first, unless --yes.")
@click.option("--write-units", type=float, metavar="NUMBER", help="Write units per second at most.")
@click.option("--no-verify", is_flag=True, help="Don't read the table in the end to compare.")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Where it keeps how far it is.")
@yes_option
@click.pass_context
def import_(
    ctx: click.Context,
    folder: Path,
    target: str | None,
    write_units: float | None,
    checkpoint: Path | None,
    *,
    overwrite: bool,
    no_verify: bool,
    yes: bool,
) -> int:
    """Import an exported FOLDER into a table, which is created if there is none, and compare.

    Items that are there are left as they are, unless --overwrite is given. Interrupted, it goes on when it is
    run again. Exit code 1 if the table then holds something else than the folder.
    """
    session = Session.of(ctx)
    table = _target(session, target)
    if overwrite:
        name = "of the table that the folder is of" if table is None else f"of table {_name(table)!r}"
        demand_consent(session.place, [f"replace items {name} by those of {folder}"], yes=yes)
    can_resume(ctx, "Run the same command again: it goes on from there.")
    service = session.service if session.settings.app else session.bare_service
    with shown_progress() as progress:
        report = service.import_items(
            folder,
            table,
            overwrite=overwrite,
            write_units=write_units,
            verify=not no_verify,
            checkpoint=checkpoint,
            progress=progress,
        )
    session.output.facts(
        {
            "table": report.table,
            "created": report.created,
            "items": report.items,
            "written": report.written,
            "unchanged": report.unchanged,
            "kept": report.kept,
            "failed": report.failed,
            "equal": report.equal if report.verification is not None else None,
        }
    )
    return Exit.OK if no_verify or report.equal else Exit.DIFFERENCES


def _target(session: Session, name: str | None) -> Table | str | None:
    """Find the declaration of a table; a table that is not declared goes by its name."""
    if name is None or not session.settings.app:
        return name
    declared = {table.name: table for table in session.app.tables}
    return declared.get(name, name)


def _name(table: Table | str) -> str:
    return table if isinstance(table, str) else table.name


@click.command()
@click.argument("source", metavar="BACKUP|TABLE")
@click.argument("target")
@click.option("--at", metavar="TIME", help="Restore a table as it was then, such as 2026-01-02T03:04:05Z.")
@click.option("--latest", is_flag=True, help="Restore a table as it was some minutes ago.")
@click.pass_context
def restore(ctx: click.Context, source: str, target: str, at: str | None, *, latest: bool) -> None:
    """Restore to a new table TARGET: a backup by its ARN, or a table at a time with --at or --latest.

    TARGET must not exist. Stream, time to live, tags, point-in-time recovery and scaling are not restored:
    `plan` tells what is missing then.
    """
    session = Session.of(ctx)
    if at is not None and latest:
        raise Failure("--at and --latest exclude each other")
    pointed = at is not None or latest
    if not pointed and not _is_arn(source):
        raise Failure(
            f"{source!r} is no ARN of a backup; {SHOWN_BY}. To restore a table as it was at a time add "
            "--at TIME or --latest"
        )
    can_resume(ctx, f"DynamoDB goes on with it: persistence describe {target}")
    with shown_progress() as progress:
        if pointed:
            moment = None if at is None else moment_of(at)
            table = session.app.table(source)
            made = session.service.restore_to_point(table, target, moment, progress=progress)
        else:
            made = session.bare_service.restore(source, target, progress=progress)
    session.output.facts({"table": made.table.name, "status": made.status, "resource": made.arn})
