"""What stores of every kind offer to applications that serve tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import persistence.stores.tenancy as tenancy
from persistence.store import AsyncStore, Store

if TYPE_CHECKING:
    from persistence.stores.tenancy.store import AsyncTenantStore, TenantStore


class ForTenants:
    """A store that can be that of one tenant after the other."""

    __slots__ = ()

    def for_tenant(self: Store, name: str) -> TenantStore:
        """Give this store as one tenant sees it; see `persistence.stores.tenancy.for_tenant`.

        Args:
            name: the tenant: 1 to 128 of the characters `A-Z a-z 0-9 _ . : / = + @ -`.

        Raises:
            ConfigurationError: another name, or it is the store of a tenant already.
        """
        return tenancy.TenantStore(self, name)


class AsyncForTenants:
    """The same of an asynchronous store."""

    __slots__ = ()

    def for_tenant(self: AsyncStore, name: str) -> AsyncTenantStore:
        """Give this store as one tenant sees it; see `persistence.stores.tenancy.for_tenant`.

        Args:
            name: the tenant: 1 to 128 of the characters `A-Z a-z 0-9 _ . : / = + @ -`.

        Raises:
            ConfigurationError: another name, or it is the store of a tenant already.
        """
        return tenancy.AsyncTenantStore(self, name)
