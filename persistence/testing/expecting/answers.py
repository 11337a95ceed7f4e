"""What expectations answer: items in pages, and errors."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, cast

from persistence.attributes import Item, same
from persistence.errors import QueryError
from persistence.evaluate import holds, project
from persistence.expressions import Condition, Path
from persistence.mapping import EntityMapping
from persistence.operations import Page, QueryPage, ScanPage
from persistence.testing.expecting.failures import ExpectationFailed
from persistence.testing.expecting.recognising import demands_in
from persistence.testing.expecting.showing import shown_condition, shown_item


def stored_item(result: object, mapping: EntityMapping[Any]) -> Item:
    """Give the item of an entity; what is an item already is copied.

    Raises:
        QueryError: it is a list of entities.
        MappingError: it is no entity of the mapping.
        ValidationFailed: it can't be stored.
    """
    if isinstance(result, dict):
        return deepcopy(cast("Item", result))
    if isinstance(result, list | tuple):
        raise QueryError(
            f"will_return takes entities one by one, not in a {type(result).__name__}: will_return(*found); "
            "where one is read, only that one"
        )
    return mapping.codec.snapshot(result)


@dataclass(frozen=True, slots=True)
class Pages:
    """Items as a query or scan gives them.

    Attributes:
        items: all of them, in order.
        ends: how many items there are up to the end of each page.
    """

    items: tuple[Item, ...]
    ends: tuple[int, ...]

    @classmethod
    def of(cls, pages: Iterable[Sequence[Item]]) -> Pages:
        """Make them of the items of each page."""
        items: list[Item] = []
        ends: list[int] = []
        for page in pages:
            items += page
            ends.append(len(items))
        return cls(tuple(items), tuple(ends))

    def place_behind(self, start: Item | None, names: Sequence[str]) -> int | None:
        """Find where a read goes on: how many items come before; None where no item has the key.

        Args:
            start: the key behind which it goes on, or None for the beginning.
            names: the attributes of the table's key.
        """
        if start is None:
            return 0
        for place, item in enumerate(self.items):
            if all(same(item.get(name), start.get(name)) for name in names):
                return place + 1
        return None

    def page(self, read: QueryPage | ScanPage, place: int) -> Page:
        """Give the page that begins at a place."""
        end = next((end for end in self.ends if end > place), len(self.items))
        if read.limit is not None:
            end = min(end, place + read.limit)
        items = self.items[place:end]
        last = _start_key(items[-1], read) if items and end < len(self.items) else None
        given = () if read.count_only else tuple(_as_read(item, read.projection) for item in items)
        return Page(given, last, len(items), len(items))


def _start_key(item: Item, read: QueryPage | ScanPage) -> Item:
    names = dict.fromkeys((*read.table.key_names(), *read.table.key_names(read.index)))
    missing = [name for name in names if name not in item]
    if missing:
        raise ExpectationFailed(
            f"more items follow in another page, so the last item of this one needs the key attributes of "
            f"{read.index or read.table.name}; the item that was given lacks {', '.join(missing)}"
        )
    return {name: deepcopy(item[name]) for name in names}


def _as_read(item: Item, projection: Iterable[Path] | None) -> Item:
    return deepcopy(item if projection is None else project(item, projection))


def read_as_projected(item: Item | None, projection: Iterable[Path] | None) -> Item | None:
    """Give what a get of an item gives."""
    return None if item is None else _as_read(item, projection)


def refuse_impossible(
    items: Iterable[Item], read: QueryPage | ScanPage, mapping: EntityMapping[Any], made_at: str
) -> None:
    """Refuse to answer a read with items that it would not find.

    Raises:
        ExpectationFailed: one does not fulfil the conditions of the read.
    """
    for item in items:
        failed = [each for each in demands_in(read) if not holds(each, item)]
        if failed:
            raise ExpectationFailed("\n".join(_impossible(item, failed, mapping, made_at)))


def _impossible(
    item: Item, failed: Sequence[Condition], mapping: EntityMapping[Any], made_at: str
) -> list[str]:
    return [
        f"the expectation made at {made_at} returns a result that its query would not find:",
        "",
        *(f"    {line}" for line in shown_item(item, mapping)),
        "",
        "does not fulfil:",
        "",
        *(f"    {shown_condition(each, mapping)}" for each in failed),
        "",
        "Return what the query would find, or make the store with check_answers=False.",
    ]
