"""Opens a store on DynamoDB. The only module of the command line that imports boto3, by way of the store."""

from __future__ import annotations

from persistence.cli.settings import Settings
from persistence.store import Store
from persistence.stores.dynamodb import DynamoStore
from persistence.stores.dynamodb.inspection import Access, Place

AWS_DOMAINS = (".amazonaws.com", ".amazonaws.com.cn")


def access_of(settings: Settings, store: Store | None = None) -> Access:
    """Find credentials and region for the settings, or for an application's own store.

    Raises:
        AccessDenied: there is no such profile.
    """
    if isinstance(store, DynamoStore):
        meta = store.client.meta
        own = None if meta.endpoint_url.endswith(AWS_DOMAINS) else meta.endpoint_url
        return Access(Place(None, meta.region_name, own))
    return Access(Place(settings.profile, settings.region, settings.endpoint))


def opened(settings: Settings) -> tuple[Store, str]:
    """Open the store that the settings name; give it, and in words where it is.

    Raises:
        StoreError: no credentials or region are found.
    """
    access = access_of(settings)
    return DynamoStore(access.client()), str(access)


def place_of_store(store: Store) -> str:
    """Say in words where an application's own store is."""
    if isinstance(store, DynamoStore):
        meta = store.client.meta
        return f"the application's DynamoDB store in {meta.region_name} at {meta.endpoint_url}"
    return f"the application's {type(store).__name__}"
