"""Stream, encryption, replicas and tags: as requests have them, and read from descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persistence.operations import ReplicaDescription
from persistence.stores.dynamodb.exchanges import Parameters
from persistence.table_options import Encryption, Replica, Stream, TableClass, TableOptions


def stream(view: Stream) -> Parameters:
    """Write what a stream holds, or that there is none."""
    if view == "DISABLED":
        return {"StreamSpecification": {"StreamEnabled": False}}
    return {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": view}}


def encryption(wanted: Encryption) -> Parameters:
    """Write whose key encrypts a table."""
    if wanted.kind == "OWNED":
        return {"SSESpecification": {"Enabled": False}}
    key = {} if wanted.key is None else {"KMSMasterKeyId": wanted.key}
    return {"SSESpecification": {"Enabled": True, "SSEType": "KMS", **key}}


def tags(wanted: Mapping[str, str]) -> list[Parameters]:
    """Write tags."""
    return [{"Key": name, "Value": value} for name, value in wanted.items()]


def told_tags(told: Mapping[str, Any]) -> dict[str, str]:
    """Read a page of tags."""
    return {tag["Key"]: tag["Value"] for tag in told.get("Tags") or ()}


def replica(wanted: Replica) -> Parameters:
    """Write a copy in another region."""
    further = {"KMSMasterKeyId": wanted.key, "TableClassOverride": wanted.table_class}
    return {"RegionName": wanted.region} | {name: value for name, value in further.items() if value}


def told_options(told: Mapping[str, Any], known: TableOptions) -> TableOptions:
    """Read what a description tells of options.

    The service tells in every description whether a table is protected. A server that doesn't is older than
    classes and copies of tables too, so that nothing is known of them; from others their absence says that
    the class is the usual one, and that there are no copies.

    Args:
        told: the description.
        known: the options that were read already.
    """
    protected = told.get("DeletionProtectionEnabled")
    return TableOptions(
        billing=known.billing,
        stream=_told_stream(told),
        encryption=_told_encryption(told),
        deletion_protection=protected,
        table_class=_told_class(told, "STANDARD" if knows_protection(told) else None),
        replicas=_told_replicas(told) if knows_protection(told) or "Replicas" in told else None,
    )


def knows_protection(told: Mapping[str, Any]) -> bool:
    """Tell whether a description is of the service, or of a server that knows as much of tables."""
    return "DeletionProtectionEnabled" in told


def told_replicas(told: Mapping[str, Any]) -> tuple[ReplicaDescription, ...]:
    """Read region and status of each copy elsewhere."""
    return tuple(
        ReplicaDescription(one["RegionName"], one.get("ReplicaStatus", "ACTIVE")) for one in _elsewhere(told)
    )


def _told_stream(told: Mapping[str, Any]) -> Stream:
    specification = told.get("StreamSpecification") or {}
    view: Stream = specification.get("StreamViewType", "DISABLED")
    return view if specification.get("StreamEnabled") else "DISABLED"


def _told_encryption(told: Mapping[str, Any]) -> Encryption:
    description = told.get("SSEDescription") or {}
    if description.get("Status", "DISABLED") in ("DISABLED", "DISABLING"):
        return Encryption.owned()
    # The key that AWS manages in the account has an ARN like any other, so that both are told alike.
    key = description.get("KMSMasterKeyArn")
    return Encryption.managed() if key is None else Encryption.customer(key)


def _told_class(told: Mapping[str, Any], usual: TableClass | None) -> TableClass | None:
    summary = told.get("TableClassSummary") or {}
    told_class: TableClass | None = summary.get("TableClass", usual)
    return told_class


def _told_replicas(told: Mapping[str, Any]) -> tuple[Replica, ...]:
    return tuple(
        Replica(
            one["RegionName"],
            (one.get("ReplicaTableClassSummary") or {}).get("TableClass"),
            one.get("KMSMasterKeyId"),
        )
        for one in _elsewhere(told)
    )


def _elsewhere(told: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    # Some servers list the table itself among its copies.
    region = _region(told)
    others = [one for one in told.get("Replicas") or () if one["RegionName"] != region]
    return sorted(others, key=lambda one: one["RegionName"])


def _region(told: Mapping[str, Any]) -> str | None:
    parts = str(told.get("TableArn", "")).split(":")
    return parts[3] if len(parts) > 3 else None
