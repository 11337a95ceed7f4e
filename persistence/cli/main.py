"""The entry of the command line; it works where click and rich are missing, to say so."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec

NEEDED = ("click", "rich")
NOT_INSTALLED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: those after the program's name; None takes the process's own.

    Returns:
        The exit code; see `persistence.cli.failures.Exit`.
    """
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        print(
            f"persistence: the command line needs {' and '.join(missing)}: "
            'pip install "persistence-dynamodb[cli]"',
            file=sys.stderr,
        )
        return NOT_INSTALLED
    code: int = import_module("persistence.cli.program").run(arguments)
    return code
