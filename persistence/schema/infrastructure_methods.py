"""The side of the schema service that hands tables over to infrastructure as code."""

from __future__ import annotations

import os
from typing import Literal

from persistence.schema import infrastructure
from persistence.schema.base import Schema, SchemaBase

ExportFormat = Literal["cloudformation", "terraform", "cdk"]


class InfrastructureMethods(SchemaBase):
    """Tables as templates: written, and compared with those in a repository. No store is asked."""

    def export(self, format: ExportFormat, *schemas: Schema) -> str:  # noqa: A002  # the word for it
        """Write tables for a tool that manages infrastructure as code.

        The same mappings give the same text, byte by byte, in whatever order they come. What a declaration
        leaves open is left to the tool, except for the billing, which is on demand. Resources are marked so
        that the tool does not delete tables.

        Args:
            format: "cloudformation" (a template in JSON), "terraform" (configuration in JSON syntax, for a
                file such as `tables.tf.json`) or "cdk" (the source of a stack of the AWS CDK 2 in Python).
            schemas: mappings, or `Table` declarations; all mappings of the service if none are named.

        Returns:
            The text.

        Raises:
            QueryError: there is no such format, or no table.
            MappingError: parts of a declaration contradict each other.
            NotSupported: the format can't say what is declared.
        """
        return infrastructure.exported(format, self._tables(schemas))

    def verify_template(self, path: str | os.PathLike[str], *schemas: Schema) -> None:
        """Tell whether a template in a repository still fits the mappings.

        Compared is what the declarations say; what the template has beyond that does not count, and so don't
        its other resources. Functions and variables are resolved as far as the template tells, parameters and
        variables by their defaults.

        Args:
            path: a CloudFormation template in JSON (or in YAML, where PyYAML is installed), a Terraform
                configuration in JSON syntax, or a folder with `*.tf.json` files.
            schemas: mappings, or `Table` declarations; all mappings of the service if none are named.

        Raises:
            SchemaMismatch: a table is missing in it, is not as declared, or can't be compared.
            QueryError: the path is no template that can be read.
            NotSupported: the template is written in a language that is not read here.
        """
        infrastructure.verify_template(path, self._tables(schemas))
