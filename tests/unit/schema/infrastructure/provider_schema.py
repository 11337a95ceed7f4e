"""What the documentation of Terraform's AWS provider (version 6) says of the arguments of some resources.

Written down by hand from the pages of `aws_dynamodb_table`, `aws_dynamodb_contributor_insights`,
`aws_appautoscaling_target`, `aws_appautoscaling_policy` and of the data source `aws_kms_key`, "Argument
Reference". Blocks that these tables never have (such as `import_table`) are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

TEXT, NUMBER, BOOL, TEXTS, MAP = "text", "number", "bool", "list of texts", "map of texts"


@dataclass(frozen=True)
class Block:
    """The arguments and nested blocks of a block.

    Attributes:
        required, optional: argument -> its type, or the words that it may be.
        blocks: nested blocks.
        most: how often the block may be there; None for any number.
    """

    required: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    optional: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    blocks: Mapping[str, Block] = field(default_factory=dict)
    most: int | None = None


PROJECTION = ("ALL", "INCLUDE", "KEYS_ONLY")
LIMITS = Block(optional={"max_read_request_units": NUMBER, "max_write_request_units": NUMBER}, most=1)
LIFECYCLE = Block(optional={"prevent_destroy": BOOL, "ignore_changes": TEXTS}, most=1)

SCALABLE = {"resource_id": TEXT, "scalable_dimension": TEXT, "service_namespace": TEXT}

RESOURCES: Mapping[str, Block] = {
    "aws_dynamodb_table": Block(
        required={"name": TEXT, "hash_key": TEXT},
        optional={
            "billing_mode": ("PROVISIONED", "PAY_PER_REQUEST"),
            "deletion_protection_enabled": BOOL,
            "range_key": TEXT,
            "read_capacity": NUMBER,
            "write_capacity": NUMBER,
            "region": TEXT,
            "stream_enabled": BOOL,
            "stream_view_type": ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES"),
            "table_class": ("STANDARD", "STANDARD_INFREQUENT_ACCESS"),
            "tags": MAP,
        },
        blocks={
            "attribute": Block(required={"name": TEXT, "type": ("S", "N", "B")}),
            "global_secondary_index": Block(
                required={"name": TEXT, "projection_type": PROJECTION},
                optional={
                    "hash_key": TEXT,
                    "range_key": TEXT,
                    "non_key_attributes": TEXTS,
                    "read_capacity": NUMBER,
                    "write_capacity": NUMBER,
                },
                blocks={
                    "key_schema": Block(required={"attribute_name": TEXT, "key_type": ("HASH", "RANGE")}),
                    "on_demand_throughput": LIMITS,
                },
            ),
            "local_secondary_index": Block(
                required={"name": TEXT, "range_key": TEXT, "projection_type": PROJECTION},
                optional={"non_key_attributes": TEXTS},
            ),
            "on_demand_throughput": LIMITS,
            "point_in_time_recovery": Block(
                required={"enabled": BOOL}, optional={"recovery_period_in_days": NUMBER}, most=1
            ),
            "replica": Block(
                required={"region_name": TEXT},
                optional={
                    "consistency_mode": ("EVENTUAL", "STRONG"),
                    "deletion_protection_enabled": BOOL,
                    "kms_key_arn": TEXT,
                    "point_in_time_recovery": BOOL,
                    "propagate_tags": BOOL,
                },
            ),
            "server_side_encryption": Block(
                required={"enabled": BOOL}, optional={"kms_key_arn": TEXT}, most=1
            ),
            "ttl": Block(optional={"attribute_name": TEXT, "enabled": BOOL}, most=1),
            "lifecycle": LIFECYCLE,
        },
    ),
    "aws_dynamodb_contributor_insights": Block(
        required={"table_name": TEXT}, optional={"index_name": TEXT, "region": TEXT}
    ),
    "aws_appautoscaling_target": Block(
        required={"max_capacity": NUMBER, "min_capacity": NUMBER, **SCALABLE},
        optional={"role_arn": TEXT, "tags": MAP, "region": TEXT},
    ),
    "aws_appautoscaling_policy": Block(
        required={"name": TEXT, **SCALABLE},
        optional={"policy_type": ("TargetTrackingScaling", "StepScaling"), "region": TEXT},
        blocks={
            "target_tracking_scaling_policy_configuration": Block(
                required={"target_value": NUMBER},
                optional={
                    "disable_scale_in": BOOL,
                    "scale_in_cooldown": NUMBER,
                    "scale_out_cooldown": NUMBER,
                },
                blocks={
                    "predefined_metric_specification": Block(
                        required={"predefined_metric_type": TEXT},
                        optional={"resource_label": TEXT},
                        most=1,
                    )
                },
                most=1,
            )
        },
    ),
}

DATA: Mapping[str, Block] = {"aws_kms_key": Block(required={"key_id": TEXT}, optional={"region": TEXT})}

_TYPES: Mapping[str, Any] = {TEXT: str, NUMBER: (int, float), BOOL: bool, TEXTS: list, MAP: dict}


def faults(configuration: Mapping[str, Any]) -> list[str]:
    """Tell what of a configuration the provider would refuse."""
    found: list[str] = []
    for section, known in (("resource", RESOURCES), ("data", DATA)):
        for kind, resources in configuration.get(section, {}).items():
            if kind not in known:
                found.append(f"{section} {kind} is unknown")
                continue
            for label, body in resources.items():
                found.extend(f"{kind}.{label}{fault}" for fault in _faults(known[kind], body))
    return found


def _faults(block: Block, body: Mapping[str, Any]) -> Iterator[str]:
    arguments = {**block.required, **block.optional}
    yield from (f": {name} is missing" for name in block.required.keys() - body.keys())
    for name, value in body.items():
        if name in block.blocks:
            nested = block.blocks[name]
            if not isinstance(value, list) or (nested.most is not None and len(value) > nested.most):
                yield f".{name}: {value!r} is not up to {nested.most} blocks"
                continue
            yield from (f".{name}{fault}" for each in value for fault in _faults(nested, each))
        elif name not in arguments:
            yield f": {name} is unknown"
        else:
            yield from (f".{name}: {fault}" for fault in _value_faults(arguments[name], value))


def _value_faults(kind: str | tuple[str, ...], value: Any) -> Iterator[str]:
    if isinstance(kind, tuple):
        if value not in kind:
            yield f"{value!r} is none of {kind}"
        return
    if not isinstance(value, _TYPES[kind]) or (kind == NUMBER and isinstance(value, bool)):
        yield f"{value!r} is no {kind}"
    elif kind in {TEXTS, MAP}:
        parts = value if kind == TEXTS else [*value, *value.values()]
        yield from (f"{part!r} is no text" for part in parts if not isinstance(part, str))
