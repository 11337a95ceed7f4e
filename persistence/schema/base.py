"""What all sides of the schema service share: the store, the mappings, and how flows are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from persistence.flows import Flow, run
from persistence.mapping import MappingRegistry, MappingSchema
from persistence.store import Store, check_store_source, present_store
from persistence.table import Table
from persistence.timing import Timing

R = TypeVar("R")

DEFAULT_TIMEOUT = 300.0
"""Seconds that a table or index may take to become active."""

Schema = type[MappingSchema[Any]] | Table


class SchemaBase:
    """The store and the mappings of a schema service; see `SchemaService`."""

    def __init__(
        self,
        store: Store | Callable[[], Store],
        mappings: Iterable[type[MappingSchema[Any]]] = (),
        *,
        timeout: float = DEFAULT_TIMEOUT,
        timing: Timing | None = None,
    ) -> None:
        check_store_source(store)
        self._source = store
        self._registry = MappingRegistry(*mappings)
        self._registry.tables()  # contradictory declarations are told now
        self._timing = timing or Timing()
        self._timeout = timeout

    @property
    def _store(self) -> Store:
        """The store that the source gives at this moment."""
        return present_store(self._source)

    def _table(self, schema: Schema) -> Table:
        """Give a mapping's table with the indexes that other mappings of the service declare for it."""
        declared = schema if isinstance(schema, Table) else MappingRegistry(schema).tables()[0]
        for table in self._registry.tables():
            if table.name == declared.name:
                return declared.merged_with(table)
        return declared

    def _tables(self, schemas: Iterable[Schema]) -> tuple[Table, ...]:
        """Give the tables of some mappings, each once; without any, those of all mappings of the service."""
        tables = [self._table(schema) for schema in schemas] or self._registry.tables()
        return tuple({table.name: table for table in tables}.values())

    def _drive(self, flow: Flow[R]) -> R:
        return run(flow, self._store, sleep=self._timing.sleep)
