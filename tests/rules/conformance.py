"""The page of the public conformance suite, made of the contract and of what is known of other servers.

python -m tests.rules.conformance
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from persistence.testing.contract import (
    KnownDifference,
    StoreContract,
    TransactionlessStoreContract,
    case_names,
    known_differences,
)
from tests.rules.differences import DIFFERENCES, ROOT, SERVERS, table_of

PAGE = ROOT / "docs" / "conformance.md"
CONFORMANCE = Path(__file__).with_name("conformance.toml")

_HEAD = """\
# Conformance, case by case

The cases of the public [dynamodb-conformance](https://github.com/paritysuite/dynamodb-conformance) suite,
which was verified against AWS, in its spirit: what the memory store makes of each, and what local servers do.
The suite speaks the wire protocol, this library speaks operations, so that what can't be said in operations
is left out, and cases that differ in a value only are one.
[How faithful the memory store is](fidelity.md) says how all of this is known.

This page is made by tests. Each case names cases of the store contract, which run on every server; a
difference that no longer exists fails the run. What is refused is refused with that error.

- **does**: as the service does.
- **refuses**: so does the service; the error is this library's.
- **left out**: the memory store has nothing of it, and why.
- **same**: the server does or refuses the same. Anything else is what it does instead; **in part** is of
  some of the cases only.
- Nothing is said where a server was not asked: dynalite has no transactions, and some tests are of the memory
  store alone.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A case of the suite.

    Attributes:
        says: what is asked.
        tests: the tests that show it.
        refuses: the errors of which one is raised, if it is refused.
        leaves_out: why the memory store has nothing of it.
    """

    says: str
    tests: tuple[str, ...] = ()
    refuses: tuple[str, ...] = ()
    leaves_out: str = ""

    @property
    def kind(self) -> str:
        """What the memory store makes of it: does, refuses, leaves out."""
        return "leaves out" if self.leaves_out else "refuses" if self.refuses else "does"

    @property
    def contract(self) -> tuple[str, ...]:
        """Those of its tests that are cases of the contract."""
        return tuple(name for name in self.tests if "::" not in name)


@dataclass(frozen=True, slots=True)
class Area:
    """An area of the suite.

    Attributes:
        name: what it is about.
        of: what the suite calls it.
        cases: its cases.
    """

    name: str
    of: str
    cases: tuple[Case, ...]

    def count(self, kind: str) -> int:
        """Count the cases of a kind."""
        return sum(case.kind == kind for case in self.cases)


@cache
def areas() -> tuple[Area, ...]:
    """Read the areas."""
    found = tomllib.loads(CONFORMANCE.read_text(encoding="utf-8"))["area"]
    return tuple(Area(area["name"], area["of"], tuple(map(_case, area["cases"]))) for area in found)


def _case(entry: dict[str, Any]) -> Case:
    refuses = entry.get("refuses", ())
    return Case(
        entry["says"],
        tuple(entry.get("tests", ())),
        (refuses,) if isinstance(refuses, str) else tuple(refuses),
        entry.get("leaves_out", ""),
    )


@cache
def refusals() -> Mapping[str, frozenset[str]]:
    """Give the errors of what is refused: the name of a contract's case, or of one row -> class names."""
    return {
        name: frozenset(case.refuses)
        for area in areas()
        for case in area.cases
        if case.refuses
        for name in case.contract
    }


def written() -> str:
    """Write the page."""
    known = {server: known_differences(DIFFERENCES, key) for server, key in SERVERS.items()}
    parts = [_HEAD]
    for area in areas():
        rows: list[Iterable[str]] = [("case", "memory", *SERVERS), ["---"] * (2 + len(SERVERS))]
        rows.extend((case.says, _by_memory(case), *_by_servers(case, known)) for case in area.cases)
        parts.append(f"## {area.name}\n\nIn the suite: {area.of}.\n\n{table_of(rows)}\n")
    return "\n".join(parts)


def _by_memory(case: Case) -> str:
    if case.leaves_out:
        return f"left out: {case.leaves_out}"
    return f"refuses: {' or '.join(f'`{name}`' for name in case.refuses)}" if case.refuses else "does"


def _by_servers(case: Case, known: Mapping[str, Mapping[str, KnownDifference]]) -> Iterator[str]:
    for server in SERVERS:
        rows = _rows(TransactionlessStoreContract if server == "dynalite" else StoreContract)
        asked = [row for name in case.contract for row in rows.get(name, ())]
        differences = [found for name in asked if (found := _difference(name, known[server]))]
        reasons = "; ".join(dict.fromkeys(difference.reason for difference in differences))
        part = "in part: " if len(differences) < len(asked) else ""
        yield f"{part}{reasons}" if reasons else "same" if asked else ""


@cache
def _rows(contract: type) -> Mapping[str, Sequence[str]]:
    """Give the cases of a contract: its name, or the name of one of its rows -> the rows."""
    found: dict[str, list[str]] = {}
    for name in sorted(case_names(contract)):
        method = name.partition("[")[0]
        found.setdefault(name, []).append(name)
        if method != name:
            found[method].append(name)
    return {name: rows[1:] or rows for name, rows in found.items()}


def _difference(name: str, known: Mapping[str, KnownDifference]) -> KnownDifference | None:
    return known.get(name) or known.get(name.partition("[")[0])


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(written(), encoding="utf-8")


if __name__ == "__main__":
    main()
