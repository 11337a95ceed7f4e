"""Tables in CloudFormation templates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from persistence.schema.infrastructure.cloudformation import (
    GLOBAL_TABLE,
    SCALABLE_TARGET,
    SCALING_POLICY,
    TABLE,
)
from persistence.schema.infrastructure.facts import Unresolved, listed, part
from persistence.schema.infrastructure.intrinsics import Intrinsics
from persistence.schema.infrastructure.reading import (
    ScalingKey,
    TemplateTable,
    scaling_fact,
    scaling_key,
)

OF_COPIES = (
    "ContributorInsightsSpecification",
    "DeletionProtectionEnabled",
    "PointInTimeRecoverySpecification",
    "TableClass",
    "Tags",
)
"""Properties that in a global table each copy has for itself."""

Scalings = dict[ScalingKey, tuple[object, ...]]


def cloudformation_tables(template: Mapping[str, Any]) -> Iterator[TemplateTable]:
    """Give the tables of a CloudFormation template."""
    intrinsics = Intrinsics(template)
    resources = {
        name: {"Type": resource.get("Type"), "Properties": resource.get("Properties") or {}}
        for name, resource in template["Resources"].items()
        if isinstance(resource, Mapping)
    }
    scalings = _scalings(resources, intrinsics)
    for logical_id, resource in resources.items():
        if resource["Type"] not in {TABLE, GLOBAL_TABLE}:
            continue
        name = intrinsics.resolve({"Ref": logical_id})
        properties = intrinsics.resolve(resource["Properties"])
        if resource["Type"] == GLOBAL_TABLE:
            properties = _as_table(properties)
        scaling = {key[1:]: value for key, value in scalings.items() if key[0] == name}
        properties = {**properties, "Scaling": {**properties.get("Scaling", {}), **scaling}}
        yield TemplateTable(logical_id, name, properties)


def _scalings(resources: Mapping[str, Mapping[str, Any]], intrinsics: Intrinsics) -> Scalings:
    targets = {
        name: intrinsics.resolve(resource["Properties"])
        for name, resource in resources.items()
        if resource["Type"] == SCALABLE_TARGET
    }
    by_key = {_target_key(target): target for target in targets.values()}
    found: Scalings = {}
    for resource in resources.values():
        if resource["Type"] != SCALING_POLICY:
            continue
        named = part(resource["Properties"], "ScalingTargetId", "Ref")
        policy = intrinsics.resolve(resource["Properties"])
        target = targets.get(named) if named else by_key.get(_target_key(policy))
        key = _target_key(target)
        if key is not None:
            found[key] = scaling_fact(target, part(policy, "TargetTrackingScalingPolicyConfiguration"))
    return found


def _target_key(target: object) -> ScalingKey | None:
    return scaling_key(part(target, "ResourceId"), part(target, "ScalableDimension"))


def _as_table(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Give a global table the properties of a table: those of its copy in the region of the stack.

    That is the copy whose region is a reference, or else the first.
    """
    copies = list(listed(properties.get("Replicas")))
    home = next(
        (copy for copy in copies if isinstance(copy.get("Region"), Unresolved)), copies[0] if copies else {}
    )
    indexes = properties.get("GlobalSecondaryIndexes")
    of_home = {each.get("IndexName"): each for each in listed(home.get("GlobalSecondaryIndexes"))}
    pairs = [(index, of_home.get(index.get("IndexName"), {})) for index in listed(indexes)]
    scaling = {(None, kind): found for kind, found in _scaling(properties, home)}
    scaling |= {
        (index.get("IndexName"), kind): found for index, own in pairs for kind, found in _scaling(index, own)
    }
    joined = [{**index, **_throughput(index, own), **_insights(own)} for index, own in pairs]
    return {
        **properties,
        **{name: home[name] for name in OF_COPIES if name in home},
        **_throughput(properties, home),
        "SSESpecification": _encryption(properties, home),
        "GlobalSecondaryIndexes": indexes if isinstance(indexes, Unresolved) else joined,
        "Replicas": [
            {**copy, "KMSMasterKeyId": part(copy, "SSESpecification", "KMSMasterKeyId")} for copy in copies
        ],
        "Scaling": scaling,
    }


def _encryption(properties: Mapping[str, Any], home: Mapping[str, Any]) -> Any:
    chosen, key = properties.get("SSESpecification"), part(home, "SSESpecification", "KMSMasterKeyId")
    return {**chosen, "KMSMasterKeyId": key} if isinstance(chosen, Mapping) else chosen


def _insights(own: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in own.items() if name == "ContributorInsightsSpecification"}


def _throughput(table: Mapping[str, Any], home: Mapping[str, Any]) -> dict[str, Any]:
    """Give capacity and limits of a global table, or of an index of one: reads are the copy's own."""
    read, write = "ReadProvisionedThroughputSettings", "WriteProvisionedThroughputSettings"
    reads = part(home, read) or part(table, read)
    writes = part(table, write, "WriteCapacityAutoScalingSettings", "SeedCapacity")
    limits = part(home, "ReadOnDemandThroughputSettings") or part(table, "ReadOnDemandThroughputSettings")
    seed = part(reads, "ReadCapacityAutoScalingSettings", "SeedCapacity")
    return {
        "ProvisionedThroughput": {
            "ReadCapacityUnits": part(reads, "ReadCapacityUnits") or seed,
            "WriteCapacityUnits": writes,
        },
        "OnDemandThroughput": {
            "MaxReadRequestUnits": part(limits, "MaxReadRequestUnits"),
            "MaxWriteRequestUnits": part(table, "WriteOnDemandThroughputSettings", "MaxWriteRequestUnits"),
        },
    }


def _scaling(table: Mapping[str, Any], home: Mapping[str, Any]) -> Iterator[tuple[str, tuple[object, ...]]]:
    for kind, owner in (("Read", home), ("Write", table)):
        path = f"{kind}ProvisionedThroughputSettings", f"{kind}CapacityAutoScalingSettings"
        settings = part(owner, *path)
        if isinstance(settings, Mapping):
            yield (
                kind.lower(),
                scaling_fact(settings, part(settings, "TargetTrackingScalingPolicyConfiguration")),
            )
