"""What a declaration demands, and what a template has, as facts that can be compared one by one.

Templates come as the properties of `AWS::DynamoDB::Table`, whatever format they were read from, with two
additions: `Replicas` (region, class and key of each copy) and `Scaling` (by index and dimension).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from persistence.schema.declarations import index_billing
from persistence.schema.planning.live import wanted_insights
from persistence.schema.planning.options import same_encryption
from persistence.table import GlobalIndex, Index, Key, Table
from persistence.table_options import Billing, Encryption, OnDemand, Provisioned, Scaling, TableOptions

Facts = dict[str, object]

GROUPS: Mapping[str, str] = {
    "index ": "GlobalSecondaryIndexes",
    "attribute ": "AttributeDefinitions",
    "replica ": "Replicas",
    "tag ": "Tags",
}
"""Word in the name of a fact -> the property that facts of this kind are listed in."""


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A value in a template that is known only when it is applied.

    Attributes:
        reason: what it depends on, such as `Fn::ImportValue`.
    """

    reason: str


def declared_facts(table: Table) -> Facts:
    """Give what a declaration demands; what it leaves open is not among it."""
    facts: Facts = {"key": _key(table.key)}
    facts |= {f"type of attribute {name!r}": kind for name, kind in table.key_types.items()}
    if table.time_to_live is not None:
        facts["time to live"] = table.time_to_live
    for index in table.indexes:
        facts |= _declared_index(table, index)
    return facts | _declared_options(table.options)


def template_facts(properties: Mapping[str, Any]) -> Facts:
    """Give what a table has according to a template, the service's defaults included."""
    facts: Facts = {"key": _schema(properties.get("KeySchema"))}
    for attribute in listed(properties.get("AttributeDefinitions")):
        facts[f"type of attribute {attribute.get('AttributeName')!r}"] = attribute.get("AttributeType")
    facts |= _template_options(properties)
    for kind in ("GLOBAL", "LOCAL"):
        for index in listed(properties.get(f"{kind.title()}SecondaryIndexes")):
            facts |= _template_index(kind, index, properties)
    for (owner, dimension), scaling in properties.get("Scaling", {}).items():
        facts[f"scaling of {dimension}s{_of(owner)}"] = scaling
    unresolved = {group: properties.get(group) for group in GROUPS.values()}
    return facts | {group: value for group, value in unresolved.items() if isinstance(value, Unresolved)}


def fact_differences(demanded: Facts, found: Facts) -> tuple[str, ...]:
    """Tell in words where what is demanded is not found; what is found beyond that does not count."""
    return tuple(_differences(demanded, found))


def _differences(demanded: Facts, found: Facts) -> Iterator[str]:
    absent = {name for name in demanded if name.startswith("index ") and name not in found}
    for name, value in demanded.items():
        group = next((group for word, group in GROUPS.items() if word in name), "")
        vague = _unresolved(found.get(name, found.get(group)))
        if name in absent:
            yield f"its {name} is missing" if vague is None else f"its {name} can't be told, it is {vague}"
        elif any(name.endswith(f" of {index}") for index in absent) or _same(name, value, found.get(name)):
            continue
        elif vague is not None:
            yield f"its {name} can't be told, it is {vague}; declared is {_shown(value)}"
        else:
            yield f"its {name} is {_shown(found.get(name))}, declared is {_shown(value)}"


def _same(name: str, demanded: object, found: object) -> bool:
    if name == "encryption key" and isinstance(demanded, str) and isinstance(found, str):
        return same_encryption(Encryption.customer(demanded), Encryption.customer(found))
    return demanded == found


def _unresolved(value: object) -> str | None:
    if isinstance(value, Unresolved):
        return value.reason
    parts = value if isinstance(value, tuple | list) else ()
    return next((reason for part in parts if (reason := _unresolved(part)) is not None), None)


def _shown(value: object) -> str:
    match value:
        case None:
            return "none"
        case True:
            return "on"
        case False:
            return "off"
        case tuple():
            return f"({', '.join(map(_shown, value))})"
        case _:
            return str(value)


def _declared_index(table: Table, index: Index) -> Facts:
    of = _of(index.name)
    facts: Facts = {
        f"index {index.name!r}": "GLOBAL" if isinstance(index, GlobalIndex) else "LOCAL",
        f"key{of}": _key(table.index_key(index.name)),
        f"projection{of}": (index.projection.kind, tuple(sorted(index.projection.attributes))),
    }
    if not isinstance(index, GlobalIndex):
        return facts
    facts |= _declared_billing(index_billing(table, index), of)
    insights = wanted_insights(table).get(index.name)
    return facts if insights is None else facts | {f"contributor insights{of}": insights}


def _declared_options(options: TableOptions) -> Facts:
    facts: Facts = {}
    if options.billing is not None:
        facts["billing"] = "PAY_PER_REQUEST" if isinstance(options.billing, OnDemand) else "PROVISIONED"
        facts |= _declared_billing(options.billing, "")
    if options.encryption is not None:
        facts |= _declared_encryption(options.encryption)
    recovery = options.point_in_time_recovery
    if recovery is not None:
        facts["point-in-time recovery"] = recovery.enabled
        facts |= {} if recovery.days is None else {"days of point-in-time recovery": recovery.days}
    for word in ("stream", "deletion_protection", "table_class", "contributor_insights"):
        if (value := getattr(options, word)) is not None:
            facts[word.replace("_", " ")] = value
    facts |= {f"tag {key!r}": value for key, value in (options.tags or {}).items()}
    for replica in options.replicas or ():
        facts[f"replica in {replica.region}"] = True
        if replica.table_class is not None:
            facts[f"table class of replica in {replica.region}"] = replica.table_class
        if replica.key is not None:
            facts[f"key of replica in {replica.region}"] = replica.key
    return facts


def _declared_billing(billing: Billing | None, of: str) -> Facts:
    match billing:
        case None:
            return {}
        case OnDemand():
            return {f"read limit{of}": billing.max_read_units, f"write limit{of}": billing.max_write_units}
        case Provisioned():
            reads = _declared_capacity("read", billing.read_units, billing.read_scaling, of)
            return reads | _declared_capacity("write", billing.write_units, billing.write_scaling, of)


def _declared_capacity(kind: str, units: int, scaling: Scaling | None, of: str) -> Facts:
    """Give how capacity scales, or the units that don't: those that scale are only where it begins."""
    if scaling is None:
        return {f"{kind} units{of}": units}
    return {f"scaling of {kind}s{of}": _scaling(scaling)}


def _declared_encryption(encryption: Encryption) -> Facts:
    facts: Facts = {"encryption": encryption.kind}
    return facts if encryption.key is None else facts | {"encryption key": encryption.key}


def _scaling(scaling: Scaling) -> tuple[object, ...]:
    return (
        scaling.least,
        scaling.most,
        scaling.target,
        scaling.scale_in_cooldown,
        scaling.scale_out_cooldown,
    )


def _key(key: Key) -> tuple[tuple[str, str], ...]:
    return tuple((name, "HASH" if name in key.partitions else "RANGE") for name in key.names)


def _of(index: str | None) -> str:
    return "" if index is None else f" of index {index!r}"


def _schema(elements: object) -> object:
    if isinstance(elements, Unresolved):
        return elements
    return tuple((each.get("AttributeName"), each.get("KeyType")) for each in listed(elements))


def listed(values: object) -> Iterator[Mapping[str, Any]]:
    """Give the parts of a list that are known; nothing of what is no list."""
    if isinstance(values, list):
        yield from (value for value in values if isinstance(value, Mapping))


def part(properties: object, *path: str) -> Any:
    """Give what is at a path: None if it is absent, unresolved if something on the way is."""
    found = properties
    for name in path:
        if not isinstance(found, Mapping):
            return found
        found = found.get(name)
    return found


def _template_options(properties: Mapping[str, Any]) -> Facts:
    recovery = "PointInTimeRecoverySpecification"
    return {
        "billing": properties.get("BillingMode", "PROVISIONED"),
        **_template_billing(properties, ""),
        **_template_encryption(properties),
        **_template_time_to_live(properties),
        "stream": part(properties, "StreamSpecification", "StreamViewType") or "DISABLED",
        "point-in-time recovery": part(properties, recovery, "PointInTimeRecoveryEnabled") or False,
        "days of point-in-time recovery": part(properties, recovery, "RecoveryPeriodInDays") or 35,
        "deletion protection": properties.get("DeletionProtectionEnabled", False),
        "table class": properties.get("TableClass", "STANDARD"),
        "contributor insights": part(properties, "ContributorInsightsSpecification", "Enabled") or False,
        **{f"tag {tag.get('Key')!r}": tag.get("Value") for tag in listed(properties.get("Tags"))},
        **_template_replicas(properties),
    }


def _template_billing(properties: Mapping[str, Any], of: str) -> Facts:
    return {
        f"read units{of}": part(properties, "ProvisionedThroughput", "ReadCapacityUnits"),
        f"write units{of}": part(properties, "ProvisionedThroughput", "WriteCapacityUnits"),
        f"read limit{of}": part(properties, "OnDemandThroughput", "MaxReadRequestUnits"),
        f"write limit{of}": part(properties, "OnDemandThroughput", "MaxWriteRequestUnits"),
    }


def _template_encryption(properties: Mapping[str, Any]) -> Facts:
    enabled = part(properties, "SSESpecification", "SSEEnabled")
    key = part(properties, "SSESpecification", "KMSMasterKeyId")
    if isinstance(enabled, Unresolved):
        return {"encryption": enabled, "encryption key": enabled}
    return {
        "encryption": "OWNED" if not enabled else "MANAGED" if key is None else "CUSTOMER",
        "encryption key": key,
    }


def _template_time_to_live(properties: Mapping[str, Any]) -> Facts:
    enabled = part(properties, "TimeToLiveSpecification", "Enabled")
    attribute = part(properties, "TimeToLiveSpecification", "AttributeName")
    return {"time to live": enabled if isinstance(enabled, Unresolved) else attribute if enabled else None}


def _template_replicas(properties: Mapping[str, Any]) -> Facts:
    facts: Facts = {}
    for replica in listed(properties.get("Replicas")):
        region = replica.get("Region")
        facts[f"replica in {region}"] = True
        facts[f"table class of replica in {region}"] = replica.get("TableClass") or properties.get(
            "TableClass", "STANDARD"
        )
        facts[f"key of replica in {region}"] = replica.get("KMSMasterKeyId")
    return facts


def _template_index(kind: str, index: Mapping[str, Any], table: Mapping[str, Any]) -> Facts:
    name = index.get("IndexName")
    if not isinstance(name, str):
        return {}
    of = _of(name)
    attributes = part(index, "Projection", "NonKeyAttributes")
    projected = tuple(sorted(attributes, key=str)) if isinstance(attributes, list) else attributes or ()
    return {
        f"index {name!r}": kind,
        f"key{of}": _schema(index.get("KeySchema")),
        f"projection{of}": (part(index, "Projection", "ProjectionType"), projected),
        **_template_billing(index, of),
        f"contributor insights{of}": part(index, "ContributorInsightsSpecification", "Enabled") or False,
    }
