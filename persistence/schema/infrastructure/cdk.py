"""Tables as a stack of the AWS CDK (version 2), in Python.

It uses the constructs of the first level (`CfnTable` and so on), which have every property that
CloudFormation has, by its name in Python's spelling, and give resources the same logical ids as the template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from persistence.schema.infrastructure.cloudformation import (
    GLOBAL_TABLE,
    SCALABLE_TARGET,
    SCALING_POLICY,
    TABLE,
    Resource,
    resources_of,
)
from persistence.schema.infrastructure.declared import Declared

CONSTRUCTS: Mapping[str, tuple[str, str]] = {
    TABLE: ("table", "dynamodb.CfnTable"),
    GLOBAL_TABLE: ("global_table", "dynamodb.CfnGlobalTable"),
    SCALABLE_TARGET: ("target", "scaling.CfnScalableTarget"),
    SCALING_POLICY: ("policy", "scaling.CfnScalingPolicy"),
}
"""Resource type -> name of the variable, and construct."""

PROPERTY_TYPES: Mapping[str, str] = {
    "AttributeDefinitions": "AttributeDefinition",
    "GlobalSecondaryIndexes": "GlobalSecondaryIndex",
    "LocalSecondaryIndexes": "LocalSecondaryIndex",
    "ReadCapacityAutoScalingSettings": "CapacityAutoScalingSettings",
    "Replicas": "ReplicaSpecification",
    "WriteCapacityAutoScalingSettings": "CapacityAutoScalingSettings",
}
"""Property -> CloudFormation's name of its type, where that is not the property's own."""

REPLICA_PROPERTY_TYPES: Mapping[str, str] = {
    "GlobalSecondaryIndexes": "ReplicaGlobalSecondaryIndexSpecification",
    "SSESpecification": "ReplicaSSESpecification",
}

_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_REFERENCE = re.compile(r"\$\{\w+\}")

_HEAD = '''"""The DynamoDB tables that the application's mappings declare."""

from typing import Any

from aws_cdk import {imported}
{modules}
from constructs import Construct


class TablesStack(Stack):
    """The tables of the application."""

    def __init__(self, scope: Construct, construct_id: str, **options: Any) -> None:
        super().__init__(scope, construct_id, **options)
'''


def cdk(tables: Iterable[Declared]) -> str:
    """Write tables as the source of a stack, always in the same order.

    Args:
        tables: the tables by name.

    Raises:
        NotSupported: CloudFormation can't make such a table.
    """
    blocks = [_table_block(resources_of(table)) for table in tables]
    body = "\n".join(blocks)
    names = ["CfnTag", "RemovalPolicy", "Stack"] if "CfnTag(" in body else ["RemovalPolicy", "Stack"]
    modules = ["from aws_cdk import aws_dynamodb as dynamodb"]
    if "scaling.Cfn" in body:
        modules.insert(0, "from aws_cdk import aws_applicationautoscaling as scaling")
    return _HEAD.format(imported=", ".join(names), modules="\n".join(modules)) + "\n" + body


def snake_case(name: str) -> str:
    """Give the Python name of a property: `SSESpecification` is `sse_specification`."""
    return _WORDS.sub("_", name).lower()


def _table_block(resources: tuple[Resource, ...]) -> str:
    return "".join(f"        {line}\n" for resource in resources for line in _statement(resource))


def _statement(resource: Resource) -> Iterator[str]:
    variable, construct = CONSTRUCTS[resource.type]
    arguments = ["self", _text(resource.id), *_arguments(construct, resource.properties, "")]
    lines = _call(construct, arguments)
    if resource.type == SCALING_POLICY:  # nothing refers to it
        yield from lines.split("\n")
    else:
        yield from f"{variable} = {lines}".split("\n")
    if resource.retained:
        yield f"{variable}.apply_removal_policy(RemovalPolicy.RETAIN)"


def _arguments(construct: str, properties: Mapping[str, Any], within: str) -> list[str]:
    return [
        f"{snake_case(name)}={_value(construct, name, value, within)}" for name, value in properties.items()
    ]


def _value(construct: str, name: str, value: Any, within: str) -> str:
    match value:
        case {"Ref": "AWS::Region"}:
            return "self.region"
        case {"Ref": str()}:  # of a policy to the target just before it
            return "target.ref"
        case {"Fn::Sub": str(text)}:
            return "f" + _text(_REFERENCE.sub("{table.ref}", text))
        case {}:
            return _property(construct, name, value, within)
        case list():
            return _list([_value(construct, name, each, within) for each in value])
        case str():
            return _text(value)
        case _:
            return repr(value)


def _property(construct: str, name: str, value: Mapping[str, Any], within: str) -> str:
    if name == "Tags":
        return _call("CfnTag", [f"{snake_case(each)}={_text(text)}" for each, text in value.items()])
    special = REPLICA_PROPERTY_TYPES if within == "Replicas" else {}
    kind = special.get(name) or PROPERTY_TYPES.get(name, name)
    inside = "Replicas" if within == "Replicas" else name
    return _call(f"{construct}.{kind}Property", _arguments(construct, value, inside))


def _call(function: str, arguments: list[str]) -> str:
    return f"{function}(\n{_indented(arguments)})"


def _list(values: list[str]) -> str:
    return f"[\n{_indented(values)}]"


def _indented(parts: list[str]) -> str:
    return "".join(f"    {line}\n" for part in parts for line in f"{part},".split("\n"))


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
