"""Credentials, no proxies, and no pauses between attempts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.transport_faults.misbehaving import misbehaving
from tests.transport_faults.ways import Trial


@pytest.fixture(scope="session")
def _environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        patch.setenv("NO_PROXY", "127.0.0.1,localhost")
        for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch, _environment: None) -> None:
    """Have botocore repeat without pauses, and never tire of it."""
    retries = "botocore.retries"
    monkeypatch.setattr(f"{retries}.standard.ExponentialBackoff.delay_amount", lambda self, context: 0.0)
    monkeypatch.setattr(f"{retries}.quota.RetryQuota.acquire", lambda self, amount: True)


@pytest.fixture(scope="session")
def trial(_environment: None) -> Iterator[Trial]:
    """A store on each way, and the server that all of them ask."""
    with misbehaving([]) as server:
        made = Trial(server)
        yield made
        made.close()


class Recorder:
    """Counts the calls that botocore makes."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def record(self, event: str, payload: Any, **_: object) -> None:
        """Take note."""
        if event == "API_CALL":
            self.calls.append(payload["operation"])


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls that botocore makes."""
    recorder = Recorder()
    monkeypatch.setattr("botocore.client.history_recorder", recorder)
    return recorder.calls
