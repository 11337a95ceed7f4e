"""The options that every command takes, before its name or after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from persistence.cli.settings import OUTPUTS, STORES

F = TypeVar("F", bound=Callable[..., Any])

_GIVEN = "persistence.given"

DEBUG = "debug"


def shared_options(*, hidden: bool = False) -> list[click.Option]:
    """Make the options anew.

    Args:
        hidden: leave them out of the help page.
    """

    def option(name: str, **attributes: Any) -> click.Option:
        return click.Option([name], callback=_note, expose_value=False, hidden=hidden, **attributes)

    return [
        option(
            "--app",
            metavar="MODULE[:ATTRIBUTE]",
            help="Where the mappings are: a module, or in it a list of mappings, a registry, a container, or "
            "a function that gives one.",
        ),
        option("--store", type=click.Choice(STORES), help="Where the tables are (default: dynamodb)."),
        option("--endpoint", metavar="URL", help="Of a server other than AWS, such as DynamoDB Local."),
        option("--region", metavar="NAME", help="Such as eu-central-1."),
        option("--profile", metavar="NAME", help="Of the AWS configuration files."),
        option("--tenant", metavar="NAME", help="Whose entities are read, where they are scoped to tenants."),
        option("--output", type=click.Choice(OUTPUTS), help="Form of the output (default: table)."),
        option("--debug", is_flag=True, default=None, help="Show the traceback of an error."),
    ]


def setting_option(name: str, **attributes: Any) -> Callable[[F], F]:
    """Give a command an option that is a setting, as those that every command takes are.

    Args:
        name: such as `--migrations`.
        attributes: of the option.
    """
    return click.option(name, callback=_note, expose_value=False, **attributes)


def given_options(ctx: click.Context) -> dict[str, Any]:
    """Give what was said on the command line, by the names of the options; the last word counts."""
    given: dict[str, Any] = ctx.meta.setdefault(_GIVEN, {})
    return given


def _note(ctx: click.Context, parameter: click.Parameter, value: Any) -> Any:
    if value is not None:
        assert parameter.name is not None
        given_options(ctx)[parameter.name] = value
    return value
