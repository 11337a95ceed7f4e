from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = """
import asyncio

from persistence import AsyncRepository, AsyncUnitOfWork, Repository, UnitOfWork
from tests.unit.testing.expecting.shop import Item, ItemMapping

pytest_plugins = ["persistence.testing.expecting_plugin"]


def test_met(expecting_store):
    expecting_store.expect_get(ItemMapping, "a").will_return(Item("a"))
    Repository(ItemMapping, UnitOfWork(expecting_store)).get("a")


def test_unmet(expecting_store):
    expecting_store.expect_get(ItemMapping, "a")


def test_failed_by_itself(expecting_store):
    expecting_store.expect_get(ItemMapping, "a")
    raise RuntimeError("by itself")


def test_strict(make_expecting_store):
    store = make_expecting_store(order="strict")
    store.expect_get(ItemMapping, "a").any_times()


def test_async_unmet(async_expecting_store):
    async_expecting_store.expect_get(ItemMapping, "a")
    async_expecting_store.expect_get(ItemMapping, "b")
    asyncio.run(AsyncRepository(ItemMapping, AsyncUnitOfWork(async_expecting_store)).find("a"))
"""


def test_what_did_not_come_fails_the_test_and_not_its_tear_down(tmp_path: Path) -> None:
    file = tmp_path / "test_shop.py"
    file.write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(file)]
    root = Path(__file__).parents[4]

    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(root)},
    )

    assert "3 failed, 2 passed" in done.stdout, done.stdout
    assert "error" not in done.stdout.splitlines()[-1]
    assert "ExpectationFailed: 1 expectation not met" in done.stdout
    assert "RuntimeError: by itself" in done.stdout
    assert "expected once, came not yet\nE" in done.stdout
