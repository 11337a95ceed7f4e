"""`CreateTable`: a table with indexes and what the service takes at once."""

from __future__ import annotations

from persistence.operations import CreateTable
from persistence.stores.dynamodb.exchanges import Parameters
from persistence.stores.dynamodb.tables import billing, declarations, options
from persistence.table import GlobalIndex, LocalIndex, Table
from persistence.table_options import Billing, OnDemand, TableOptions

ON_DEMAND = OnDemand()
"""How a table is billed that does not say."""


def create_table(operation: CreateTable) -> Parameters:
    """Write a `CreateTable`: types are declared for key attributes only."""
    table = operation.table
    billed = table.options.billing or ON_DEMAND
    local = [
        declarations.index(index.name, table.index_key(index.name), index.projection)
        for index in table.indexes
        if isinstance(index, LocalIndex)
    ]
    everywhere = [_global(table, index) for index in table.indexes if isinstance(index, GlobalIndex)]
    lists = {
        "LocalSecondaryIndexes": local,
        "GlobalSecondaryIndexes": everywhere,
        "Tags": options.tags(table.options.tags or {}),
    }
    return {
        "TableName": table.name,
        "KeySchema": declarations.key_schema(table.key),
        "AttributeDefinitions": declarations.attribute_definitions(table.key_types),
        **billing.billing_mode(billed),
        **billing.new_throughput(billed),
        **{parameter: values for parameter, values in lists.items() if values},
        **_settings(table.options),
    }


def index_billing(table: Table, index: GlobalIndex) -> Billing | None:
    """Say what a new global index is given: its own capacity or limits, or the table's for all indexes.

    An index of a provisioned table that has neither gets the table's units.
    """
    return index.billing or table.options.index_billing or _units_of(table)


def _units_of(table: Table) -> Billing | None:
    billed = table.options.billing
    return None if isinstance(billed, OnDemand) else billed


def _global(table: Table, index: GlobalIndex) -> Parameters:
    return {
        **declarations.index(index.name, index.key, index.projection),
        **billing.new_throughput(index_billing(table, index)),
    }


def _settings(wanted: TableOptions) -> Parameters:
    written: Parameters = {}
    if wanted.stream is not None and wanted.stream != "DISABLED":
        written |= options.stream(wanted.stream)
    if wanted.encryption is not None and wanted.encryption.kind != "OWNED":
        written |= options.encryption(wanted.encryption)
    if wanted.deletion_protection is not None:
        written["DeletionProtectionEnabled"] = wanted.deletion_protection
    if wanted.table_class is not None:
        written["TableClass"] = wanted.table_class
    return written
