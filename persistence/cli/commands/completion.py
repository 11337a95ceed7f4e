"""`completion`: the scripts that let a shell complete commands, options, mappings and indexes."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from persistence.cli.failures import Failure

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    r"""Print the completion script of a shell.

    \b
      bash  eval "$(persistence completion bash)"          in ~/.bashrc
      zsh   eval "$(persistence completion zsh)"           in ~/.zshrc
      fish  persistence completion fish | source           in ~/.config/fish/config.fish
    """
    made = get_completion_class(shell)
    if made is None:
        raise Failure(f"this version of click completes nothing for {shell}")
    root = ctx.find_root()
    name = root.info_name or "persistence"
    click.echo(made(root.command, {}, name, f"_{name.upper()}_COMPLETE").source())
