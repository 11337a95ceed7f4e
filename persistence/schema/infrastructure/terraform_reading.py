"""Tables in Terraform configurations, in JSON syntax."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from persistence.schema.infrastructure.configuration import Configuration, blocks_of
from persistence.schema.infrastructure.facts import Unresolved, part
from persistence.schema.infrastructure.properties import Properties, given
from persistence.schema.infrastructure.reading import (
    ScalingKey,
    TemplateTable,
    scaling_fact,
    scaling_key,
)
from persistence.schema.infrastructure.terraform import INSIGHTS, SCALABLE_TARGET, SCALING_POLICY, TABLE

Arguments = Mapping[str, Any]


def terraform_tables(content: Arguments) -> Iterator[TemplateTable]:
    """Give the tables of a Terraform configuration."""
    configuration = Configuration(content)
    scalings = _scalings(configuration)
    insights = _insights(configuration)
    for label, resource in configuration.resources(TABLE):
        name = resource.get("name")
        scaling = {key[1:]: value for key, value in scalings.items() if key[0] == name}
        shown = {index for table, index in insights if table == name}
        named = name if isinstance(name, str | Unresolved) else Unresolved("no name")
        yield TemplateTable(f"{TABLE}.{label}", named, {**_properties(resource, shown), "Scaling": scaling})


def _scalings(configuration: Configuration) -> dict[ScalingKey, tuple[object, ...]]:
    targets = {
        scaling_key(target.get("resource_id"), target.get("scalable_dimension")): target
        for _, target in configuration.resources(SCALABLE_TARGET)
    }
    found: dict[ScalingKey, tuple[object, ...]] = {}
    for _, policy in configuration.resources(SCALING_POLICY):
        key = scaling_key(policy.get("resource_id"), policy.get("scalable_dimension"))
        if key is not None and key in targets:
            found[key] = _scaling(targets[key], policy)
    return found


def _scaling(target: Arguments, policy: Arguments) -> tuple[object, ...]:
    tracking = _block(policy, "target_tracking_scaling_policy_configuration")
    return scaling_fact(
        {"MinCapacity": target.get("min_capacity"), "MaxCapacity": target.get("max_capacity")},
        {
            "TargetValue": part(tracking, "target_value"),
            "ScaleInCooldown": part(tracking, "scale_in_cooldown"),
            "ScaleOutCooldown": part(tracking, "scale_out_cooldown"),
        },
    )


def _insights(configuration: Configuration) -> set[tuple[object, object]]:
    """Give tables and indexes whose contributor insights are on, in the region that the provider has."""
    return {
        (each.get("table_name"), each.get("index_name"))
        for _, each in configuration.resources(INSIGHTS)
        if each.get("region") is None
    }


def _properties(resource: Arguments, insights: set[object]) -> Properties:
    """Give the arguments of a table as properties of `AWS::DynamoDB::Table`."""
    encryption = _block(resource, "server_side_encryption")
    recovery = _block(resource, "point_in_time_recovery")
    lifetime = _block(resource, "ttl")
    tags = resource.get("tags")
    return given(
        KeySchema=_key(resource),
        AttributeDefinitions=_all(
            resource,
            "attribute",
            lambda each: {"AttributeName": each.get("name"), "AttributeType": each.get("type")},
        ),
        BillingMode=resource.get("billing_mode"),
        **_throughput(resource),
        GlobalSecondaryIndexes=_all(
            resource,
            "global_secondary_index",
            lambda each: {
                **_index(each, _key(each)),
                **_throughput(each),
                "ContributorInsightsSpecification": {"Enabled": each.get("name") in insights},
            },
        ),
        LocalSecondaryIndexes=_all(
            resource,
            "local_secondary_index",
            lambda each: _index(each, _key({**each, "hash_key": resource.get("hash_key")})),
        ),
        StreamSpecification=_stream(resource),
        SSESpecification=given(
            SSEEnabled=part(encryption, "enabled"), KMSMasterKeyId=part(encryption, "kms_key_arn")
        ),
        TimeToLiveSpecification=given(
            Enabled=part(lifetime, "enabled"), AttributeName=part(lifetime, "attribute_name")
        ),
        PointInTimeRecoverySpecification=given(
            PointInTimeRecoveryEnabled=part(recovery, "enabled"),
            RecoveryPeriodInDays=part(recovery, "recovery_period_in_days"),
        ),
        DeletionProtectionEnabled=resource.get("deletion_protection_enabled"),
        TableClass=resource.get("table_class"),
        ContributorInsightsSpecification={"Enabled": None in insights},
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()]
        if isinstance(tags, Mapping)
        else tags,
        Replicas=_all(
            resource,
            "replica",
            lambda each: {"Region": each.get("region_name"), "KMSMasterKeyId": each.get("kms_key_arn")},
        ),
    )


def _key(arguments: Arguments) -> list[Properties]:
    if "key_schema" in arguments:
        return [
            {"AttributeName": each.get("attribute_name"), "KeyType": each.get("key_type")}
            for each in blocks_of(arguments["key_schema"])
        ]
    kinds = {"HASH": arguments.get("hash_key"), "RANGE": arguments.get("range_key")}
    return [{"AttributeName": name, "KeyType": kind} for kind, name in kinds.items() if name is not None]


def _index(index: Arguments, key: list[Properties]) -> Properties:
    attributes = index.get("non_key_attributes")
    return {
        "IndexName": index.get("name"),
        "KeySchema": key,
        "Projection": given(ProjectionType=index.get("projection_type"), NonKeyAttributes=attributes),
    }


def _throughput(arguments: Arguments) -> Properties:
    limits = _block(arguments, "on_demand_throughput")
    return {
        "ProvisionedThroughput": {
            "ReadCapacityUnits": arguments.get("read_capacity"),
            "WriteCapacityUnits": arguments.get("write_capacity"),
        },
        "OnDemandThroughput": {
            "MaxReadRequestUnits": part(limits, "max_read_request_units"),
            "MaxWriteRequestUnits": part(limits, "max_write_request_units"),
        },
    }


def _stream(resource: Arguments) -> Any:
    enabled = resource.get("stream_enabled")
    if isinstance(enabled, Unresolved):
        return enabled
    return {"StreamViewType": resource.get("stream_view_type")} if enabled else None


def _block(arguments: Arguments, name: str) -> Any:
    """Give a block that may be there once."""
    found = arguments.get(name)
    return found if isinstance(found, Unresolved) else next(blocks_of(found), _dynamic(arguments, name))


def _all(arguments: Arguments, name: str, converted: Callable[[Arguments], Properties]) -> Any:
    """Give blocks that may be there many times, converted."""
    found = arguments.get(name, _dynamic(arguments, name))
    return found if found is None or isinstance(found, Unresolved) else [*map(converted, blocks_of(found))]


def _dynamic(arguments: Arguments, name: str) -> Unresolved | None:
    if any(name in each for each in blocks_of(arguments.get("dynamic"))):
        return Unresolved("a dynamic block")
    return None
