"""Stores of one tenant: partition keys begin with its name, and nothing of other tenants is ever given.

    store = MemoryStore()
    uow = UnitOfWork(store.for_tenant("acme"))

| module       | what is in it                                                   |
|--------------|-----------------------------------------------------------------|
| `tenant`     | names of tenants, and what keys begin with                      |
| `conditions` | conditions and updates that ask of such keys; pure              |
| `scoping`    | operations with the tenant's keys; pure                         |
| `answers`    | answers and errors without them; pure                           |
| `scanning`   | scans, which meet the items of all tenants                      |
| `store`      | the stores                                                      |
| `face`       | `for_tenant`, which stores of every kind have                   |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.stores.tenancy.store import AsyncTenantStore, TenantStore, for_tenant
    from persistence.stores.tenancy.tenant import Tenant, tenant_in, with_tenant_keys

__all__ = ["AsyncTenantStore", "Tenant", "TenantStore", "for_tenant", "tenant_in", "with_tenant_keys"]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.stores.tenancy.store": ("AsyncTenantStore", "TenantStore", "for_tenant"),
        "persistence.stores.tenancy.tenant": ("Tenant", "tenant_in", "with_tenant_keys"),
    },
)
