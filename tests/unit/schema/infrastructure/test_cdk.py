"""Stacks of the AWS CDK: what their source says, held against CloudFormation's resource schemas.

A construct of the first level takes every property of its resource type, and every definition of the
schema is a class of its own, both in Python's spelling.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]  # has no types
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence import MemoryStore, SchemaService, Table
from persistence.schema.infrastructure.cdk import snake_case
from tests.unit.schema.infrastructure.declarations import (
    EXAMPLES,
    SCALED_WORLDWIDE,
    alone,
    distinct,
    tables,
)

TYPES = {
    "dynamodb.CfnTable": "AWS::DynamoDB::Table",
    "dynamodb.CfnGlobalTable": "AWS::DynamoDB::GlobalTable",
    "scaling.CfnScalableTarget": "AWS::ApplicationAutoScaling::ScalableTarget",
    "scaling.CfnScalingPolicy": "AWS::ApplicationAutoScaling::ScalingPolicy",
}

Schema = Mapping[str, Any]


def source_of(*declared: Table) -> str:
    return SchemaService(MemoryStore()).export("cdk", *declared)


class Reader(ast.NodeVisitor):
    """Turns the constructs of a stack back into resources, and notes what their schemas don't know."""

    def __init__(self) -> None:
        self.resources: dict[str, Any] = {}
        self.faults: list[str] = []
        self._retained: dict[str, str] = {}

    def visit_Assign(self, node: ast.Assign) -> None:
        target, value = node.targets[0], node.value
        assert isinstance(target, ast.Name)
        assert isinstance(value, ast.Call)
        self._retained[target.id] = self._construct(value)

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value
        if not isinstance(call, ast.Call):
            return
        if ast.unparse(call.func) in TYPES:
            self._construct(call)
        elif isinstance(call.func, ast.Attribute) and call.func.attr == "apply_removal_policy":
            assert ast.unparse(call.args[0]) == "RemovalPolicy.RETAIN"
            resource = self.resources[self._retained[ast.unparse(call.func.value)]]
            resource |= {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}

    def _construct(self, call: ast.Call) -> str:
        construct = ast.unparse(call.func)
        itself, logical_id = call.args
        assert ast.unparse(itself) == "self"
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", TYPES[construct]).schema
        name: str = ast.literal_eval(logical_id)
        properties = self._properties(call, construct, schema, schema)
        self.resources[name] = {"Type": TYPES[construct], "Properties": properties}
        return name

    def _properties(
        self, call: ast.Call, construct: str, schema: Schema, definition: Schema
    ) -> dict[str, Any]:
        names = {snake_case(name): name for name in definition["properties"]}
        found = {}
        for keyword in call.keywords:
            if keyword.arg not in names:
                self.faults.append(f"{ast.unparse(call.func)} knows no {keyword.arg}")
                continue
            name = names[keyword.arg]
            found[name] = self._value(keyword.value, construct, schema, definition["properties"][name])
        return found

    def _value(self, node: ast.expr, construct: str, schema: Schema, wanted: Schema) -> Any:
        match node:
            case ast.List():
                items = _items(schema, wanted)
                return [self._value(each, construct, schema, items) for each in node.elts]
            case ast.Call():
                return self._part(node, construct, schema, wanted)
            case ast.JoinedStr():
                text = ast.unparse(node)[2:-1].replace("{table.ref}", f"${{{self._retained['table']}}}")
                return {"Fn::Sub": text}
            case ast.Attribute():
                owner, attribute = ast.unparse(node).split(".")
                return {"Ref": "AWS::Region" if attribute == "region" else self._retained[owner]}
            case _:
                return ast.literal_eval(node)

    def _part(self, call: ast.Call, construct: str, schema: Schema, wanted: Schema) -> dict[str, Any]:
        references = list(_references(wanted))
        called = ast.unparse(call.func)
        for reference in references:
            name = reference.rpartition("/")[2]
            if called in {f"{construct}.{name}Property", f"Cfn{name}"}:
                return self._properties(call, construct, schema, schema["definitions"][name])
        if (
            construct.endswith("Table") and called == f"{construct}.KeySchemaProperty"
        ):  # is defined in its place
            return {"AttributeName": call.keywords[0].value.value, "KeyType": call.keywords[1].value.value}  # type: ignore[attr-defined]
        self.faults.append(f"{called} is given for {references}")
        return {}


def _items(schema: Schema, wanted: Schema) -> Schema:
    if "items" in wanted:
        items: Schema = wanted["items"]
        return items
    (reference,) = _references(wanted)
    return _items(schema, schema["definitions"][reference.rpartition("/")[2]])


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, Mapping):
        if "$ref" in schema:
            yield schema["$ref"]
        for each in schema.get("oneOf", []):
            yield from _references(each)


def read(source: str) -> Reader:
    reader = Reader()
    reader.visit(ast.parse(source))
    return reader


def resources_of(*declared: Table) -> dict[str, Any]:
    template = json.loads(SchemaService(MemoryStore()).export("cloudformation", *declared))
    resources: dict[str, Any] = template["Resources"]
    return resources


class TestStack:
    def test_makes_what_the_template_makes(self) -> None:
        declared = (*EXAMPLES, SCALED_WORLDWIDE, *alone())

        reader = read(source_of(*declared))

        assert reader.faults == []
        assert reader.resources == resources_of(*declared)

    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(st.lists(tables(), min_size=1, max_size=3).map(distinct))
    def test_makes_what_the_template_makes_of_any_combination(self, drawn: tuple[Table, ...]) -> None:
        source = source_of(*drawn)

        reader = read(source)

        compile(source, "tables.py", "exec")
        assert (reader.faults, reader.resources) == ([], resources_of(*drawn))

    def test_imports_what_it_uses_and_nothing_else(self) -> None:
        scaled, plain = source_of(*EXAMPLES), source_of(Table("notes", "id"))

        for name in ("CfnTag", "scaling"):
            assert name in scaled
            assert name not in plain

    def test_texts_stand_for_themselves(self) -> None:
        """Also those that end a line elsewhere, or are no text in Python."""
        odd = 'a"b\\c\n\u2028\x85{d}${e}\U0001f600'
        table = Table("notes", odd)

        reader = read(source_of(table))

        assert reader.resources["NotesTable"]["Properties"]["KeySchema"][0]["AttributeName"] == odd


class TestSnakeCase:
    @pytest.mark.parametrize(
        ("name", "python"),
        [
            ("TableName", "table_name"),
            ("SSESpecification", "sse_specification"),
            ("KMSMasterKeyId", "kms_master_key_id"),
            ("SSEEnabled", "sse_enabled"),
        ],
    )
    def test_keeps_abbreviations_together(self, name: str, python: str) -> None:
        assert snake_case(name) == python
