"""Random shelves of things, read by every key and index: pages together are the whole, whatever they hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence import MemoryStore, Query, SchemaService
from persistence.operations import QueryPage, ScanPage
from persistence.stores.layers import layered
from tests.models.shelves import (
    ACCESSES,
    NARROWINGS,
    SHELVES,
    Access,
    Narrowing,
    Range,
    Thing,
    items_of,
    ranges,
    shelves,
)
from tests.models.worlds import SmallPages, World, settings


def put(worlds: Sequence[World], shelf: Sequence[Thing]) -> None:
    for mapping in SHELVES:
        items = items_of(mapping, shelf)
        for world in worlds:
            world.put(mapping, items)


def pages_of(query: Query[Any], size: int) -> list[list[Any]]:
    """Read all pages, each by the cursor of the one before."""
    page = query.page(size)
    pages = [page.items]
    while page.has_more:
        page = query.page(size, after=page.cursor)
        pages.append(page.items)
    return pages


def asked(
    world: World, access: Access, narrowing: Narrowing, among: Range | None, shelf: Sequence[Thing]
) -> tuple[Query[Thing], list[Thing]]:
    """Give a query, and what it should find."""
    query = access.query(world.repository(access.mapping), shelf)
    expected = [thing for thing in access.expected(shelf) if narrowing.rule(thing)]
    if narrowing.condition is not None:
        query = query.matching(narrowing.condition)
    operands = None if among is None else among.of(access, shelf)
    if among is not None and operands is not None and access.sort is not None:
        query = query.where(access.sort, among.operator, *operands)
        expected = [thing for thing in expected if among.holds(access, thing, operands)]
    return query, expected


def picking(names: Sequence[str]) -> Callable[[Thing], tuple[Any, ...]]:
    """Give a lambda that picks fields."""
    return lambda o: tuple(getattr(o, name) for name in names)


def check_whole(access: Access, whole: Sequence[Thing], expected: Sequence[Thing]) -> None:
    """Things of the same sort key come in any order; all else is certain."""
    assert sorted(whole, key=lambda thing: thing.number) == sorted(expected, key=lambda thing: thing.number)
    assert list(map(access.rank, whole)) == list(map(access.rank, expected))


def check_pages(query: Query[Any], whole: Sequence[Any], sizes: Sequence[int]) -> None:
    """Pages are full but for the last, and together the whole."""
    for size in sizes:
        pages = pages_of(query, size)
        assert (size, [each for page in pages for each in page]) == (size, whole)
        assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)


def check(query: Query[Thing], access: Access, expected: list[Thing], sizes: Sequence[int]) -> None:
    whole = query.all()
    check_whole(access, whole, expected)
    check_pages(query, whole, sizes)
    assert query.count() == len(whole)
    assert query.limit(2).all() == whole[:2]
    assert query.first() == (whole[0] if whole else None)


@pytest.mark.slow
class TestPages:
    @settings(30)
    @given(shelf=shelves(), narrowing=st.sampled_from(NARROWINGS), among=ranges())
    def test_in_memory(
        self,
        memory_worlds: tuple[World, World],
        shelf: list[Thing],
        narrowing: Narrowing,
        among: Range | None,
    ) -> None:
        """By every key and index, in both directions, for every size of a page."""
        world = memory_worlds[0]
        put((world,), shelf)

        for access in ACCESSES:
            query, expected = asked(world, access, narrowing, among, shelf)
            sizes = range(1, len(expected) + 2)
            check(query, access, expected, sizes)
            if access.sort is not None:
                backwards = query.order_by(access.sort, descending=True)
                check(backwards, access, expected[::-1], sizes)

    @settings(25)
    @given(
        shelf=shelves(),
        accesses=st.lists(st.sampled_from(ACCESSES), min_size=3, max_size=3, unique=True),
        narrowing=st.sampled_from(NARROWINGS),
        among=ranges(),
        descending=st.booleans(),
    )
    def test_on_dynamodb_local(
        self,
        local_worlds: tuple[World, World],
        shelf: list[Thing],
        accesses: list[Access],
        narrowing: Narrowing,
        among: Range | None,
        descending: bool,
    ) -> None:
        """Amazon's own server agrees, for a few at a time; asynchronously too."""
        put(local_worlds[:1], shelf)

        for number, access in enumerate(accesses):
            query, expected = asked(local_worlds[number % 2], access, narrowing, among, shelf)
            if access.sort is not None:
                query = query.order_by(access.sort, descending=descending)
            in_order = expected[::-1] if descending and access.sort is not None else expected
            check(query, access, in_order, sorted({1, 2, 3, max(1, len(expected)), len(expected) + 1}))

    @settings(30)
    @given(shelf=shelves(), narrowing=st.sampled_from(NARROWINGS))
    def test_asynchronously(
        self, memory_worlds: tuple[World, World], shelf: list[Thing], narrowing: Narrowing
    ) -> None:
        """Both colours give the same pages."""
        put(memory_worlds[:1], shelf)

        for access in ACCESSES[:: 1 + len(shelf) % 3]:
            whole, expected = asked(memory_worlds[0], access, narrowing, None, shelf)
            query, _ = asked(memory_worlds[1], access, narrowing, None, shelf)
            check(query, access, expected, (1, 3))
            assert pages_of(query, 2) == pages_of(whole, 2)

    @settings(50)
    @given(shelf=shelves(), narrowing=st.sampled_from(NARROWINGS))
    def test_of_names(
        self, memory_worlds: tuple[World, World], shelf: list[Thing], narrowing: Narrowing
    ) -> None:
        """Rows and tuples are the values of the entities, also where an index holds them and no more."""
        world = memory_worlds[0]
        put((world,), shelf)

        for access in ACCESSES[len(shelf) % 2 :: 2]:
            query, _ = asked(world, access, narrowing, None, shelf)
            names = sorted({access.partition, access.sort or "number", "color"})
            expected = [tuple(getattr(thing, name) for name in names) for thing in query]
            rows = query.select(*names)
            tuples = query.select(picking(names))
            assert [tuple(row[name] for name in names) for row in rows] == expected
            check_pages(tuples, expected, (1, 2, len(expected) + 1))

    @settings(30)
    @given(shelf=shelves(), narrowing=st.sampled_from(NARROWINGS), segments=st.integers(1, 3))
    def test_of_scans(self, shelf: list[Thing], narrowing: Narrowing, segments: int) -> None:
        """A scan, of the table or of an index, and its segments too."""
        store = MemoryStore()
        world = World("memory", layered(store, SmallPages(QueryPage, ScanPage)))
        for mapping in SHELVES:
            SchemaService(store, [mapping]).ensure_table(mapping)
        put((world,), shelf)

        for access in ACCESSES:
            scan = world.repository(access.mapping).scan(narrowing.condition)
            scan = scan if access.index is None else scan.index(access.index)
            scan = scan.hydrate() if access.hydrate else scan
            parts = [scan.segment(number, of=segments) for number in range(segments)]
            whole = scan.all()
            expected = [thing for thing in access.expected(shelf) if narrowing.rule(thing)]
            assert sorted(whole, key=lambda thing: thing.number) == sorted(
                expected, key=lambda thing: thing.number
            )
            check_pages(scan, whole, (1, 2, len(whole) + 1))
            assert sorted((thing for part in parts for thing in part), key=lambda thing: thing.number) == (
                sorted(expected, key=lambda thing: thing.number)
            )
            for part in parts:
                check_pages(part, part.all(), (1, 2))
