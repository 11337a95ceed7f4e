"""Client tokens: a transaction that succeeded is not done again for 10 minutes.

Source: API reference, TransactWriteItems, ClientRequestToken.
"""

from __future__ import annotations

import marshal
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from persistence.attributes import AttributeValue
from persistence.expressions import AttributeExists, AttributeNotExists, Compare, Path, Set, Value
from persistence.operations import PutItem, TransactAction, UpdateItem
from persistence.stores.validation.refused import Refused

TOKEN_SECONDS = 600.0
TOKEN_LIMIT = 36

# Writes no references, which would make equal values differ by who else holds them.
_MARSHAL_VERSION = 2


def check_token(token: str | None) -> None:
    """Check a client token.

    Raises:
        Refused: it is empty or too long.
    """
    if token is not None and not 1 <= len(token) <= TOKEN_LIMIT:
        raise Refused(
            "Value at 'clientRequestToken' failed to satisfy constraint: "
            f"Member must have length between 1 and {TOKEN_LIMIT}, found {len(token)}"
        )


class Tokens:
    """The tokens of the transactions that succeeded in the last 10 minutes.

    Args:
        clock: gives the time in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: dict[str, int] = {}
        self._ages: deque[tuple[float, str]] = deque()
        self._now = clock()

    def seen(self, token: str) -> int | None:
        """Give the fingerprint of the request that a token stands for, or None for a new token."""
        now = self._now = self._clock()
        while self._ages and self._ages[0][0] <= now:
            del self._seen[self._ages.popleft()[1]]
        return self._seen.get(token)

    def remember(self, token: str, request: int) -> None:
        """Record that a request succeeded, whose token was looked for just now."""
        self._seen[token] = request
        self._ages.append((self._now + TOKEN_SECONDS, token))


def fingerprint(actions: tuple[TransactAction, ...]) -> int:
    """Reduce a request to a number, so that what was sent need not be kept.

    Like the service's comparison it takes the request as it is written: the order of actions, of attributes
    and of set members counts.
    """
    request = list(map(_action, actions))
    try:
        return hash(marshal.dumps(request, _MARSHAL_VERSION))
    except ValueError:  # subclasses of str and the like, which marshal does not take
        return hash(repr(request))


def _action(action: TransactAction) -> tuple[object, ...]:
    condition = action.condition
    return (
        type(action).__name__,
        action.table.name,
        action.item if isinstance(action, PutItem) else action.key,
        _tree(action.actions) if isinstance(action, UpdateItem) else None,
        None if condition is None else _tree(condition),
        action.item_on_failure,
    )


def _tree(node: Any) -> object:
    """Give an expression as plain data."""
    kind = type(node)
    # What most writes consist of.
    if kind is Set:
        return "Set", node.path.segments, _tree(node.value)
    if kind is Value:
        return "Value", node.value
    if kind is Compare:
        return "Compare", node.operator, _tree(node.left), _tree(node.right)
    if kind is AttributeNotExists:
        return "AttributeNotExists", node.path.segments
    if isinstance(node, Path):
        return node.segments
    if isinstance(node, tuple):
        return tuple(map(_tree, node))
    if node is None or isinstance(node, str | dict):
        return node
    # Expressions are dataclasses with slots.
    return (type(node).__name__, *[_tree(getattr(node, name)) for name in node.__slots__])


def constants(node: Any) -> Iterator[AttributeValue]:
    """Give the constants of conditions and update actions, wherever they stand."""
    if type(node) is Set and type(node.value) is Value:  # as most are
        yield node.value.value
    elif isinstance(node, Value):
        yield node.value
    elif isinstance(node, tuple):
        for part in node:
            yield from constants(part)
    elif node is not None and not isinstance(node, str | Path | AttributeExists | AttributeNotExists):
        for name in node.__slots__:
            yield from constants(getattr(node, name))
