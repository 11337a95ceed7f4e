"""Whether anything of a mapping has to be validated: without, validated and other items are written alike."""

from __future__ import annotations

from persistence.mapping.containers import ListOf, MapOf, TupleOf
from persistence.mapping.nodes import Node
from persistence.mapping.records import HookedRecord, Record, RecordPlan
from persistence.mapping.wrapping import Nullable, Validated


def runs_validators(plan: RecordPlan) -> bool:
    """Tell whether validators run on entities of a schema, or on anything inside them."""
    return _validates(plan, frozenset())


def _validates(plan: RecordPlan, outer: frozenset[RecordPlan]) -> bool:
    if plan in outer:
        return False
    inside = outer | {plan}
    return plan.hooked or plan.has_validators or any(_checks(field.node, inside) for field in plan.fields)


def _checks(node: Node, outer: frozenset[RecordPlan]) -> bool:
    match node:
        case Validated() | HookedRecord():
            return True
        case Record():
            return _validates(node.plan, outer)
        case MapOf():
            return node.validate_key is not None or _checks(node.inner, outer)
        case ListOf() | Nullable():
            return _checks(node.inner, outer)
        case TupleOf():
            return any(_checks(part, outer) for part in node.inner)
        case _:
            return False
