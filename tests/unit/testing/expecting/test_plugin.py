from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = """
import asyncio
import unittest

import pytest
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


class UnitTestStyle(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def take(self, expecting_store):
        self.store = expecting_store

    def test_unmet(self):
        self.store.expect_get(ItemMapping, "a")

    def test_failed_by_itself(self):
        self.store.expect_get(ItemMapping, "a")
        self.fail("by itself")

    def test_skipped(self):
        self.store.expect_get(ItemMapping, "a")
        self.skipTest("by itself")


@pytest.mark.run_again
def test_that_is_run_again(expecting_store, runs=[]):
    runs.append(1)
    if len(runs) == 1:
        expecting_store.expect_get(ItemMapping, "a")
"""

AGAIN = """
import pytest
from _pytest.runner import runtestprotocol


def pytest_configure(config):
    config.addinivalue_line("markers", "run_again: as plugins do that give flaky tests a second chance")


def pytest_runtest_protocol(item, nextitem):
    if item.get_closest_marker("run_again") is None:
        return None
    runtestprotocol(item, nextitem=nextitem, log=False)
    item._initrequest()
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""


def test_what_did_not_come_fails_the_test_and_not_its_tear_down(tmp_path: Path) -> None:
    file = tmp_path / "test_shop.py"
    file.write_text(TESTS)
    file.with_name("conftest.py").write_text(AGAIN)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(file)]
    root = Path(__file__).parents[4]

    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        # Where CI is set, pytest repeats in its summary what it showed before.
        env={**{name: value for name, value in os.environ.items() if name != "CI"}, "PYTHONPATH": str(root)},
    )

    assert "5 failed, 3 passed, 1 skipped" in done.stdout, done.stdout
    assert "error" not in done.stdout.splitlines()[-1]
    assert done.stdout.count("ExpectationFailed: 1 expectation not met") == 3
    assert "UnitTestStyle::test_unmet - " in done.stdout
    assert "::test_that_is_run_again - " not in done.stdout
    assert "RuntimeError: by itself" in done.stdout
    assert "expected once, came not yet\nE" in done.stdout
