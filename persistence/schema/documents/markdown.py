"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def cell(text: str) -> str:
    r"""Write a text so that it stays in its cell, and is shown as it is.

    Pipes and line ends would end a cell; `<`, `*`, `_` and the like would be markup. What looks like code is
    quoted by the caller: in backticks only the pipe is special.
    """
    plain = " ".join(text.split())
    for sign in "\\`*_[]<>~#":
        plain = plain.replace(sign, f"\\{sign}")
    return plain.replace("|", "\\|")


def code(text: str) -> str:
    """Write a text in backticks, with as many of them as it takes."""
    plain = " ".join(text.split()).replace("|", "\\|")
    longest = max((len(run) for run in _runs(plain)), default=0)
    fence = "`" * (longest + 1)
    space = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{fence}{space}{plain}{space}{fence}" if plain else ""


def _runs(text: str) -> Iterable[str]:
    run = ""
    for sign in text + " ":
        if sign == "`":
            run += sign
        elif run:
            yield run
            run = ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Write a table of cells that are written already."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
