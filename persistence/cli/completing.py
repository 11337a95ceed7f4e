"""Completes names of mappings, tables and indexes; where the application can't be had there is nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import click
from click.shell_completion import CompletionItem

from persistence.cli.app import App
from persistence.cli.failures import Failure
from persistence.cli.session import Session
from persistence.errors import PersistenceError
from persistence.mapping import mapping_of


def complete_mapping(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a mapping, by its entity."""
    return _completed(ctx, incomplete, lambda app: app.names)


def complete_table(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a declared table, or of a mapping."""
    return _completed(ctx, incomplete, lambda app: [*(table.name for table in app.tables), *app.names])


def complete_index(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of an index: of the mapping that is named before, else of all tables."""
    named = _named(ctx)

    def names(app: App) -> Iterable[str]:
        tables = [mapping_of(app.find(named)).table] if named else app.tables
        return dict.fromkeys(index.name for table in tables for index in table.indexes)

    return _completed(ctx, incomplete, names)


def complete_field(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the name of a field of the mapping that is named before."""
    named = _named(ctx)
    if not named:
        return []
    return _completed(ctx, incomplete, lambda app: sorted(mapping_of(app.find(named)).field_names))


def complete_fields(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the last of several names of fields with commas between them."""
    before, comma, last = incomplete.rpartition(",")
    found = complete_field(ctx, parameter, last)
    return [CompletionItem(f"{before}{comma}{each.value}") for each in found]


def _named(ctx: click.Context) -> str | None:
    """Give the mapping that is named before; behind an option without its value, arguments are left over."""
    named: str | None = ctx.params.get("entity") or next(iter(ctx.args), None)
    return named


def _completed(
    ctx: click.Context, incomplete: str, names: Callable[[App], Iterable[str]]
) -> list[CompletionItem]:
    # What the application prints while it is imported would end up in the shell's command line.
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        try:
            found = list(names(Session.of(ctx).app))
        except (Failure, PersistenceError):
            return []
    return [CompletionItem(name) for name in found if name.startswith(incomplete)]
