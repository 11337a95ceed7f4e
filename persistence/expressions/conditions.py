"""Conditions on items, and on the keys of a query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NoReturn, assert_never, cast

from persistence.attributes import AttributeValue
from persistence.errors import QueryError
from persistence.expressions.paths import Path
from persistence.quick_init import made_quickly

Comparator = Literal["=", "<>", "<", "<=", ">", ">="]
TypeTag = Literal["S", "SS", "N", "NS", "B", "BS", "BOOL", "NULL", "L", "M"]


@made_quickly
@dataclass(frozen=True, slots=True)
class Value:
    """A constant operand."""

    value: AttributeValue

    def __repr__(self) -> str:
        return f"Value(<{next(iter(self.value))}>)"


@dataclass(frozen=True, slots=True)
class Size:
    """The function `size(path)`: a number."""

    path: Path


Operand = Path | Value | Size


@dataclass(frozen=True, slots=True)
class _Condition:
    def __and__(self, other: Condition) -> Condition:
        return _joined(And, self, other)

    def __or__(self, other: Condition) -> Condition:
        return _joined(Or, self, other)

    def __invert__(self) -> Condition:
        return Not(cast("Condition", self))

    def __bool__(self) -> NoReturn:
        raise QueryError(
            "a condition has no truth value: combine conditions with & and |, negate with ~ or not_(...), "
            "and use between(...) instead of a chained comparison"
        )


@dataclass(frozen=True, slots=True)
class Compare(_Condition):
    """`left operator right`."""

    operator: Comparator
    left: Operand
    right: Operand


@dataclass(frozen=True, slots=True)
class Between(_Condition):
    """`operand BETWEEN low AND high`, both ends included."""

    operand: Operand
    low: Operand
    high: Operand


@dataclass(frozen=True, slots=True)
class In(_Condition):
    """`operand IN (...)`, at most 100 options."""

    operand: Operand
    options: tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class BeginsWith(_Condition):
    """`begins_with(path, prefix)` for strings and binary."""

    path: Path
    prefix: Operand


@dataclass(frozen=True, slots=True)
class Contains(_Condition):
    """`contains(path, operand)`: a substring, or a member of a set or list."""

    path: Path
    operand: Operand


@dataclass(frozen=True, slots=True)
class AttributeExists(_Condition):
    """`attribute_exists(path)`."""

    path: Path


@dataclass(frozen=True, slots=True)
class AttributeNotExists(_Condition):
    """`attribute_not_exists(path)`."""

    path: Path


@dataclass(frozen=True, slots=True)
class AttributeType(_Condition):
    """`attribute_type(path, type)`."""

    path: Path
    type: TypeTag


@dataclass(frozen=True, slots=True)
class And(_Condition):
    """All of two or more conditions."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or(_Condition):
    """At least one of two or more conditions."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not(_Condition):
    """The opposite of a condition."""

    condition: Condition


Condition = (
    Compare
    | Between
    | In
    | BeginsWith
    | Contains
    | AttributeExists
    | AttributeNotExists
    | AttributeType
    | And
    | Or
    | Not
)


def _joined(kind: type[And] | type[Or], *conditions: object) -> Condition:
    flat: list[Condition] = []
    for condition in conditions:
        if not isinstance(condition, _Condition):
            raise QueryError(
                f"a condition can only be combined with conditions, not with {type(condition).__name__}"
            )
        flat.extend(condition.conditions if isinstance(condition, kind) else (cast("Condition", condition),))
    return kind(tuple(flat))


def all_of(*conditions: Condition | None) -> Condition | None:
    """Join conditions by AND; None stands for no condition, and nothing at all gives None."""
    present = [condition for condition in conditions if condition is not None]
    if len(present) < 2:
        return present[0] if present else None
    return _joined(And, *present)


def operands_of(condition: Condition) -> Iterator[Operand]:
    """Give everything that a condition asks of or compares with, in order."""
    match condition:
        case And(parts) | Or(parts):
            for part in parts:
                yield from operands_of(part)
        case Not(inner):
            yield from operands_of(inner)
        case Compare(_, left, right):
            yield from (left, right)
        case Between(operand, low, high):
            yield from (operand, low, high)
        case In(operand, options):
            yield from (operand, *options)
        case BeginsWith(path, operand) | Contains(path, operand):
            yield from (path, operand)
        case AttributeExists(path) | AttributeNotExists(path) | AttributeType(path, _):
            yield path
        case _:
            assert_never(condition)


def attributes_of(condition: Condition) -> Iterator[str]:
    """Give the top-level attributes that a condition asks of, one for each path in it."""
    for operand in operands_of(condition):
        if not isinstance(operand, Value):
            path = operand.path if isinstance(operand, Size) else operand
            yield path.attribute


def constants_of(condition: Condition) -> Iterator[AttributeValue]:
    """Give the constant values that a condition compares with."""
    return (operand.value for operand in operands_of(condition) if isinstance(operand, Value))


def equals(path: Path, value: AttributeValue | None) -> Condition:
    """Demand that a path holds exactly this value; None demands that it is absent."""
    return AttributeNotExists(path) if value is None else Compare("=", path, Value(value))


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """What a query demands of the keys of a table or index.

    Attributes:
        partition: the partition key's attribute and its value.
        sort: an optional condition on the sort key: `Compare` (not `<>`), `Between` or `BeginsWith`, with its
            path on the left and values on the right.
        also: where a key has several attributes, the further ones and their values: those of the partition
            key, all of them, then the leading ones of the sort key. `sort` is on the one behind those.
    """

    partition: tuple[str, AttributeValue]
    sort: Compare | Between | BeginsWith | None = None
    also: tuple[tuple[str, AttributeValue], ...] = ()

    def __repr__(self) -> str:
        equal = (f"{name} = <{next(iter(value))}>" for name, value in (self.partition, *self.also))
        return f"KeyCondition({', '.join(equal)}, sort={self.sort!r})"
