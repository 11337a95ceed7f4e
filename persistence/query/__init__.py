"""Queries and patches: fluent descriptions, a recorder for lambdas, and a planner that chooses the index."""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.lazy import lazy_face

if TYPE_CHECKING:
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
    from persistence.query.patching import PatchWish
    from persistence.query.processes import ProcessScan
    from persistence.query.query import Query
    from persistence.query.raw_conditions import raw
    from persistence.query.recorder import record
    from persistence.query.rows import Row
    from persistence.query.specification import Specification
    from persistence.query.subject import EntitySubject
    from persistence.query.update import AsyncPatchBuilder, PatchBuilder
    from persistence.query.wish import Wish

__all__ = [
    "AccessPath",
    "AsyncGrouping",
    "AsyncPatchBuilder",
    "AsyncQuery",
    "Collection",
    "EntitySubject",
    "Grouping",
    "PatchBuilder",
    "PatchWish",
    "ProcessScan",
    "Query",
    "ResultPage",
    "Row",
    "Specification",
    "Wish",
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
    "record",
    "size",
    "sum_of",
    "value",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.query.access": ("AccessPath",),
        "persistence.query.aggregates": ("avg_of", "count_of", "max_of", "min_of", "sum_of"),
        "persistence.query.asynchronous": ("AsyncQuery",),
        "persistence.query.collections": ("Collection", "collection"),
        "persistence.query.grouping": ("AsyncGrouping", "Grouping"),
        "persistence.query.helpers": (
            "attribute_type",
            "begins_with",
            "between",
            "contains",
            "exists",
            "is_in",
            "not_",
            "not_exists",
            "size",
            "value",
        ),
        "persistence.query.pages": ("ResultPage",),
        "persistence.query.patching": ("PatchWish",),
        "persistence.query.processes": ("ProcessScan",),
        "persistence.query.query": ("Query",),
        "persistence.query.raw_conditions": ("raw",),
        "persistence.query.recorder": ("record",),
        "persistence.query.rows": ("Row",),
        "persistence.query.specification": ("Specification",),
        "persistence.query.subject": ("EntitySubject",),
        "persistence.query.update": ("AsyncPatchBuilder", "PatchBuilder"),
        "persistence.query.wish": ("Wish",),
    },
)
