"""Names of tenants, and what the keys of their items begin with.

A key begins with the name and a `#`. No name has a `#`, so that the first one of a stored key ends the name:
different tenants never have one key, whatever the keys of their entities are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from persistence.attributes import AttributeValue, Item
from persistence.errors import ConfigurationError, ForeignTenant
from persistence.table import TENANT_SEPARATOR, Table, tenant_prefix

NAME_LIMIT = 128
"""Characters of a name at most: of the 2,048 bytes of a partition key that leaves 1,919 to the entity."""

# What a session tag of IAM may hold (user guide, "Rules for tagging"), without blanks and what is not ASCII:
# nothing of it is a wildcard or a variable in a policy.
_NAME = re.compile(rf"[A-Za-z0-9_.:/=+@-]{{1,{NAME_LIMIT}}}\Z")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant: whose items they are.

    Args:
        name: 1 to 128 of the characters `A-Z a-z 0-9 _ . : / = + @ -`; upper and lower case differ.

    Raises:
        ConfigurationError: another name.
    """

    name: str

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ConfigurationError(f"the name of a tenant is a text, not {type(self.name).__name__}")
        if not _NAME.match(self.name):
            raise ConfigurationError(
                f"the name of a tenant has 1 to {NAME_LIMIT} of the characters A-Z a-z 0-9 _ . : / = + @ - ; "
                f"found {self.name[:40]!r} of {len(self.name)} characters"
            )

    @property
    def prefix(self) -> str:
        """What the tenant's keys begin with."""
        return tenant_prefix(self.name)

    def owns(self, value: AttributeValue) -> bool:
        """Tell whether a stored key is one of the tenant's."""
        text = value.get("S")
        return isinstance(text, str) and text.startswith(self.prefix)

    def stored(self, value: AttributeValue) -> AttributeValue:
        """Give a key as it is stored; what can't be a key stays as it is, to be refused."""
        text = value.get("S") if isinstance(value, dict) and len(value) == 1 else None
        return {"S": self.prefix + text} if isinstance(text, str) and text else value

    def stored_item(self, item: Item, names: Iterable[str]) -> Item:
        """Give an item, or a key, as it is stored.

        Args:
            item: as the application knows it.
            names: the attributes that begin with the tenant's name.
        """
        return {**item, **{name: self.stored(item[name]) for name in names if name in item}}

    def shown_item(self, item: Item, table: Table) -> Item:
        """Give an item, or a part of one, as the application knows it.

        The partition key says whose it is. A key of an index that does not begin with the tenant's name was
        stored before that index was declared; it is given as it is.

        Raises:
            ForeignTenant: the partition key does not begin with the tenant's name.
        """
        partition = item.get(table.partition)
        if partition is not None and not self.owns(partition):
            raise ForeignTenant(table.name, table.partition)
        own = (name for name in table.tenant_keys if name in item and self.owns(item[name]))
        return {**item, **{name: {"S": item[name]["S"][len(self.prefix) :]} for name in own}}


def with_tenant_keys(table: Table, item: Item) -> Item:
    """Give a stored item with the tenant's name in the keys of all indexes, for an index that is new.

    Args:
        table: the declaration of its table, with the new index.
        item: its attribute values as they are stored; its partition key says whose it is.

    Returns:
        The item as it is to be stored; one that is so already as it is.

    Raises:
        ForeignTenant: its partition key belongs to no tenant, or the table is not scoped to tenants.
    """
    name, shown = tenant_in(table, item)
    return Tenant(name).stored_item(shown, table.tenant_keys)


def tenant_in(table: Table, item: Item) -> tuple[str, Item]:
    """Tell whose a stored item is, such as one of a stream record or an export.

    Args:
        table: the declaration of its table, which is scoped to tenants.
        item: its attribute values, or those of its key, as they are stored.

    Returns:
        The tenant's name, and the item as that tenant knows it.

    Raises:
        ForeignTenant: its partition key belongs to no tenant, or the table is not scoped to tenants.
    """
    name, separator, _ = str(item.get(table.partition, {}).get("S", "")).partition(TENANT_SEPARATOR)
    if not table.tenant_scoped or not separator or not _NAME.match(name):
        raise ForeignTenant(table.name, table.partition)
    return name, Tenant(name).shown_item(item, table)
