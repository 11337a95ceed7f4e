"""Stores of one tenant, over stores of any kind."""

from __future__ import annotations

import inspect
from typing import Any, NoReturn, TypeVar, cast, overload

from persistence.errors import ConditionFailed, ConfigurationError, TransactionCancelled
from persistence.flows import Flow, perform, run, run_async
from persistence.operations import Operation, ScanPage
from persistence.store import AsyncStore, Limits, Store, check_store_source
from persistence.stores.tenancy.answers import show_items_in, shown
from persistence.stores.tenancy.scanning import scanned
from persistence.stores.tenancy.scoping import concerns_tenants, scoped
from persistence.stores.tenancy.tenant import Tenant

R = TypeVar("R")


class TenantStore:
    """A store as one tenant sees it; see `for_tenant`.

    Args:
        store: the store that does the work. It stays the caller's to close.
        name: the tenant's name.

    Attributes:
        tenant: the tenant's name.
    """

    def __init__(self, store: Store, name: str) -> None:
        _check_store(store)
        self._store = store
        self._tenant = Tenant(name)
        self.tenant = name

    @property
    def limits(self) -> Limits:
        """The limits of the store below."""
        return self._store.limits

    def perform(self, operation: Operation[R]) -> R:
        """Perform an operation for the tenant; see `Store.perform`.

        Raises:
            ForeignTenant: what was found is not the tenant's.
        """
        if not concerns_tenants(operation):
            return self._store.perform(operation)
        return cast(R, run(_performed(operation, self._tenant), self._store))

    def for_tenant(self, name: str) -> NoReturn:
        """Refuse: a store is one tenant's.

        Raises:
            ConfigurationError: always.
        """
        refuse_another(self.tenant, name)


class AsyncTenantStore:
    """The same as `TenantStore` over an asynchronous store.

    Args:
        store: the store that does the work.
        name: the tenant's name.

    Attributes:
        tenant: the tenant's name.
    """

    def __init__(self, store: AsyncStore, name: str) -> None:
        _check_store(store)
        self._store = store
        self._tenant = Tenant(name)
        self.tenant = name

    @property
    def limits(self) -> Limits:
        """The limits of the store below."""
        return self._store.limits

    async def perform(self, operation: Operation[R]) -> R:
        """Perform an operation for the tenant; see `AsyncStore.perform`.

        Raises:
            ForeignTenant: what was found is not the tenant's.
        """
        if not concerns_tenants(operation):
            return await self._store.perform(operation)
        return cast(R, await run_async(_performed(operation, self._tenant), self._store))

    def for_tenant(self, name: str) -> NoReturn:
        """Refuse: a store is one tenant's.

        Raises:
            ConfigurationError: always.
        """
        refuse_another(self.tenant, name)


@overload
def for_tenant(store: AsyncStore, name: str) -> AsyncTenantStore: ...


@overload
def for_tenant(store: Store, name: str) -> TenantStore: ...


def for_tenant(store: Store | AsyncStore, name: str) -> TenantStore | AsyncTenantStore:
    """Give a store as one tenant sees it: what `store.for_tenant(name)` does, for a store of any kind.

    Operations on tables that are scoped to tenants get the tenant's keys, and their answers lose them again;
    others pass as they are. It keeps nothing: one may be made for each request that an application serves.

    Args:
        store: the store that does the work, synchronous or asynchronous.
        name: the tenant: 1 to 128 of the characters `A-Z a-z 0-9 _ . : / = + @ -`.

    Returns:
        A store of the same colour, with the limits of the one below.

    Raises:
        ConfigurationError: a name that can't be, or a store that is a tenant's already.
        UnitOfWorkStateError: what was passed is no store.
    """
    if inspect.iscoroutinefunction(getattr(store, "perform", None)):
        return AsyncTenantStore(cast("AsyncStore", store), name)
    return TenantStore(cast("Store", store), name)


def refuse_another(tenant: str, name: str) -> NoReturn:
    """Refuse to make the store of a tenant that of another one.

    Raises:
        ConfigurationError: always.
    """
    raise ConfigurationError(
        f"this store is the one of tenant {tenant!r}, and can't be that of {name!r}; call for_tenant on the "
        "store that it was made from"
    )


def _performed(operation: Operation[Any], tenant: Tenant) -> Flow[Any]:
    if isinstance(operation, ScanPage):
        return (yield from scanned(operation, tenant))
    sent = scoped(operation, tenant)
    try:
        answer = yield from perform(sent)
    except (ConditionFailed, TransactionCancelled) as refused:
        show_items_in(refused, operation, tenant)
        raise
    return shown(answer, operation, sent, tenant)


def _check_store(store: Any) -> None:
    check_store_source(store)
    if not hasattr(store, "perform"):
        raise ConfigurationError(f"for_tenant takes a store, not {type(store).__name__}")
    tenant = getattr(store, "tenant", None)
    if tenant is not None:
        refuse_another(str(tenant), "another tenant")
