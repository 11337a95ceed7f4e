"""Templates in files: read, and told apart by what is in them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from persistence.errors import NotSupported, QueryError
from persistence.schema.infrastructure.cloudformation_reading import cloudformation_tables
from persistence.schema.infrastructure.reading import TemplateTable
from persistence.schema.infrastructure.terraform_reading import terraform_tables

YAML = {".yaml", ".yml"}
HCL = {".tf", ".hcl"}
PROGRAMS = {".py", ".ts", ".js"}
TERRAFORM_SECTIONS = {"resource", "data", "variable", "locals", "terraform", "provider", "module", "output"}


def tables_in(path: Path) -> tuple[TemplateTable, ...]:
    """Give the tables of a CloudFormation template, or of a Terraform configuration in JSON.

    Args:
        path: the file; or a folder, whose `*.tf.json` files are one configuration.

    Raises:
        QueryError: it can't be read, or is no template.
        NotSupported: it is written in a language that is not read here.
    """
    try:
        return tuple(_tables_in(path))
    except RecursionError as endless:
        raise QueryError(f"the template {str(path)!r} refers to itself, and never ends") from endless


def _tables_in(path: Path) -> Iterator[TemplateTable]:
    if path.is_dir():
        files = sorted(path.glob("*.tf.json"))
        if not files:
            raise QueryError(f"the folder {str(path)!r} has no *.tf.json files; name the template's file")
        return terraform_tables(_joined(_content(file) for file in files))
    content = _content(path)
    if isinstance(content.get("Resources"), Mapping):
        return cloudformation_tables(content)
    if content.keys() & TERRAFORM_SECTIONS:
        return terraform_tables(content)
    raise QueryError(
        f"{str(path)!r} is no template: a CloudFormation template has Resources, a Terraform configuration "
        "has resource blocks"
    )


def _joined(contents: Iterator[Mapping[str, Any]]) -> dict[str, list[Any]]:
    sections: dict[str, list[Any]] = {}
    for content in contents:
        for name, section in content.items():
            sections.setdefault(name, []).extend(section if isinstance(section, list) else [section])
    return sections


def _content(path: Path) -> Mapping[str, Any]:
    if path.suffix in HCL:
        raise NotSupported(
            f"{str(path)!r} is in Terraform's own language, which is not read here; its JSON syntax "
            '(*.tf.json) is. Keep the tables in the file that export("terraform") writes'
        )
    if path.suffix in PROGRAMS:
        raise NotSupported(
            f"{str(path)!r} is a program, which is not run here; name the template that it makes, with CDK "
            "the one that `cdk synth` writes into cdk.out"
        )
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise QueryError(f"the template {str(path)!r} can't be read: {failure}") from failure
    content = _yaml(path, text) if path.suffix in YAML else _json(path, text)
    if not isinstance(content, Mapping):
        raise QueryError(f"{str(path)!r} is no template: it is no object with named parts")
    return content


def _json(path: Path, text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as damage:
        raise QueryError(f"{str(path)!r} is no JSON: {damage}") from damage


def _yaml(path: Path, text: str) -> object:
    """Read YAML with CloudFormation's short tags, where PyYAML is installed."""
    try:
        yaml = import_module("yaml")
    except ImportError as missing:
        raise NotSupported(
            f"{str(path)!r} is YAML, and PyYAML is not installed: pip install pyyaml, or turn it into JSON "
            "with cfn-flip"
        ) from missing

    class Loader(yaml.SafeLoader):  # type: ignore[name-defined, misc]  # there is no type for it
        pass

    def construct(loader: Any, tag: str, node: Any) -> dict[str, Any]:
        """Write `!Ref x` as `{"Ref": x}`, and `!Sub x` as `{"Fn::Sub": x}`."""
        match node.id:
            case "scalar":
                value: Any = loader.construct_scalar(node)
            case "sequence":
                value = loader.construct_sequence(node, deep=True)
            case _:
                value = loader.construct_mapping(node, deep=True)
        return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}

    Loader.add_multi_constructor("!", construct)
    try:
        return yaml.load(text, Loader)
    except yaml.YAMLError as damage:
        raise QueryError(f"{str(path)!r} is no YAML: {damage}") from damage
