"""Properties that tables of both kinds have in common in CloudFormation, in the service's own words."""

from __future__ import annotations

from typing import Any

from persistence.schema.infrastructure.declared import Declared
from persistence.table import GlobalIndex, Index, Key, Projection
from persistence.table_options import Billing, Encryption, OnDemand, PointInTimeRecovery, Provisioned

Properties = dict[str, Any]


def given(**properties: Any) -> Properties:
    """Give the properties that have a value."""
    return {name: value for name, value in properties.items() if value is not None}


def attribute_definitions(declared: Declared) -> list[Properties]:
    """Give the types of all key attributes, by name."""
    types = sorted(declared.table.key_types.items())
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in types]


def key_schema(key: Key) -> list[Properties]:
    """Give the attributes of a key, those of the partition key first."""
    kinds = ["HASH"] * len(key.partitions) + ["RANGE"] * len(key.sorts)
    pairs = zip(key.names, kinds, strict=True)
    return [{"AttributeName": name, "KeyType": kind} for name, kind in pairs]


def index_structure(declared: Declared, index: Index) -> Properties:
    """Give name, key and projection of an index."""
    return {
        "IndexName": index.name,
        "KeySchema": key_schema(declared.table.index_key(index.name)),
        "Projection": projection(index.projection),
    }


def local_indexes(declared: Declared) -> list[Properties] | None:
    """Give the local indexes, if there are any."""
    return [index_structure(declared, index) for index in declared.local_indexes] or None


def projection(projection: Projection) -> Properties:
    """Give a projection; its attributes have no order."""
    attributes = sorted(projection.attributes)
    return given(ProjectionType=projection.kind, NonKeyAttributes=attributes or None)


def billing_mode(billing: Billing) -> str:
    """Give the service's word for a billing."""
    return "PAY_PER_REQUEST" if isinstance(billing, OnDemand) else "PROVISIONED"


def throughput(billing: Billing) -> Properties:
    """Give capacity units, or limits where there are any."""
    match billing:
        case Provisioned():
            units = {"ReadCapacityUnits": billing.read_units, "WriteCapacityUnits": billing.write_units}
            return {"ProvisionedThroughput": units}
        case OnDemand():
            limits = given(
                MaxReadRequestUnits=billing.max_read_units, MaxWriteRequestUnits=billing.max_write_units
            )
            return {"OnDemandThroughput": limits} if limits else {}


def encryption(encryption: Encryption | None) -> Properties | None:
    """Give what encrypts the table at rest, without the key."""
    if encryption is None:
        return None
    if encryption.kind == "OWNED":
        return {"SSEEnabled": False}
    return {"SSEEnabled": True, "SSEType": "KMS"}


def recovery(recovery: PointInTimeRecovery | None) -> Properties | None:
    """Give the point-in-time recovery."""
    if recovery is None:
        return None
    return given(PointInTimeRecoveryEnabled=recovery.enabled, RecoveryPeriodInDays=recovery.days)


def insights(enabled: bool | None) -> Properties | None:
    """Give the contributor insights of a table or an index."""
    return None if enabled is None else {"Enabled": enabled}


def index_insights(declared: Declared, index: GlobalIndex) -> Properties:
    """Give the contributor insights of an index, where they are declared."""
    return given(ContributorInsightsSpecification=insights(declared.insights_of(index)))


def time_to_live(declared: Declared) -> Properties | None:
    """Give the attribute with the time to live."""
    attribute = declared.table.time_to_live
    return None if attribute is None else {"AttributeName": attribute, "Enabled": True}


def stream(declared: Declared) -> Properties | None:
    """Give what the stream holds; a table without this has none."""
    return None if declared.stream is None else {"StreamViewType": declared.stream}


def tags(declared: Declared) -> list[Properties] | None:
    """Give the tags."""
    return [{"Key": key, "Value": value} for key, value in declared.tags.items()] or None
