"""Deployers as processes, on DynamoDB Local: at once, and one after another was killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from persistence.errors import MigrationLocked
from persistence.schema.migrations import Migrations
from persistence.stores.dynamodb import DynamoStore

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.slow

MIGRATION = """
import os, time
from pathlib import Path

LOG = Path(__file__).with_name("log.txt")


def up(context):
    with LOG.open("a") as log:
        log.write(f"{context.migration}\\n")
    time.sleep(0.05)
    if context.migration == "3_step" and Path(__file__).with_name("stuck").exists():
        time.sleep(600)
"""

THINKING = """
import time
from pathlib import Path


def up(context):
    Path(__file__).with_name("begun").touch()
    while not Path(__file__).with_name("enough").exists():
        time.sleep(0.02)
"""


def written(folder: Path) -> None:
    for number in range(1, 6):
        (folder / f"{number}_step.py").write_text(MIGRATION)


def logged(folder: Path) -> list[str]:
    log = folder / "log.txt"
    return log.read_text().split() if log.exists() else []


@contextmanager
def deployer(endpoint: str, table: str, folder: Path, lease: float) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.unit.schema.migrations.deployer",
            endpoint,
            table,
            str(folder),
            f"{lease}",
        ],
        cwd=Path(__file__).parents[4],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


STEPS = ["1_step", "2_step", "3_step", "4_step", "5_step"]


class TestDeployers:
    def test_at_once_run_each_migration_once(
        self, dynamodb_local: str, dynamodb_local_client: DynamoDBClient, tmp_path: Path
    ) -> None:
        written(tmp_path)
        where = (dynamodb_local, "migrations-at-once", tmp_path, 60.0)

        with deployer(*where) as one, deployer(*where) as two, deployer(*where) as three:
            errors = [each.communicate(timeout=240)[1] for each in (one, two, three)]

        assert errors == ["", "", ""]
        assert logged(tmp_path) == STEPS
        ledger = Migrations(
            DynamoStore(dynamodb_local_client), tmp_path, application="shop", table="migrations-at-once"
        )
        assert [status.state for status in ledger.status()] == ["applied"] * 5
        assert ledger.holder() is None

    def test_one_who_was_killed_is_followed_after_its_lease(
        self, dynamodb_local: str, dynamodb_local_client: DynamoDBClient, tmp_path: Path
    ) -> None:
        written(tmp_path)
        (tmp_path / "stuck").touch()
        table = "migrations-killed"
        ledger = Migrations(DynamoStore(dynamodb_local_client), tmp_path, application="shop", table=table)

        with deployer(dynamodb_local, table, tmp_path, 2.0) as one:
            until(lambda: logged(tmp_path)[-1:] == ["3_step"])
            one.kill()
            one.wait()
        left = [status.state for status in ledger.status()]
        (tmp_path / "stuck").unlink()
        with deployer(dynamodb_local, table, tmp_path, 2.0) as two:
            error = two.communicate(timeout=240)[1]

        assert left == ["applied", "applied", "running", "pending", "pending"]
        assert error == ""
        assert logged(tmp_path) == ["1_step", "2_step", "3_step", "3_step", "4_step", "5_step"]
        assert [status.state for status in ledger.status()] == ["applied"] * 5

    def test_one_who_only_thinks_keeps_the_lock(
        self, dynamodb_local: str, dynamodb_local_client: DynamoDBClient, tmp_path: Path
    ) -> None:
        """The lease is prolonged though the migration asks nothing of the store."""
        (tmp_path / "1_think.py").write_text(THINKING)
        table = "migrations-thinking"
        ledger = Migrations(DynamoStore(dynamodb_local_client), tmp_path, application="shop", table=table)

        with deployer(dynamodb_local, table, tmp_path, 1.0) as one:
            until(lambda: (tmp_path / "begun").exists())
            until(lambda: (holder := ledger.holder()) is not None and holder.beat > 6)
            with pytest.raises(MigrationLocked):
                ledger.run()
            (tmp_path / "enough").touch()
            error = one.communicate(timeout=240)[1]

        assert error == ""
        assert [status.state for status in ledger.status()] == ["applied"]
