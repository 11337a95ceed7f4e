"""A user's project: it installs the built wheel, and tests its own services with the testing kit alone."""

from __future__ import annotations

import os
import re
import shutil
import site
import subprocess
import sys
import venv
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = Path(__file__).with_name("warehouse")
BUILD = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
QUICKLY = ("-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:xdist", "-p", "no:cov")
"""Without plugins of the present environment that a user need not have."""

pytestmark = pytest.mark.slow


def environment() -> Mapping[str, str]:
    """What a user's shell has: nothing that points at this repository."""
    ours = ("PYTHONPATH", "VIRTUAL_ENV", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_XDIST_WORKER")
    return {name: value for name, value in os.environ.items() if name not in ours}


def ran(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True, check=False)


def built(folder: Path) -> Path:
    """The wheel, built by the backend itself where that is installed, else by pip, which fetches it."""
    command: list[str | Path] = [sys.executable, "-c", BUILD, folder]
    if find_spec("hatchling") is None:
        command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir", folder, ROOT]
    build = ran(*command, cwd=ROOT)
    if build.returncode:
        reason = f"the wheel can't be built here: {build.stderr.strip().splitlines()[-1:]}"
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    (wheel,) = folder.glob("persistence_dynamodb-*.whl")
    return wheel


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment with the wheel in it; what it needs comes from the present one."""
    home = tmp_path_factory.mktemp("consumer")
    wheel = built(home / "dist")
    venv.create(home / "env", with_pip=False, symlinks=True)
    (packages,) = (home / "env").glob("lib/python*/site-packages")
    shutil.unpack_archive(wheel, packages, "zip")
    # Paths in such a file are searched, but the files of this kind that lie there are not read: so the one by
    # which this repository is installed does not count.
    (packages / "needs.pth").write_text("\n".join(site.getsitepackages()), encoding="utf-8")
    return home / "env" / "bin" / "python"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project, in a place of its own."""
    return shutil.copytree(PROJECT, tmp_path / "warehouse", ignore=shutil.ignore_patterns("__pycache__"))


def test_uses_the_wheel(python: Path, project: Path) -> None:
    """Neither this repository nor its tests can be imported there."""
    program = (
        "import importlib.util as u, persistence; print(persistence.__file__, u.find_spec('tests.unit'))"
    )

    found = ran(python, "-c", program, cwd=project)

    assert (found.stderr, found.stdout.split()) == ("", [str(packages_file(python)), "None"])


def packages_file(python: Path) -> Path:
    (file,) = python.parents[1].glob("lib/python*/site-packages/persistence/__init__.py")
    return file


def test_passes_its_own_tests(python: Path, project: Path) -> None:
    """With the fixtures that come with the library, and warnings as errors."""
    tests = ran(python, "-m", "pytest", *QUICKLY, cwd=project)

    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert re.search(r"^\d{2,} passed in", tests.stdout, re.MULTILINE)


def test_fails_where_it_should(python: Path, project: Path) -> None:
    """Budgets, scans and fixtures that are wrong are found, each with what is to know about it."""
    tests = ran(python, "-m", "pytest", *QUICKLY, "proofs", cwd=project)

    assert re.search(r"^4 failed, 1 passed in", tests.stdout, re.MULTILINE), tests.stdout + tests.stderr
    for expected in (
        r"CostBudgetExceeded: the cost budget is exceeded: 6 write units of 3$",
        r"^E +1  BatchGetItems  articles +1 +1 +0  services.py:\d+$",
        r"^E +2  TransactWrite  articles, orders +2 +0 +6  services.py:\d+$",
        r"ForbiddenScan: a scan of table 'orders', and scans are forbidden here",
        r"FixtureError: ArticleMapping\[1\]: in_stock: Must be greater than or equal to 0\.$",
    ):
        assert re.search(expected, tests.stdout, re.MULTILINE), (expected, tests.stdout)
