"""What a cursor is bound to: a digest of everything that decides which items follow which."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any, assert_never

from persistence.attributes import AttributeValue, canonical_number
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
    Path,
    Size,
    Value,
)


def fingerprint(*parts: Any) -> bytes:
    """Give the SHA-256 digest of parts: texts, numbers, None, and lists of such."""
    text = json.dumps(parts, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


def canonical(condition: Condition | None) -> Any:
    """Write a condition as plain lists: equal ones alike, in whichever process and spelling of numbers."""
    match condition:
        case None:
            return None
        case Compare(operator, left, right):
            return [operator, _operand(left), _operand(right)]
        case Between(operand, low, high):
            return ["between", _operand(operand), _operand(low), _operand(high)]
        case In(operand, options):
            return ["in", _operand(operand), [_operand(option) for option in options]]
        case BeginsWith(path, operand):
            return ["begins_with", _operand(path), _operand(operand)]
        case Contains(path, operand):
            return ["contains", _operand(path), _operand(operand)]
        case AttributeExists(path):
            return ["exists", _operand(path)]
        case AttributeNotExists(path):
            return ["not exists", _operand(path)]
        case AttributeType(path, tag):
            return ["type", _operand(path), tag]
        case And(conditions):
            return ["and", [canonical(each) for each in conditions]]
        case Or(conditions):
            return ["or", [canonical(each) for each in conditions]]
        case Not(inner):
            return ["not", canonical(inner)]
        case _:
            assert_never(condition)


def _operand(operand: Operand) -> Any:
    match operand:
        case Path(segments):
            return ["path", *segments]
        case Size(path):
            return ["size", *path.segments]
        case Value(value):
            return ["value", _value(value)]
        case _:
            assert_never(operand)


def _value(value: AttributeValue) -> Any:
    ((tag, content),) = value.items()
    match tag:
        case "N":
            return [tag, canonical_number(content)]
        case "B":
            return [tag, base64.b64encode(content).decode()]
        case "SS" | "NS" | "BS":
            return [tag, sorted((_value({tag[0]: member}) for member in content), key=str)]
        case "L":
            return [tag, [_value(element) for element in content]]
        case "M":
            return [tag, sorted([name, _value(entry)] for name, entry in content.items())]
        case _:
            return [tag, content]
