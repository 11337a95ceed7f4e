"""`export`: tables for infrastructure as code."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from persistence.cli.completing import complete_table
from persistence.cli.files import write_text
from persistence.cli.session import Session

FORMATS = ("cloudformation", "terraform", "cdk")


@click.command()
@click.argument("form", type=click.Choice(FORMATS), required=False, metavar="[cloudformation|terraform|cdk]")
@click.argument("names", nargs=-1, metavar="[TABLE]...", shell_complete=complete_table)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it to a file instead of stdout.",
)
@click.option(
    "--check",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Write nothing; tell whether a template, or a folder of them, still fits the mappings.",
)
@click.pass_context
def export(
    ctx: click.Context,
    form: Literal["cloudformation", "terraform", "cdk"] | None,
    names: tuple[str, ...],
    out: Path | None,
    check: Path | None,
) -> None:
    """Write the tables for CloudFormation (JSON), Terraform (JSON) or the CDK (Python). No store is asked.

    With --check exit code 1 if the template does not fit.
    """
    session = Session.of(ctx).offline()
    tables = session.tables(names)
    if check is not None:
        session.service.verify_template(check, *tables)
        session.output.either({"fits": True}, f"{check} fits the mappings")
        return
    if form is None:
        raise click.UsageError(f"Name a format: {', '.join(FORMATS)}; or a template: --check PATH", ctx)
    write_text(session.service.export(form, *tables), out)
