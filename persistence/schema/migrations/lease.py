"""A lock that is held: prolonged in time, and watched before anything is done under it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from persistence.errors import ConfigurationError, MigrationLockLost, StoreError, TransactionBusy
from persistence.flows import run
from persistence.operations import Operation
from persistence.schema.migrations.lock import Lock
from persistence.store import Limits, Store, tenant_of

R = TypeVar("R")

BEATS = 3
"""How often a lease is prolonged within its length."""


class Lease:
    """Keeps a lock that was acquired, from a thread of its own and before each operation.

    Args:
        lock: the lock.
        store: where it is.
    """

    def __init__(self, lock: Lock, store: Store) -> None:
        self._lock = lock
        self._store = store
        self._mutex = threading.RLock()
        self._lost: MigrationLockLost | None = None
        self._began()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Prolong the lease in time while the block runs, also where the block touches no store."""
        stop = threading.Event()
        thread = threading.Thread(target=self._beat, args=(stop,), name="persistence-migrations", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Prolong nothing meanwhile: two writers of the lock's item would be in each other's way."""
        with self._mutex:
            self.check()
            yield

    def check(self) -> None:
        """Prolong the lease if it is time to.

        Raises:
            MigrationLockLost: somebody else has the lock, or nobody can tell since the lease is over.
        """
        with self._mutex:
            if self._lost is not None:
                raise self._lost
            if self._lock.timing.monotonic() >= self._next:
                self._prolong()

    def _prolong(self) -> None:
        try:
            run(self._lock.prolong(), self._store, sleep=self._lock.timing.sleep)
        except MigrationLockLost as lost:
            self._lost = lost
            raise
        except (StoreError, TransactionBusy) as failure:
            if self._lock.timing.monotonic() >= self._end:
                raise MigrationLockLost(
                    "the lease of the lock is over, and the store does not answer to prolong it"
                ) from failure
            return  # there is time to try again
        self._began()

    def _began(self) -> None:
        self._next = self._lock.claimed_at + self._lock.lease / BEATS
        self._end = self._lock.claimed_at + self._lock.lease

    def _beat(self, stop: threading.Event) -> None:
        while not stop.wait(self._lock.lease / BEATS):
            try:
                self.check()
            except MigrationLockLost:  # told to whoever does something next
                return


class LeasedStore:
    """A store that performs only while the lock is held.

    Args:
        store: performs the operations.
        lease: the lock's.
    """

    def __init__(self, store: Store, lease: Lease) -> None:
        self._store = store
        self._lease = lease

    @property
    def limits(self) -> Limits:
        """What one request may hold."""
        return self._store.limits

    @property
    def tenant(self) -> str | None:
        """The tenant of the store below; None where it has none."""
        return tenant_of(self._store)

    def for_tenant(self, name: str) -> LeasedStore:
        """Give this store as one tenant sees it, while the lock is held.

        Args:
            name: the tenant: 1 to 128 of the characters `A-Z a-z 0-9 _ . : / = + @ -`.

        Raises:
            ConfigurationError: another name, or it is the store of a tenant already; or the store below has
                no such method.
        """
        make: Callable[[str], Store] | None = getattr(self._store, "for_tenant", None)
        if make is None:
            raise ConfigurationError(
                f"expected a store with for_tenant below the lock of the migrations, not "
                f"{type(self._store).__name__}; use persistence.stores.tenancy.for_tenant(store, {name!r})"
            )
        return LeasedStore(make(name), self._lease)

    def perform(self, operation: Operation[R]) -> R:
        """Perform an operation.

        Raises:
            MigrationLockLost: the lock is lost; nothing was sent.
        """
        self._lease.check()
        return self._store.perform(operation)
