"""How much memory readings take is measured, and shown, beside times."""

from __future__ import annotations

import json

import pytest

from benchmarks import report
from benchmarks.footprint import Footprint
from benchmarks.reading import Entries, bytes_above_base, connected, in_fork
from benchmarks.service.entry_pages import PAGE_BYTES, query, scan
from benchmarks.service.server import service
from persistence import UnitOfWork
from persistence.attributes import item_size

FOOTPRINT = Footprint(
    "read items",
    {"query": 45_000_000, "scan": 50_100_000, "tracked": 400_000_000},
    50_000_000,
    frozenset({"tracked"}),
)


def asked(partition: int, **further: object) -> dict[str, object]:
    return {"ExpressionAttributeValues": {":n": {"S": str(partition)}}, **further}


class TestFootprint:
    def test_misses_its_limit_where_more_is_used_but_for_what_is_there_to_compare(self) -> None:
        assert FOOTPRINT.misses() == ("scan",)

    def test_is_shown_with_its_targets(self) -> None:
        assert report.table(FOOTPRINT).splitlines() == [
            "read items  above base",
            "  query        45.0 MB",
            "  scan         50.1 MB",
            "  tracked     400.0 MB",
            "  target met: query 45.0 MB, at most 50.0 MB",
            "  target MISSED: scan 50.1 MB, at most 50.0 MB",
        ]

    def test_counts_in_the_summary(self) -> None:
        assert report.summary([FOOTPRINT]).splitlines() == [
            "1 of 2 targets met as set, 0 more at this machine's floor, 1 missed",
            "  read items: target MISSED: scan 50.1 MB, at most 50.0 MB",
        ]

    def test_is_plain_data_in_json(self) -> None:
        data = json.loads(json.dumps(report.as_json({"memory_use": [FOOTPRINT]})))

        (shown,) = data["suites"]["memory_use"]
        assert shown["used"] == FOOTPRINT.used
        assert [(each["name"], each["verdict"]) for each in shown["targets"]] == [
            ("query", "met"),
            ("scan", "missed"),
        ]


class TestMeasuring:
    def test_finds_what_was_in_use_for_a_moment(self) -> None:
        """Thirty megabytes are far more than what the measuring itself takes."""
        assert in_fork(lambda: bytes_above_base(lambda: len(bytearray(b"x" * 30_000_000)))) > 25_000_000

    def test_tells_of_work_that_failed(self, capfd: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(RuntimeError, match="failed in its process"):
            in_fork(lambda: 1 // 0)

        assert "ZeroDivisionError" in capfd.readouterr().err


class TestStub:
    def test_gives_pages_as_large_as_the_services_and_the_key_to_go_on_from(self) -> None:
        first = json.loads(query(asked(20_000)))
        second = json.loads(query(asked(20_000, ExclusiveStartKey=first["LastEvaluatedKey"])))

        sizes = [item_size(item) for item in first["Items"]]
        assert sum(sizes[:-1]) < PAGE_BYTES <= sum(sizes)
        assert first["LastEvaluatedKey"] == {name: first["Items"][-1][name] for name in ("name", "id")}
        assert second["Items"][0]["id"] == {"S": f"c-{len(sizes):06}"}

    def test_counts_limits_and_projects(self) -> None:
        counted = json.loads(query(asked(10, Select="COUNT")))
        limited = json.loads(query(asked(10, Limit=3)))
        projected = json.loads(
            query(asked(1, ProjectionExpression="#i, age", ExpressionAttributeNames={"#i": "id"}))
        )

        assert counted == {"Count": 10, "ScannedCount": 10}
        assert (limited["Count"], limited["LastEvaluatedKey"]["id"]) == (3, {"S": "c-000002"})
        assert projected["Items"] == [{"id": {"S": "c-000000"}, "age": {"N": "21"}}]

    def test_parts_a_scan_without_gaps(self) -> None:
        first, second = (
            json.loads(scan({"Segment": each, "TotalSegments": 2, "Limit": 1})) for each in (0, 1)
        )

        assert [page["Items"][0]["id"]["S"] for page in (first, second)] == ["c-000000", "c-050000"]

    def test_is_read_by_the_library_as_the_service_is(self) -> None:
        """Over the network, with boto3: keys, pages, projections and counts."""
        with service() as stub:
            entries = Entries(UnitOfWork(connected(stub.url)))
            read = [entry.id for entry in entries.partition(10_000)]
            picked = entries.partition(2).select(lambda e: (e.id, e.age)).all()
            counted = entries.partition(10_000).count()

        assert (len(read), len(set(read)), counted) == (10_000, 10_000, 10_000)
        assert picked == [("c-000000", 21), ("c-000001", 22)]
