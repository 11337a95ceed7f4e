"""The schema service, awaited: over the same procedures."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from dependency_injector import providers

from persistence import AsyncMemoryStore, GlobalIndex, Key, MemoryStore, PersistenceContainer, Table
from persistence.errors import SchemaMismatch
from persistence.schema import AsyncSchemaService, SchemaService
from tests.semantics.declared import slow
from tests.semantics.model import OrderMapping

TABLE = Table("things", "id")
WIDER = Table(
    "things", "id", indexes=(GlobalIndex("by-kind", Key("kind")), GlobalIndex("by-name", Key("name")))
)

ON_TABLES = (
    "plan",
    "apply",
    "verify",
    "diff",
    "create_table",
    "ensure_table",
    "ensure_tables",
    "delete_table",
    "exists",
    "describe",
    "update_table",
    "batch_update_table",
    "auto_migrate",
)


def test_does_what_the_synchronous_service_does() -> None:
    """The whole life of a table, on a store whose tables take their time."""

    async def life() -> None:
        below, pauses = slow()
        schema = AsyncSchemaService(AsyncMemoryStore(below), [OrderMapping], timing=pauses.timing)

        assert [each.active for each in await schema.ensure_tables()] == [True]
        await schema.verify()
        await schema.create_table(TABLE, tags={"a": "b"})
        assert await schema.diff(WIDER) == ("index 'by-kind' is missing", "index 'by-name' is missing")
        with pytest.raises(SchemaMismatch):
            await schema.ensure_table(WIDER)
        plan = await schema.plan(WIDER)
        assert await schema.apply(plan) == plan.steps
        assert (await schema.update_table(WIDER, stream="KEYS_ONLY"))[0].kind == "enable_stream"
        assert await schema.batch_update_table(WIDER) == await schema.auto_migrate(WIDER) == ()
        assert (await schema.describe(TABLE)).active
        await schema.delete_table(TABLE)
        assert not await schema.exists(TABLE)

    asyncio.run(life())


@pytest.mark.parametrize("name", ON_TABLES)
def test_has_the_same_signatures(name: str) -> None:
    """Who knows one service knows the other."""
    synchronous = inspect.signature(getattr(SchemaService, name))

    assert inspect.signature(getattr(AsyncSchemaService, name)) == synchronous


def test_is_given_by_the_container() -> None:
    """The container's services work on the same store."""
    container = PersistenceContainer(mappings=providers.Object([OrderMapping]))
    with container.store.override(providers.Object(MemoryStore(auto_create=False))):
        container.schema().ensure_tables()

        plan = asyncio.run(container.async_schema().plan(OrderMapping))

    assert plan.empty
