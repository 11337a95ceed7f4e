"""The records of a fixture as items to be put: read, validated, and all that is wrong with them collected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from persistence.attributes import Item
from persistence.commit_plan import PlannedAction, plan
from persistence.errors import ItemTooLarge, ValidationFailed
from persistence.mapping import EntityMapping, MappingSchema, mapping_of
from persistence.mapping.plain_records import PlainRecords
from persistence.operations import PutItem
from persistence.store import Limits
from persistence.table import Table
from persistence.testing.fixture_files import FixtureError
from persistence.testing.fixture_parts import Records
from persistence.tracking import IdentityMap
from persistence.unit_of_work import UnitOfWorkBase

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RawItem:
    """An item as a table holds it, past the mapping: to test how old or foreign data are read.

    Attributes:
        item: attribute name -> attribute value, such as `{"id": {"S": "1"}}`.
    """

    item: Item


@dataclass(frozen=True, slots=True)
class Write(Generic[T]):
    """One item to be put, and where it comes from."""

    where: str
    put: PutItem
    planned: PlannedAction[T] | None = None


class FixturePlanner:
    """Turns records into writes, and collects all that is wrong with them.

    Args:
        uow: gives clock, ids and limits.

    Attributes:
        entities: mapping -> what is planned of its records that describe entities.
        writes: all of them.
    """

    def __init__(self, uow: UnitOfWorkBase[Any]) -> None:
        self._clock: Callable[[], Any] = uow.clock
        self._ids = uow.policies.ids
        self._limits: Limits = uow.store.limits
        self.entities: dict[Any, list[Any]] = {}
        self.writes: list[Write[Any]] = []
        self._places: dict[Any, str] = {}
        self._problems: list[str] = []

    def take(self, records: Records) -> None:
        """Plan the writes of some records."""
        if isinstance(records.subject, Table):
            for index, item in enumerate(records.records):
                self._take_item(records.subject, _item_of(item), records.where(index))
            return
        mapping = mapping_of(cast("type[MappingSchema[Any]]", records.subject))
        reader = PlainRecords(records.subject)
        entities = self.entities.setdefault(records.subject, [])
        for index, record in enumerate(records.records):
            where = records.where(index)
            if isinstance(record, RawItem):
                self._take_item(mapping.table, record.item, where)
                continue
            planned = self._attempt(mapping, reader, record, where)
            if planned is not None:
                entities.append(planned)

    def _take_item(self, table: Table, item: object, where: str) -> None:
        missing = [name for name in table.key_names() if not isinstance(item, dict) or name not in item]
        if missing:
            self._problems.append(
                f"{where}: expected an item with attribute values, such as {{'id': {{'S': '1'}}}}; its key "
                f"attribute {missing[0]!r} is missing"
            )
            return
        self._write(Write(where, PutItem(table, cast("Item", item))))

    def _attempt(
        self, mapping: EntityMapping[T], reader: PlainRecords[T], record: object, where: str
    ) -> PlannedAction[T] | None:
        try:
            entity = _entity(mapping, reader, record)
            planned = self._new(mapping, entity)
        except ValidationFailed as refused:
            self._problems += [f"{where}: {path}: {text}" for path, text in _flat(refused.messages)]
        except (_NoRecord, ItemTooLarge) as refused:
            self._problems.append(f"{where}: {refused}")
        else:
            self._write(Write(where, PutItem(mapping.table, cast("PutItem", planned.action).item), planned))
            return planned
        return None

    def _new(self, mapping: EntityMapping[T], entity: T) -> PlannedAction[T]:
        identities = IdentityMap()
        identities.add(mapping, entity)
        (planned,) = plan(identities, self._clock, self._limits, ids=self._ids).actions
        return planned

    def _write(self, write: Write[Any]) -> None:
        table = write.put.table
        key = tuple((name, repr(write.put.item[name])) for name in table.key_names())
        first = self._places.setdefault((table.name, key), write.where)
        if first is not write.where:
            self._problems.append(f"{write.where}: it has the key of {first}")
            return
        self.writes.append(write)

    def check(self) -> None:
        """Refuse a fixture of which anything is wrong.

        Raises:
            FixtureError: with all of it.
        """
        if self._problems:
            raise FixtureError(*self._problems)


class _NoRecord(Exception):
    """A record that is none."""


def _entity(mapping: EntityMapping[T], reader: PlainRecords[T], record: object) -> T:
    if isinstance(record, mapping.entity_type):
        return record
    if isinstance(record, Mapping):
        return reader.read(record)
    raise _NoRecord(f"expected {mapping.name}, a dict or a RawItem, found {type(record).__name__}")


def _item_of(record: object) -> object:
    return record.item if isinstance(record, RawItem) else record


def _flat(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Give each message with the path of its field."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            step = f"[{name}]" if isinstance(name, int) else f".{name}" if path else str(name)
            yield from _flat(inner, path + step)
    elif isinstance(messages, list):
        for inner in messages:
            yield from _flat(inner, path)
    else:
        yield path, str(messages)
