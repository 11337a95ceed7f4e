"""`python -m tests.mutants`: change packages in many small ways, and count the changes that no test notices.

mutmut changes and tests each package by itself, in a directory of its own below `.cache/mutants`. What it
is told for all packages alike stands in `[tool.mutmut]` of `pyproject.toml`. A change is noticed if a test
fails, or if tests take 15 times as long. Those that are not are listed: `cd .cache/mutants/render && mutmut
show NAME`.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

LOADED_CHANGES = tuple(
    f"tests/unit/test_loaded_changes.py::{each}"
    for each in ("TestReading", "TestChanges", "TestKeys", "TestTheWeightOfALoadedItem")
)
"""Without those of random changes, which take as long as all others."""
PLANS = (
    "tests/unit/test_commit_plan.py",
    "tests/unit/test_conflicts.py",
    "tests/unit/test_encodings.py",
    "tests/unit/test_plan_actions.py",
    "tests/unit/test_plan_checks.py",
    "tests/unit/test_plan_marks.py",
    "tests/unit/test_plan_patches.py",
    "tests/unit/test_plan_schema_versions.py",
    "tests/unit/test_plan_sizes.py",
    "tests/unit/test_soft_delete_plan.py",
)
PACKAGES: Mapping[str, tuple[str, ...]] = {
    "evaluate": ("tests/unit/test_evaluate.py",),
    "render": ("tests/unit/render",),
    "tracking": (
        *("tests/unit/test_tracking.py", "tests/unit/test_identity_map.py", "tests/unit/test_changes.py"),
        *LOADED_CHANGES,
        *PLANS,
    ),
    "commit_plan": (*PLANS, *LOADED_CHANGES),
}
"""Package -> the tests that have to notice a change of it."""
LEAST = 85.0
"""Percent of the changes of each package that must be noticed."""

ROOT = Path(__file__).parents[1]
MUTMUT = Path(sys.executable).with_name("mutmut")
COPIED = ("persistence", "tests", "benchmarks", "domain_example")


def main() -> int:
    """Change packages, and tell how many of the changes their tests notice.

    Returns:
        0 if enough are noticed in each package, else 1.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("packages", nargs="*", choices=[*PACKAGES, []], help="all by default")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    scores = [_score(package, given.processes) for package in given.packages or PACKAGES]
    return int(min(scores) < LEAST)


def _score(package: str, processes: int) -> float:
    begun = time.monotonic()
    home = _prepared(package)
    with (home / "log").open("w", encoding="utf-8") as log:
        for command in (["run", "--max-children", str(processes)], ["export-cicd-stats"]):
            if subprocess.run([MUTMUT, *command], cwd=home, stdout=log, stderr=log, check=False).returncode:
                sys.exit(f"mutmut {command[0]} failed; {log.name} says why")
    counts = json.loads((home / "mutants/mutmut-cicd-stats.json").read_text(encoding="utf-8"))
    total = counts.pop("total")
    score = float(100 * (counts["killed"] + counts["timeout"]) / total)
    kinds = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in counts.items() if count)
    _say(f"{package}: {score:.1f} % of {total} noticed ({kinds}) in {time.monotonic() - begun:.0f} s")
    listed = subprocess.run([MUTMUT, "results"], cwd=home, capture_output=True, text=True, check=True)
    _say(listed.stdout)
    return score


def _prepared(package: str) -> Path:
    """Make a project of which mutmut changes one package only; anew, as it would trust its older results."""
    home = ROOT / ".cache/mutants" / package
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    for name in COPIED:
        (home / name).symlink_to(ROOT / name)
    section = "[tool.mutmut]\n"
    own = {
        "only_mutate": [f"persistence/{package}/*.py"],
        "pytest_add_cli_args_test_selection": list(PACKAGES[package]),
    }
    settings = "".join(f"{name} = {json.dumps(value)}\n" for name, value in own.items())
    configured = (ROOT / "pyproject.toml").read_text(encoding="utf-8").replace(section, section + settings)
    (home / "pyproject.toml").write_text(configured, encoding="utf-8")
    return home


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
