"""`codegen`: mappings from a live table."""

from __future__ import annotations

from pathlib import Path

import click

from persistence.cli.files import write_text
from persistence.cli.session import Session


@click.command()
@click.argument("table")
@click.option(
    "--sample",
    type=click.IntRange(min=0),
    default=200,
    show_default=True,
    help="How many items to read at most; 0 for the table's description alone.",
)
@click.option("--discriminator", metavar="ATTRIBUTE", help="The attribute that tells entity types apart.")
@click.option("--enum", "enums", multiple=True, metavar="ATTRIBUTE", help="Its texts are members of an enum.")
@click.option("--version", metavar="ATTRIBUTE", default="version", help="What becomes the version field.")
@click.option("--created-at", metavar="ATTRIBUTE", help="What becomes the time of creation.")
@click.option("--updated-at", metavar="ATTRIBUTE", help="What becomes the time of the last write.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it to a file instead of stdout.",
)
@click.pass_context
def codegen(
    ctx: click.Context,
    table: str,
    sample: int,
    discriminator: str | None,
    enums: tuple[str, ...],
    version: str,
    created_at: str | None,
    updated_at: str | None,
    out: Path | None,
) -> None:
    """Write a Python module with dataclasses and mappings for a live TABLE and a sample of its items.

    The module is tried before it is written: it reads and writes the sampled items without loss. No
    application is needed.
    """
    session = Session.of(ctx)
    text = session.bare_service.codegen(
        table,
        sample=sample,
        discriminator=discriminator,
        enums=enums,
        version=version,
        created_at=created_at,
        updated_at=updated_at,
    )
    write_text(text, out)
