"""The command line as a process of its own, with pipes or on a terminal."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from struct import pack
from termios import TIOCSWINSZ

ROOT = Path(__file__).parents[2]
PROGRAM = [sys.executable, "-m", "persistence.cli"]
PATIENCE = 120.0
"""Seconds after which something that should end has hung."""
PRESSED_AGAIN = 3.0
"""Seconds after which Ctrl-C is pressed again."""

_OWNING_THE_TERMINAL = (
    "import os, signal, sys; os.close(os.open(os.ttyname(0), os.O_RDWR));"
    "signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
)
"""The leader of a session makes a terminal its own by opening it; then Ctrl-C reaches it.

A shell has what it runs in the background ignore Ctrl-C; that would be inherited."""


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    out: str
    err: str


def environment(**more: str) -> dict[str, str]:
    """Give an environment in which nothing of this machine's configuration counts."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PERSISTENCE_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LC_", "LANG"))
    }
    nowhere = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {
        **kept,
        **nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONPATH": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "TERM": "xterm-256color",
        **more,
    }


def ran(
    *arguments: str,
    folder: Path,
    text: str | None = None,
    **more: str,
) -> Ended:
    """Run the command line with pipes.

    Args:
        arguments: those of the program.
        folder: the current folder.
        text: what is piped into it; None for nothing.
        more: environment variables.
    """
    done = subprocess.run(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=environment(**more),
        input="" if text is None else text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=PATIENCE,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


class Terminal:
    """The command line on a pseudo-terminal: somebody types, and reads what appears.

    Args:
        arguments: those of the program.
        folder: the current folder.
        columns: how wide the terminal is.
        more: environment variables.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        folder: Path,
        columns: int = 100,
        more: Mapping[str, str] | None = None,
    ) -> None:
        self._master, slave = pty.openpty()
        ioctl(slave, TIOCSWINSZ, pack("HHHH", 40, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-c", _OWNING_THE_TERMINAL, *PROGRAM, *arguments],
            cwd=folder,
            env=environment(**(more or {})),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self.shown = ""

    def type(self, text: str) -> None:
        """Type something."""
        os.write(self._master, text.encode())

    def wait_for(self, text: str) -> None:
        """Read until something appears."""
        self._read(lambda: text in self.shown)
        assert text in self.shown, f"it ended without showing {text!r}:\n{self.shown}"

    def interrupt(self) -> int:
        """Press Ctrl-C until it ends, and give the exit code.

        Python may overlook one that comes just when it begins to wait for a line; a person presses again.
        """
        pressed = time.monotonic()
        self.type("\x03")

        def press_again() -> bool:
            nonlocal pressed
            if time.monotonic() - pressed > PRESSED_AGAIN and self.process.poll() is None:
                pressed = time.monotonic()
                self.type("\x03")
            return False

        self._read(press_again)
        return self._ended()

    def end(self) -> int:
        """Read until it ends, and give the exit code."""
        self._read(lambda: False)
        return self._ended()

    def _ended(self) -> int:
        code = self.process.wait(PATIENCE)
        os.close(self._master)
        return code

    def _read(self, reached: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not reached():
            if time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                raise AssertionError(f"it hung after showing:\n{self.shown}")
            ready, _, _ = select.select([self._master], [], [], 0.2)
            if not ready:
                continue
            try:
                read = os.read(self._master, 65536)
            except OSError:  # nobody holds the other end any more
                return
            if not read:
                return
            self.shown += read.decode(errors="replace").replace("\r\n", "\n")
