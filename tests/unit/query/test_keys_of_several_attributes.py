"""Global indexes whose keys have several attributes: equalities from the left, and then one range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from persistence import (
    GlobalIndex,
    Key,
    MappingSchema,
    MemoryStore,
    Query,
    QueryError,
    Repository,
    UnitOfWork,
)
from persistence.expressions import Compare, KeyCondition, Path, Value
from persistence.query import between

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
MONDAY_TEXT = {"S": "2026-01-05T00:00:00.000000Z"}


@dataclass
class Visit:
    id: str
    tenant: str
    region: str
    day: datetime
    number: int
    note: str = ""


class VisitMapping(MappingSchema[Visit]):
    class Meta:
        table = "visits"
        key = Key("id")
        indexes = (GlobalIndex("by-region", Key(("tenant", "region"), ("day", "number"))),)


@pytest.fixture
def visits() -> Repository[Visit]:
    """Two visits on each of three days in each of two regions of two tenants."""
    repository = Repository(VisitMapping, UnitOfWork(MemoryStore(), cursor_keys="k" * 32))
    for tenant in ("acme", "other"):
        for region in ("east", "west"):
            for day in range(3):
                for number in (1, 2):
                    key = f"{tenant}-{region}-{day}-{number}"
                    repository.add(Visit(key, tenant, region, MONDAY + timedelta(days=day), number))
    return repository


def of_acme(visits: Repository[Visit]) -> Query[Visit]:
    return visits.query(lambda v: (v.tenant == "acme") & (v.region == "east"))


def keys(query: Query[Visit]) -> list[str]:
    return [visit.id.removeprefix("acme-east-") for visit in query]


class TestKeys:
    @pytest.mark.parametrize(
        ("demand", "condition"),
        [
            (None, KeyCondition(("tenant", {"S": "acme"}), None, (("region", {"S": "east"}),))),
            (
                lambda v: v.day >= MONDAY,
                KeyCondition(
                    ("tenant", {"S": "acme"}),
                    Compare(">=", Path.of("day"), Value(MONDAY_TEXT)),
                    (("region", {"S": "east"}),),
                ),
            ),
            (
                lambda v: (v.day == MONDAY) & (v.number > 1),
                KeyCondition(
                    ("tenant", {"S": "acme"}),
                    Compare(">", Path.of("number"), Value({"N": "1"})),
                    (("region", {"S": "east"}), ("day", MONDAY_TEXT)),
                ),
            ),
        ],
    )
    def test_are_asked_from_the_left(
        self, visits: Repository[Visit], demand: Callable[[Any], Any] | None, condition: KeyCondition
    ) -> None:
        """All of the partition by equality, the order by equalities and then one range."""
        query = of_acme(visits) if demand is None else of_acme(visits).matching(demand)

        path = query.explain()

        assert (path.kind, path.index, path.key_condition, path.filter) == (
            "query",
            "by-region",
            condition,
            None,
        )

    @pytest.mark.parametrize(
        ("demand", "found"),
        [
            (lambda v: v.day > MONDAY, ["1-1", "1-2", "2-1", "2-2"]),
            (lambda v: v.day == MONDAY, ["0-1", "0-2"]),
            (lambda v: (v.day == MONDAY) & (v.number == 2), ["0-2"]),
            (lambda v: (v.day == MONDAY) & between(v.number, 2, 9), ["0-2"]),
        ],
    )
    def test_give_what_matches(
        self, visits: Repository[Visit], demand: Callable[[Any], Any], found: list[str]
    ) -> None:
        """In the order of the index."""
        assert keys(of_acme(visits).matching(demand)) == found

    def test_need_all_of_the_partition(self, visits: Repository[Visit]) -> None:
        """One of its attributes is not enough."""
        with pytest.raises(QueryError, match="needs an equality on region"):
            visits.query(lambda v: v.tenant == "acme").index("by-region").all()

    def test_are_not_asked_past_a_gap(self, visits: Repository[Visit]) -> None:
        """What is behind a free attribute is no key condition, and filters can't ask of keys."""
        with pytest.raises(QueryError, match="can't be asked of the key"):
            of_acme(visits).matching(lambda v: v.number == 2).index("by-region").all()

    def test_sort_by_the_first_free_attribute(self, visits: Repository[Visit]) -> None:
        """By the second one where the first is fixed."""
        descending = of_acme(visits).order_by("day", descending=True)
        of_monday = of_acme(visits).matching(lambda v: v.day == MONDAY)

        assert keys(descending)[:2] == ["2-2", "2-1"]
        assert keys(of_monday.order_by("number", descending=True)) == ["0-2", "0-1"]
        with pytest.raises(QueryError, match="not sorted by number"):
            of_acme(visits).order_by("number").all()

    @pytest.mark.parametrize("size", [1, 2, 4, 6])
    def test_have_pages(self, visits: Repository[Visit], size: int) -> None:
        """A cursor holds all attributes of the key."""
        query = of_acme(visits).order_by("day", descending=True)

        pages: list[list[Visit]] = []
        cursor = None
        while not pages or cursor:
            page = query.page(size, after=cursor)
            pages.append(page.items)
            cursor = page.cursor

        assert [visit for page in pages for visit in page] == query.all()
