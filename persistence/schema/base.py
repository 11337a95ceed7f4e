"""What all sides of the schema service share: the store, the mappings, and how flows are run."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar, cast

from persistence.errors import ConfigurationError
from persistence.flows import Flow, run
from persistence.mapping import MappingRegistry, MappingSchema
from persistence.schema.declarations import with_options
from persistence.store import Store, check_store_source, present_store
from persistence.table import Table
from persistence.table_options import OptionArguments, TableOptions
from persistence.timing import Timing

if TYPE_CHECKING:
    from persistence.schema.flows import TableFlows
    from persistence.schema.progress import ProgressCallback

R = TypeVar("R")

DEFAULT_TIMEOUT = 300.0
"""Seconds that a table or index may take to become active."""

Schema = type[MappingSchema[Any]] | Table


class Declarations:
    """The mappings of a schema service, with their tables; see `SchemaService`."""

    def __init__(
        self, mappings: Iterable[type[MappingSchema[Any]]], *, timeout: float, timing: Timing | None
    ) -> None:
        if not timeout > 0:
            raise ConfigurationError(f"timeout is {timeout!r}; it is a positive number of seconds")
        self._registry = MappingRegistry(*mappings)
        self._registry.tables()  # contradictory declarations are told now
        self._timing = timing or Timing()
        self._timeout = timeout

    def _table(self, schema: Schema) -> Table:
        """Give a mapping's table with the indexes that other mappings of the service declare for it."""
        declared = schema if isinstance(schema, Table) else MappingRegistry(schema).tables()[0]
        for table in self._registry.tables():
            if table.name == declared.name:
                return declared.merged_with(table)
        return declared

    def _table_with(self, schema: Schema, options: OptionArguments) -> Table:
        """Give a mapping's table with options that win over the declared ones."""
        table = self._table(schema)
        return with_options(table, TableOptions(**cast(dict[str, Any], options))) if options else table

    def _tables(self, schemas: Iterable[Schema]) -> tuple[Table, ...]:
        """Give the tables of some mappings, each once, the declarations of each joined.

        Without any, those of all mappings of the service.

        Raises:
            MappingError: two declarations of one table contradict each other.
        """
        tables: dict[str, Table] = {}
        for schema in schemas:
            table = self._table(schema)
            known = tables.get(table.name)
            tables[table.name] = known.merged_with(table) if known else table
        return tuple(tables.values()) or self._registry.tables()

    def _flows(self, progress: ProgressCallback | None = None) -> TableFlows:
        """Give the procedures on tables; their module is loaded with the first of them."""
        flows = import_module("persistence.schema.flows")
        made: TableFlows = flows.TableFlows(self._timing, self._timeout, progress)
        return made


class SchemaBase(Declarations):
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
        super().__init__(mappings, timeout=timeout, timing=timing)
        self._source = store

    @property
    def _store(self) -> Store:
        """The store that the source gives at this moment."""
        return present_store(self._source)

    def _drive(self, flow: Flow[R]) -> R:
        return run(flow, self._store, sleep=self._timing.sleep)
