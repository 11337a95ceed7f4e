"""Commands whose modules are imported when they are run, so that `--help` and completion are quick."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from typing import Any, cast

import click
from click.shell_completion import CompletionItem

from persistence.cli.options import shared_options


@dataclass(frozen=True, slots=True)
class Lazy:
    """Where a command is.

    Attributes:
        module: the name of its module.
        attribute: its name there.
        help: what it does, in one line.
        section: the heading under which it is listed.
    """

    module: str
    attribute: str
    help: str
    section: str = "Commands"

    def load(self) -> click.Command:
        """Import the command."""
        return cast("click.Command", getattr(import_module(self.module), self.attribute))


class SuggestingGroup(click.Group):
    """A group that knows what was meant by a command that it does not have."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; see `click.Group`."""
        name = args[0]
        known = ctx.resilient_parsing or name.startswith("-") or self.get_command(ctx, name) is not None
        if not known:
            close = get_close_matches(name, self.list_commands(ctx), 1)
            hint = f" Did you mean {close[0]!r}?" if close else f" See {ctx.command_path!r} --help."
            raise click.UsageError(f"No such command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, which takes the options that all commands take."""
        super().add_command(_sharing(cmd), name)


class LazyGroup(SuggestingGroup):
    """A group of commands that are imported when they are run.

    Args:
        commands: name -> where it is, in the order of the help page.
    """

    def __init__(self, *args: Any, lazy: Mapping[str, Lazy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is no such command."""
        known = self._lazy.get(cmd_name)
        return None if known is None else _sharing(known.load())

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by sections, without importing them."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, command in self._lazy.items():
            sections.setdefault(command.section, []).append((name, command.help))
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names of commands, without importing them, and options."""
        found = [
            CompletionItem(name, help=command.help)
            for name, command in self._lazy.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)


def _sharing(command: click.Command) -> click.Command:
    """Let a command take the options that all commands take."""
    known = {parameter.name for parameter in command.params}
    command.params += [option for option in shared_options(hidden=True) if option.name not in known]
    if not isinstance(command, click.Group) and command.epilog is None:
        command.epilog = "Options of every command, such as --app and --endpoint: persistence --help"
    return command


def table_of(commands: Mapping[str, Sequence[tuple[str, str, str, str]]]) -> dict[str, Lazy]:
    """Make the table of a lazy group.

    Args:
        commands: section -> commands, each with name, module (below `persistence.cli.commands`), attribute
            and help.
    """
    return {
        name: Lazy(f"persistence.cli.commands.{module}", attribute, text, section)
        for section, rows in commands.items()
        for name, module, attribute, text in rows
    }
