"""The page of all known differences between servers, and those that other tests than the contract's meet.

python -m tests.rules.differences
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "server-differences.md"
DIFFERENCES = ROOT / "tests" / "contract" / "known_differences.toml"

SERVERS: Mapping[str, str] = {"DynamoDB Local": "dynamodb-local", "moto": "moto", "dynalite": "dynalite"}
"""What a server is called -> what the file of differences calls it."""

_HEAD = """\
# Where servers differ

What local servers are known to do otherwise than AWS: DynamoDB Local 1.11.478 (of 2020), moto 5 and
dynalite 4. The memory store has no such list, and must not get one.

All of it is in one file, `tests/contract/known_differences.toml`, by case of the store contract and by test.
What is listed there has to fail; once a server does as AWS does, the run fails until the entry is gone. This
page is made of that file. *Not run* are cases whose outcome is a matter of luck, or that would take the
server down.

[Conformance, case by case](conformance.md) has the same by what is asked, and
[Which server supports what](server-support.md) what each can do with tables and backups.
"""


@cache
def elsewhere() -> Mapping[str, str]:
    """Give the tests other than the contract's that are known to fail: their ids below `tests` -> the reason.

    Raises:
        ValueError: a test is listed twice.
    """
    found: dict[str, str] = {}
    for entry in listed().get("elsewhere", ()):
        for test in entry["tests"]:
            if test in found:
                raise ValueError(f"{DIFFERENCES.name} lists the test {test!r} twice")
            found[test] = entry["reason"]
    return found


@cache
def listed() -> Mapping[str, Any]:
    """Read the file of differences."""
    return tomllib.loads(DIFFERENCES.read_text(encoding="utf-8"))


def written() -> str:
    """Write the page."""
    parts = [_HEAD]
    for server, key in SERVERS.items():
        rows: list[Iterable[str]] = [
            ("what it does instead", "cases and tests"),
            ("---", "---:"),
            *((reason, count) for reason, count in sorted(_counted(key).items())),
        ]
        parts.append(f"## {server}\n\n{table_of(rows)}\n")
    return "\n".join(parts)


def _counted(server: str) -> Mapping[str, str]:
    """Count what is listed, by reason."""
    counts: dict[str, int] = {}
    for reason, count in _entries(server):
        counts[reason] = counts.get(reason, 0) + count
    skipped = {entry["reason"] for entry in listed()[server] if entry.get("skip")}
    return {reason: f"{count}{', not run' * (reason in skipped)}" for reason, count in counts.items()}


def _entries(server: str) -> Iterator[tuple[str, int]]:
    for entry in listed()[server]:
        yield entry["reason"], len(entry["cases"])
    for entry in listed().get("elsewhere", ()):
        if entry["server"] == server:
            yield entry["reason"], len(entry["tests"])


def table_of(rows: Iterable[Iterable[str]]) -> str:
    """Write a table, whose first two rows are its head."""
    lines = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join(line.replace("|  |", "| |").replace("|  |", "| |") for line in lines)


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
