"""Tables as a CloudFormation template, in JSON.

Resource types and properties: CloudFormation template reference, `AWS::DynamoDB::Table`,
`AWS::DynamoDB::GlobalTable`, `AWS::ApplicationAutoScaling::ScalableTarget` and `ScalingPolicy`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from persistence.schema.infrastructure.declared import Declared, Scaled
from persistence.schema.infrastructure.global_tables import global_table_properties
from persistence.schema.infrastructure.names import logical_id
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
    throughput,
    time_to_live,
)

TABLE = "AWS::DynamoDB::Table"
GLOBAL_TABLE = "AWS::DynamoDB::GlobalTable"
SCALABLE_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
SCALING_POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource of a template.

    Attributes:
        id: its logical id.
        type: its type.
        properties: what it is made with.
        retained: whether it stays when it is taken out of the template, or the template is deleted.
    """

    id: str
    type: str
    properties: Properties
    retained: bool = False

    def as_dict(self) -> Properties:
        """Give it as it stands in a template."""
        policies = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"} if self.retained else {}
        return {"Type": self.type, **policies, "Properties": self.properties}


def cloudformation(tables: Iterable[Declared]) -> str:
    """Write tables as a template in JSON, always in the same order.

    Args:
        tables: the tables by name.

    Raises:
        NotSupported: CloudFormation can't make such a table.
    """
    resources = {each.id: each.as_dict() for table in tables for each in resources_of(table)}
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "DynamoDB tables, as the application's mappings declare them",
        "Resources": resources,
    }
    return json.dumps(template, indent=2) + "\n"


def resources_of(declared: Declared) -> tuple[Resource, ...]:
    """Give the resources of a table: itself, then targets and policies of what scales.

    Raises:
        NotSupported: CloudFormation can't make such a table.
    """
    name = logical_id(declared.name)
    if declared.replicas:  # which scale by themselves
        return (Resource(name, GLOBAL_TABLE, global_table_properties(declared), retained=True),)
    table = Resource(name, TABLE, _table_properties(declared), retained=True)
    return (table, *(each for scaled in declared.scaled for each in _scaling(declared, scaled)))


def _table_properties(declared: Declared) -> Properties:
    options = declared.options
    return given(
        TableName=declared.name,
        AttributeDefinitions=attribute_definitions(declared),
        KeySchema=key_schema(declared.table.key),
        BillingMode=billing_mode(declared.billing),
        **throughput(declared.billing),
        GlobalSecondaryIndexes=_global_indexes(declared) or None,
        LocalSecondaryIndexes=local_indexes(declared),
        StreamSpecification=stream(declared),
        SSESpecification=_encryption(declared),
        TimeToLiveSpecification=time_to_live(declared),
        PointInTimeRecoverySpecification=recovery(options.point_in_time_recovery),
        DeletionProtectionEnabled=options.deletion_protection,
        TableClass=options.table_class,
        ContributorInsightsSpecification=insights(options.contributor_insights),
        Tags=tags(declared),
    )


def _global_indexes(declared: Declared) -> list[Properties]:
    return [
        {
            **index_structure(declared, index),
            **throughput(declared.billing_of(index)),
            **index_insights(declared, index),
        }
        for index in declared.global_indexes
    ]


def _encryption(declared: Declared) -> Properties | None:
    chosen = declared.options.encryption
    found = encryption(chosen)
    if found is None or chosen is None or chosen.key is None:
        return found
    return {**found, "KMSMasterKeyId": chosen.key}


def _scaling(declared: Declared, scaled: Scaled) -> tuple[Resource, Resource]:
    table = logical_id(declared.name)
    path = "" if scaled.index is None else f"/index/{scaled.index}"
    target = Resource(
        logical_id(declared.name, scaled.index, f"{scaled.dimension}Target"),
        SCALABLE_TARGET,
        {
            "ServiceNamespace": "dynamodb",
            "ResourceId": {"Fn::Sub": f"table/${{{table}}}{path}"},
            "ScalableDimension": scaled.scalable_dimension,
            "MinCapacity": scaled.scaling.least,
            "MaxCapacity": scaled.scaling.most,
        },
    )
    policy = Resource(
        logical_id(declared.name, scaled.index, f"{scaled.dimension}Policy"),
        SCALING_POLICY,
        {
            "PolicyName": scaled.policy_name(declared.name),
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": {"Ref": target.id},
            "TargetTrackingScalingPolicyConfiguration": {
                "PredefinedMetricSpecification": {"PredefinedMetricType": scaled.metric},
                "TargetValue": scaled.target,
                "ScaleInCooldown": scaled.scaling.scale_in_cooldown,
                "ScaleOutCooldown": scaled.scaling.scale_out_cooldown,
            },
        },
    )
    return target, policy
