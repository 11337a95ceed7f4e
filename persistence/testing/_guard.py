"""Run a command, and end it as soon as the process that started this one is gone, however it went.

Run as a script: `python _guard.py COMMAND ...`. The parent holds the other end of standard input and never
writes to it; it closes when the parent dies, by SIGKILL too, or when the parent wants the command to end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading

_GRACE = 2.0  # seconds between asking and killing


def run(command: list[str]) -> int:
    """Run the command until it ends or standard input closes.

    Args:
        command: The program and its arguments.

    Returns:
        The command's exit status.
    """
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    threading.Thread(target=_end_with_parent, args=(child,), daemon=True).start()
    return child.wait()


def _end_with_parent(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):
        pass
    child.terminate()
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
