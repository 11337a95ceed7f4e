"""What contenders that talk to the service do, and what is demanded of them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import pytest

from benchmarks.harness import Contender, Limit, Target
from benchmarks.peers import registry
from benchmarks.peers.boto3_client import NO_CONDITIONS
from benchmarks.peers.floor import FLOOR, Floor
from benchmarks.peers.way import Way, awaiting, ways_of
from benchmarks.sameness import NO_CONDITION, DifferentWork
from benchmarks.service.models import SHAPES
from benchmarks.service.sent import taken_from
from benchmarks.service.server import Service, reply, service
from benchmarks.suites.calls import WrongAnswer, check, comparisons
from benchmarks.suites.overhead import CALL, COMMIT, LEAVING, measure_overhead
from benchmarks.targets import AT_MOST, limits_of, targets_of


@pytest.fixture(scope="module")
def stub() -> Iterator[Service]:
    with service() as found:
        yield found


@pytest.fixture(scope="module")
def ways(stub: Service) -> Iterator[tuple[Way, ...]]:
    with registry.ways(stub.url) as found:
        yield found


class TestWays:
    def test_begin_with_the_baseline_and_have_ours(self, ways: tuple[Way, ...]) -> None:
        names = [way.name for way in ways]

        assert names[0] == registry.BASELINE
        assert registry.DEFAULT in names
        assert ("PynamoDB" in names) is (find_spec("pynamodb") is not None)
        assert len(set(names)) == len(names)

    def test_find_what_is_there(self, ways: tuple[Way, ...]) -> None:
        """Each job of each way, once: the stub understands all. Long pages of one shape are enough."""
        for way in ways:
            for job, call in way.calls.items():
                if "1000" not in job or job.endswith("simple"):
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

    def test_is_made_of_a_comparison(self, stub: Service) -> None:
        def jobs(_: Any) -> Iterator[tuple[str, Any]]:
            yield "query 100", list

        with pytest.raises(WrongAnswer):
            next(comparisons("query 100 simple", [ways_of(registry.BASELINE, jobs)], stub.url))

    def test_demands_a_baseline(self, stub: Service) -> None:
        way = Way("other", {"put simple": Contender("other", float)}, {"put simple": lambda: None})

        with pytest.raises(ValueError, match="no baseline"):
            next(comparisons("put simple", [way], stub.url))


class TestSameRequests:
    @pytest.mark.parametrize(
        "job",
        [
            *("get wide", "put complex", "update complex", "query 100 simple"),
            *("commit of 10 complex", "commit of 25 wide", "bulk of 100 complex"),
        ],
    )
    def test_are_sent_by_all(self, ways: tuple[Way, ...], stub: Service, job: str) -> None:
        """The check is part of the comparison: ours and the baseline have to be equal, the others alike."""
        (found,) = comparisons(job, ways, stub.url)

        assert registry.BASELINE not in found.marks
        assert not [name for name in found.marks if name.startswith("persistence")]

    @pytest.mark.parametrize("what", ["put", "update", "commit of 10"])
    def test_promise_what_ours_promise_but_for_one(
        self, ways: tuple[Way, ...], stub: Service, what: str
    ) -> None:
        (found,) = comparisons(f"{what} simple", ways, stub.url)

        without = [name for name, marks in found.marks.items() if NO_CONDITION in marks]
        assert without == [NO_CONDITIONS]

    def test_of_another_job_stop_the_run(self, ways: tuple[Way, ...], stub: Service) -> None:
        baseline = ways[0]
        other = replace(baseline, name="other", calls={"put simple": baseline.calls["put complex"]})

        with pytest.raises(DifferentWork, match="other does other work than the baseline: put simple: table"):
            next(comparisons("put simple", [baseline, other], stub.url))

    def test_of_ours_have_to_be_equal(self, ways: tuple[Way, ...], stub: Service) -> None:
        baseline = ways[0]
        plain = next(way for way in ways if way.name == NO_CONDITIONS)
        ours = replace(plain, name=registry.DEFAULT)

        with pytest.raises(DifferentWork, match="persistence does other work"):
            next(comparisons("put simple", [baseline, ours], stub.url))


class TestFloor:
    def test_exchanges_the_very_bytes(self, ways: tuple[Way, ...], stub: Service) -> None:
        ways[0].calls["get simple"]()
        sent = taken_from(stub.url)[-1:]

        floor = Floor(stub.url, sent)
        received = floor()
        floor.close()

        assert [each.raw for each in taken_from(stub.url)] == [sent[0].raw] * 2
        assert received == len(reply(*(sent[0].raw.partition(b"\r\n\r\n")[::2])))

    def test_is_a_contender_that_is_no_peer(self, ways: tuple[Way, ...], stub: Service) -> None:
        (found,) = comparisons("get simple", ways[:1], stub.url)

        assert found.floor == FLOOR == found.contenders[-1].name
        assert not [each for each in found.targets if FLOOR in (each.slower, each.faster)]

    def test_counts_nothing_of_what_is_done_before(
        self, ways: tuple[Way, ...], stub: Service, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The clock stands still but for the work before."""
        ways[0].calls["get simple"]()
        floor = Floor(stub.url, taken_from(stub.url)[-1:])
        clock = [0.0]
        monkeypatch.setattr("benchmarks.peers.floor.time.process_time", lambda: sum(clock))

        contender = floor.contender(lambda: clock.append(1.0), 2)
        taken = contender.seconds(3)
        floor.close()

        assert (sum(clock), taken) == (3.0, 0.0)
        assert contender.fixed == 2


class TestTargets:
    def test_are_about_jobs_that_there_are(self, ways: tuple[Way, ...]) -> None:
        jobs = set(ways[0].jobs)

        assert all(set(bounds) <= jobs for bounds in AT_MOST.values())

    def test_are_those_of_ways_that_take_part(self) -> None:
        present = [registry.BASELINE, registry.DEFAULT, registry.FAST, "pydynox"]

        assert list(targets_of("get simple", [registry.BASELINE])) == []
        assert list(targets_of("get simple", present)) == [
            Target(registry.DEFAULT, registry.BASELINE, "at most", 0.75, 57 / 738),
            Target(registry.FAST, registry.BASELINE, "at most", 0.30, 57 / 738),
            Target("pydynox", registry.FAST, "at least", 1),
        ]

    def test_know_the_floor_that_they_were_set_at(self) -> None:
        jobs = {job for bounds in AT_MOST.values() for job in bounds}
        present = [registry.BASELINE, registry.DEFAULT]

        assert all(0 < (each.floor or 0) < 0.1 for job in jobs for each in targets_of(job, present))

    def test_of_the_asynchronous_store_are_those_of_its_peer_and_a_rate(self) -> None:
        present = [registry.BASELINE, registry.ASYNC, registry.ASYNC_MANY, registry.AIODYNAMO]

        assert list(targets_of("query 100 simple", present)) == [
            Target(registry.ASYNC, registry.AIODYNAMO, "at most", 0.5)
        ]
        assert list(limits_of("get simple", present)) == [Limit(registry.ASYNC_MANY, 1 / 6000)]


class TestOverhead:
    def test_is_that_of_a_commit_over_its_call(self) -> None:
        comparisons = measure_overhead()

        contenders = next(comparisons).contenders
        assert [each.name for each in contenders] == [CALL, COMMIT, LEAVING]
        assert all(each.seconds(1) > 0 for each in contenders)
        comparisons.close()
