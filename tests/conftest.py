"""Fixtures of all tests: DynamoDB servers, real and imitated."""

from __future__ import annotations

import faulthandler
import math
import os
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import boto3
import pytest
from hypothesis import HealthCheck, settings
from moto import mock_aws

from persistence.testing.servers import Dynalite, DynamoDBLocal, LocalServer, ServerUnavailable, client_for
from tests.rules.differences import elsewhere

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from types_boto3_dynamodb import DynamoDBClient

# Said outright, whatever endpoint the environment configures.
MOTO_ENDPOINT = "https://dynamodb.us-east-1.amazonaws.com"
HANGS_AFTER = 300.0
"""Seconds that a test may take until all threads show where they are; it can be a minute more."""
SERVER_MARKERS = {"dynamodb_local": "dynamodb_local", "dynalite": "dynalite", "moto_client": "moto"}

# How long an example takes says nothing where many test processes share few processors.
settings.register_profile(
    "unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


@dataclass
class Watch:
    """Shows where a test hangs, at the price of one thread a minute.

    Pytest's own `faulthandler_timeout` starts and ends one per test, for which busy processors have no time.
    """

    file: int
    since: float = -math.inf

    def look(self) -> None:
        if time.monotonic() - self.since > 60:
            self.since = time.monotonic()
            faulthandler.dump_traceback_later(HANGS_AFTER + 60, file=self.file)

    def end(self) -> None:
        faulthandler.cancel_dump_traceback_later()
        os.close(self.file)


WATCH = pytest.StashKey[Watch]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    # Not the test's standard error, which is captured.
    config.stash[WATCH] = Watch(os.dup(sys.__stderr__.fileno() if sys.__stderr__ else 2))


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[WATCH].end()


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[WATCH].look()


def pytest_enter_pdb() -> None:
    faulthandler.cancel_dump_traceback_later()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark each test with the servers that its fixtures need: `-m "not dynamodb_local"` can be relied on.

    What a server is known to do otherwise has to fail, see `tests/contract/known_differences.toml`. Among
    several processes the slow tests come first: none is left to wait for at the end.
    """
    for item in items:
        for fixture, marker in SERVER_MARKERS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)
        reason = elsewhere().get(item.nodeid.removeprefix("tests/"))
        if reason is not None:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Spare an expected failure the traceback that nobody is shown: it takes longer than the test."""
    if call.excinfo is None or item.get_closest_marker("xfail") is None or item.config.getoption("xfail_tb"):
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(item.config.option, "tbstyle", "value")
        report = yield
    if report.failed:
        report.longrepr = item.repr_failure(call.excinfo)
    return report


def _served(server: LocalServer) -> Iterator[str]:
    reason = _why_it_does_not_start(server)
    if reason is not None:
        _skip_or_fail(reason)
    with server:
        yield server.endpoint_url


def _why_it_does_not_start(server: LocalServer) -> str | None:
    try:
        server.start()
    except ServerUnavailable as error:
        return error.reason
    return None


def _skip_or_fail(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def dynamodb_local() -> Iterator[str]:
    """The endpoint of an Amazon DynamoDB Local, one per test process.

    Where there can be none its tests are skipped, or fail if the environment says `CI=true`.
    """
    yield from _served(DynamoDBLocal())


@pytest.fixture(scope="session")
def dynamodb_local_client(dynamodb_local: str) -> Iterator[DynamoDBClient]:
    """A client of the test process's DynamoDB Local. Tests share its tables: give them names of their own."""
    client = client_for(dynamodb_local)
    yield client
    client.close()


@pytest.fixture(scope="session")
def dynalite() -> Iterator[str]:
    """The endpoint of a dynalite, one per test process; missing as for `dynamodb_local`."""
    yield from _served(Dynalite())


@pytest.fixture(scope="session")
def _client_of_moto() -> Iterator[DynamoDBClient]:
    # To make a client takes many times as long as what most tests do with it.
    with mock_aws():
        client = boto3.client("dynamodb", region_name="us-east-1", endpoint_url=MOTO_ENDPOINT)
    yield client
    client.close()


@pytest.fixture
def moto_client(_client_of_moto: DynamoDBClient) -> Iterator[DynamoDBClient]:
    """The test process's client of moto's imitation of DynamoDB; each test finds that empty."""
    with mock_aws():
        yield _client_of_moto
