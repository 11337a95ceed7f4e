"""The program `persistence`: its commands, and how a run ends."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from io import TextIOWrapper

import click

from persistence.cli.failures import Exit, Failure, report
from persistence.cli.lazy import LazyGroup, table_of
from persistence.cli.options import DEBUG, given_options, shared_options
from persistence.cli.resuming import resume_hint

PROGRAM = "persistence"
DISTRIBUTION = "persistence-dynamodb"

COMMANDS = table_of(
    {
        "Tables": [
            ("plan", "planning", "plan", "Compare the mappings with the live tables."),
            ("apply", "planning", "apply", "Bring the live tables to what the mappings declare."),
            ("verify", "planning", "verify", "Check that the live tables fit the mappings."),
            ("tables", "tables", "tables", "List tables."),
            ("describe", "tables", "describe", "Describe live tables."),
            ("delete-table", "tables", "delete_table", "Delete a table with all that is in it."),
        ],
        "Items": [
            ("get", "reading", "get", "Show the entity with a key."),
            ("query", "reading", "query", "Show the entities that match conditions."),
            ("scan", "reading", "scan", "Read a whole table or index."),
            ("count", "reading", "count", "Count the entities that match conditions."),
            ("explain", "reading", "explain", "Tell how a query would be answered, without asking."),
        ],
        "Data as a whole": [
            ("backup", "backup", "backup", "Make, list, delete, export and import backups."),
            ("restore", "backup", "restore", "Restore a backup, or a point in time, to a new table."),
            ("evolve", "evolution", "evolve", "Copy and transform items between tables or versions."),
            ("backfill", "evolution", "backfill", "Rewrite items of older versions in place."),
            ("migrate", "migrations", "migrate", "Run migrations of data, with a history."),
        ],
        "Code and documents": [
            ("export", "infrastructure", "export", "Write CloudFormation, Terraform or CDK."),
            ("codegen", "generating", "codegen", "Write mappings from a live table."),
            ("documents", "documents", "documents", "Write JSON Schema, diagrams and access patterns."),
        ],
        "Tools": [
            ("shell", "shell", "shell", "Start Python with store, repositories and mappings."),
            ("doctor", "doctor", "doctor", "Check credentials, endpoint, clock, tables and versions."),
            ("completion", "completion", "completion", "Print the completion script of a shell."),
        ],
    }
)

EPILOG = """\b
Settings come from the command line, from PERSISTENCE_APP, PERSISTENCE_ENDPOINT
and so on, and from [tool.persistence] of the nearest pyproject.toml.

\b
Exit codes: 0 done, 1 a check found differences, 2 usage, 3 store or AWS,
4 refused, 70 unexpected, 130 interrupted."""


program = LazyGroup(
    PROGRAM,
    lazy=COMMANDS,
    help="Tables, items and migrations of an application's mappings, on DynamoDB.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
    params=list(shared_options()),
)
click.version_option(package_name=DISTRIBUTION, prog_name=PROGRAM)(program)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the program.

    Args:
        arguments: those after the program's name; None takes the process's own.

    Returns:
        The exit code.
    """
    _let_anything_be_printed()
    context: list[click.Context] = []
    try:
        code = _run(sys.argv[1:] if arguments is None else list(arguments), context)
        sys.stdout.flush()
    except BrokenPipeError:
        return _left_alone()
    return int(code)


def _run(arguments: list[str], made: list[click.Context]) -> int:
    debug = f"--{DEBUG}" in arguments
    try:
        completing = os.environ.get(f"_{PROGRAM.upper()}_COMPLETE")
        if completing:
            program.main(arguments, prog_name=PROGRAM)
        with program.make_context(PROGRAM, arguments) as ctx:
            made.append(ctx)
            return _ended(program.invoke(ctx))
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.ClickException as wrong:
        wrong.show(sys.stderr)
        return Exit.USAGE
    except (KeyboardInterrupt, click.Abort) as stopped:
        return _interrupted(stopped, made)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  # whatever the application's code raises is told without a traceback
        return report(error, debug=debug or bool(made and given_options(made[0]).get(DEBUG)))


def _ended(result: object) -> int:
    return result if isinstance(result, int) else Exit.OK


def _interrupted(stopped: BaseException, made: list[click.Context]) -> int:
    if isinstance(stopped, click.Abort) and isinstance(stopped.__cause__ or stopped.__context__, EOFError):
        return report(Failure("nothing was done: there was no answer", Exit.REFUSED), debug=False)
    hint = resume_hint(made[0]) if made else None
    print(f"\nInterrupted.{' ' + hint if hint else ''}", file=sys.stderr)
    return Exit.INTERRUPTED


def _let_anything_be_printed() -> None:
    """Write what the terminal's encoding does not have as escapes, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _left_alone() -> int:
    """End where nobody reads the output any more; Python would complain when it flushes it at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    return Exit.BROKEN_PIPE
