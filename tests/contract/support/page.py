"""The page of what servers support, written and read."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path

from persistence.errors import NotSupported, PersistenceError
from persistence.store import Store
from tests.contract.support.bench import Bench, Differs
from tests.contract.support.probes import PROBES, Probe

PAGE = Path(__file__).parents[3] / "docs" / "server-support.md"

Verdicts = Mapping[tuple[str, str], str]
"""Section and words of a probe -> what came of it."""

SERVERS = ("memory", "moto", "DynamoDB Local", "dynalite")
"""The servers in the order of the columns."""

_HEAD = """\
# Which server supports what

Every operation on tables and backups works on AWS. What a local server can't do is a `NotSupported` error,
never a silent success: where a server drops a parameter that it does not know, the store sees that in the
answer, and names what is missing. The table is there then, without it.

This page is made by tests, which try everything on each server and look whether it was done: moto 5,
DynamoDB Local 1.11.478 (of 2020, the one that `python -m persistence.testing` fetches), dynalite 4, and the
memory store.

- **yes**: it is done.
- **not supported**: the store raises `NotSupported`.
- anything else is what the server does instead; an error has its name.

Scaling is asked of a service of its own. On moto give the store a client of it:
`DynamoStore(client, scaling_client=boto3.client("application-autoscaling"))`. A store that talks to any
other local server never asks AWS for it.
"""


def verdicts(store: Store) -> Verdicts:
    """Try everything on a store."""
    return {(probe.section, probe.what): _verdict(store, probe) for probe in PROBES}


def _verdict(store: Store, probe: Probe) -> str:
    bench = Bench(store)
    try:
        probe.attempt(bench)
    except NotSupported:
        return "not supported"
    except Differs as difference:
        return str(difference)
    except (PersistenceError, ValueError) as error:  # imitations raise what their own code does
        return f"`{type(error).__name__}`"
    finally:
        bench.close()
    return "yes"


def written(servers: Mapping[str, Verdicts]) -> str:
    """Write the page."""
    parts = [_HEAD]
    for section, probes in groupby(PROBES, key=lambda probe: probe.section):
        rows = [["", *SERVERS], ["---"] * (len(SERVERS) + 1)]
        for probe in probes:
            found = [servers[server][section, probe.what] for server in SERVERS]
            rows.append([probe.what, *found])
        table = "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows)
        parts.append(f"## {section}\n\n{table}\n")
    return "\n".join(parts)


def read(text: str) -> dict[str, Verdicts]:
    """Read what a page says, server by server."""
    found: dict[str, dict[tuple[str, str], str]] = {server: {} for server in SERVERS}
    section = ""
    for line in text.splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith(("| |", "| ---")):
            what, *cells = (cell.strip() for cell in line.strip("|").split("|"))
            for server, cell in zip(SERVERS, cells, strict=True):
                found[server][section, what] = cell
    return dict(found)
