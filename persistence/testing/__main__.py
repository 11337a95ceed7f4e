"""Fetch or run a local server: `python -m persistence.testing {fetch,run} {dynamodb-local,dynalite}`."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from typing import TYPE_CHECKING

from persistence.testing.servers import Dynalite, DynamoDBLocal, ServerUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

_SERVERS: dict[str, type[DynamoDBLocal | Dynalite]] = {"dynamodb-local": DynamoDBLocal, "dynalite": Dynalite}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: The arguments after the program's name; None takes the process's own.

    Returns:
        The exit status: 1 if the server can't be had.
    """
    options = _parser().parse_args(arguments)
    server = _SERVERS[options.server](port=options.port)
    try:
        return _run(server) if options.action == "run" else _fetch(server)
    except ServerUnavailable as error:
        print(error.reason, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m persistence.testing", description="Local DynamoDB servers."
    )
    parser.add_argument(
        "action",
        choices=("fetch", "run"),
        help="fetch it and check what it needs, or run it until interrupted",
    )
    parser.add_argument("server", choices=sorted(_SERVERS))
    parser.add_argument("--port", type=int, help="the port to listen on (default: a free one)")
    return parser


def _fetch(server: DynamoDBLocal | Dynalite) -> int:
    server.command(0)
    print(server.fetch())
    return 0


def _run(server: DynamoDBLocal | Dynalite) -> int:
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: interrupted.set())
    with server:
        print(server.endpoint_url, flush=True)
        interrupted.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
