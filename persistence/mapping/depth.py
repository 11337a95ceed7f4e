"""Which values may be nested deeper than the service takes: only those need to be looked at."""

from __future__ import annotations

from persistence.mapping.containers import ListOf, MapOf, TupleOf
from persistence.mapping.nodes import Node
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.untyped import Foreign, Plain
from persistence.mapping.wrapping import Nullable, Validated


def unmeasured(node: Node) -> bool:
    """Tell whether values of an attribute have any depth, which nobody looks at while they are encoded."""
    # Plain data count their levels themselves, from the attribute on.
    return not isinstance(node, Plain | Foreign) and _endless(node, frozenset())


def _endless(node: Node, outer: frozenset[RecordPlan]) -> bool:
    match node:
        case Plain() | Foreign() | HookedRecord():
            return True
        case Record():
            inside = outer | {node.plan}
            return node.plan in outer or any(_endless(field.node, inside) for field in node.plan.fields)
        case ListOf() | MapOf() | Nullable() | Validated():
            return _endless(node.inner, outer)
        case TupleOf():
            return any(_endless(part, outer) for part in node.inner)
        case _:
            return False
