"""A pytest plugin: fixtures that give expecting stores, which are verified when the test function has ended.

    pytest_plugins = ["persistence.testing.expecting_plugin"]   # in conftest.py

    def test_pays(expecting_store: ExpectingStore) -> None:
        expecting_store.expect_get(OrderMapping, "o-1").will_return(order)
        ...

| fixture                        | gives                                                               |
|--------------------------------|---------------------------------------------------------------------|
| `expecting_store`              | an `ExpectingStore`                                                 |
| `async_expecting_store`        | an `AsyncExpectingStore`                                            |
| `make_expecting_store`         | makes several, or with arguments: `make_expecting_store(order="strict")` |

What did not come fails the test itself, and not its tear-down. A test that failed by itself is left alone.

It has no assertions that pytest could improve, and may be imported before pytest looks at it:
PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import pytest

import persistence.testing as kit

if TYPE_CHECKING:
    from persistence.testing import AsyncExpectingStore, ExpectingStore

_VERIFIED = pytest.StashKey[list["ExpectingStore | AsyncExpectingStore"]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Verify the stores of a test that did not fail by itself."""
    __tracebackhide__ = True
    result = yield
    for store in item.stash.get(_VERIFIED, []):
        store.verify()
    return result


@pytest.fixture
def _persistence_expecting(request: pytest.FixtureRequest) -> list[ExpectingStore | AsyncExpectingStore]:
    """Begin with no stores: what runs a test again keeps its item, and what was stashed there."""
    made: list[ExpectingStore | AsyncExpectingStore] = []
    request.node.stash[_VERIFIED] = made
    return made


@pytest.fixture
def make_expecting_store(
    _persistence_expecting: list[ExpectingStore | AsyncExpectingStore],
) -> Callable[..., ExpectingStore]:
    """Make expecting stores that are verified when the test has ended; arguments are those of the class."""

    def make(**settings: Any) -> ExpectingStore:
        made = kit.ExpectingStore(**settings)
        _persistence_expecting.append(made)
        return made

    return make


@pytest.fixture
def expecting_store(make_expecting_store: Callable[..., ExpectingStore]) -> ExpectingStore:
    """Give an expecting store that is verified when the test has ended."""
    return make_expecting_store()


@pytest.fixture
def async_expecting_store(
    _persistence_expecting: list[ExpectingStore | AsyncExpectingStore],
) -> AsyncExpectingStore:
    """Give an asynchronous expecting store that is verified when the test has ended."""
    made = kit.AsyncExpectingStore()
    _persistence_expecting.append(made)
    return made
