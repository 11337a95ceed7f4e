"""Asks before something is destroyed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from persistence.cli.failures import Exit, Failure

F = TypeVar("F", bound=Callable[..., Any])


def yes_option(function: F) -> F:
    """Give a command the option `--yes`."""
    return click.option("--yes", "-y", is_flag=True, help="Don't ask before something is destroyed.")(
        function
    )


def demand_consent(place: str, what: Sequence[str], *, yes: bool) -> None:
    """Show what would be destroyed and where, and ask.

    Args:
        place: where it is: store, account, region, endpoint.
        what: what would be destroyed, each in words.
        yes: it was consented to on the command line.

    Raises:
        Failure: the answer is no, or nobody is there to give it.
    """
    click.echo(f"In {place}:", err=True)
    for each in what:
        click.echo(f"  - {each}", err=True)
    if yes:
        return
    if not sys.stdin.isatty():
        raise Failure(
            "nothing was done: this destroys something, and there is no terminal to ask; add --yes",
            Exit.REFUSED,
        )
    if not click.confirm("This can't be undone. Go on?", err=True):
        raise Failure("nothing was done", Exit.REFUSED)
