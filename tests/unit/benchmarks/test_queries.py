"""That the contenders of the queries read the same."""

from __future__ import annotations

from benchmarks.entries import entry
from benchmarks.reading import Entries
from benchmarks.service.server import service
from benchmarks.suites.queries import HANDWRITTEN, OURS, described, planned, readers_of
from persistence import MemoryStore, UnitOfWork


class TestContenders:
    def test_read_the_same(self) -> None:
        with service() as stub:
            readers = readers_of(stub.url)
            found = {name: [reads[way](2) for way in ("select", "count")] for name, reads in readers.items()}
            entities = {name: readers[name]["query"](2) for name in (HANDWRITTEN, OURS)}

        expected = [entry("2", number) for number in range(2)]
        picked = [(each.id, each.balance) for each in expected]
        assert found == {name: [picked, 2] for name in readers}
        assert entities == dict.fromkeys(entities, expected)

    def test_describe_what_a_key_serves(self) -> None:
        entries = Entries(UnitOfWork(MemoryStore()))

        path = planned(entries)

        assert path.kind == "query"
        assert path.filter is not None
        assert repr(described(entries)) == "<query of Simple>"
