"""What to do after Ctrl-C, as the command that was interrupted knows it."""

from __future__ import annotations

import click

_RESUME = "persistence.resume"


def can_resume(ctx: click.Context, hint: str) -> None:
    """Note what is said if the command is interrupted from now on.

    Args:
        ctx: the context of the command.
        hint: whole sentences.
    """
    ctx.meta[_RESUME] = hint


def resume_hint(ctx: click.Context) -> str | None:
    """Give what was noted; None if nothing was."""
    hint: str | None = ctx.meta.get(_RESUME)
    return hint
