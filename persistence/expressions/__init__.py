"""Conditions and update actions as trees of frozen values, in attribute names and tagged attribute values.

`render` writes them as DynamoDB's expressions, `evaluate` answers them over items. Both `match` on
every node and refuse what they don't know. Conditions combine with `&`, `|` and `~`; they have no truth
value.

| module       | what is in it                                                    |
|--------------|------------------------------------------------------------------|
| `paths`      | `Path`                                                           |
| `conditions` | conditions and key conditions; loaded when they are first used   |
| `updates`    | update actions; likewise                                         |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from persistence.expressions.paths import Path
from persistence.lazy import lazy_face

if TYPE_CHECKING:
    from persistence.expressions.conditions import (
        And,
        AttributeExists,
        AttributeNotExists,
        AttributeType,
        BeginsWith,
        Between,
        Comparator,
        Compare,
        Condition,
        Contains,
        In,
        KeyCondition,
        Not,
        Operand,
        Or,
        Size,
        TypeTag,
        Value,
        all_of,
        attributes_of,
        constants_of,
        equals,
        operands_of,
    )
    from persistence.expressions.updates import (
        Add,
        Discard,
        IfNotExists,
        ListAppend,
        Minus,
        Plus,
        Remove,
        Set,
        SetOperand,
        UpdateAction,
    )

__all__ = [
    "Add",
    "And",
    "AttributeExists",
    "AttributeNotExists",
    "AttributeType",
    "BeginsWith",
    "Between",
    "Comparator",
    "Compare",
    "Condition",
    "Contains",
    "Discard",
    "IfNotExists",
    "In",
    "KeyCondition",
    "ListAppend",
    "Minus",
    "Not",
    "Operand",
    "Or",
    "Path",
    "Plus",
    "Remove",
    "Set",
    "SetOperand",
    "Size",
    "TypeTag",
    "UpdateAction",
    "Value",
    "all_of",
    "attributes_of",
    "constants_of",
    "equals",
    "operands_of",
]

__getattr__, __dir__ = lazy_face(
    __name__,
    {
        "persistence.expressions.conditions": (
            "And",
            "AttributeExists",
            "AttributeNotExists",
            "AttributeType",
            "BeginsWith",
            "Between",
            "Comparator",
            "Compare",
            "Condition",
            "Contains",
            "In",
            "KeyCondition",
            "Not",
            "Operand",
            "Or",
            "Size",
            "TypeTag",
            "Value",
            "all_of",
            "attributes_of",
            "constants_of",
            "equals",
            "operands_of",
        ),
        "persistence.expressions.updates": (
            "Add",
            "Discard",
            "IfNotExists",
            "ListAppend",
            "Minus",
            "Plus",
            "Remove",
            "Set",
            "SetOperand",
            "UpdateAction",
        ),
    },
)
