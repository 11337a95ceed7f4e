"""Billing: what a table and its indexes can be billed by, together.

Sources: API reference, CreateTable and UpdateTable; the texts are the service's.
"""

from __future__ import annotations

from collections.abc import Mapping

from persistence.operations import UpdateTable
from persistence.stores.validation.refused import NotThere, Refused
from persistence.table import GlobalIndex, Table
from persistence.table_options import Billing, OnDemand, Provisioned

_INVALID = "One or more parameter values were invalid"


def check_first_billing(table: Table) -> None:
    """Check how a table that is to be made is billed, with its indexes.

    Raises:
        Refused: an index is billed in another way than the table.
    """
    billing = table.options.billing or OnDemand()
    for index in table.indexes:
        if isinstance(index, GlobalIndex):
            check_index_billing(index.name, index.billing or table.options.index_billing, billing)


def check_index_billing(index: str, billing: Billing | None, table: Billing) -> None:
    """Check that an index is billed in the way that its table is.

    Args:
        index: its name.
        billing: what is asked for it; None for nothing.
        table: how its table is billed.

    Raises:
        Refused: one is on demand, the other provisioned.
    """
    if billing is None or type(billing) is type(table):
        return
    if isinstance(table, OnDemand):
        raise Refused(
            f"{_INVALID}: Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: "
            f"{index} when BillingMode is PAY_PER_REQUEST"
        )
    raise Refused(
        f"{_INVALID}: OnDemandThroughput for index : {index} cannot be specified when the table BillingMode "
        "is PROVISIONED"
    )


def check_new_index_billing(index: str, billing: Billing | None, table: Billing) -> None:
    """Check how an index that is added to a live table is billed; see `check_index_billing`.

    Raises:
        Refused: it needs units of its own, since its table is provisioned, or must not have any.
    """
    if billing is None and isinstance(table, Provisioned):
        raise Refused(f"{_INVALID}: ProvisionedThroughput must be specified for index: {index}")
    check_index_billing(index, billing, table)


def check_new_billing(
    update: UpdateTable, table: Table, current: Billing, indexes: Mapping[str, Billing]
) -> None:
    """Check a change of how a table or its indexes are billed.

    Args:
        update: what is asked.
        table: the live table's declaration.
        current: how it is billed now.
        indexes: the same for its global indexes.

    Raises:
        NotThere: there is no such index.
        Refused: nothing would change, an index is local or billed in another way than its table, or the table
            becomes provisioned and an index gets no units.
    """
    wanted = update.billing or current
    for name, billing in update.index_billing.items():
        if name not in indexes:
            raise _no_index(name, table)
        check_index_billing(name, billing, wanted)
    if isinstance(wanted, Provisioned) and isinstance(current, OnDemand):
        for name in indexes:
            check_new_index_billing(name, update.index_billing.get(name), wanted)
    if isinstance(update.billing, Provisioned) and isinstance(current, Provisioned):
        _check_changes("the table", current, update.billing)
    for name, billing in update.index_billing.items():
        present = indexes[name]
        if isinstance(billing, Provisioned) and isinstance(present, Provisioned):
            _check_changes(f"the index {name}", present, billing)


def _no_index(name: str, table: Table) -> Refused:
    if any(index.name == name for index in table.indexes):
        return Refused(f"Cannot update an index that is not a GlobalSecondaryIndex: {name}")
    return NotThere(f"Requested resource not found: Index {name} for table {table.name}")


def _check_changes(what: str, present: Provisioned, wanted: Provisioned) -> None:
    units = wanted.read_units, wanted.write_units
    if units != (present.read_units, present.write_units):
        return
    raise Refused(
        f"The provisioned throughput for {what} will not change. The requested value equals the current "
        f"value: ReadCapacityUnits {units[0]}, WriteCapacityUnits {units[1]}"
    )
