"""What contenders that talk to the service do, and what is demanded of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from benchmarks.harness import Contender, Limit, Target
from benchmarks.peers import registry
from benchmarks.peers.way import Way, awaiting, ways_of
from benchmarks.service.models import SHAPES
from benchmarks.service.server import service
from benchmarks.suites.calls import WrongAnswer, check, comparison
from benchmarks.suites.overhead import CALL, COMMIT, measure_overhead
from benchmarks.targets import AT_MOST, limits_of, targets_of


@pytest.fixture(scope="module")
def ways() -> Iterator[tuple[Way, ...]]:
    with service() as stub, registry.ways(stub.url) as found:
        yield found


class TestWays:
    def test_begin_with_the_baseline_and_have_ours(self, ways: tuple[Way, ...]) -> None:
        names = [way.name for way in ways]

        assert names[0] == registry.BASELINE
        assert registry.DEFAULT in names
        assert ("PynamoDB" in names) is (find_spec("pynamodb") is not None)
        assert len(set(names)) == len(names)

    def test_find_what_is_there(self, ways: tuple[Way, ...]) -> None:
        """Each job of each way, once: the stub understands all of them."""
        for way in ways:
            for job, call in way.calls.items():
                check(way.name, job, call)

    def test_of_ours_do_all_that_the_raw_client_does(self, ways: tuple[Way, ...]) -> None:
        by_name = {way.name: set(way.jobs) for way in ways}

        assert by_name[registry.DEFAULT] == by_name[registry.BASELINE]

    def test_make_equal_entities(self, ways: tuple[Way, ...]) -> None:
        entities = [
            way.calls["query 100 complex"]()
            for way in ways
            if way.name.startswith("persistence") or way.name == "boto3 + marshmallow"
        ]

        assert len(entities) >= 2
        assert all(each == SHAPES["complex"].entities(100) for each in entities)


class TestAwaiting:
    def test_does_so_many_at_the_same_time(self) -> None:
        under_way, most = 0, 0

        async def job() -> None:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1

        loop = asyncio.new_event_loop()
        try:
            awaiting("many", loop, job, 4).seconds(10)
            many, most = most, 0
            awaiting("one", loop, job).seconds(10)
        finally:
            loop.close()

        assert (many, most) == (4, 1)


class TestCheck:
    def test_refuses_contenders_that_find_something_else(self) -> None:
        with pytest.raises(WrongAnswer, match="quick does not find what there is: query 100 simple"):
            check("quick", "query 100 simple", lambda: [1, 2, 3])
        with pytest.raises(WrongAnswer, match="get simple"):
            check("quick", "get simple", lambda: {"id": "another"})

    def test_is_made_of_a_comparison(self) -> None:
        def jobs(_: Any) -> Iterator[tuple[str, Any]]:
            yield "query 100", list

        with pytest.raises(WrongAnswer):
            comparison("query 100 simple", [ways_of(registry.BASELINE, jobs)])

    def test_demands_a_baseline(self) -> None:
        way = Way("other", {"put simple": Contender("other", float)}, {"put simple": lambda: None})

        with pytest.raises(ValueError, match="no baseline"):
            comparison("put simple", [way])


class TestTargets:
    def test_are_about_jobs_that_there_are(self, ways: tuple[Way, ...]) -> None:
        jobs = set(ways[0].jobs)

        assert all(set(bounds) <= jobs for bounds in AT_MOST.values())

    def test_are_those_of_ways_that_take_part(self) -> None:
        present = [registry.BASELINE, registry.DEFAULT, registry.FAST, "pydynox"]

        assert list(targets_of("get simple", [registry.BASELINE])) == []
        assert list(targets_of("get simple", present)) == [
            Target(registry.DEFAULT, registry.BASELINE, "at most", 0.75),
            Target(registry.FAST, registry.BASELINE, "at most", 0.30),
            Target("pydynox", registry.FAST, "at least", 1),
        ]

    def test_of_the_asynchronous_store_are_those_of_its_peer_and_a_rate(self) -> None:
        present = [registry.BASELINE, registry.ASYNC, registry.ASYNC_MANY, registry.AIODYNAMO]

        assert list(targets_of("query 100 simple", present)) == [
            Target(registry.ASYNC, registry.AIODYNAMO, "at most", 0.5)
        ]
        assert list(limits_of("get simple", present)) == [Limit(registry.ASYNC_MANY, 1 / 6000)]


class TestOverhead:
    def test_is_that_of_a_commit_over_its_call(self) -> None:
        comparisons = measure_overhead()

        call, commit = next(comparisons).contenders
        assert (call.name, commit.name) == (CALL, COMMIT)
        assert call.seconds(1) > 0
        assert commit.seconds(1) > 0
        comparisons.close()
