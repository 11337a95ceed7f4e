"""Queries and patches: fluent descriptions, a recorder for lambdas, and a planner that chooses the index."""

from persistence.query.access import AccessPath
from persistence.query.aggregates import avg_of, count_of, max_of, min_of, sum_of
from persistence.query.asynchronous import AsyncQuery
from persistence.query.collections import Collection, collection
from persistence.query.grouping import AsyncGrouping, Grouping
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
from persistence.query.pages import ResultPage
from persistence.query.query import Query
from persistence.query.raw import raw
from persistence.query.rows import Row
from persistence.query.specification import Specification
from persistence.query.update import AsyncPatchBuilder, PatchBuilder

__all__ = [
    "AccessPath",
    "AsyncGrouping",
    "AsyncPatchBuilder",
    "AsyncQuery",
    "Collection",
    "Grouping",
    "PatchBuilder",
    "Query",
    "ResultPage",
    "Row",
    "Specification",
    "attribute_type",
    "avg_of",
    "begins_with",
    "between",
    "collection",
    "contains",
    "count_of",
    "exists",
    "is_in",
    "max_of",
    "min_of",
    "not_",
    "not_exists",
    "raw",
    "size",
    "sum_of",
    "value",
]
