"""Tables as Terraform configuration, in its JSON syntax, for the AWS provider from version 6.

Resources and arguments: documentation of `hashicorp/aws`, `aws_dynamodb_table`, `aws_appautoscaling_target`,
`aws_appautoscaling_policy`, `aws_dynamodb_contributor_insights`, and `aws_kms_key` as a data source.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from persistence.errors import NotSupported
from persistence.schema.infrastructure.declared import Declared, Scaled
from persistence.schema.infrastructure.names import label
from persistence.schema.infrastructure.properties import Properties, billing_mode, given
from persistence.table import GlobalIndex, Index
from persistence.table_options import Billing, OnDemand, Provisioned, Replica

TABLE = "aws_dynamodb_table"
INSIGHTS = "aws_dynamodb_contributor_insights"
SCALABLE_TARGET = "aws_appautoscaling_target"
SCALING_POLICY = "aws_appautoscaling_policy"
KEY = "aws_kms_key"

_KEY_ARN = re.compile(r"arn:[^:]+:kms:[^:]+:[^:]+:key/")


class Terraform:
    """A configuration that grows by tables."""

    def __init__(self) -> None:
        self._resources: dict[str, dict[str, Properties]] = {}
        self._data: dict[str, dict[str, Properties]] = {}

    def text(self) -> str:
        """Give the configuration as JSON, always in the same order."""
        blocks = given(data=self._data or None, resource=self._resources)
        return json.dumps(blocks, indent=2) + "\n"

    def add(self, declared: Declared) -> None:
        """Add a table with all that belongs to it.

        Raises:
            NotSupported: the provider can't make such a table.
        """
        _refuse_what_it_cannot_say(declared)
        self._put(TABLE, label(declared.name), self._table(declared))
        for scaled in declared.scaled:
            self._scaling(declared, scaled)
        for region in (None, *(replica.region for replica in declared.replicas)):
            self._insights(declared, region)

    def _put(self, kind: str, name: str, arguments: Properties) -> None:
        self._resources.setdefault(kind, {})[name] = arguments

    def _table(self, declared: Declared) -> Properties:
        options = declared.options
        key = declared.table.key
        recovery = options.point_in_time_recovery
        return given(
            name=declared.name,
            **_billing(declared.billing, {"billing_mode": billing_mode(declared.billing)}),
            hash_key=literal(key.partitions[0]),
            range_key=literal(key.sorts[0]) if key.sorts else None,
            attribute=[
                {"name": literal(name), "type": kind}
                for name, kind in sorted(declared.table.key_types.items())
            ],
            global_secondary_index=[_global_index(declared, each) for each in declared.global_indexes]
            or None,
            local_secondary_index=[
                {"name": each.name, "range_key": literal(each.sort), **_projection(each)}
                for each in declared.local_indexes
            ]
            or None,
            **_stream(declared),
            server_side_encryption=self._encryption(declared),
            ttl=_time_to_live(declared),
            point_in_time_recovery=None
            if recovery is None
            else [given(enabled=recovery.enabled, recovery_period_in_days=recovery.days)],
            deletion_protection_enabled=options.deletion_protection,
            table_class=options.table_class,
            tags={literal(key): literal(value) for key, value in declared.tags.items()} or None,
            replica=[self._replica(declared, replica) for replica in declared.replicas] or None,
            lifecycle=[_lifecycle(declared)],
        )

    def _replica(self, declared: Declared, replica: Replica) -> Properties:
        options = declared.options
        recovery = options.point_in_time_recovery
        return given(
            region_name=replica.region,
            kms_key_arn=None
            if replica.key is None
            else self._key_arn(declared, replica.key, region=replica.region),
            point_in_time_recovery=recovery and recovery.enabled,
            deletion_protection_enabled=options.deletion_protection,
            propagate_tags=True if declared.tags else None,
        )

    def _encryption(self, declared: Declared) -> list[Properties] | None:
        encryption = declared.options.encryption
        if encryption is None:
            return None
        key = None if encryption.key is None else self._key_arn(declared, encryption.key)
        return [given(enabled=encryption.kind != "OWNED", kms_key_arn=key)]

    def _key_arn(self, declared: Declared, key: str, region: str | None = None) -> str:
        """Give the resource name of a key; where it is an id or an alias, Terraform looks it up."""
        if _KEY_ARN.match(key):
            return literal(key)
        name = label(declared.name, *(() if region is None else (region,)))
        self._data.setdefault(KEY, {})[name] = given(key_id=literal(key), region=region)
        return f"${{data.{KEY}.{name}.arn}}"

    def _scaling(self, declared: Declared, scaled: Scaled) -> None:
        owner = () if scaled.index is None else (scaled.index,)
        name = label(declared.name, *owner, scaled.dimension.lower())
        path = "" if scaled.index is None else f"/index/{scaled.index}"
        target = f"{SCALABLE_TARGET}.{name}"
        self._put(
            SCALABLE_TARGET,
            name,
            {
                "service_namespace": "dynamodb",
                "resource_id": f"table/{_name_of(declared)}{path}",
                "scalable_dimension": scaled.scalable_dimension,
                "min_capacity": scaled.scaling.least,
                "max_capacity": scaled.scaling.most,
            },
        )
        self._put(
            SCALING_POLICY,
            name,
            {
                "name": scaled.policy_name(declared.name),
                "policy_type": "TargetTrackingScaling",
                "service_namespace": f"${{{target}.service_namespace}}",
                "resource_id": f"${{{target}.resource_id}}",
                "scalable_dimension": f"${{{target}.scalable_dimension}}",
                "target_tracking_scaling_policy_configuration": [
                    {
                        "predefined_metric_specification": [{"predefined_metric_type": scaled.metric}],
                        "target_value": scaled.target,
                        "scale_in_cooldown": scaled.scaling.scale_in_cooldown,
                        "scale_out_cooldown": scaled.scaling.scale_out_cooldown,
                    }
                ],
            },
        )

    def _insights(self, declared: Declared, region: str | None) -> None:
        """Add contributor insights where they are on; the provider has no resource that says they are off."""
        where = () if region is None else (region,)
        if declared.options.contributor_insights:
            arguments = given(table_name=_name_of(declared), region=region)
            self._put(INSIGHTS, label(declared.name, *where), arguments)
        for index in declared.global_indexes:
            if declared.insights_of(index):
                arguments = given(table_name=_name_of(declared), index_name=index.name, region=region)
                self._put(INSIGHTS, label(declared.name, "index", index.name, *where), arguments)


def terraform(tables: Iterable[Declared]) -> str:
    """Write tables as configuration in JSON, always in the same order.

    Args:
        tables: the tables by name.

    Raises:
        NotSupported: the provider can't make such a table.
    """
    configuration = Terraform()
    for table in tables:
        configuration.add(table)
    return configuration.text()


def literal(text: str) -> str:
    """Write a text so that Terraform takes it as it is, and not for a template."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _refuse_what_it_cannot_say(declared: Declared) -> None:
    if declared.replicas and isinstance(declared.billing, Provisioned):
        raise NotSupported(
            f"table {declared.name!r} has replicas and provisioned capacity: Terraform adds replicas before "
            'writes scale, and the service refuses that. Bill it by OnDemand(), or use "cloudformation"'
        )
    for replica in declared.replicas:
        if replica.table_class not in {None, declared.options.table_class or "STANDARD"}:
            raise NotSupported(
                f"replica {replica.region!r} of table {declared.name!r} has another table class than the "
                'table, which a replica can\'t have in Terraform; use "cloudformation"'
            )


def _global_index(declared: Declared, index: GlobalIndex) -> Properties:
    return given(
        name=index.name,
        **_index_key(index),
        **_projection(index),
        **_billing(declared.billing_of(index), {}),
    )


def _index_key(index: GlobalIndex) -> Properties:
    key = index.key
    if key.simple:
        keys = [("hash_key", key.names[0]), *(("range_key", name) for name in key.sorts)]
        return {argument: literal(name) for argument, name in keys}
    kinds = ["HASH"] * len(key.partitions) + ["RANGE"] * len(key.sorts)
    return {
        "key_schema": [
            {"attribute_name": literal(name), "key_type": kind}
            for name, kind in zip(key.names, kinds, strict=True)
        ]
    }


def _projection(index: Index) -> Properties:
    attributes = [literal(name) for name in sorted(index.projection.attributes)]
    return given(projection_type=index.projection.kind, non_key_attributes=attributes or None)


def _billing(billing: Billing, mode: Properties) -> Properties:
    match billing:
        case Provisioned():
            return {**mode, "read_capacity": billing.read_units, "write_capacity": billing.write_units}
        case OnDemand():
            limits = given(
                max_read_request_units=billing.max_read_units, max_write_request_units=billing.max_write_units
            )
            return {**mode, "on_demand_throughput": [limits]} if limits else mode


def _stream(declared: Declared) -> Properties:
    if declared.stream is not None:
        return {"stream_enabled": True, "stream_view_type": declared.stream}
    return {} if declared.options.stream is None else {"stream_enabled": False}


def _time_to_live(declared: Declared) -> list[Properties] | None:
    attribute = declared.table.time_to_live
    return None if attribute is None else [{"attribute_name": literal(attribute), "enabled": True}]


def _lifecycle(declared: Declared) -> dict[str, Any]:
    """Keep Terraform from deleting the table, and from undoing what scaling did to it."""
    scaled = [f"{each.dimension.lower()}_capacity" for each in declared.scaled if each.index is None]
    return given(prevent_destroy=True, ignore_changes=scaled or None)


def _name_of(declared: Declared) -> str:
    return f"${{{TABLE}.{label(declared.name)}.name}}"
