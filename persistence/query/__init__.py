"""Queries: a fluent description, a recorder for lambdas, and a planner that chooses the index."""

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

__all__ = [
    "AccessPath",
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
