"""Plugin of the test runs that look for changes: the same examples each time, the quick tests first."""

from __future__ import annotations

import pytest
from hypothesis import Phase, is_hypothesis_test, settings


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """Leave out what serves to understand a failure: that there is one is enough."""
    settings.register_profile(
        "mutants",
        settings.get_profile("unhurried"),
        derandomize=True,
        max_examples=30,
        database=None,
        phases=(Phase.explicit, Phase.generate),
    )
    settings.load_profile("mutants")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Move the tests of many examples to the end: most changes are noticed by one of the others."""
    items.sort(key=lambda item: is_hypothesis_test(getattr(item, "obj", None)))
