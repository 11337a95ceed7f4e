"""`plan`, `apply`, `verify`: declarations and live tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from persistence.cli.completing import complete_table
from persistence.cli.consent import demand_consent, yes_option
from persistence.cli.failures import Exit, Failure, told
from persistence.cli.files import write_text
from persistence.cli.progress import shown_progress
from persistence.cli.resuming import can_resume
from persistence.cli.session import Session
from persistence.cli.texts import json_document
from persistence.errors import PlanOutdated, SchemaMismatch
from persistence.schema.planning.plans import PLAN_FORMAT, PlannedStep, SchemaPlan, TablePlan


@click.command()
@click.argument("names", nargs=-1, metavar="[TABLE]...", shell_complete=complete_table)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the plan to a file, for `apply FILE`.",
)
@click.option("--exit-code", is_flag=True, help="End with 1 if there is something to do.")
@click.pass_context
def plan(ctx: click.Context, names: tuple[str, ...], out: Path | None, *, exit_code: bool) -> int:
    r"""Compare the mappings with the live tables, and tell what is to be done. Nothing is changed.

    Without names all tables of the mappings are compared.

    \b
    With --exit-code:
      0  the tables are as they are declared
      1  there is something to do, or something that can't be done in place
    """
    session = Session.of(ctx)
    made = session.service.plan(*session.tables(names))
    if out is not None:
        write_text(json_document(made.as_dict()), out)
    session.output.either(made.as_dict(), _text(made))
    return Exit.DIFFERENCES if exit_code and not made.empty else Exit.OK


def _text(made: SchemaPlan) -> str:
    return "\n".join(line for table in made.tables for line in _lines(table))


def _lines(table: TablePlan) -> Iterator[str]:
    state = {"ABSENT": " (absent)", "ACTIVE": ""}.get(table.status, f" ({table.status})")
    nothing = "" if table.changes or table.blocked else ": nothing to do"
    yield f"table {table.table}{state}{nothing}"
    for step in table.needed:
        consent = "" if step.consent is None else f"   needs --allow-drop {step.consent}"
        yield f"  {'+' if step.consent is None else '!'} {step}{consent}"
    for change in table.blocked:
        yield f"  x {change.what}; {change.remedy}"
    for step in table.changes:
        if not step.needed:
            yield f"  . {step.subject} is not declared, and stays unless --allow-drop {step.consent} names it"


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path), metavar="[PLAN]")
@click.option(
    "--table",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_table,
    help="This table only; may be repeated.",
)
@click.option(
    "--allow-drop",
    multiple=True,
    metavar="NAME",
    help="What may be lost, by its name in the plan, such as an index; may be repeated.",
)
@yes_option
@click.pass_context
def apply(
    ctx: click.Context, file: Path | None, names: tuple[str, ...], allow_drop: tuple[str, ...], *, yes: bool
) -> None:
    """Bring the live tables to what the mappings declare.

    PLAN is a file that `plan --out` wrote; without it, what is to be done now is planned first. A saved plan
    is refused if there is more to do by now than it has.

    Nothing is lost that --allow-drop does not name, and for that it asks first, unless --yes is given.
    Interrupted, it goes on when it is run again.

    Exit code 4 if nothing was done: something needs --allow-drop, can't be changed in place, or the plan is
    outdated.
    """
    session = Session.of(ctx)
    made = _planned(session, names) if file is None else _saved(session, file, names)
    chosen = [step for table in made.tables for step in table.chosen(allow_drop)]
    losing = [step for step in chosen if step.consent is not None]
    if losing and not made.blocked:
        demand_consent(session.place, [f"table {step.table!r}: {step}" for step in losing], yes=yes)
    can_resume(ctx, "What was begun goes on in DynamoDB; run the same command again for what is left.")
    with shown_progress() as progress:
        done = session.service.apply(made, allow_drop=allow_drop, progress=progress)
    text = "\n".join(f"done: table {step.table}: {step}" for step in done) or "nothing to do"
    session.output.either([_data(step) for step in done], text)


def _data(step: PlannedStep) -> dict[str, Any]:
    return {"table": step.table, "kind": step.kind, "subject": step.subject, "text": str(step)}


def _planned(session: Session, names: tuple[str, ...]) -> SchemaPlan:
    return session.service.plan(*session.tables(names))


def _saved(session: Session, file: Path, names: tuple[str, ...]) -> SchemaPlan:
    """Plan anew for the tables of a saved plan, and refuse what it does not have."""
    if names:
        raise Failure("a saved plan names its tables; leave --table out")
    saved = _read(file)
    made = _planned(session, tuple(saved))
    for table, data in zip(made.tables, made.as_dict()["tables"], strict=True):
        known = [_comparable(step) for step in saved[table.table]]
        more = [step["text"] for step in data["steps"] if _comparable(step) not in known]
        if more:
            raise PlanOutdated(table.table, more)
    return made


def _comparable(step: dict[str, Any]) -> str:
    """Write what a step does, without the words for it."""
    kept = {name: value for name, value in step.items() if name not in ("text", "difference")}
    return json.dumps(kept, sort_keys=True)


def _read(file: Path) -> dict[str, list[dict[str, Any]]]:
    try:
        data = json.loads(file.read_text("utf-8"))
        if data["format"] != PLAN_FORMAT:
            raise Failure(f"{file} is a plan of format {data['format']!r}; known is {PLAN_FORMAT}")
        return {table["table"]: [dict(step) for step in table["steps"]] for table in data["tables"]}
    except OSError as error:
        raise Failure(f"{file} can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure(f"{file} is no plan; `persistence plan --out {file}` writes one") from error


@click.command()
@click.argument("names", nargs=-1, metavar="[TABLE]...", shell_complete=complete_table)
@click.pass_context
def verify(ctx: click.Context, names: tuple[str, ...]) -> int:
    """Check that the live tables are as the mappings declare them; what they have beyond that does not count.

    Exit code 1 if they are not, with all differences.
    """
    session = Session.of(ctx)
    tables = session.tables(names)
    try:
        session.service.verify(*tables)
    except SchemaMismatch as mismatch:
        if not session.output.json:
            raise
        differing = {name: list(differences) for name, differences in mismatch.tables.items()}
        session.output.document({"fits": False, "differences": differing})
        session.output.note(told(mismatch))
        return Exit.DIFFERENCES
    session.output.either(
        {"fits": True, "differences": {}}, "\n".join(f"table {table.name} is as declared" for table in tables)
    )
    return Exit.OK
