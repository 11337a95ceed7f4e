"""The program that `benchmark_cold_start` runs: start, and write how long each phase took as JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from functools import reduce
from importlib import import_module
from typing import Any

from persistence.serverless.memory import optimize_for_cold_start


class _Watch:
    def __init__(self) -> None:
        self.phases: list[dict[str, Any]] = []

    def measured(self, name: str, work: Callable[[], Any]) -> Any:
        begun, cpu = time.perf_counter(), time.process_time()
        result = work()
        spent = {"milliseconds": time.perf_counter() - begun, "cpu_milliseconds": time.process_time() - cpu}
        self.phases.append({"name": name, **{unit: round(each * 1000, 2) for unit, each in spent.items()}})
        return result


def _imported(name: str) -> Any:
    module, path = name.split(":")
    return reduce(getattr, path.split("."), import_module(module))


def main(wish: dict[str, Any]) -> dict[str, Any]:
    """Start, phase by phase.

    Args:
        wish: what `benchmark_cold_start` was asked for.
    """
    watch = _Watch()
    if wish["optimized"]:
        optimize_for_cold_start()
    watch.measured("import botocore", lambda: import_module("botocore.session"))
    starting = watch.measured("import persistence", lambda: import_module("persistence.serverless.starting"))
    mappings = watch.measured("import mappings", lambda: [_imported(name) for name in wish["mappings"]])
    where = {name: wish[name] for name in ("region", "endpoint_url")}
    ready = watch.measured(
        "compile mappings", lambda: starting.lambda_init(*mappings, connect=False, freeze=False, **where)
    )
    watch.measured("make client", lambda: ready.store.client)
    answered = watch.measured("first answer", ready.connect) if wish["ask"] else None
    return {"phases": watch.phases, "answered": answered}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(json.loads(sys.argv[1]))) + "\n")
