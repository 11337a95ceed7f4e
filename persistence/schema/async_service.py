"""The schema service, awaited."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

from persistence.flows import Flow, run_async
from persistence.mapping import MappingSchema
from persistence.operations import TableDescription
from persistence.schema.base import DEFAULT_TIMEOUT, Declarations, Schema
from persistence.store import AsyncStore, check_store_source, present_store
from persistence.table_options import OptionArguments
from persistence.timing import Timing

if TYPE_CHECKING:
    from persistence.schema.planning.plans import PlannedStep, SchemaPlan
    from persistence.schema.progress import ProgressCallback

R = TypeVar("R")


class AsyncSchemaService(Declarations):
    """What `SchemaService` does to tables, awaited; each method does what that of the same name does there.

    Other tasks go on while it waits for tables and indexes. Progress callbacks are called, not awaited.

    Args:
        store: an asynchronous store, or a callable that gives one.
        mappings: the application's mappings. Where several share a table, it is made with the indexes of all.
        timeout: seconds to wait for one step: for a table or an index to become active, or to vanish.
        timing: time and waiting, for tests.

    Raises:
        MappingError: a mapping can't be used, or two declarations of one table contradict each other.
        ConfigurationError: the timeout is not positive.
    """

    def __init__(
        self,
        store: AsyncStore | Callable[[], AsyncStore],
        mappings: Iterable[type[MappingSchema[Any]]] = (),
        *,
        timeout: float = DEFAULT_TIMEOUT,
        timing: Timing | None = None,
    ) -> None:
        check_store_source(store)
        super().__init__(mappings, timeout=timeout, timing=timing)
        self._source = store

    async def plan(self, *schemas: Schema) -> SchemaPlan:
        """See `SchemaService.plan`."""
        return await self._drive(self._flows().plan(self._tables(schemas)))

    async def apply(
        self,
        plan: SchemaPlan,
        *,
        allow_drop: Collection[str] = (),
        progress: ProgressCallback | None = None,
    ) -> tuple[PlannedStep, ...]:
        """See `SchemaService.apply`; plans of either service can be applied."""
        return await self._drive(self._flows(progress).apply(plan, allow_drop))

    async def verify(self, *schemas: Schema) -> None:
        """See `SchemaService.verify`."""
        await self._drive(self._flows().verify(self._tables(schemas)))

    async def diff(self, schema: Schema) -> tuple[str, ...]:
        """See `SchemaService.diff`."""
        return await self._drive(self._flows().differences(self._table(schema)))

    async def create_table(
        self,
        schema: Schema,
        *,
        progress: ProgressCallback | None = None,
        **options: Unpack[OptionArguments],
    ) -> TableDescription:
        """See `SchemaService.create_table`."""
        return await self._drive(self._flows(progress).create(self._table_with(schema, options)))

    async def ensure_table(
        self,
        schema: Schema,
        *,
        progress: ProgressCallback | None = None,
        **options: Unpack[OptionArguments],
    ) -> TableDescription:
        """See `SchemaService.ensure_table`."""
        return await self._drive(self._flows(progress).ensure(self._table_with(schema, options)))

    async def ensure_tables(
        self, *, progress: ProgressCallback | None = None
    ) -> tuple[TableDescription, ...]:
        """See `SchemaService.ensure_tables`."""
        flows = self._flows(progress)
        return tuple([await self._drive(flows.ensure(table)) for table in self._registry.tables()])

    async def delete_table(self, schema: Schema) -> None:
        """See `SchemaService.delete_table`."""
        await self._drive(self._flows().delete(self._table(schema)))

    async def exists(self, schema: Schema) -> bool:
        """See `SchemaService.exists`."""
        return await self._drive(self._flows().find(self._table(schema).name)) is not None

    async def describe(self, schema: Schema) -> TableDescription:
        """See `SchemaService.describe`."""
        return await self._drive(self._flows().describe(self._table(schema).name))

    async def update_table(
        self,
        schema: Schema,
        *,
        allow_drop: Collection[str] = (),
        progress: ProgressCallback | None = None,
        **options: Unpack[OptionArguments],
    ) -> tuple[PlannedStep, ...]:
        """See `SchemaService.update_table`."""
        table = self._table_with(schema, options)
        return await self._drive(self._flows(progress).update(table, allow_drop, single=True))

    async def batch_update_table(
        self,
        schema: Schema,
        *,
        allow_drop: Collection[str] = (),
        progress: ProgressCallback | None = None,
        **options: Unpack[OptionArguments],
    ) -> tuple[PlannedStep, ...]:
        """See `SchemaService.batch_update_table`."""
        table = self._table_with(schema, options)
        return await self._drive(self._flows(progress).update(table, allow_drop, single=False))

    async def auto_migrate(
        self,
        *schemas: Schema,
        allow_drop: Collection[str] = (),
        progress: ProgressCallback | None = None,
    ) -> tuple[PlannedStep, ...]:
        """See `SchemaService.auto_migrate`."""
        return await self._drive(self._flows(progress).migrate(self._tables(schemas), allow_drop))

    async def _drive(self, flow: Flow[R]) -> R:
        return await run_async(flow, present_store(self._source), sleep=self._timing.sleep_async)
