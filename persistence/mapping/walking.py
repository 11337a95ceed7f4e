"""What can be told of a mapping by a walk through all of its parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from persistence import fields
from persistence.mapping.declaration import has_hooks
from persistence.mapping.fieldplan import FieldPlan
from persistence.mapping.nodes import Node
from persistence.mapping.records import Record, RecordPlan
from persistence.mapping.roles import Roles
from persistence.mapping.tables import Placement
from persistence.mapping.wrapping import Validated


def parts_of(whole: RecordPlan | Node) -> Iterator[RecordPlan | Node]:
    """Give a plan or node, the plans of nested schemas, and the nodes of all their fields."""
    seen: set[RecordPlan] = set()
    waiting: list[Any] = [whole]
    while waiting:
        each = waiting.pop()
        if isinstance(each, RecordPlan):
            if each not in seen:
                yield each
                seen.add(each)
                waiting.extend(field.node for field in each.fields)
        elif isinstance(each, tuple):
            waiting.extend(each)
        elif isinstance(each, Node):
            yield each
            waiting.append(each.plan if isinstance(each, Record) else getattr(each, "inner", None))


def encodes_by_field(plan: RecordPlan, placement: Placement, roles: Roles) -> bool:
    """Tell whether no validators run, and nothing else is made of the fields that the unit of work keeps.

    Then an encoding from before a commit is that from after it, but for those fields.

    Args:
        plan: the mapping's fields.
        placement: its keys.
        roles: the fields that are kept.
    """
    if any(map(_validates, parts_of(plan))):
        return False
    names = {role.name for role in roles.managed if role.name is not None}
    if not names:
        return True
    if plan.hooked or has_hooks(type(plan.schema), "pre_dump") or any(map(_sees_the_entity, plan.fields)):
        return False
    places = {role.attribute for role in roles.managed}
    made = (part for part in placement.distinct_parts() if part.attribute not in places)
    return not any(names.intersection(part.fields) for part in made)


def encodes_own_key(plan: RecordPlan) -> bool:
    """Tell whether an encoding has the key of its entity: no code of the application makes another one."""
    if plan.hooked or has_hooks(type(plan.schema), "pre_dump"):
        return False
    return not any(each.foreign for each in plan.fields)


def _sees_the_entity(field: FieldPlan) -> bool:
    """Tell whether a field's own code is shown all of the entity when it converts its value."""
    return field.foreign and type(field.field) is not fields.Converted


def _validates(part: RecordPlan | Node) -> bool:
    return part.has_validators if isinstance(part, RecordPlan) else isinstance(part, Validated)
