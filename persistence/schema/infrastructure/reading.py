"""Tables as they stand in templates, in one form whatever the format."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from persistence.schema.infrastructure.facts import Unresolved, part

ScalingKey = tuple[str, str | None, str]
"""Table, index and dimension ("read" or "write")."""


@dataclass(frozen=True, slots=True)
class TemplateTable:
    """A table in a template.

    Attributes:
        resource: the resource that makes it.
        name: its name, where the template tells.
        properties: as those of `AWS::DynamoDB::Table`, with `Replicas` and `Scaling`.
    """

    resource: str
    name: str | Unresolved
    properties: Mapping[str, Any]


def scaling_key(resource_id: object, dimension: object) -> ScalingKey | None:
    """Tell what scales from the service's names for it, such as `table/orders/index/by-customer`."""
    if not isinstance(resource_id, str) or not isinstance(dimension, str):
        return None
    kind = "read" if "Read" in dimension else "write"
    match resource_id.split("/"):
        case ["table", table]:
            return table, None, kind
        case ["table", table, "index", index]:
            return table, index, kind
        case _:
            return None


def scaling_fact(target: object, tracking: object) -> tuple[object, ...]:
    """Give least, most, target and both cooldowns, which for DynamoDB are 0 where they are not given."""
    return (
        part(target, "MinCapacity"),
        part(target, "MaxCapacity"),
        part(tracking, "TargetValue"),
        part(tracking, "ScaleInCooldown") or 0,
        part(tracking, "ScaleOutCooldown") or 0,
    )
