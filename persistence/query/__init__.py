"""Queries and patches: fluent descriptions, a recorder for lambdas, and a planner that chooses the index."""

from persistence.query.asynchronous import AsyncQuery
from persistence.query.planner import AccessPath
from persistence.query.query import Query
from persistence.query.recorder import (
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
from persistence.query.update import AsyncPatchBuilder, PatchBuilder

__all__ = [
    "AccessPath",
    "AsyncPatchBuilder",
    "AsyncQuery",
    "PatchBuilder",
    "Query",
    "begins_with",
    "between",
    "contains",
    "exists",
    "is_in",
    "not_",
    "not_exists",
    "size",
    "value",
]
