"""Tables with replicas, as CloudFormation says them: `AWS::DynamoDB::GlobalTable`.

What is declared for the table is so in every copy, its own region's included, unless the `Replica` says
otherwise. The region of the stack is one of the copies.
"""

from __future__ import annotations

from typing import Any

from persistence.errors import NotSupported
from persistence.schema.infrastructure.declared import Declared
from persistence.schema.infrastructure.properties import (
    Properties,
    attribute_definitions,
    billing_mode,
    encryption,
    given,
    index_insights,
    index_structure,
    insights,
    key_schema,
    local_indexes,
    recovery,
    stream,
    tags,
    time_to_live,
)
from persistence.table_options import Billing, OnDemand, Provisioned, Replica, Scaling

HOME: Properties = {"Ref": "AWS::Region"}


def global_table_properties(declared: Declared) -> Properties:
    """Give the properties of a table with replicas.

    Raises:
        NotSupported: writes of the table, or of an index, are provisioned and don't scale.
    """
    indexes = [
        {**index_structure(declared, index), **_writes(declared, declared.billing_of(index), index.name)}
        for index in declared.global_indexes
    ]
    return given(
        TableName=declared.name,
        AttributeDefinitions=attribute_definitions(declared),
        KeySchema=key_schema(declared.table.key),
        BillingMode=billing_mode(declared.billing),
        **_writes(declared, declared.billing),
        GlobalSecondaryIndexes=indexes or None,
        LocalSecondaryIndexes=local_indexes(declared),
        StreamSpecification=stream(declared),
        SSESpecification=encryption(declared.options.encryption),
        TimeToLiveSpecification=time_to_live(declared),
        Replicas=[_copy(declared, None), *(_copy(declared, replica) for replica in declared.replicas)],
    )


def _copy(declared: Declared, replica: Replica | None) -> Properties:
    options = declared.options
    indexes = [
        {"IndexName": index.name, **settings}
        for index in declared.global_indexes
        if (settings := {**_reads(declared.billing_of(index)), **index_insights(declared, index)})
    ]
    key = options.encryption and options.encryption.key if replica is None else replica.key
    return given(
        Region=HOME if replica is None else replica.region,
        **_reads(declared.billing),
        GlobalSecondaryIndexes=indexes or None,
        SSESpecification=None if key is None else {"KMSMasterKeyId": key},
        PointInTimeRecoverySpecification=recovery(options.point_in_time_recovery),
        DeletionProtectionEnabled=options.deletion_protection,
        TableClass=(replica and replica.table_class) or options.table_class,
        ContributorInsightsSpecification=insights(options.contributor_insights),
        Tags=tags(declared),
    )


def _reads(billing: Billing) -> dict[str, Any]:
    if isinstance(billing, OnDemand):
        limits = given(MaxReadRequestUnits=billing.max_read_units)
        return {"ReadOnDemandThroughputSettings": limits} if limits else {}
    if billing.read_scaling is None:
        return {"ReadProvisionedThroughputSettings": {"ReadCapacityUnits": billing.read_units}}
    scaling = _scaling(billing.read_scaling, billing.read_units)
    return {"ReadProvisionedThroughputSettings": {"ReadCapacityAutoScalingSettings": scaling}}


def _writes(declared: Declared, billing: Billing, index: str | None = None) -> dict[str, Any]:
    if isinstance(billing, OnDemand):
        limits = given(MaxWriteRequestUnits=billing.max_write_units)
        return {"WriteOnDemandThroughputSettings": limits} if limits else {}
    scaling = _scaling(_write_scaling(declared, billing, index), billing.write_units)
    return {"WriteProvisionedThroughputSettings": {"WriteCapacityAutoScalingSettings": scaling}}


def _write_scaling(declared: Declared, billing: Provisioned, index: str | None) -> Scaling:
    if billing.write_scaling is None:
        owner = f"table {declared.name!r}"
        raise NotSupported(
            f"{owner if index is None else f'index {index!r} of {owner}'} has provisioned writes that don't "
            "scale, and a table with replicas needs that; give Provisioned(write_scaling=Scaling(...)), or "
            "bill it by OnDemand()"
        )
    return billing.write_scaling


def _scaling(scaling: Scaling, units: int) -> Properties:
    return {
        "MinCapacity": scaling.least,
        "MaxCapacity": scaling.most,
        "SeedCapacity": units,
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": scaling.target,
            "ScaleInCooldown": scaling.scale_in_cooldown,
            "ScaleOutCooldown": scaling.scale_out_cooldown,
        },
    }
