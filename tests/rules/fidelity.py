"""The page of how faithful the memory store is, made of the contract and of what is known of other servers.

python -m tests.rules.fidelity
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import prod

from persistence.testing import contract
from persistence.testing.contract import KnownDifference, TransactionlessStoreContract, known_differences
from tests.rules.conformance import areas
from tests.rules.differences import DIFFERENCES, ROOT, SERVERS, table_of

PAGE = ROOT / "docs" / "fidelity.md"

_SUITE = """\
How many cases of each area of the public suite the memory store does, refuses as the service does, and leaves
out. Each of them, and what other servers make of it, is in [Conformance, case by case](conformance.md).\
"""
_KINDS = ("does", "refuses", "leaves out")

# What a part of the contract is about -> its groups.
AREAS: Mapping[str, tuple[str, ...]] = {
    "single items": ("GetItem", "PutItem", "DeleteItem", "ReturnValues"),
    "updates": ("Update", "Change"),
    "conditions and filters": ("Condition", "Filter", "KeyCondition"),
    "queries, scans and pages": ("Query", "Paging", "Page", "Scan", "Selection"),
    "indexes": ("Index", "MultipleKey"),
    "batches": ("Batch",),
    "transactions": ("TransactWrite", "TransactGet", "KeysOfMany", "Cancellation", "Token", "Concurrency"),
    "numbers, keys, sizes and limits": ("Number", "Key", "Size", "Limits"),
    "consumed capacity": ("Capacity", "IndexCapacity", "RepeatedCapacity"),
    "tables": ("Table", "TableUpdate", "IndexChange", "Billing", "TableOption", "Listing"),
    "settings and backups": (
        *("Recovery", "Tag", "Insight", "Scaling"),
        *("Backup", "Restore", "RestoreToPoint"),
    ),
    "errors": ("Error",),
}


def groups() -> list[type]:
    """Give all groups of cases, in the order of the areas."""
    return [getattr(contract, f"{name}Contract") for names in AREAS.values() for name in names]


def counted(group: type, known: Mapping[str, KnownDifference]) -> tuple[int, int]:
    """Count the cases of a group, each row as one, and those that a server is known to fail."""
    total = failing = 0
    for name, method in vars(group).items():
        if not name.startswith("test_"):
            continue
        rows = [len(mark.args[1]) for mark in getattr(method, "pytestmark", ()) if mark.name == "parametrize"]
        total += (count := prod(rows))
        failing += count if name in known else sum(each.startswith(f"{name}[") for each in known)
    return total, failing


def written(head: str) -> str:
    """Write the tables below the text of the page."""
    title = "## By area of the conformance suite"
    return "\n\n".join((head.rstrip(), _by_server(), title, _SUITE, _by_area())) + "\n"


def head_of(page: str) -> str:
    """Give what is written by hand: all that stands above the first table."""
    return page[: page.index("| area |")]


def _by_server() -> str:
    known = {server: known_differences(DIFFERENCES, key) for server, key in SERVERS.items()}
    rows: list[Iterable[str]] = [("area", "cases", "memory", *SERVERS), ("---", *["---:"] * 5)]
    totals = [0] * 5
    for area, names in AREAS.items():
        cells = [0] * 5
        for group in (getattr(contract, f"{name}Contract") for name in names):
            total = counted(group, {})[0]
            cells[0] += total
            cells[1] += total
            for column, server in enumerate(SERVERS, 2):
                if server != "dynalite" or issubclass(TransactionlessStoreContract, group):
                    cells[column] += total - counted(group, known[server])[1]
        totals = [sum(pair) for pair in zip(totals, cells, strict=True)]
        rows.append((area, *(f"{cell:,}" if cell else "" for cell in cells)))
    rows.append(("**all**", *(f"**{cell:,}**" for cell in totals)))
    return table_of(rows)


def _by_area() -> str:
    rows: list[Iterable[str]] = [
        ("area", "in the suite", "does", "refuses", "leaves out"),
        ("---", "---", "---:", "---:", "---:"),
    ]
    totals = [0] * len(_KINDS)
    for area in areas():
        counts = [area.count(kind) for kind in _KINDS]
        totals = [sum(pair) for pair in zip(totals, counts, strict=True)]
        rows.append((area.name, area.of, *(f"{count or ''}" for count in counts)))
    rows.append(("**all**", "", *(f"**{total}**" for total in totals)))
    return table_of(rows)


def main() -> None:
    """Write the page anew."""
    PAGE.write_text(written(head_of(PAGE.read_text(encoding="utf-8"))), encoding="utf-8")


if __name__ == "__main__":
    main()
