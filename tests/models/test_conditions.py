"""Random conditions over random items: every store, and a plain object, give the same answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence import MappingSchema, Query, QueryError, Repository
from persistence.mapping import mapping_of
from persistence.query import Specification
from tests.models.asking import Asked, Written, by_name, conditions, said
from tests.models.specimens import SharedSpecimenMapping, Specimen, SpecimenMapping, contents
from tests.models.worlds import World, new_partition, settings

MAPPINGS: tuple[type[MappingSchema[Specimen]], ...] = (SpecimenMapping, SharedSpecimenMapping)

Contents = list[dict[str, Any]]
Narrow = Callable[[Query[Specimen]], Query[Specimen]]
Answer = list[int] | str
"""The numbers of those that match; or that it is refused."""

REFUSED = "refused"


def stored(
    worlds: Sequence[World], mapping: type[MappingSchema[Specimen]], bodies: Contents
) -> list[Specimen]:
    """Store specimens under a partition key of their own."""
    partition = new_partition()
    specimens = [Specimen(partition, number, **content) for number, content in enumerate(bodies)]
    items = [mapping_of(mapping).codec.encode(specimen) for specimen in specimens]
    for world in worlds:
        world.put(mapping, items)
    return specimens


def ways(asked: Asked, *, attributes: bool) -> dict[str, Narrow]:
    """Give all ways to ask for the same; in names of attributes only where the mapping has them."""
    specification = Specification[Specimen](lambda o: said(asked, o))
    written, named = Written(asked), by_name(asked)
    found: dict[str, Narrow] = {
        "lambda": matching(asked),
        "specification": lambda query: query.matching(specification),
        "negated twice": lambda query: query.matching(~~specification),
    }
    if attributes:
        found["raw"] = lambda query: query.filter(written.text, **written.values)
    if named is not None:
        found["by name"] = lambda query: _by_name(query, named)
    return found


def _by_name(query: Query[Specimen], named: list[tuple[Any, ...]]) -> Query[Specimen]:
    for arguments in named:
        query = query.where(*arguments)
    return query


def in_partition(repository: Repository[Specimen], partition: str) -> Query[Specimen]:
    return repository.query(lambda o: o.id == partition)


def matching(asked: Asked) -> Narrow:
    """Ask by a lambda."""
    return lambda query: query.matching(lambda o: said(asked, o))


def answer(query: Query[Specimen], narrow: Narrow) -> Answer:
    try:
        return sorted(each.number for each in narrow(query))
    except QueryError:
        return REFUSED


def plain_answer(asked: Asked, specimens: list[Specimen], mapping: type[MappingSchema[Specimen]]) -> Answer:
    """Ask plain objects."""
    specification = Specification[Specimen](lambda o: said(asked, o))
    try:
        return [each.number for each in specimens if specification.is_satisfied_by(each, mapping)]
    except QueryError:
        return REFUSED


@pytest.mark.slow
class TestConditions:
    @settings(80)
    @given(
        mapping=st.sampled_from(MAPPINGS),
        bodies=st.lists(contents(), min_size=1, max_size=6),
        asked=st.lists(conditions(), min_size=6, max_size=6),
    )
    def test_mean_the_same_everywhere(
        self,
        memory_worlds: tuple[World, World],
        local_worlds: tuple[World, World],
        mapping: type[MappingSchema[Specimen]],
        bodies: Contents,
        asked: list[Asked],
    ) -> None:
        """In memory, on Amazon's server and of plain objects; what one of them refuses, all refuse."""
        worlds = (*memory_worlds, *local_worlds)
        specimens = stored((memory_worlds[0], local_worlds[0]), mapping, bodies)

        for number, each in enumerate(asked):
            expected = plain_answer(each, specimens, mapping)
            for world in worlds[number % 2 :: 2]:
                query = in_partition(world.repository(mapping), specimens[0].id)
                found = answer(query, matching(each))
                assert (world.name, each, found) == (world.name, each, expected)

    @settings(250)
    @given(
        mapping=st.sampled_from(MAPPINGS),
        bodies=st.lists(contents(), min_size=1, max_size=6),
        asked=conditions(),
    )
    def test_mean_the_same_however_they_are_said(
        self,
        memory_worlds: tuple[World, World],
        mapping: type[MappingSchema[Specimen]],
        bodies: Contents,
        asked: Asked,
    ) -> None:
        """As a lambda, a specification, by name, and in DynamoDB's language; queried, scanned and counted."""
        world = memory_worlds[0]
        specimens = stored((world,), mapping, bodies)
        repository = world.repository(mapping)
        query = in_partition(repository, specimens[0].id)
        scan = repository.scan(lambda o: o.id == specimens[0].id)

        expected = plain_answer(asked, specimens, mapping)
        attributes = mapping is SpecimenMapping
        for way, narrow in ways(asked, attributes=attributes).items():
            assert (way, answer(query, narrow)) == (way, expected)
            assert (way, answer(scan, narrow)) == (way, expected)
            if expected != REFUSED:
                assert narrow(query).count() == len(expected)

    @settings(30)
    @given(bodies=st.lists(contents(), min_size=3, max_size=3), asked=conditions())
    def test_filter_scans(
        self,
        memory_worlds: tuple[World, World],
        local_worlds: tuple[World, World],
        bodies: Contents,
        asked: Asked,
    ) -> None:
        """A scan takes the key into its filter."""
        worlds = (memory_worlds[0], local_worlds[0])
        specimens = stored(worlds, SpecimenMapping, bodies)

        expected = plain_answer(asked, specimens, SpecimenMapping)
        for world in worlds:
            scan = world.repository(SpecimenMapping).scan(lambda o: o.id == specimens[0].id)
            found = answer(scan, matching(asked))
            assert (world.name, found) == (world.name, expected)
