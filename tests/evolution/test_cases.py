"""The cases of copies, by their ids."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from persistence import Key, MappingSchema, Repository, SchemaService, UnitOfWork, fields
from persistence.attributes import Item
from persistence.mapping import mapping_of
from persistence.operations import Operation, PutItem, ScanPage
from persistence.store import Limits, Store
from tests.evolution.test_at_work import local_store, memory_store

__all__ = ["local_store", "memory_store"]

R = TypeVar("R")
COUNT = 60


@dataclass
class Account:
    id: str
    cents: int
    version: int = 0


class AccountMapping(MappingSchema[Account]):
    class Meta:
        table = "accounts"
        key = Key("id")

    version = fields.Version()


class Dying:
    """A layer that dies with a write, before or after it took effect."""

    def __init__(self, store: Store, at: int, *, after: bool) -> None:
        self._store, self._at, self._after, self._writes = store, at, after, 0

    @property
    def limits(self) -> Limits:
        return Limits(concurrent_requests=1)

    def perform(self, operation: Operation[R]) -> R:
        self._writes += isinstance(operation, PutItem)
        if self._writes == self._at and not self._after:
            raise KeyboardInterrupt
        answer = self._store.perform(operation)
        if self._writes == self._at:
            raise KeyboardInterrupt
        return answer


def in_euros(item: Item) -> Item:
    cents = int(item.pop("cents")["N"])
    return {**item, "euros": {"N": f"{cents / 100:.2f}"}}


def stored(store: Store, name: str) -> dict[str, Item]:
    table = mapping_of(AccountMapping).table
    page = store.perform(ScanPage(type(table)(name, "id"), consistent=True))
    return {item["id"]["S"]: item for item in page.items}


def plain(items: dict[str, Item]) -> dict[str, dict[str, Any]]:
    """Numbers by value: not every server keeps their text."""
    return {
        key: {name: float(value["N"]) if "N" in value else value for name, value in item.items()}
        for key, item in items.items()
    }


@pytest.fixture(
    params=[
        pytest.param("memory_store", id="memory"),
        pytest.param("local_store", id="dynamodb_local", marks=pytest.mark.dynamodb_local),
    ]
)
def store(request: pytest.FixtureRequest) -> Store:
    store: Store = request.getfixturevalue(request.param)
    SchemaService(store, [AccountMapping]).ensure_tables()
    accounts = Repository(AccountMapping, UnitOfWork(store))
    with accounts.bulk() as bulk:
        for number in range(COUNT):
            bulk.add(Account(f"a{number}", 100 * number))
    return store


class TestCase57:
    """A copy with a transform is killed half way while the source changes."""

    @pytest.mark.parametrize("after", [False, True])
    def test_it_is_resumed_counts_what_it_did_and_is_never_behind_the_source(
        self, store: Store, tmp_path: Path, after: bool
    ) -> None:
        checkpoint = tmp_path / "copy"
        accounts = Repository(AccountMapping, UnitOfWork(store))
        arguments: dict[str, Any] = {
            "target": "euros",
            "transform": in_euros,
            "checkpoint": checkpoint,
            "segments": 2,
            "batch_size": 7,
        }
        with pytest.raises(KeyboardInterrupt):
            SchemaService(Dying(store, COUNT // 2, after=after)).evolve(AccountMapping, **arguments)
        half = stored(store, "euros")
        assert len(half) == COUNT // 2 - (not after)

        uow = UnitOfWork(store)
        for number in (0, 17, 30, 59):
            with uow:
                Repository(AccountMapping, uow).get(f"a{number}").cents += 1
        accounts.add(Account("late", 5))

        service = SchemaService(store)
        report = service.evolve(AccountMapping, **arguments)
        # What is added to a segment that was read already is found by the pass that verifies.
        assert report.read in (COUNT, COUNT + 1)
        assert report.written + report.unchanged == report.read
        assert (report.failed, report.kept_newer, report.settled) == (0, 0, True)
        expected = {key: in_euros(dict(item)) for key, item in stored(store, "accounts").items()}
        assert plain(stored(store, "euros")) == plain(expected)

        again = service.evolve(AccountMapping, **arguments)
        assert (again.unchanged, again.written, again.caught_up) == (COUNT + 1, 0, 0)

    def test_what_the_target_has_in_a_later_version_is_not_set_back(self, store: Store) -> None:
        service = SchemaService(store)
        service.evolve(AccountMapping, target="euros", transform=in_euros)
        newer: Item = {"id": {"S": "a1"}, "euros": {"N": "7"}, "version": {"N": "9"}}
        table = mapping_of(AccountMapping).table
        store.perform(PutItem(type(table)("euros", "id"), newer))
        report = service.evolve(AccountMapping, target="euros", transform=in_euros)
        assert (report.kept_newer, report.unchanged) == (1, COUNT - 1)
        assert stored(store, "euros")["a1"] == newer
