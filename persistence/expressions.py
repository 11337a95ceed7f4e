"""Conditions and update actions as trees of frozen values, in attribute names and tagged attribute values.

`render.py` writes them as DynamoDB's expressions, `evaluate.py` answers them over items. Both `match` on
every node and refuse what they don't know. Conditions combine with `&`, `|` and `~`; they have no truth
value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NoReturn, assert_never, cast

from persistence.attributes import AttributeValue
from persistence.errors import QueryError

Comparator = Literal["=", "<>", "<", "<=", ">", ">="]
TypeTag = Literal["S", "SS", "N", "NS", "B", "BS", "BOOL", "NULL", "L", "M"]


@dataclass(frozen=True, slots=True)
class Path:
    """A document path: an attribute name, then names of map entries and indexes of list elements.

    Attributes:
        segments: the first is a str; each further one a str (map entry) or int (list element).
    """

    segments: tuple[str | int, ...]

    @classmethod
    def of(cls, *segments: str | int) -> Path:
        """Make a path from its segments."""
        return cls(segments)

    def child(self, segment: str | int) -> Path:
        """Give the path of an entry or element below this one."""
        return Path((*self.segments, segment))

    def overlaps(self, other: Path) -> bool:
        """Tell whether one path is the other or lies within it."""
        shorter = min(len(self.segments), len(other.segments))
        return self.segments[:shorter] == other.segments[:shorter]

    def contradicts(self, other: Path) -> bool:
        """Tell whether the paths part at something that would have to be a list and a map at once."""
        for one, two in zip(self.segments, other.segments, strict=False):
            if one != two:
                return isinstance(one, int) is not isinstance(two, int)
        return False

    @property
    def attribute(self) -> str:
        """The top-level attribute."""
        return str(self.segments[0])

    def __str__(self) -> str:
        first, *rest = self.segments
        return f"{first}{''.join(f'[{part}]' if isinstance(part, int) else f'.{part}' for part in rest)}"


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


@dataclass(frozen=True, slots=True)
class IfNotExists:
    """`if_not_exists(path, default)`: the value at the path before the update, or else the default."""

    path: Path
    default: Operand


@dataclass(frozen=True, slots=True)
class ListAppend:
    """`list_append(first, second)`: two lists joined."""

    first: Path | Value | IfNotExists
    second: Path | Value | IfNotExists


@dataclass(frozen=True, slots=True)
class Plus:
    """`left + right` of numbers."""

    left: Path | Value | IfNotExists
    right: Path | Value | IfNotExists


@dataclass(frozen=True, slots=True)
class Minus:
    """`left - right` of numbers."""

    left: Path | Value | IfNotExists
    right: Path | Value | IfNotExists


SetOperand = Path | Value | IfNotExists | ListAppend | Plus | Minus


@dataclass(frozen=True, slots=True)
class Set:
    """SET: give a path a value, computed from the item as it was before the update."""

    path: Path
    value: SetOperand


@dataclass(frozen=True, slots=True)
class Remove:
    """REMOVE: delete an attribute, map entry or list element (numbered as before the update)."""

    path: Path


@dataclass(frozen=True, slots=True)
class Add:
    """ADD: add to a number, or members to a set; an absent number counts as 0, an absent set as empty."""

    path: Path
    value: Value


@dataclass(frozen=True, slots=True)
class Discard:
    """DELETE: take members out of a set."""

    path: Path
    value: Value


UpdateAction = Set | Remove | Add | Discard
