"""Selections over what stores really give for a projection: nested parts, lists, and what is absent."""

from __future__ import annotations

from typing import Any

import pytest

from persistence import Repository
from persistence.attributes import Item
from persistence.expressions import KeyCondition, Path
from persistence.mapping import mapping_of
from persistence.operations import GetItem, QueryPage, ScanPage
from persistence.query.selection import Selection, select_names, select_one
from tests.semantics.model import Author, Line, Note, NoteMapping, Purchase, PurchaseMapping
from tests.semantics.world import World

NOTES = mapping_of(NoteMapping)
FULL = Note(
    "full",
    "Big",
    author=Author("Ann", "Graz"),
    lines=[Line("a"), Line("b", 2), Line("c", 3)],
    extra={"deep": {"list": [1, {"x": 2}]}, "flat": "text"},
)
BARE = Note("bare")

NAMES = (
    "id",
    "author.city",
    "author.name",
    "lines[1].sku",
    "lines[2]",
    "lines[7]",
    "extra.deep.list[1].x",
    "extra.flat",
    "extra.none.at.all",
    "tags",
    "score",
)


@pytest.fixture
def two_notes(world: World, notes: Repository[Note]) -> None:
    others = world.elsewhere(NoteMapping)
    others.add(FULL)
    others.add(BARE)
    world.forget()


def key(name: str) -> Item:
    return {"id": {"S": name}}


def queried(world: World, selection: Selection[Any], name: str) -> Any:
    """Read one note by a query with the projection of a selection."""
    condition = KeyCondition(("id", {"S": name}))
    page = QueryPage(NOTES.table, condition, projection=selection.projection, consistent=True)
    (item,) = world.store.below.perform(page).items
    return selection.read(item)


@pytest.mark.usefixtures("two_notes")
class TestProjections:
    def test_give_parts_as_the_whole_entity_has_them(self, world: World) -> None:
        """Parts of nested entities, elements of lists in their places, entries of plain data."""
        row = queried(world, select_names(NOTES, NAMES), "full")

        assert row.as_dict() == {
            "id": "full",
            "author.city": "Graz",
            "author.name": "Ann",
            "lines[1].sku": "b",
            "lines[2]": Line("c", 3),
            "lines[7]": None,
            "extra.deep.list[1].x": 2,
            "extra.flat": "text",
            "extra.none.at.all": None,
            "tags": set(),
            "score": 0,
        }

    @pytest.mark.parametrize("name", NAMES)
    def test_give_each_part_alone_as_beside_others(self, world: World, name: str) -> None:
        """What a value is does not depend on what else is read."""
        alone = select_one(NOTES, name)

        for each in ("full", "bare"):
            together = queried(world, select_names(NOTES, NAMES), each)
            assert queried(world, alone, each) == together[name]

    def test_give_what_a_bare_entity_would_have(self, world: World) -> None:
        """Defaults, and None for parts of what is not there."""
        row = queried(world, select_names(NOTES, NAMES), "bare")

        assert row.as_dict() == dict.fromkeys(NAMES) | {"id": "bare", "tags": set(), "score": 0}

    def test_are_the_same_for_gets_and_scans(self, world: World) -> None:
        """Every read that projects gives the same parts."""
        selection = select_names(NOTES, NAMES)
        get = GetItem(NOTES.table, key("full"), consistent=True, projection=selection.projection)
        scan = ScanPage(NOTES.table, projection=selection.projection, consistent=True)

        got = world.store.below.perform(get).item
        scanned = world.store.below.perform(scan).items

        assert got is not None
        rows = [selection.read(item) for item in scanned]
        assert selection.read(got) == queried(world, selection, "full")
        assert {row.id for row in rows} == {"full", "bare"}
        assert selection.read(got) in rows

    def test_of_elements_lose_their_places(self, world: World) -> None:
        """Why lists are read as a whole: of a projected element nobody can tell which one it was."""
        path = Path.of("lines", 1, "sku")
        get = GetItem(NOTES.table, key("full"), consistent=True, projection=(path,))

        item = world.store.below.perform(get).item

        assert item == {"lines": {"L": [{"M": {"sku": {"S": "b"}}}]}}


class TestKeys:
    def test_are_read_along(self, world: World) -> None:
        """Fields of a key template come from the key where an item has no attribute for them."""
        world.repository(PurchaseMapping)
        mapping = mapping_of(PurchaseMapping)
        stored = mapping.codec.encode(Purchase("b1", 3, None))
        world.put(PurchaseMapping, {name: stored[name] for name in stored if name != "buyer_id"})
        selection = select_names(mapping, ("buyer_id", "number", "day"))
        page = QueryPage(
            mapping.table,
            KeyCondition(("PK", {"S": "BUYER#b1"})),
            projection=selection.projection,
            consistent=True,
        )

        (item,) = world.store.below.perform(page).items

        assert selection.read(item).as_dict() == {"buyer_id": "b1", "number": 3, "day": None}
