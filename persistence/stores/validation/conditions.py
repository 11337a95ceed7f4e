"""Conditions: which operand an operator takes, and how large an expression may be.

The rules concern constants only, as in the service: what an attribute holds shows when the condition is
evaluated, and is then no error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import assert_never

from persistence.attributes import LAST_INDEX, NESTING_LIMIT, AttributeValue, type_of
from persistence.errors import QueryError
from persistence.evaluate import holds
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
from persistence.render import Renderer
from persistence.stores.validation.refused import Refused
from persistence.stores.validation.values import check_value

IN_LIMIT = 100
NESTED_CONDITIONS = 200
LIGHT = 100
"""An expression of so few operators, operands and path segments can't be near the service's limits."""

_GUARDS = (AttributeNotExists, AttributeExists)
_ORDERED = frozenset("SNB")
_PREFIXES = frozenset("SB")
_COMPARATORS = frozenset({"=", "<>", "<", "<=", ">", ">="})
_TYPE_TAGS = ("B", "BOOL", "BS", "L", "M", "N", "NS", "NULL", "S", "SS")


def check_condition(condition: Condition | None, expression: str = "ConditionExpression") -> None:
    """Check a condition or filter before it is evaluated.

    Args:
        condition: the tree; None is fine.
        expression: what the service calls it, for the message.

    Raises:
        Refused: an operator got a constant that it can't take, or the expression is too large.
    """
    if condition is None:
        return
    try:
        if isinstance(condition, _GUARDS):
            # What guards most writes can't be large.
            check_path(condition.path)
            return
        weight = _weigh(condition, 0)
    except Refused as refused:
        raise Refused(f"Invalid {expression}: {refused.reason}", refused.place) from None
    if weight > LIGHT:
        refuse_heavy(expression, lambda: Renderer().condition(condition))


def refuse_heavy(expression: str, render: Callable[[], str]) -> None:
    """Leave it to the rendering whether an expression is too large.

    Raises:
        Refused: it has too many operators or bytes.
    """
    try:
        render()
    except QueryError as error:
        raise Refused(f"Invalid {expression}: {error}") from error


def _weigh(condition: Condition, depth: int) -> int:
    """Check a condition and give the number of its operators, operands and path segments."""
    if depth > NESTED_CONDITIONS:
        raise Refused("The expression contains too many operators; conditions are nested too deeply")
    match condition:
        case Compare(comparator, left, right):
            return _weigh_comparison(comparator, left, right)
        case AttributeExists(path) | AttributeNotExists(path):
            return _weigh_operands("attribute_exists", path)
        case And(parts) | Or(parts):
            return _weigh_joined(parts, depth)
        case Not(negated):
            return 1 + _weigh(negated, depth + 1)
        case Between(operand, low, high):
            return _weigh_between(operand, low, high)
        case In(operand, options):
            return _weigh_in(operand, options)
        case BeginsWith(path, prefix):
            check_constant("begins_with", prefix, _PREFIXES)
            return _weigh_operands("begins_with", path, prefix)
        case Contains(path, operand):
            return _weigh_operands("contains", path, operand)
        case AttributeType(path, tag):
            _check_type_tag(tag)
            return 1 + _weigh_operands("attribute_type", path)
        case _:
            assert_never(condition)


def _weigh_joined(parts: tuple[Condition, ...], depth: int) -> int:
    if not parts:
        raise Refused("AND and OR join conditions; there is none")
    return len(parts) + sum(_weigh(part, depth + 1) for part in parts)


def _weigh_comparison(comparator: str, left: Operand, right: Operand) -> int:
    if comparator not in _COMPARATORS:
        raise Refused(f"Unknown comparator; comparator: {comparator}")
    if comparator not in ("=", "<>"):
        check_constant(comparator, left, _ORDERED)
        check_constant(comparator, right, _ORDERED)
    return _weigh_operands(comparator, left, right)


def _weigh_between(operand: Operand, low: Operand, high: Operand) -> int:
    weight = _weigh_operands("BETWEEN", operand, low, high)
    for part in (operand, low, high):
        check_constant("BETWEEN", part, _ORDERED)
    if isinstance(low, Value) and isinstance(high, Value):
        check_bounds(low.value, high.value)
    return weight


def check_bounds(low: AttributeValue, high: AttributeValue) -> None:
    """Check the constant bounds of a BETWEEN.

    Raises:
        Refused: they differ in type, or the lower one is the greater.
    """
    if type_of(low) != type_of(high):
        raise Refused(
            "The BETWEEN operator requires same data type for lower and upper bounds; "
            f"lower bound operand type: {type_of(low)}, upper bound operand type: {type_of(high)}"
        )
    if holds(Compare(">", Value(low), Value(high)), None):
        raise Refused(
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "
            f"operand type: {type_of(low)}"
        )


def _weigh_in(operand: Operand, options: tuple[Operand, ...]) -> int:
    if not 1 <= len(options) <= IN_LIMIT:
        raise Refused(f"The IN operator takes 1 to {IN_LIMIT} operands; number of operands: {len(options)}")
    return _weigh_operands("IN", operand, *options)


def _check_type_tag(tag: str) -> None:
    if tag not in _TYPE_TAGS:
        raise Refused(
            f"Invalid attribute type name found; type: {tag}, valid types: {{{','.join(_TYPE_TAGS)}}}"
        )


def _weigh_operands(operator: str, first: Operand, *others: Operand) -> int:
    weight = 1 + _weigh_operand(first)
    for operand in others:
        weight += _weigh_operand(operand)
        if isinstance(first, Path) and operand == first:
            raise Refused(
                "The first operand must be distinct from the remaining operands for this operator or "
                f"function; operator: {operator}, first operand: {first}"
            )
    return weight


def _weigh_operand(operand: Operand) -> int:
    match operand:
        case Path():
            check_path(operand)
            return len(operand.segments)
        case Value():
            check_value(operand.value)
            return 1
        case Size(path):
            check_path(path)
            return 1 + len(path.segments)
        case _:
            assert_never(operand)


def check_constant(operator: str, operand: Operand, types: frozenset[str]) -> None:
    """Check that an operand, if it is a constant, has a type that the operator takes.

    Raises:
        Refused: it has another one.
    """
    if not isinstance(operand, Value):
        return
    check_value(operand.value)
    if type_of(operand.value) not in types:
        raise Refused(
            "Incorrect operand type for operator or function; "
            f"operator or function: {operator}, operand type: {type_of(operand.value)}"
        )


def check_path(path: Path) -> None:
    """Check a document path.

    Raises:
        Refused: it is empty, too deep, or has a segment that is neither a name nor an index.
    """
    segments = path.segments
    if len(segments) == 1 and segments[0] and isinstance(segments[0], str):
        return
    if not segments or not isinstance(segments[0], str):
        raise Refused("A document path starts with the name of an attribute")
    if len(segments) > NESTING_LIMIT:
        raise Refused(
            "The document path has too many nesting elements; "
            f"nesting: {len(segments)}, limit: {NESTING_LIMIT}, attribute: {segments[0]}"
        )
    for segment in segments:
        if segment == "" or (isinstance(segment, int) and not 0 <= segment <= LAST_INDEX):
            raise Refused(
                f"A document path has names of at least one character and indexes from 0 to {LAST_INDEX}"
            )


def check_projection(paths: Iterable[Path] | None) -> None:
    """Check the paths of a projection.

    Raises:
        Refused: there is none, one is malformed, two overlap, or together they have too many bytes.
    """
    if paths is None:
        return
    paths = tuple(paths)
    if not paths:
        raise Refused("Invalid ProjectionExpression: The expression can not be empty;")
    for path in paths:
        check_path(path)
    check_apart(paths, "ProjectionExpression")
    if sum(len(path.segments) for path in paths) > LIGHT:
        refuse_heavy("ProjectionExpression", lambda: Renderer().projection(paths))


def check_apart(paths: tuple[Path, ...], expression: str) -> None:
    """Check that of several paths none is, or lies within, another, and that they agree on what is a list.

    Raises:
        Refused: two of them overlap or contradict each other.
    """
    places = {path.segments for path in paths}
    if len(places) == len(paths) and max(map(len, places)) == 1:
        return
    above: dict[tuple[str | int, ...], _Seen] = {}
    for path in paths:
        for length in range(1, len(path.segments) + 1):
            _meet(above, path, length, expression)


@dataclass(slots=True)
class _Seen:
    path: Path
    whole: bool
    below: type | None


def _meet(above: dict[tuple[str | int, ...], _Seen], path: Path, length: int, expression: str) -> None:
    whole = length == len(path.segments)
    below = None if whole else type(path.segments[length])
    seen = above.setdefault(path.segments[:length], _Seen(path, whole, below))
    if seen.path is path:
        return
    if whole or seen.whole:
        problem = "overlap with each other; must remove or rewrite one of these paths"
    elif seen.below is not below:
        problem = "conflict with each other"
    else:
        return
    raise Refused(
        f"Invalid {expression}: Two document paths {problem}; path one: {seen.path}, path two: {path}"
    )
