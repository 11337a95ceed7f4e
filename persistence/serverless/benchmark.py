"""`benchmark_cold_start`: what a start spends its time on, measured in a new process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from persistence.errors import ConfigurationError
from persistence.mapping import MappingSchema

_PROGRAM = "persistence.serverless.phases"
_LONGEST = 120.0


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a start.

    Attributes:
        name: what is done.
        milliseconds: how long it takes.
        cpu_milliseconds: processor time of it.
    """

    name: str
    milliseconds: float
    cpu_milliseconds: float


@dataclass(frozen=True, slots=True)
class ColdStart:
    """A start, part by part; its text is a table.

    Attributes:
        phases: in their order.
        answered: whether the store gave the first answer; a refusal is one. None if it was not asked.
    """

    phases: tuple[Phase, ...]
    answered: bool | None

    @property
    def total(self) -> Phase:
        """All of it."""
        return Phase(
            "total",
            round(sum(phase.milliseconds for phase in self.phases), 1),
            round(sum(phase.cpu_milliseconds for phase in self.phases), 1),
        )

    def as_dict(self) -> dict[str, object]:
        """Give it as plain data, for logs and for comparisons."""
        phases = [asdict(phase) for phase in self.phases]
        return {"phases": phases, "total": asdict(self.total), "answered": self.answered}

    def __str__(self) -> str:
        rows = [*self.phases, self.total]
        wide = max(len(row.name) for row in rows)
        lines = [f"{'phase':<{wide}}  {'ms':>8}  {'CPU ms':>8}"]
        lines += [
            f"{row.name:<{wide}}  {row.milliseconds:>8.1f}  {row.cpu_milliseconds:>8.1f}" for row in rows
        ]
        return "\n".join(lines)


def benchmark_cold_start(
    *mappings: type[MappingSchema[Any]],
    region: str | None = None,
    endpoint_url: str | None = None,
    ask: bool = True,
    optimized: bool = True,
    environment: Mapping[str, str] | None = None,
) -> ColdStart:
    """Start a new interpreter and measure the phases of its start, up to the first answer.

    It has the same paths and variables as this process. Compiled bytecode should be there, as in an image
    that is deployed: call it twice, and take the second result.

    Args:
        mappings: those to compile; they are imported in the new process by their names.
        region: of the client, such as "eu-central-1"; by default as boto3 finds it.
        endpoint_url: for local servers.
        ask: whether the store is asked for an item that is not there, of the first mapping's table.
        optimized: whether `optimize_for_cold_start` is called first.
        environment: variables to add, such as AWS_LAMBDA_FUNCTION_MEMORY_SIZE.

    Raises:
        ConfigurationError: a mapping can't be imported by its name, or the start failed.
    """
    wish = {
        "mappings": [_name_of(mapping) for mapping in mappings],
        "region": region,
        "endpoint_url": endpoint_url,
        "ask": ask and bool(mappings),
        "optimized": optimized,
    }
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-m", _PROGRAM, json.dumps(wish)],
        env={**os.environ, "PYTHONPATH": paths, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=_LONGEST,
    )
    if done.returncode:
        raise ConfigurationError(f"the start failed: {done.stderr.strip().splitlines()[-1:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return ColdStart(tuple(Phase(**phase) for phase in found["phases"]), found["answered"])


def _name_of(mapping: type[MappingSchema[Any]]) -> str:
    module, name = mapping.__module__, mapping.__qualname__
    if module == "__main__" or "<locals>" in name:
        raise ConfigurationError(f"{module}.{name} can't be imported by its name; put it into a module")
    return f"{module}:{name}"
