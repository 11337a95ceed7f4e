"""The sides of a comparison, and whether they can agree: what the service refuses, and what is never true.

The service refuses constants only; what an attribute holds shows when the condition is evaluated, and is no
error then. The mapping knows what its attributes hold, so that here both are refused. Source: developer
guide, "Comparison operator and function reference".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from persistence.attributes import type_of
from persistence.errors import QueryError
from persistence.evaluate import holds
from persistence.expressions import Compare, Operand, Value

ORDERED = frozenset("SNB")
"""Type tags of what has an order."""
_PREFIXED = frozenset("SB")
_SIZED = frozenset({"S", "B", "SS", "NS", "BS", "L", "M"})
_IN_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "S": "text (S)",
        "N": "a number (N)",
        "B": "bytes (B)",
        "BOOL": "a boolean (BOOL)",
        "NULL": "nothing (NULL)",
        "L": "a list (L)",
        "M": "a map (M)",
        "SS": "a set of text (SS)",
        "NS": "a set of numbers (NS)",
        "BS": "a set of bytes (BS)",
    }
)
_INSTEAD_OF_ORDER: Mapping[str, str] = MappingProxyType(
    {
        "BOOL": "write == or !=, or the field alone",
        "NULL": "write exists(...) or not_exists(...)",
        "L": "compare an element, such as o.lines[0], or size(...)",
        "M": "compare a part, such as o.address.city, or size(...)",
        "SS": "write contains(...), or compare size(...)",
        "NS": "write contains(...), or compare size(...)",
        "BS": "write contains(...), or compare size(...)",
    }
)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison.

    Attributes:
        operand: what is written into the expression.
        tags: the type tags that its values may have; None if they may have any.
        said: what it is, for messages.
    """

    operand: Operand
    tags: frozenset[str] | None
    said: str

    @property
    def described(self) -> str:
        """What it is and how it is stored."""
        return f"{self.said}, which is {_in_words(self.tags or frozenset())}" if self.tags else self.said


def constant(value: Value, operand: object) -> Side:
    """Give the side of an encoded Python value."""
    said = "None" if operand is None else f"this {type(operand).__name__}"
    return Side(value, frozenset({type_of(value.value)}), said)


def check_distinct(left: Side, *rights: Side) -> None:
    """Refuse a side that is compared with itself.

    Raises:
        QueryError: it is.
    """
    if any(right.operand == left.operand for right in rights):
        raise QueryError(f"{left.said} is compared with itself; the service refuses that. Leave it out")


def check_equal(left: Side, *rights: Side) -> None:
    """Refuse to compare what is never equal.

    Raises:
        QueryError: a side is stored as another type than the first.
    """
    check_distinct(left, *rights)
    for right in rights:
        _refuse_apart(left, right, "equal")


def check_order(operator: str, left: Side, *rights: Side) -> None:
    """Refuse to order what has no order, or not the same one.

    Raises:
        QueryError: a side has no order, or is stored as another type than the first.
    """
    check_distinct(left, *rights)
    for side in (left, *rights):
        if side.tags is not None and side.tags.isdisjoint(ORDERED):
            instead = _INSTEAD_OF_ORDER[min(side.tags)]
            raise QueryError(f"{operator} takes text, numbers or bytes, not {side.described}; {instead}")
    for right in rights:
        _refuse_apart(left, right, "in order")


def check_bounds(low: Side, high: Side) -> None:
    """Refuse constant bounds between which nothing lies.

    Raises:
        QueryError: they are of different types, or the lower one is the greater.
    """
    _refuse_apart(low, high, "in order")
    constants = isinstance(low.operand, Value) and isinstance(high.operand, Value)
    if constants and holds(Compare(">", low.operand, high.operand), None):
        raise QueryError(
            "between(...) takes the lower bound first, and the lower one is the greater here; the service "
            "refuses that. Swap the bounds"
        )


def check_beginning(left: Side, prefix: Side) -> None:
    """Refuse beginnings of what is neither text nor bytes.

    Raises:
        QueryError: a side is neither, or the other of the two.
    """
    check_distinct(left, prefix)
    for side in (left, prefix):
        if side.tags is not None and side.tags.isdisjoint(_PREFIXED):
            raise QueryError(
                f"begins_with takes text or bytes, not {side.described}; write between(...) for a range"
            )
    _refuse_apart(left, prefix, "the beginning of each other")


def check_member(container: Side, members: frozenset[str] | None, member: Side) -> None:
    """Refuse members that are never contained.

    Args:
        container: the set, list, text or bytes.
        members: the type tags of what may be in it; None if it may be anything.
        member: what may be in it.

    Raises:
        QueryError: it is stored as another type.
    """
    check_distinct(container, member)
    if members is not None and member.tags is not None and members.isdisjoint(member.tags):
        raise QueryError(
            f"contains: {container.said} holds {_in_words(members)} and never {member.described}"
        )


def check_size(side: Side) -> None:
    """Refuse the size of what has none.

    Raises:
        QueryError: it is a number, a boolean or None.
    """
    if side.tags is not None and side.tags.isdisjoint(_SIZED):
        raise QueryError(
            f"size takes text, bytes, a set, a list or a map, not {side.described}; compare it itself"
        )


def _refuse_apart(left: Side, right: Side, what: str) -> None:
    if left.tags is None or right.tags is None or not left.tags.isdisjoint(right.tags):
        return
    raise QueryError(
        f"{left.described}, and {right.described}, are never {what}: they are stored as different types"
    )


def _in_words(tags: frozenset[str]) -> str:
    return " or ".join(_IN_WORDS[tag] for tag in sorted(tags))
