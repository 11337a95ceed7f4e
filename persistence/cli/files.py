"""Texts that commands write: to a file, or to stdout."""

from __future__ import annotations

import sys
from pathlib import Path

from persistence.cli.failures import Failure


def write_text(text: str, file: Path | None) -> None:
    """Write a text, which ends with a line end, to a file, or to stdout.

    Raises:
        Failure: the file can't be written.
    """
    whole = text if text.endswith("\n") else f"{text}\n"
    if file is None:
        sys.stdout.write(whole)
        return
    try:
        file.write_text(whole, "utf-8")
    except OSError as error:
        raise Failure(f"{file} can't be written: {error.strerror}") from error
    print(f"written: {file}", file=sys.stderr)
