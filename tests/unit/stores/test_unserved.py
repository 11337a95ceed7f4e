"""A table that needs something between the application and a store is refused by a store alone."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import boto3
import pytest

from persistence.encryption import EncryptedAttribute
from persistence.errors import ConfigurationError, MappingError
from persistence.expressions import AttributeExists, KeyCondition, Path, Remove
from persistence.operations import (
    BatchGetItems,
    BatchWriteItems,
    ConditionCheck,
    CreateTable,
    DeleteItem,
    GetItem,
    PutItem,
    QueryPage,
    ScanPage,
    TransactGet,
    TransactWrite,
    UpdateItem,
)
from persistence.stores.dynamodb import AsyncDynamoStore, DynamoStore
from persistence.stores.dynamodb.texts import text_of
from persistence.stores.memory import AsyncMemoryStore, MemoryStore
from persistence.table import ENCRYPTION, TENANT, Table

TENANTS = Table("things", "id", tenant_scoped=True)
ENCRYPTED = {"card": EncryptedAttribute(object, False)}
SEALED = Table("things", "id", encrypted=ENCRYPTED)
PLAIN = Table("things", "id")
KEY = {"id": {"S": "1"}}


def operations(table: Table) -> list[Any]:
    there = AttributeExists(Path.of("id"))
    return [
        GetItem(table, KEY),
        PutItem(table, KEY),
        UpdateItem(table, KEY, (Remove(Path.of("a")),)),
        DeleteItem(table, KEY),
        QueryPage(table, KeyCondition(("id", {"S": "1"}))),
        ScanPage(table),
        ScanPage(table, count_only=True),
        TransactWrite((PutItem(table, KEY),), token="1"),
        TransactWrite((ConditionCheck(table, KEY, there),)),
        TransactGet((GetItem(table, KEY),)),
        BatchGetItems((GetItem(table, KEY),)),
        BatchWriteItems((DeleteItem(table, KEY),)),
    ]


def unreachable() -> Any:
    return boto3.client(
        "dynamodb",
        region_name="eu-central-1",
        endpoint_url="http://localhost:1",
        aws_access_key_id="x",
        aws_secret_access_key="x",
    )


@pytest.mark.parametrize("table", [TENANTS, SEALED], ids=["tenant", "encryption"])
class TestStores:
    def test_refuse_it_before_anything_is_sent(self, table: Table) -> None:
        for store in (MemoryStore(), DynamoStore(unreachable()), DynamoStore(unreachable(), fast_lane=True)):
            for operation in operations(table):
                with pytest.raises(ConfigurationError, match=r"nothing was sent for table 'things'"):
                    store.perform(operation)

    def test_refuse_it_asynchronously_too(self, table: Table) -> None:
        async def refuse() -> None:
            for store in (AsyncMemoryStore(), AsyncDynamoStore(unreachable())):
                for operation in operations(table):
                    with pytest.raises(ConfigurationError, match=r"nothing was sent for table 'things'"):
                        await store.perform(operation)

        asyncio.run(refuse())

    def test_refuse_it_where_another_declaration_of_its_name_was_written_already(self, table: Table) -> None:
        for operation, served in zip(operations(table), operations(PLAIN), strict=True):
            text_of(served)

            assert text_of(operation) is None

    def test_make_it_all_the_same(self, table: Table) -> None:
        store = MemoryStore(auto_create=False)
        store.perform(CreateTable(table))

        served = table.served(next(iter(table.needs)))

        assert store.perform(GetItem(served, KEY)).item is None


class TestNeeds:
    def test_are_told_with_a_remedy(self) -> None:
        with pytest.raises(ConfigurationError, match="for_tenant"):
            MemoryStore().perform(GetItem(TENANTS, KEY))
        with pytest.raises(ConfigurationError, match="Encrypting"):
            MemoryStore().perform(GetItem(SEALED, KEY))

    def test_are_served_one_by_one(self) -> None:
        both = Table("things", "id", tenant_scoped=True, encrypted=ENCRYPTED)

        assert both.needs == {TENANT, ENCRYPTION}
        assert both.served(ENCRYPTION) == TENANTS
        assert both.served(TENANT) == SEALED
        assert both.served(TENANT).served(ENCRYPTION) == PLAIN

    def test_are_served_by_the_same_table_each_time(self) -> None:
        assert TENANTS.served(TENANT) is TENANTS.served(TENANT)

    def test_outlive_pickling(self) -> None:
        assert pickle.loads(pickle.dumps(TENANTS)) == TENANTS
        assert pickle.loads(pickle.dumps(SEALED)).needs == {ENCRYPTION}

    def test_are_joined_where_declarations_are_but_for_tenants(self) -> None:
        assert SEALED.merged_with(Table("things", "id")).needs == {ENCRYPTION}
        with pytest.raises(MappingError, match="disagree on its tenant_scoped"):
            TENANTS.merged_with(Table("things", "id"))
