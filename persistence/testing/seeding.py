"""Entities put into a store before a test: from objects, dicts and files, through their mappings, in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from persistence.commit_plan import CommitPlan, PlannedAction
from persistence.errors import InvalidRequest, ItemTooLarge, UnitOfWorkStateError
from persistence.flows import Flow, pause, perform, run, run_async, run_together
from persistence.mapping import MappingSchema
from persistence.operations import BatchWriteItems, PutItem
from persistence.store import AsyncStore, Limits, Store
from persistence.testing.fixture_files import FixtureError
from persistence.testing.fixture_parts import FixtureData, parts_of
from persistence.testing.fixture_plans import FixturePlanner, RawItem, Write
from persistence.timing import Timing
from persistence.tracking import IdentityMap
from persistence.unit_of_work import AsyncUnitOfWork, UnitOfWork, UnitOfWorkBase

__all__ = [
    "FixtureData",
    "FixtureError",
    "FixtureLoader",
    "Loaded",
    "RawItem",
    "async_load_fixture",
    "load_fixture",
]

T = TypeVar("T")

_ATTEMPTS = 10


class Loaded:
    """What a fixture put into a store: the entities, by mapping, as they are stored."""

    def __init__(self, entities: Mapping[Any, list[Any]], items: int) -> None:
        self._entities = entities
        self.items = items

    def __getitem__(self, mapping: type[MappingSchema[T]]) -> list[T]:
        """Give the entities of a mapping, in the order of their records.

        Raises:
            FixtureError: the fixture has nothing of that mapping.
        """
        found = self._entities.get(mapping)
        if found is None:
            wanted = mapping.__name__ if isinstance(mapping, type) else repr(mapping)
            known = ", ".join(each.__name__ for each in self._entities) or "no mapping"
            raise FixtureError(
                f"{wanted} is no mapping of the fixture that was loaded, which has {known}; entities are "
                "found under the very mapping that the fixture names"
            )
        return found

    def __repr__(self) -> str:
        parts = ", ".join(f"{len(found)} of {mapping.__name__}" for mapping, found in self._entities.items())
        return f"<loaded {self.items} items: {parts}>"


def load_fixture(
    fixture: FixtureData,
    into: Store | UnitOfWork,
    *,
    mappings: Iterable[type[MappingSchema[Any]]] = (),
    folder: Path | None = None,
) -> Loaded:
    """Put entities into a store, whatever is stored under their keys.

        load_fixture({OrderMapping: [Order("o-1"), {"id": "o-2"}], StockMapping: "stock.json"}, uow)

    All records are read and validated before anything is written. Entities are stored as new ones: with
    version 0, `CreatedAt` and `UpdatedAt` from the clock of the unit of work. They are written in batches,
    not as a whole.

    Args:
        fixture: mapping -> its records: a list of entities, of dicts (field or attribute name -> value, as
            marshmallow loads it), or of `RawItem`; or the path of a JSON, JSON lines or YAML file with a list
            of them. In place of a mapping a `Table` may stand, of which the records are plain items. Or the
            path of a file with an object of such lists, by the names of mappings or of entity types.
        into: the store; or a unit of work, whose store, clock and ids are used.
        mappings: what the names in a file may stand for.
        folder: where relative paths begin; by default in the present folder.

    Returns:
        The entities by mapping, as they are stored.

    Raises:
        FixtureError: with file, mapping, index of the record and field of everything that is wrong.
        UnitOfWorkStateError: `into` is neither, or a unit is open here.
        ModuleNotFoundError: for a YAML file without PyYAML.
    """
    uow = into if isinstance(into, UnitOfWorkBase) else UnitOfWork(into)
    seed = _planned(fixture, uow, tuple(mappings), folder or Path())
    run(seed.written(uow.store.limits), uow.store)
    return seed.loaded()


async def async_load_fixture(
    fixture: FixtureData,
    into: AsyncStore | AsyncUnitOfWork,
    *,
    mappings: Iterable[type[MappingSchema[Any]]] = (),
    folder: Path | None = None,
) -> Loaded:
    """Put entities into an asynchronous store; see `load_fixture`."""
    uow = into if isinstance(into, UnitOfWorkBase) else AsyncUnitOfWork(into)
    seed = _planned(fixture, uow, tuple(mappings), folder or Path())
    await run_async(seed.written(uow.store.limits), uow.store)
    return seed.loaded()


class FixtureLoader:
    """Puts entities into one store; see `load_fixture`.

    Args:
        uow: the unit of work whose store, clock and ids are used.
        folder: where relative paths begin.
    """

    def __init__(self, uow: UnitOfWork, folder: Path) -> None:
        self._uow = uow
        self._folder = folder

    def __call__(self, fixture: FixtureData, *, mappings: Iterable[type[MappingSchema[Any]]] = ()) -> Loaded:
        """Put entities into the store; see `persistence.testing.load_fixture`."""
        return load_fixture(fixture, self._uow, mappings=mappings, folder=self._folder)


@dataclass(frozen=True, slots=True)
class _Seed:
    """All that a fixture puts into a store."""

    entities: Mapping[Any, list[Any]]
    writes: Sequence[Write[Any]]

    def written(self, limits: Limits) -> Flow[None]:
        size = limits.batch_writes
        parts = [self.writes[start : start + size] for start in range(0, len(self.writes), size)]
        if parts:
            yield from run_together([_put_all(part) for part in parts])

    def loaded(self) -> Loaded:
        for write in self.writes:
            if write.planned is not None:
                CommitPlan((write.planned,)).absorb(IdentityMap())
        return Loaded(
            {
                mapping: [found.entity if isinstance(found, PlannedAction) else found for found in entities]
                for mapping, entities in self.entities.items()
            },
            len(self.writes),
        )


def _put_all(writes: Sequence[Write[Any]]) -> Flow[None]:
    left, timing = tuple(write.put for write in writes), Timing()
    for attempt in count(1):
        try:
            answer = yield from perform(BatchWriteItems(left))
        except (InvalidRequest, ItemTooLarge):
            yield from _put_each(writes)
            return
        left = tuple(put for put in answer.unprocessed if isinstance(put, PutItem))
        if not left:
            return
        if attempt == _ATTEMPTS:
            raise FixtureError(f"{len(left)} items were left unprocessed by the store again and again")
        yield from pause(timing.backoff(attempt))


def _put_each(writes: Sequence[Write[Any]]) -> Flow[None]:
    """Find out which item of a batch it is that the store refuses; those before it are written."""
    for write in writes:
        try:
            yield from perform(write.put)
        except (InvalidRequest, ItemTooLarge) as error:
            raise FixtureError(f"{write.where}: the store refuses it: {error}") from error


def _planned(
    fixture: FixtureData, uow: UnitOfWorkBase[Any], mappings: Sequence[type[MappingSchema[Any]]], folder: Path
) -> _Seed:
    if uow.current_unit() is not None:
        raise UnitOfWorkStateError("a fixture is not part of a unit of work; load it before `with uow:`")
    planner = FixturePlanner(uow)
    for records in parts_of(fixture, mappings, folder):
        planner.take(records)
    planner.check()
    return _Seed(planner.entities, planner.writes)
