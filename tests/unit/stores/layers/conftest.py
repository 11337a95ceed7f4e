from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import structlog

from tests.unit.stores.layers.colours import Colour


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Iterator[Colour]:
    with ExitStack() as stack:
        yield Colour(request.param, stack)


@pytest.fixture
def events() -> Iterator[list[dict[str, Any]]]:
    """What an application that configured structlog sees."""
    seen: list[dict[str, Any]] = []

    def note(logger: object, method: str, event: Any) -> Any:
        seen.append({"level": method, **event})
        raise structlog.DropEvent

    structlog.configure(processors=[note])
    yield seen
    structlog.reset_defaults()
