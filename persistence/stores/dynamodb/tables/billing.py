"""Capacity and limits of tables and of global indexes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from persistence.stores.dynamodb.exchanges import Parameters
from persistence.table_options import Billing, OnDemand, Provisioned

NO_LIMIT = -1
"""Removes a limit of a table or index on demand (API reference, `OnDemandThroughput`)."""


def billing_mode(billing: Billing) -> Parameters:
    """Write how a table is billed, without its capacity or limits."""
    return {"BillingMode": "PROVISIONED" if isinstance(billing, Provisioned) else "PAY_PER_REQUEST"}


def new_throughput(billing: Billing | None) -> Parameters:
    """Write the capacity, or the limits that there are, of a table or index that is to be made."""
    match billing:
        case None:
            return {}
        case Provisioned():
            return _units(billing)
        case OnDemand(None, None):
            return {}
        case OnDemand():
            return {"OnDemandThroughput": _limits(billing)}
        case _:
            assert_never(billing)


def changed_throughput(billing: Billing) -> Parameters:
    """Write capacity or limits that a table or index has from now on; a limit of None is removed."""
    match billing:
        case Provisioned():
            return _units(billing)
        case OnDemand(reads, writes):
            limits = {
                "MaxReadRequestUnits": NO_LIMIT if reads is None else reads,
                "MaxWriteRequestUnits": NO_LIMIT if writes is None else writes,
            }
            return {"OnDemandThroughput": limits}
        case _:
            assert_never(billing)


def _units(billing: Provisioned) -> Parameters:
    return {
        "ProvisionedThroughput": {
            "ReadCapacityUnits": billing.read_units,
            "WriteCapacityUnits": billing.write_units,
        }
    }


def _limits(billing: OnDemand) -> Parameters:
    limits = {
        "MaxReadRequestUnits": billing.max_read_units,
        "MaxWriteRequestUnits": billing.max_write_units,
    }
    return {name: units for name, units in limits.items() if units is not None}


def told_billing(told: Mapping[str, Any]) -> Billing:
    """Read how a table is billed; one that was never on demand does not tell a mode."""
    mode = (told.get("BillingModeSummary") or {}).get("BillingMode", "PROVISIONED")
    return _told_throughput(told, on_demand=mode == "PAY_PER_REQUEST")


def told_index_billing(told: Mapping[str, Any], table: Billing) -> Billing:
    """Read the capacity or limits of a global index, which is billed as its table is."""
    return _told_throughput(told, on_demand=isinstance(table, OnDemand))


def _told_throughput(told: Mapping[str, Any], *, on_demand: bool) -> Billing:
    units = told.get("ProvisionedThroughput") or {}
    reads, writes = units.get("ReadCapacityUnits", 0), units.get("WriteCapacityUnits", 0)
    # Capacity of 0 units is how servers say on demand where they tell no mode.
    if on_demand or not (reads and writes):
        limits = told.get("OnDemandThroughput") or {}
        return OnDemand(
            _told_limit(limits, "MaxReadRequestUnits"), _told_limit(limits, "MaxWriteRequestUnits")
        )
    return Provisioned(reads, writes)


def _told_limit(limits: Mapping[str, int], name: str) -> int | None:
    units = limits.get(name, NO_LIMIT)
    return units if units > 0 else None
