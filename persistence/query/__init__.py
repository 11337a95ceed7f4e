"""Queries and patches: fluent descriptions, a recorder for lambdas, and a planner that chooses the index."""

from persistence.query.asynchronous import AsyncQuery
from persistence.query.helpers import (
    attribute_type,
    begins_with,
    between,
    contains,
    exists,
    is_in,
    not_,
    not_exists,
    size,
    value,
)
from persistence.query.planner import AccessPath
from persistence.query.query import Query
from persistence.query.raw import raw
from persistence.query.specification import Specification
from persistence.query.update import AsyncPatchBuilder, PatchBuilder

__all__ = [
    "AccessPath",
    "AsyncPatchBuilder",
    "AsyncQuery",
    "PatchBuilder",
    "Query",
    "Specification",
    "attribute_type",
    "begins_with",
    "between",
    "contains",
    "exists",
    "is_in",
    "not_",
    "not_exists",
    "raw",
    "size",
    "value",
]
