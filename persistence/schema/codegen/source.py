"""Source text that is laid out as formatters lay it out, so that none changes it.

What does not fit into a line is written one argument per line with a comma behind each, which formatters with
longer lines leave as it is too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 88
INDENT = "    "


@dataclass(frozen=True, slots=True)
class Call:
    """A call: the function, and its arguments with their names where they have some."""

    function: str
    arguments: tuple[tuple[str | None, Source], ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A tuple, or a dict whose entries have their quoted keys for names."""

    entries: tuple[tuple[str | None, Source], ...]
    braces: bool = False


Source = str | Call | Group


def flat(source: Source) -> str:
    """Write an expression in one line."""
    if isinstance(source, str):
        return source
    if isinstance(source, Call):
        return f"{source.function}({', '.join(_named(name, '=', each) for name, each in source.arguments)})"
    if source.braces:
        return f"{{{', '.join(_named(name, ': ', each) for name, each in source.entries)}}}"
    inner = ", ".join(flat(each) for _, each in source.entries)
    return f"({inner},)" if len(source.entries) == 1 else f"({inner})"


def _named(name: str | None, sign: str, source: Source) -> str:
    return flat(source) if name is None else f"{name}{sign}{flat(source)}"


def laid_out(before: str, source: Source, after: str = "") -> list[str]:
    """Write an expression between two texts, in as many lines as it takes.

    Args:
        before: what stands before it in its line, indentation included.
        source: the expression.
        after: what follows.
    """
    line = f"{before}{flat(source)}{after}"
    parts = () if isinstance(source, str) else _parts(source)
    if len(line) <= WIDTH or not parts:
        return [line]
    opening, closing = _brackets(source)
    inside = " " * (len(before) - len(before.lstrip(" "))) + INDENT
    lines = [f"{before}{opening}"]
    for name, part in parts:
        lines += laid_out(f"{inside}{name}", part, ",")
    return [*lines, f"{inside[: -len(INDENT)]}{closing}{after}"]


def _parts(source: Call | Group) -> list[tuple[str, Source]]:
    if isinstance(source, Call):
        return [(f"{name}=" if name else "", each) for name, each in source.arguments]
    return [(f"{name}: " if name else "", each) for name, each in source.entries]


def _brackets(source: Source) -> tuple[str, str]:
    if isinstance(source, Call):
        return f"{source.function}(", ")"
    return ("{", "}") if isinstance(source, Group) and source.braces else ("(", ")")


def call(function: str, *arguments: Source, **named: Source | None) -> Call:
    """Make a call; named arguments that are None are left out."""
    given = [(name, value) for name, value in named.items() if value is not None]
    return Call(function, (*((None, each) for each in arguments), *given))


def several(sources: Iterable[Source]) -> Group:
    """Make a tuple."""
    return Group(tuple((None, each) for each in sources))
