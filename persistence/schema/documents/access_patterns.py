"""Which query is answered how: a table for a README."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, assert_never

from persistence.errors import QueryError
from persistence.expressions import (
    And,
    AttributeExists,
    AttributeNotExists,
    AttributeType,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Contains,
    In,
    Not,
    Operand,
    Or,
    Size,
    Value,
)
from persistence.query.access import AccessPath
from persistence.query.base import QueryBase
from persistence.schema.documents.markdown import cell, code, table

HEAD = ("Access pattern", "Condition", "Access path", "Index", "Cost", "Advice")

_ACTIONS = {"get": "GetItem", "batch get": "BatchGetItem", "query": "Query", "scan": "Scan"}


def access_patterns_of(queries: Mapping[str, QueryBase[Any, Any]]) -> str:
    """Write a Markdown table of queries: what each asks for, how it is answered and what that costs.

    Args:
        queries: the name of each access pattern, and its query.

    Raises:
        QueryError: one of them is no query, or can't be answered.
    """
    return table(HEAD, (tuple(_row(name, query)) for name, query in queries.items()))


def _row(name: str, query: QueryBase[Any, Any]) -> Iterator[str]:
    if not isinstance(query, QueryBase):
        raise QueryError(f"access pattern {name!r} is a {type(query).__name__}; give a query of a repository")
    path = query.explain()
    yield cell(name)
    yield "" if path.asked is None else code(worded(path.asked))
    yield cell(_path(path))
    yield "" if path.index is None else code(path.index)
    yield cell(str(path.expected))
    yield cell("; ".join(map(str, path.advice)))


def _path(path: AccessPath) -> str:
    words = [_ACTIONS[path.kind]]
    words += ["strongly consistent"] if path.consistent else []
    words += ["descending"] if path.descending else []
    words += ["filtered after reading"] if path.filter is not None else []
    words += ["checked in memory"] if path.check is not None else []
    words += [f"fetches whole items {path.fetch}"] if path.fetch != "nothing" else []
    words += [f"sorted in memory by {path.sorted_by}"] if path.sorted_by is not None else []
    return ", ".join(words)


def worded(condition: Condition) -> str:
    """Write a condition over attributes; values are not shown, since such texts are published."""
    match condition:
        case And(parts):
            return " and ".join(map(_enclosed, parts))
        case Or(parts):
            return " or ".join(map(_enclosed, parts))
        case Not(inner):
            return f"not {_enclosed(inner)}"
        case Compare(operator, left, right):
            return f"{_operand(left)} {operator} {_operand(right)}"
        case Between(operand, low, high):
            return f"{_operand(operand)} between {_operand(low)} and {_operand(high)}"
        case In(operand, options):
            return f"{_operand(operand)} in ({len(options)} values)"
        case BeginsWith(path, prefix):
            return f"{path} begins with {_operand(prefix)}"
        case Contains(path, operand):
            return f"{path} contains {_operand(operand)}"
        case AttributeExists(path):
            return f"{path} exists"
        case AttributeNotExists(path):
            return f"{path} does not exist"
        case AttributeType(path, kind):
            return f"{path} is of type {kind}"
        case _:
            assert_never(condition)


def _enclosed(condition: Condition) -> str:
    text = worded(condition)
    return f"({text})" if isinstance(condition, And | Or) else text


def _operand(operand: Operand) -> str:
    if isinstance(operand, Value):
        return "?"
    return f"size({operand.path})" if isinstance(operand, Size) else str(operand)
