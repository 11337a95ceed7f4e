"""What a store is known to do differently: by case, with the reason, and only as long as it is true."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

NONE_KNOWN: Mapping[str, KnownDifference] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class KnownDifference:
    """A case that a store is known to fail.

    Attributes:
        reason: what the store does instead.
        skip: don't run the case at all, because the store would hang, crash or corrupt what other cases use;
            otherwise it runs, and has to fail.
    """

    reason: str
    skip: bool = False


def known_differences(file: Path, store: str) -> dict[str, KnownDifference]:
    """Read the differences of one store from a TOML file.

    The file has an array of tables per store; each names cases (`test_name`, or `test_name[id]` for one row
    of a table of cases), a reason, and optionally `skip = true`.

    Args:
        file: where they are listed.
        store: the name of the array.

    Returns:
        Case name -> difference; empty if the file has no such array.

    Raises:
        ValueError: a case is listed twice.
    """
    found: dict[str, KnownDifference] = {}
    for entry in tomllib.loads(file.read_text(encoding="utf-8")).get(store, []):
        for name in entry["cases"]:
            if name in found:
                raise ValueError(f"{file.name}: {store} lists the case {name!r} twice")
            found[name] = KnownDifference(entry["reason"], entry.get("skip", False))
    return found


def case_names(contract: type) -> frozenset[str]:
    """Name all cases of a contract class: its test methods, and each row of those that have rows."""
    methods = (name for name in dir(contract) if name.startswith("test_"))
    return frozenset(chain.from_iterable(_names(name, getattr(contract, name)) for name in methods))


def _names(name: str, method: Any) -> Iterator[str]:
    yield name
    for mark in getattr(method, "pytestmark", ()):
        if mark.name == "parametrize":
            yield from (f"{name}[{row.id}]" for row in mark.args[1])
