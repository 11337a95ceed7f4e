"""Entities of a whole page at once: the results, and the errors in their places, are those of one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pytest

from persistence import Key, MappingSchema, MemoryStore, Repository, UnitOfWork
from persistence.errors import DecodeError
from persistence.mapping import mapping_of
from persistence.operations import Operation, Page, PutItem
from persistence.query.running import ITEMS_IN_TURN
from persistence.store import Limits
from persistence.wire_items import WireItems
from tests.unit.mapping.wired import wire

R = TypeVar("R")

pytest.importorskip("msgspec")


@dataclass
class Reading:
    room: str
    number: int
    celsius: int = 20


class ReadingMapping(MappingSchema[Reading]):
    class Meta:
        table = "readings"
        key = Key("room", "number")


class Wiring:
    """A layer that gives the items of pages as the text of answers, and keeps the pages."""

    def __init__(self) -> None:
        self.below = MemoryStore()
        self.pages: list[WireItems] = []

    @property
    def limits(self) -> Limits:
        return self.below.limits

    def perform(self, operation: Operation[R]) -> R:
        answer: Any = self.below.perform(operation)
        if isinstance(answer, Page) and answer.items:
            self.pages.append(wire(answer.items))
            answer = replace(answer, items=self.pages[-1])
        given: R = answer
        return given

    def looked_at(self) -> bool:
        """Tell whether any item was made a dict beside others."""
        return any(page.text is None for page in self.pages)


COUNT = sum(ITEMS_IN_TURN) + 7


@pytest.fixture(params=["text", "dicts"])
def store(request: pytest.FixtureRequest) -> Wiring | MemoryStore:
    return Wiring() if request.param == "text" else MemoryStore()


@pytest.fixture
def uow(store: Wiring | MemoryStore) -> UnitOfWork:
    return UnitOfWork(store, scan_policy="allow")


@pytest.fixture
def readings(uow: UnitOfWork) -> Repository[Reading]:
    made = Repository(ReadingMapping, uow)
    with made.bulk() as bulk:
        for number in range(COUNT):
            bulk.add(Reading("r", number))
    return made


def spoil(store: Wiring | MemoryStore, number: int) -> None:
    """Store an item that can't be read."""
    key = {"room": {"S": "r"}, "number": {"N": str(number)}}
    store.perform(PutItem(mapping_of(ReadingMapping).table, {**key, "celsius": {"S": "warm"}}))


def of_room(readings: Repository[Reading]) -> Any:
    return readings.query(lambda r: r.room == "r")


def numbers(results: Iterable[Reading]) -> Iterator[int]:
    return (result.number for result in results)


class TestResults:
    def test_are_all_in_their_order(self, readings: Repository[Reading]) -> None:
        assert [*numbers(iter(of_room(readings)))] == [*range(COUNT)]
        assert of_room(readings).all()[3] == Reading("r", 3)

    def test_end_with_a_limit(self, readings: Repository[Reading]) -> None:
        warm = of_room(readings)

        assert [*numbers(iter(warm.limit(5)))] == [*range(5)]
        assert warm.first() == Reading("r", 0)

    @pytest.mark.parametrize("limit", [1, COUNT - 1, COUNT, COUNT + 1])
    def test_are_the_same_at_once_and_one_by_one(self, readings: Repository[Reading], limit: int) -> None:
        asked = of_room(readings).where("celsius", "!=", 7).limit(limit)

        assert asked.all() == list(asked)
        assert len(asked.all()) == min(limit, COUNT)

    @pytest.mark.parametrize("size", [1, COUNT - 1, COUNT])
    def test_of_a_filtered_page_lead_to_the_next(self, readings: Repository[Reading], size: int) -> None:
        asked = of_room(readings).where("celsius", "!=", 7)
        first = asked.page(size=size)
        rest = [] if first.cursor is None else asked.page(size=COUNT, after=first.cursor).items

        assert [each.number for each in (*first.items, *rest)] == [*range(COUNT)]

    def test_of_a_page_lead_to_the_next(self, readings: Repository[Reading]) -> None:
        first = of_room(readings).page(size=40)
        second = of_room(readings).page(size=40, after=first.cursor)

        assert [each.number for each in (*first.items, *second.items)] == [*range(80)]

    def test_of_segments_come_from_all_of_them(self, readings: Repository[Reading]) -> None:
        found = readings.scan().parallel(segments=3, workers=2)

        assert sorted(numbers(iter(found))) == [*range(COUNT)]

    def test_in_a_unit_are_not_tracked_where_that_is_said(
        self, readings: Repository[Reading], uow: UnitOfWork
    ) -> None:
        with uow:
            found = of_room(readings).untracked().all()
            found[0].celsius = 30
            assert not uow.pending

        assert len(found) == COUNT

    def test_in_a_unit_are_tracked_else(self, readings: Repository[Reading], uow: UnitOfWork) -> None:
        with uow:
            of_room(readings).all()[0].celsius = 30

        assert of_room(readings).first() == Reading("r", 0, 30)


class TestText:
    """Only where pages are text."""

    @pytest.fixture
    def store(self) -> Wiring:
        return Wiring()

    def test_is_all_that_results_need(self, readings: Repository[Reading], store: Wiring) -> None:
        assert len(of_room(readings).all()) == COUNT
        assert len([*readings.scan().parallel(segments=2, workers=2)]) == COUNT
        assert len(of_room(readings).page(size=40).items) == 40
        assert not store.looked_at()


class TestErrors:
    @pytest.mark.parametrize("place", [0, 5, ITEMS_IN_TURN[0], COUNT - 1])
    def test_come_after_the_results_before_them(
        self, readings: Repository[Reading], store: Wiring | MemoryStore, place: int
    ) -> None:
        spoil(store, place)
        seen: list[int] = []

        with pytest.raises(DecodeError) as raised:
            seen.extend(numbers(iter(of_room(readings))))

        assert (seen, raised.value.key) == ([*range(place)], ("r", place))

    @pytest.mark.parametrize("place", [0, COUNT - 1])
    def test_come_where_all_results_are_wanted(
        self, readings: Repository[Reading], store: Wiring | MemoryStore, place: int
    ) -> None:
        spoil(store, place)

        with pytest.raises(DecodeError) as raised:
            of_room(readings).all()

        assert raised.value.key == ("r", place)
        assert len(of_room(readings).limit(COUNT).select("number").all()) == COUNT

    def test_do_not_come_behind_a_limit(
        self, readings: Repository[Reading], store: Wiring | MemoryStore
    ) -> None:
        spoil(store, 5)

        query = of_room(readings).where("celsius", "!=", 7)

        assert [*numbers(iter(query.limit(5)))] == [*range(5)]
        assert [*numbers(query.limit(5).all())] == [*range(5)]
