"""Sizes, memory, deadlines by a context, and a start in this process."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest

import persistence.serverless as face
from persistence.deadlines import present_deadline
from persistence.errors import ConfigurationError, MappingError
from persistence.mapping import MappingSchema
from persistence.serverless import (
    Ready,
    benchmark_cold_start,
    freeze_heap,
    lambda_init,
    memory_stats,
    optimize_for_cold_start,
    sizing_for,
    starting,
    with_deadline,
)
from persistence.stores.memory import MemoryStore
from persistence.table import Key
from persistence.unit_of_work import AsyncUnitOfWork, UnitOfWork
from tests.unit.serverless.functions_mappings import VisitMapping
from tests.unit.stores.dynamodb.scripted import Answer, scripted


class Context:
    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


class TestWithDeadline:
    def test_leaves_a_second_to_the_handler(self) -> None:
        with with_deadline(Context(5000)) as deadline:
            assert 3.5 < deadline.left <= 4
            assert present_deadline() is deadline

        assert present_deadline() is None

    def test_takes_seconds_on_other_platforms(self) -> None:
        with with_deadline(10, buffer=0.5) as deadline:
            assert 9 < deadline.left <= 9.5

    def test_reads_the_time_when_it_is_entered(self) -> None:
        context = Context(9000)
        block = with_deadline(context)
        context.milliseconds = 3000

        with block as deadline:
            assert deadline.left <= 2

    def test_can_be_used_again_and_within_itself(self) -> None:
        block = with_deadline(10)
        with block as outer, block as inner:
            assert present_deadline() in {outer, inner}
        with block:
            assert present_deadline() is not None

        assert present_deadline() is None

    def test_works_in_tasks(self) -> None:
        async def task(seconds: float) -> float:
            async with with_deadline(seconds, buffer=0) as deadline:
                await asyncio.sleep(0)
                assert present_deadline() is deadline
                return deadline.seconds

        async def both() -> list[float]:
            return list(await asyncio.gather(task(5), task(7)))

        assert asyncio.run(both()) == [5, 7]

    @pytest.mark.parametrize("context", [None, "5", True, object()])
    def test_refuses_what_tells_no_time(self, context: object) -> None:
        with pytest.raises(TypeError, match="second argument"):
            with_deadline(context)  # type: ignore[arg-type]

    def test_refuses_a_negative_buffer(self) -> None:
        with pytest.raises(ValueError, match="buffer"):
            with_deadline(5, buffer=-1)


class TestSizing:
    @pytest.mark.parametrize(
        ("memory", "connections"), [(128, 5), (512, 5), (513, 10), (1769, 10), (1770, 20), (10240, 20)]
    )
    def test_is_by_memory(self, memory: int, connections: int) -> None:
        assert sizing_for(memory).connections == connections

    def test_is_by_the_function_s_own_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")

        assert sizing_for() == sizing_for(256)

    def test_is_large_elsewhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", raising=False)

        assert sizing_for() == sizing_for(10240)


@pytest.fixture
def _collector() -> Iterator[None]:
    usual = gc.get_threshold()
    yield
    gc.set_threshold(*usual)
    gc.unfreeze()


@pytest.mark.usefixtures("_collector")
class TestMemory:
    def test_freezing_ends_the_start(self) -> None:
        usual = gc.get_threshold()
        optimize_for_cold_start()
        assert gc.get_threshold()[0] > usual[0]
        assert gc.isenabled()

        frozen = freeze_heap()

        assert gc.get_threshold() == usual
        assert frozen == gc.get_freeze_count() > 10_000

    def test_freezing_leaves_the_application_s_thresholds(self) -> None:
        gc.set_threshold(5000, 7, 7)

        freeze_heap()

        assert gc.get_threshold() == (5000, 7, 7)

    def test_stats_tell_how_full_a_function_is(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "4096")

        stats = memory_stats()

        assert 5 < stats.used <= stats.peak < 4096
        assert stats.limit == 4096
        assert stats.percent == pytest.approx(100 * stats.used / 4096, abs=0.1)
        assert stats.collector.enabled
        assert len(stats.collector.runs) == 3

    def test_stats_see_what_is_allocated(self) -> None:
        before = memory_stats().used
        held = b"x" * (64 * 1024 * 1024)

        assert memory_stats().used - before > 50
        assert held


@dataclass
class Plain:
    id: str


class PlainMapping(MappingSchema[Plain]):
    class Meta:
        table = "plain"
        key = Key("id")


class BrokenMapping(MappingSchema[Plain]):
    class Meta:
        table = "plain"
        key = Key("nonsense")


@pytest.fixture
def _process(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if nothing had been made for this process yet."""
    monkeypatch.setattr(starting, "_PROCESS", type(starting._PROCESS)())


@pytest.mark.usefixtures("_process")
class TestLambdaInit:
    def test_gives_a_store_a_unit_and_repositories(self) -> None:
        ready = lambda_init(PlainMapping, store=MemoryStore(), freeze=False)
        plain = ready.repository(PlainMapping)

        with ready.uow:
            plain.add(Plain("1"))

        assert plain.get("1") == Plain("1")
        assert ready.repository(PlainMapping) is plain

    def test_is_done_once(self) -> None:
        store = MemoryStore()
        first = lambda_init(store=store, freeze=False)
        second = lambda_init(PlainMapping, store=store, freeze=False)

        assert second is first
        assert first.mappings == (PlainMapping,)

    def test_refuses_other_settings(self) -> None:
        lambda_init(store=MemoryStore(), freeze=False)

        with pytest.raises(ConfigurationError, match="one store for each process"):
            lambda_init(region="eu-central-1", freeze=False)

    def test_refuses_settings_beside_a_store(self) -> None:
        with pytest.raises(ConfigurationError, match="not both"):
            lambda_init(store=MemoryStore(), region="eu-central-1")

    def test_refuses_a_broken_mapping_at_once(self) -> None:
        """When the function starts, and not with the event that needs it."""
        with pytest.raises(MappingError):
            lambda_init(BrokenMapping, store=MemoryStore(), freeze=False)

    def test_takes_a_unit_of_work_with_policies(self) -> None:
        ready = lambda_init(
            store=MemoryStore(), unit_of_work=partial(UnitOfWork, autocommit=False), freeze=False
        )

        with pytest.raises(ValueError, match="autocommit"):
            ready.repository(PlainMapping).add(Plain("1"))

    def test_serves_event_loops(self) -> None:
        ready = lambda_init(PlainMapping, store=MemoryStore(), freeze=False)

        async def handle() -> None:
            async with ready.async_uow:
                pass

        asyncio.run(handle())
        assert ready.async_uow is ready.async_uow

    def test_has_no_asynchronous_side_of_an_unknown_store(self) -> None:
        class Other(MemoryStore):
            pass

        class Wrapped:
            limits = MemoryStore().limits
            perform = MemoryStore().perform

        with pytest.raises(ConfigurationError, match="Wrapped"):
            _ = Ready(Wrapped(), UnitOfWork(MemoryStore())).async_uow
        assert isinstance(Ready(Other(), UnitOfWork(MemoryStore())).async_uow, AsyncUnitOfWork)


class TestBenchmark:
    def test_gives_phases_as_data_and_as_a_table(self) -> None:
        with scripted([Answer({})]) as server:
            start = benchmark_cold_start(
                VisitMapping,
                region="eu-central-1",
                endpoint_url=server.endpoint_url,
                environment={"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"},
            )

        names = [phase.name for phase in start.phases]
        assert names[0] == "import botocore"
        assert names[-1] == "first answer"
        assert start.answered
        assert start.total.milliseconds == pytest.approx(
            sum(phase.milliseconds for phase in start.phases), abs=0.1
        )
        assert [line.split("  ")[0].strip() for line in str(start).splitlines()] == ["phase", *names, "total"]
        assert start.as_dict()["answered"] is True

    def test_asks_nobody_without_a_mapping(self) -> None:
        assert benchmark_cold_start(region="eu-central-1").answered is None

    def test_refuses_a_mapping_that_can_t_be_imported(self) -> None:
        class Local(MappingSchema[Plain]):
            class Meta:
                table = "plain"
                key = Key("id")

        with pytest.raises(ConfigurationError, match="put it into a module"):
            benchmark_cold_start(Local)


class TestFace:
    def test_names_are_listed_and_there(self) -> None:
        assert all(getattr(face, name).__name__ == name for name in face.__all__)
        assert set(face.__all__) <= set(dir(face))

    def test_unknown_names_are_attribute_errors(self) -> None:
        with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
            _ = face.Nonsense

    def test_optimizing_loads_next_to_nothing(self) -> None:
        """It is called before the other imports, which it is to speed up."""
        program = (
            "from persistence.serverless import optimize_for_cold_start; optimize_for_cold_start(); "
            "import sys; print(*sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

        loaded = set(done.stdout.split())
        assert not loaded & {"botocore", "marshmallow", "asyncio", "persistence.operations"}
