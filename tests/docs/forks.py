"""The command line in forks of one process that has imported it: dozens of commands in the time of a few.

Each command has the streams, folder and environment of who calls it, and ends like a process of its own.
Run as a program, this module is that process; it serves what comes through a socket, its standard input.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from io import BufferedReader, FileIO, TextIOWrapper
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, Never

from botocore.loaders import JSONFileLoader

from domain_example.mappings import MAPPINGS
from persistence import cli, schema
from persistence.cli import commands
from persistence.cli.program import run
from persistence.mapping import MappingRegistry
from persistence.testing.servers import client_for

SOCKET = "FORKING_SOCKET"
"""The variable with the descriptor of the socket, for callers."""

CALLER = f"""
import json, os, socket, sys
with socket.socket(fileno=int(os.environ[{SOCKET!r}])) as server:
    call = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)])
    socket.send_fds(server, [call.encode() + b"\\n"], [0, 1, 2])
    sys.exit(server.recv(1)[0])
"""
"""A program that calls the process; it has its arguments. One at a time may call."""


@contextmanager
def forking(environment: dict[str, str]) -> Iterator[int]:
    """Have the process running within the block.

    Args:
        environment: what it starts with.

    Yields:
        The descriptor of the socket, for callers to inherit.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            command = [sys.executable, "-m", "tests.docs.forks"]
            process = subprocess.Popen(
                command, stdin=theirs.fileno(), env=environment, cwd=Path(__file__).parents[2]
            )
        with process:
            try:
                yield ours.fileno()
            finally:
                ours.shutdown(socket.SHUT_RDWR)


def serve(calls: socket.socket) -> None:
    for package in (commands, cli, schema):
        for module in iter_modules(package.__path__):
            if module.name != "__main__":
                import_module(f"{package.__name__}.{module.name}")
    MappingRegistry(*MAPPINGS).tables()
    JSONFileLoader.load_file = _loaded_once(JSONFileLoader.load_file)  # type: ignore[method-assign, assignment]
    # What boto3 imports and reads only as it makes its first client.
    client_for("http://localhost:1").close()
    gc.freeze()
    while True:
        call, descriptors, _, _ = socket.recv_fds(calls, 1 << 16, 3)
        if not call:
            return
        while not call.endswith(b"\n"):
            call += calls.recv(1 << 16)
        child = os.fork()
        if child == 0:
            calls.close()
            arguments, folder, environment = json.loads(call)
            _end(_called(arguments, folder, environment, descriptors))
        for descriptor in descriptors:
            os.close(descriptor)
        _, status = os.waitpid(child, 0)
        calls.send(bytes([os.waitstatus_to_exitcode(status)]))


def _called(arguments: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> int:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    # Those from before the fork would take the new ones to be of the kind of the old ones, such as files.
    sys.stdin = TextIOWrapper(BufferedReader(FileIO(0, closefd=False)), "utf-8")
    sys.stdout, sys.stderr = (
        TextIOWrapper(FileIO(number, "wb", closefd=False), "utf-8", write_through=True) for number in (1, 2)
    )
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    return run(arguments)


def _end(code: int) -> Never:
    sys.stdout.flush()
    os._exit(code)


def _loaded_once(load: Callable[[JSONFileLoader, str], Any]) -> Callable[[JSONFileLoader, str], Any]:
    """Read each of boto3's large files once; a fork has a copy of its own."""
    known: dict[str, Any] = {}

    def load_file(loader: JSONFileLoader, path: str) -> Any:
        if path not in known:
            known[path] = load(loader, path)
        return known[path]

    return load_file


if __name__ == "__main__":
    with socket.socket(fileno=os.dup(0)) as calls:
        serve(calls)
