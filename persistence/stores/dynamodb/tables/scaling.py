"""Scaling of provisioned capacity, which is a service of its own: Application Auto Scaling.

A target says between which units the reads or writes of a table or index may move, a policy of the target
says when they do. A table or index has at most one policy per target for the metric of its use: the service
refuses another one under another name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from persistence.errors import TableNotFound
from persistence.operations import (
    DeleteScaling,
    DescribeScaling,
    PutScaling,
    ScalingDescription,
    ScalingDimension,
)
from persistence.stores.dynamodb.exchanges import SCALING, Answer, Exchange, Parameters, Request, pages
from persistence.stores.dynamodb.tables.description import told_in
from persistence.table_options import Scaling

NAME_LENGTH = 256
"""Characters that the name of a policy may have."""

_NAMESPACE = {"ServiceNamespace": "dynamodb"}
_WORDS: Mapping[ScalingDimension, str] = {"reads": "Read", "writes": "Write"}


def describe_targets(operation: DescribeScaling, indexes: Iterable[str] = ()) -> Parameters:
    """Write the request for the targets of a table and of some of its indexes."""
    resources = [_resource(operation.name, None), *(_resource(operation.name, index) for index in indexes)]
    return {**_NAMESPACE, "ResourceIds": resources}


def put_policy(operation: PutScaling, name: str | None = None) -> Parameters:
    """Write the request for a policy.

    Args:
        operation: what is asked for.
        name: the policy's name; None for the one that the service's console would give it.
    """
    scaling, metric = operation.scaling, _metric(operation.dimension)
    return {
        "PolicyName": name or f"{metric}:{_resource(operation.name, operation.index)}"[:NAME_LENGTH],
        **_target(operation),
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": float(scaling.target),
            "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
            "ScaleInCooldown": scaling.scale_in_cooldown,
            "ScaleOutCooldown": scaling.scale_out_cooldown,
        },
    }


def deregister(operation: DeleteScaling) -> Parameters:
    """Write the request that removes a target, and with it its policies."""
    return _target(operation)


def put(operation: PutScaling) -> Exchange[None]:
    """Register a target, or change it, and put its policy in the place of the one that it has."""
    bounds = {"MinCapacity": operation.scaling.least, "MaxCapacity": operation.scaling.most}
    yield Request("RegisterScalableTarget", {**_target(operation), **bounds}, service=SCALING, writes=True)
    resource = {"ResourceId": _resource(operation.name, operation.index)}
    answers = yield from pages(
        Request("DescribeScalingPolicies", {**_NAMESPACE, **resource}, service=SCALING)
    )
    present = _policies(answers).get((resource["ResourceId"], _dimension(operation)), {})
    yield Request(
        "PutScalingPolicy", put_policy(operation, present.get("PolicyName")), service=SCALING, writes=True
    )


def delete(operation: DeleteScaling) -> Exchange[None]:
    """Remove a target; where there is none, nothing has to be done."""
    try:
        yield Request(
            "DeregisterScalableTarget", deregister(operation), "unless in doubt", SCALING, writes=True
        )
    except TableNotFound:
        return


def describe(operation: DescribeScaling) -> Exchange[tuple[ScalingDescription, ...]]:
    """Ask how a table and its indexes scale: for the names of the indexes, for targets, and for policies."""
    described = yield Request("DescribeTable", {"TableName": operation.name})
    indexes = [index["IndexName"] for index in told_in(described).get("GlobalSecondaryIndexes") or ()]
    answers = yield from pages(
        Request("DescribeScalableTargets", describe_targets(operation, indexes), service=SCALING)
    )
    targets = [target for answer in answers for target in answer.get("ScalableTargets") or ()]
    policies: dict[tuple[str, str], Mapping[str, Any]] = {}
    for resource in sorted({target["ResourceId"] for target in targets}):
        parameters = {**_NAMESPACE, "ResourceId": resource}
        told = yield from pages(Request("DescribeScalingPolicies", parameters, service=SCALING))
        policies |= _policies(told)
    found = [_described(target, policies) for target in targets]
    return tuple(
        sorted((one for one in found if one is not None), key=lambda one: (one.index or "", one.dimension))
    )


def _target(operation: PutScaling | DeleteScaling) -> Parameters:
    resource = _resource(operation.name, operation.index)
    return {**_NAMESPACE, "ResourceId": resource, "ScalableDimension": _dimension(operation)}


def _resource(table: str, index: str | None) -> str:
    return f"table/{table}" if index is None else f"table/{table}/index/{index}"


def _dimension(operation: PutScaling | DeleteScaling) -> str:
    kind = "table" if operation.index is None else "index"
    return f"dynamodb:{kind}:{_WORDS[operation.dimension]}CapacityUnits"


def _metric(dimension: ScalingDimension) -> str:
    return f"DynamoDB{_WORDS[dimension]}CapacityUtilization"


def _policies(answers: Iterable[Answer]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """Find the policy that follows the use of a target, for each target: resource and dimension."""
    found = {}
    for policy in (one for answer in answers for one in answer.get("ScalingPolicies") or ()):
        followed = (policy.get("TargetTrackingScalingPolicyConfiguration") or {}).get(
            "PredefinedMetricSpecification", {}
        )
        dimension = policy["ScalableDimension"]
        if followed.get("PredefinedMetricType") == _metric(_of(dimension)):
            found[policy["ResourceId"], dimension] = policy
    return found


def _of(dimension: str) -> ScalingDimension:
    return "reads" if ":Read" in dimension else "writes"


def _described(
    target: Mapping[str, Any], policies: Mapping[tuple[str, str], Mapping[str, Any]]
) -> ScalingDescription | None:
    policy = policies.get((target["ResourceId"], target["ScalableDimension"]))
    if policy is None:
        return None  # it has bounds, but nothing that moves it
    follows = policy["TargetTrackingScalingPolicyConfiguration"]
    scaling = Scaling(
        target["MinCapacity"],
        target["MaxCapacity"],
        follows["TargetValue"],
        # Where a policy has none, scaling of DynamoDB does not wait (user guide, "Define cooldown periods").
        follows.get("ScaleInCooldown", 0),
        follows.get("ScaleOutCooldown", 0),
    )
    _, _, index = target["ResourceId"].partition("/index/")
    return ScalingDescription(_of(target["ScalableDimension"]), scaling, index or None)
