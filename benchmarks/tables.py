"""Results as tables of the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from benchmarks.report import counted, duration, size

Result = Mapping[str, Any]
"""What was measured of one comparison, as it stands in the JSON."""

MATRICES = ("single", "pages", "commits")
"""Suites with the same contenders throughout: a table per job, with a column per shape."""

_NAMES = {
    "codec": "Codec",
    "single": "Single items",
    "pages": "Pages",
    "commits": "Commits and batches",
    "overhead": "What a unit of work adds",
    "tls": "TLS",
    "work": "On the memory store",
    "queries": "Queries",
    "memory": "Memory store against moto",
    "memory_use": "Memory",
    "imports": "Imports",
    "cold": "Cold start",
    "collector": "The garbage collector",
    "scaling": "Scaling",
    "local": "DynamoDB Local",
}


def page(content: Mapping[str, Any]) -> str:
    """Write everything that was measured as text of the documentation.

    Args:
        content: what `--json` writes.
    """
    versions = ", ".join(f"{name} {version}" for name, version in content["versions"].items())
    parts = [f"Measured on {content['machine']}, with {versions}.", "### Targets", _targets(content)]
    for name in _NAMES:
        found = content["suites"].get(name, ())
        if found:
            parts += [f"### {_NAMES[name]}", *_plot(name), *_suite(name, found)]
    return "\n\n".join(parts)


def _plot(name: str) -> Iterator[str]:
    if name in PLOTTED:
        yield f"![{_NAMES[name]}](plots/{name}.svg)"


PLOTTED = (*MATRICES, "scaling")
"""Suites that have a plot."""


def _suite(name: str, found: Sequence[Result]) -> Iterator[str]:
    if name in MATRICES:
        for _, same in groupby(found, lambda each: each["title"].rpartition(" ")[0]):
            yield from matrix(list(same))
    else:
        yield from map(single, found)


def matrix(found: Sequence[Result]) -> Iterator[str]:
    """Show comparisons of the same contenders side by side, and what the marks in it mean.

    A cell has the ratio, with that above the floor in parentheses; that of the baseline has its time in bold.
    """
    names = dict.fromkeys(name for each in found for name in each["contenders"])
    marks = _numbered(found)
    rows = [[name, *(_cell(each, name, marks) for each in found)] for name in names]
    yield _table(["", *(each["title"] for each in found)], rows)
    if marks:
        yield ", ".join(f"{number} {mark}" for mark, number in marks.items())


def _numbered(found: Iterable[Result]) -> Mapping[str, str]:
    """Number the marks in the order of their appearance."""
    names = (mark for each in found for one in each["contenders"].values() for mark in one["marks"])
    return {mark: f"<sup>{number}</sup>" for number, mark in enumerate(dict.fromkeys(names), 1)}


def _cell(result: Result, name: str, marks: Mapping[str, str]) -> str:
    measured = result["contenders"].get(name)
    if measured is None:
        return "-"
    if name == result["baseline"]:
        return f"**{duration(measured['median'])}**"
    numbers = " ".join(marks[mark] for mark in measured["marks"])
    return f"{measured['ratio']:.2f}{_net(result, name, measured)}{numbers}"


def _net(result: Result, name: str, measured: Result) -> str:
    if measured["net"] is None or name == result["floor"]:
        return ""
    return f" ({measured['net']:.2f})"


def single(result: Result) -> str:
    """Show one comparison, or what some work took of memory."""
    if "used" in result:
        return _table(
            [result["title"], "above base"], [[name, size(n)] for name, n in result["used"].items()]
        )
    rows = [
        [
            name,
            duration(each["median"]),
            f"{each['ratio']:.2f}{_net(result, name, each)}",
            _quartiles(each, name == result["baseline"]),
        ]
        for name, each in result["contenders"].items()
    ]
    return _table([result["title"], "median", "ratio", "quartiles"], rows)


def _quartiles(measured: Result, is_baseline: bool) -> str:
    low, high = measured["quartiles"]
    return "" if is_baseline else f"{low:.2f} to {high:.2f}"


def _targets(content: Mapping[str, Any]) -> str:
    rows = [
        [each["title"], *row]
        for found in content["suites"].values()
        for each in found
        for row in _demands(each)
    ]
    verdicts = [
        demand["verdict"]
        for found in content["suites"].values()
        for each in found
        for demand in (*each["targets"], *each.get("limits", ()))
    ]
    head = ["", "what is demanded", "measured", "target", "at this floor", ""]
    return f"{counted(verdicts)}.\n\n{_table(head, rows)}"


def _demands(result: Result) -> Iterator[list[str]]:
    if "used" in result:
        for each in result["targets"]:
            used, bound = size(result["used"][each["name"]]), size(each["bound"])
            yield [each["name"], used, f"at most {bound}", "", _met(each)]
        return
    for each in result["targets"]:
        told = f"{each['slower']} / {each['faster']}"
        net = "" if each["net"] is None else f" ({each['net']:.2f})"
        here = "" if each["here"] is None else f"{each['here']:.2f}"
        yield [told, f"{each['ratio']:.2f}{net}", f"{each['demand']} {each['bound']:g}", here, _met(each)]
    for each in result["limits"]:
        over = f" over {each['over']}" if each["over"] else ""
        yield [
            f"{each['name']}{over}",
            duration(each["taken"]),
            f"at most {duration(each['most'])}",
            "",
            _met(each),
        ]


def _met(demand: Result) -> str:
    return "**missed**" if demand["verdict"] == "missed" else str(demand["verdict"])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table whose cells but the first are figures."""
    rule = ["---", *("---:" for _ in head[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def between_markers(text: str, generated: str) -> str:
    """Put what was generated where it belongs in a page.

    Raises:
        ValueError: the page has no place for it.
    """
    begin, end = "<!-- generated by make bench-docs -->", "<!-- end of what is generated -->"
    before, found, rest = text.partition(begin)
    _, closed, behind = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"the page lacks {begin} or {end}")
    return f"{before}{begin}\n\n{generated}\n\n{end}{behind}"
