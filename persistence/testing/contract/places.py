"""Where a query or scan can read: a table, and an index of each kind with each projection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from persistence.attributes import AttributeValue, Item
from persistence.expressions import BeginsWith, Between, Compare, KeyCondition
from persistence.operations import Page, QueryPage, ScanPage
from persistence.store import Store
from persistence.table import GlobalIndex, Index, Key, LocalIndex, Projection, Table
from persistence.testing.contract.words import text

SortCondition = Compare | Between | BeginsWith

PROJECTIONS: Mapping[str, Projection] = {
    "all": Projection.all(),
    "keys": Projection.keys_only(),
    "some": Projection.include("x"),
}

INDEXES: tuple[Index, ...] = (
    *(GlobalIndex(f"global-{name}", Key("group", "rank"), kind) for name, kind in PROJECTIONS.items()),
    *(LocalIndex(f"local-{name}", "rank", kind) for name, kind in PROJECTIONS.items()),
)
"""For a table with the partition key `pk` and the sort key `sk`."""


@dataclass(frozen=True, slots=True)
class Place:
    """A table or an index.

    Attributes:
        index: the name of the index; None for the table.
        partition, sort: the attributes of its key.
    """

    index: str | None
    partition: str
    sort: str

    @property
    def everywhere(self) -> bool:
        """True for a global index."""
        return self.partition != "pk"

    @property
    def names(self) -> frozenset[str]:
        """The attributes that tell where an item lies in it."""
        return frozenset({"pk", "sk", self.partition, self.sort})

    def position(self, item: Item) -> Item:
        """Give the key attributes of an item, as a last key has them."""
        return {name: item[name] for name in self.names}

    def held(self, item: Item) -> Item:
        """Give what it holds of an item."""
        if self.index is None or self.index.endswith("-all"):
            return item
        further = {"x"} if self.index.endswith("-some") else set()
        return {name: value for name, value in item.items() if name in self.names | further}

    def query(self, table: Table, partition: str, sort: SortCondition | None = None) -> QueryPage:
        """Make a query of one partition, consistent where that is possible."""
        condition = KeyCondition((self.partition, text(partition)), sort)
        return QueryPage(table, condition, index=self.index, consistent=not self.everywhere)

    def scan(self, table: Table) -> ScanPage:
        """Make a scan, consistent where that is possible."""
        return ScanPage(table, index=self.index, consistent=not self.everywhere)


PLACES: Mapping[str, Place] = {
    "table": Place(None, "pk", "sk"),
    **{f"global-{name}": Place(f"global-{name}", "group", "rank") for name in PROJECTIONS},
    **{f"local-{name}": Place(f"local-{name}", "pk", "rank") for name in PROJECTIONS},
}


def ranked(
    partition: str, group: str, sort: AttributeValue, rank: AttributeValue, **further: AttributeValue
) -> Item:
    """Make an item that is in the table and in all indexes."""
    return {"pk": text(partition), "sk": sort, "group": text(group), "rank": rank, **further}


def all_pages(store: Store, read: QueryPage | ScanPage) -> list[Page]:
    """Read a query or scan to its end."""
    pages = [store.perform(read)]
    while pages[-1].last_key is not None:
        pages.append(store.perform(replace(read, start=pages[-1].last_key)))
    return pages
