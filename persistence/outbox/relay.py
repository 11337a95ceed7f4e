"""The relays: synchronous and asynchronous, over the same flows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar, get_args

from persistence.errors import ConfigurationError
from persistence.flows import run, run_async
from persistence.outbox.declaration import OutboxMapping
from persistence.outbox.deliveries import Handler, Polled
from persistence.outbox.polling import RelayFlows
from persistence.outbox.recording import check_outbox
from persistence.outbox.removal import After, Removal
from persistence.store import AsyncStore, Store, check_store_source, present_store
from persistence.timing import Timing

S = TypeVar("S", Store, AsyncStore)

DEFAULT_LIMIT = 100
DEFAULT_KEEP = timedelta(days=7)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Relay(Generic[S]):
    """What both relays are made of."""

    def __init__(
        self,
        source: S | Callable[[], S],
        mapping: type[OutboxMapping],
        handler: Handler,
        *,
        after: After = "delete",
        keep: timedelta = DEFAULT_KEEP,
        clock: Callable[[], datetime] = _utc_now,
        timing: Timing | None = None,
    ) -> None:
        check_store_source(source)
        _check_settings(handler, after, keep)
        self._source: S | Callable[[], S] = source
        self._timing = timing or Timing()
        compiled = check_outbox(mapping)
        removal = Removal(compiled, after, keep, clock, self._timing)
        self._flows = RelayFlows(mapping, compiled, handler, removal, self._timing)


def _check_settings(handler: object, after: object, keep: timedelta) -> None:
    if not callable(handler):
        raise ConfigurationError(f"the handler of a relay is a callable, not {type(handler).__name__}")
    if after not in get_args(After):
        raise ConfigurationError(f"after is one of {get_args(After)}, not {after!r}")
    if keep <= timedelta(0):
        raise ConfigurationError("keep is a time for which marked entries stay; it must be over 0")


def _check_limit(limit: int) -> int:
    if type(limit) is not int or limit < 1:
        raise ConfigurationError(f"the limit of a poll is a whole number of at least 1, not {limit!r}")
    return limit


class OutboxRelay(_Relay[Store]):
    """Hands recorded events on, at least once, in order per aggregate.

    ```python
    relay = OutboxRelay(store, ShopOutbox, publish)
    while relay.poll().more:
        pass
    ```

    An entry is removed only after the handler has returned, so that a relay that is killed in between hands
    it on again with the same id. Any number of relays may work at once: each event is handed on by one or
    more of them. A handler that raises, or an entry that can't be read, stops only the entries of the same
    aggregate for this poll.

    Args:
        source: where the outbox is, or a callable that gives the store.
        mapping: the outbox.
        handler: called with each `Delivery`.
        after: "delete" removes an entry that was handed on; "mark" keeps it in another partition, with the
            time of delivery.
        keep: how long the service is to keep marked entries.
        clock: gives the present time, aware, for marked entries.
        timing: waiting and chance, for tests.

    Raises:
        MappingError: the outbox can't be used as it is declared.
        ConfigurationError: an argument that can't be.
        UnitOfWorkStateError: the source is no store.
    """

    def poll(self, limit: int = DEFAULT_LIMIT) -> Polled:
        """Hand on what is pending now.

        Args:
            limit: how many entries to hand on at most.

        Returns:
            What was done; `more` tells that the limit left entries over.

        Raises:
            StoreError: the store could not be asked, also after several attempts. What was handed on until
                then is removed, except the last entry perhaps.
            UnitOfWorkStateError: the handler is asynchronous.
        """
        flow = self._flows.poll(_check_limit(limit))
        return run(flow, present_store(self._source), sleep=self._timing.sleep)


class AsyncOutboxRelay(_Relay[AsyncStore]):
    """The same as `OutboxRelay` over an asynchronous store; what the handler returns is awaited if it can be.

    A poll that is cancelled leaves the entry whose handler was under way pending.
    """

    async def poll(self, limit: int = DEFAULT_LIMIT) -> Polled:
        """Hand on what is pending now; see `OutboxRelay.poll`."""
        flow = self._flows.poll(_check_limit(limit))
        return await run_async(flow, present_store(self._source), sleep=self._timing.sleep_async)
