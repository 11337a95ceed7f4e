"""The port: what a store is, and what it promises.

One verb, `perform`. Adapters implement it, layers wrap it, flows ask for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar, runtime_checkable

from persistence.attributes import ITEM_SIZE_LIMIT
from persistence.errors import UnitOfWorkStateError
from persistence.operations import Operation

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request to a store may hold, and take. Servers differ; the defaults are AWS's.

    Attributes:
        transaction_actions: actions of a `TransactWrite` or gets of a `TransactGet`.
        transaction_bytes: bytes of items, keys and values in one transaction.
        item_bytes: bytes of one item, attribute names included.
        batch_gets: keys of a `BatchGetItems`.
        batch_writes: writes of a `BatchWriteItems`.
        batch_bytes: bytes of the request of a `BatchWriteItems`, as it is sent.
        concurrent_requests: how many requests one call has under way at once; 1 means that the store answers
            in this process, so that nothing is gained by asking for several things at once.
        answer_seconds: seconds that one attempt waits for an answer at most, where that is known: a caller
            with a deadline outlasts it by about as much.
    """

    transaction_actions: int = 100
    transaction_bytes: int = 4 * 1024 * 1024
    item_bytes: int = ITEM_SIZE_LIMIT
    batch_gets: int = 100
    batch_writes: int = 25
    batch_bytes: int = 16 * 1024 * 1024
    concurrent_requests: int = 8
    answer_seconds: float | None = None


AWS_LIMITS = Limits()


@runtime_checkable
class Store(Protocol):
    """A place where items live, with DynamoDB's semantics.

    Before: an operation is a complete value; its table declaration names the keys and indexes that the live
    table has. `perform` may be called from any thread at any time.

    After `perform` returned: the operation took effect exactly as the service defines it; the answer is the
    caller's own, changing it changes nothing in the store. A `TransactWrite` took effect as a whole, and the
    same one with the same token has no further effect for 10 minutes. Reads marked consistent saw every
    write that had been acknowledged before.

    After `perform` raised: a `StoreError` or `ConflictError` of `persistence.errors`, made `from` the
    service's own error. The operation had no effect, unless the error's `ambiguous` is True: then a write
    took effect as a whole or not at all, and nobody knows. The errors are:

    - `ConditionFailed`: a single write's condition does not hold; `found` has the item if it was asked for.
    - `TransactionBusy`: a single write or a `TransactGet` met a transaction on its item.
    - `ItemTooLarge`: a single write would make an item of over 400 KB.
    - `TransactionCancelled`: one reason per action, in the order of the request.
    - `TableNotFound`, `TableInUse`, `InvalidRequest`, `LimitExceeded`, `AccessDenied`: permanent.
    - `TokenMismatch`: the token was used before with another request.
    - `ConfigurationError`, before anything is sent: the table `needs` something that no store by itself is,
      such as a tenant, and that a layer has to serve.
    - `Throttled`, `TransactionInProgress`, `StoreUnavailable`: worth another try; for a write that is the
      same operation with the same token.

    Never: answer for something it doesn't understand; perform what a layer has to serve first; reorder
    actions; give part of a transaction's effect; change what the operation holds; log or put into messages
    what items contain.
    """

    @property
    def limits(self) -> Limits:
        """What one request may hold."""
        ...

    def perform(self, operation: Operation[R]) -> R:
        """Perform one operation.

        Args:
            operation: what to do.

        Returns:
            The operation's own type of answer.

        Raises:
            StoreError: or `ConflictError`, as the class says.
        """
        ...


@runtime_checkable
class AsyncStore(Protocol):
    """The same contract as `Store`, awaited.

    `perform` may be awaited by any number of tasks at once, also of several event loops and threads.

    If an awaiting task is cancelled (or its time is up) it ends at once, with `CancelledError`. That is like
    an ambiguous error: the operation took effect as a whole, or not at all, or will yet. A `TransactWrite`
    may be repeated with its token.
    """

    @property
    def limits(self) -> Limits:
        """What one request may hold."""
        ...

    async def perform(self, operation: Operation[R]) -> R:
        """Perform one operation; see `Store.perform`."""
        ...


S = TypeVar("S", bound=Store | AsyncStore)


def present_store(source: S | Callable[[], S]) -> S:
    """Give the store that a source stands for: itself, or what it gives when called."""
    if callable(source):
        return source()
    return source


def tenant_of(store: object) -> str | None:
    """Give the name of the tenant whose store it is; None where it is nobody's.

    A store tells it by its attribute `tenant`, and one that stands around another passes it on.
    """
    tenant: str | None = getattr(store, "tenant", None)
    return tenant


def takes_text(store: object) -> bool:
    """Tell whether a store sends new items as JSON, so that nothing but their text has to be made.

    A store tells it by its attribute `takes_text`, and one that stands around another passes it on: when it
    looks at an item, that is made for it.
    """
    return getattr(store, "takes_text", False) is True


def check_colour(store: object, *, asynchronous: bool) -> None:
    """Refuse a synchronous store where an asynchronous one is needed, and the other way round.

    Raises:
        UnitOfWorkStateError: with the remedy.
    """
    if inspect.iscoroutinefunction(getattr(store, "perform", None)) is not asynchronous:
        needed, pair = ("an asynchronous", "AsyncMemoryStore or AsyncDynamoStore with an AsyncUnitOfWork")
        if not asynchronous:
            needed, pair = ("a synchronous", "MemoryStore or DynamoStore with a UnitOfWork")
        raise UnitOfWorkStateError(
            f"expected {needed} store, and {type(store).__name__} is none; use {pair}. Of an asynchronous "
            "store `perform` is declared with `async def`"
        )


def check_store_source(source: object) -> None:
    """Refuse what is neither a store nor a callable that gives one.

    Raises:
        UnitOfWorkStateError: with the remedy.
    """
    if isinstance(source, type):
        found = f"the class {source.__name__}; make an instance of it"
    elif not callable(source) and not hasattr(source, "perform"):
        found = f"{type(source).__name__}; a boto3 client goes into DynamoStore(client)"
    else:
        return
    raise UnitOfWorkStateError(f"expected a store, or a callable that gives one, not {found}")
