"""`ProcessScan`: a scan that several processes read."""

from __future__ import annotations

import multiprocessing
import os
from typing import Any

import pytest

from persistence import SchemaService
from persistence.errors import EntityNotFound, QueryError
from persistence.query import ProcessScan
from tests.concurrency import part_scans
from tests.concurrency.part_scans import COUNT, ENDPOINT, Parcel, ParcelMapping

HEAVY = range(100, COUNT)

pytestmark = pytest.mark.slow


def no_process_is_left() -> bool:
    return multiprocessing.active_children() == []


class TestProcessScan:
    def test_gives_what_the_parts_hold_each_once(self) -> None:
        scan = ProcessScan(part_scans.heavy_in_memory, segments=5, workers=2)

        found = list(scan)

        assert sorted(parcel.grams for parcel in found) == list(HEAVY)
        assert {parcel.label for parcel in found} == {b"\x00\xff" * 50}
        assert no_process_is_left()

    def test_computes_in_the_processes(self) -> None:
        scan = ProcessScan(part_scans.heavy_in_memory, segments=4, workers=2)

        assert sum(scan.map(part_scans.grams)) == sum(HEAVY)
        assert os.getpid() not in scan.map(part_scans.process_of)

    def test_raises_what_a_process_raised(self) -> None:
        with pytest.raises(EntityNotFound) as raised:
            list(ProcessScan(part_scans.heavy_in_memory, workers=1).map(part_scans.failing))

        assert (raised.value.entity_type, raised.value.key) == (Parcel, ("p-1",))
        assert no_process_is_left()

    def test_ends_its_processes_with_an_iteration_that_is_left_early(self) -> None:
        for _ in ProcessScan(part_scans.heavy_in_memory, segments=8, workers=2):
            break

        assert no_process_is_left()

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ({"query": lambda: None}, "a function that a module defines"),
            ({"query": part_scans.heavy_in_memory, "segments": 0}, "at least 1"),
            ({"query": part_scans.heavy_in_memory, "workers": 0}, "at least 1"),
        ],
    )
    def test_refuses_what_can_not_be_shared(self, arguments: dict[str, Any], said: str) -> None:
        with pytest.raises(QueryError, match=said):
            ProcessScan(**arguments)

    @pytest.mark.parametrize(
        ("query", "said"), [(part_scans.of_a_key, "no segments"), (part_scans.limited, "no end of its own")]
    )
    def test_refuses_queries_without_parts_before_a_process_starts(self, query: Any, said: str) -> None:
        scan = ProcessScan(query)

        with pytest.raises(QueryError, match=said):
            list(scan)
        with pytest.raises(QueryError, match=said):
            scan.map(part_scans.grams)

    def test_reads_a_service(self, dynamodb_local: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(ENDPOINT, dynamodb_local)
        store = part_scans.store_at_the_service()
        SchemaService(store, [ParcelMapping]).ensure_tables()
        part_scans.fill(part_scans.parcels(store))

        found = list(ProcessScan(part_scans.heavy_at_the_service, segments=4, workers=2))

        assert sorted(parcel.grams for parcel in found) == list(HEAVY)
