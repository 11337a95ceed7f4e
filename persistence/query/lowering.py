"""From terms in Python names to expressions over stored attributes, through the mapping's own fields."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, assert_never, get_args

from persistence.attributes import type_of
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
    Or,
    Path,
    Size,
    TypeTag,
    Value,
)
from persistence.mapping import MappedPath, refuse_encrypted
from persistence.mapping.paths import at_attributes
from persistence.mapping.records import RecordPlan
from persistence.query.sides import (
    ORDERED,
    Side,
    check_beginning,
    check_bounds,
    check_equal,
    check_member,
    check_order,
    check_size,
    constant,
)
from persistence.query.terms import (
    AllOf,
    AnyOf,
    Comparison,
    Names,
    Negated,
    PathOperand,
    RawTerm,
    Term,
    dotted,
)

IN_LIMIT = 100


class Resolver(Protocol):
    """Finds what is stored at a path: a mapping, for paths in Python names."""

    @property
    def plan(self) -> RecordPlan:
        """The fields."""
        ...

    def resolve(self, names: Names, /) -> MappedPath:
        """Find what is stored at a path.

        Raises:
            QueryError: there is no such path.
        """
        ...


@dataclass(frozen=True, slots=True)
class _ByAttribute:
    """Finds what is stored at a path in attribute names, from a path in Python names on."""

    plan: RecordPlan
    below: Names

    def resolve(self, names: Names, /) -> MappedPath:
        return at_attributes(self.plan, names, self.below)


def lower(term: Term, mapping: Resolver) -> Condition:
    """Write a term as a condition over stored attributes.

    Args:
        term: the term.
        mapping: the entity's mapping.

    Raises:
        QueryError: an unknown name, an operand that its field can't store, or what is never true or refused
            by the service because of the types that are compared.
    """
    match term:
        case Comparison():
            return _comparison(term, mapping)
        case AllOf(terms):
            parts = _all(terms, mapping)
            return parts[0] if len(parts) == 1 else And(parts)
        case AnyOf(terms):
            parts = _all(terms, mapping)
            return parts[0] if len(parts) == 1 else Or(parts)
        case Negated(inner):
            return Not(lower(inner, mapping))
        case RawTerm():
            return lower(term.term, _ByAttribute(mapping.plan, term.below))
        case _:
            assert_never(term)


def _all(terms: Sequence[Term], mapping: Resolver) -> tuple[Condition, ...]:
    lowered: list[Condition] = []
    for term in terms:  # a comprehension would take one more frame of the stack per level of a deep tree
        lowered.append(lower(term, mapping))  # noqa: PERF401
    return tuple(lowered)


def _comparison(term: Comparison, mapping: Resolver) -> Condition:
    mapped = mapping.resolve(term.names)
    if mapped.encrypted and (term.size or term.operator not in ("exists", "not_exists")):
        refuse_encrypted(mapped.name)
    match term.operator:
        case "=" | "<>" | "<" | "<=" | ">" | ">=":
            return _compare(term, mapped, mapping)
        case "between":
            return _between(term, mapped, mapping)
        case "in":
            return _in(term, mapped, mapping)
        case "begins_with":
            return _begins_with(term, mapped, mapping)
        case "contains":
            return _contains(term, mapped, mapping)
        case "exists":
            return AttributeExists(_plain(term, mapped))
        case "not_exists":
            return AttributeNotExists(_plain(term, mapped))
        case "attribute_type":
            return AttributeType(_plain(term, mapped), _type_tag(term))
        case _:
            assert_never(term.operator)


def _compare(term: Comparison, mapped: MappedPath, mapping: Resolver) -> Condition:
    assert term.operator in ("=", "<>", "<", "<=", ">", ">=")
    plain = _plainly_compared(term, mapped)
    if plain is not None:
        return plain
    left = _left(term, mapped)
    (right,) = _rights(term, mapped, mapping)
    if term.operator in ("=", "<>"):
        check_equal(left, right)
    else:
        check_order(term.operator, left, right)
    return Compare(term.operator, left.operand, right.operand)


def _plainly_compared(term: Comparison, mapped: MappedPath) -> Condition | None:
    """Compare a field with a value of its own one type, of which there is nothing to refuse; else None."""
    (operand,) = term.operands
    tags = mapped.tags
    if operand is None or tags is None or term.size or isinstance(operand, PathOperand):
        return None
    value = mapped.encode(operand)
    tag = type_of(value)
    if tag not in tags:
        return None
    if term.operator in ("=", "<>"):
        mapped.refuse_absent(operand)
    elif tag not in ORDERED:
        return None
    assert term.operator in ("=", "<>", "<", "<=", ">", ">=")
    return Compare(term.operator, mapped.path, Value(value))


def _between(term: Comparison, mapped: MappedPath, mapping: Resolver) -> Condition:
    left = _left(term, mapped)
    low, high = _rights(term, mapped, mapping)
    check_order("between", left, low, high)
    check_bounds(low, high)
    return Between(left.operand, low.operand, high.operand)


def _in(term: Comparison, mapped: MappedPath, mapping: Resolver) -> Condition:
    if not 1 <= len(term.operands) <= IN_LIMIT:
        raise QueryError(
            f"{dotted(term.names)} in ...: DynamoDB takes 1 to {IN_LIMIT} options, not {len(term.operands)}; "
            "nothing is in no options, and more are asked for several times"
        )
    left, options = _left(term, mapped), _rights(term, mapped, mapping)
    check_equal(left, *options)
    return In(left.operand, tuple(option.operand for option in options))


def _begins_with(term: Comparison, mapped: MappedPath, mapping: Resolver) -> Condition:
    path, (operand,) = _plain(term, mapped), term.operands
    if isinstance(operand, PathOperand):
        prefix = _other(operand, mapping)
    else:
        prefix = constant(Value(mapped.prefix(operand)), operand)
    check_beginning(_side(mapped), prefix)
    return BeginsWith(path, prefix.operand)


def _contains(term: Comparison, mapped: MappedPath, mapping: Resolver) -> Condition:
    path, (operand,) = _plain(term, mapped), term.operands
    if isinstance(operand, PathOperand):
        mapped.refuse_uncontaining()
        member = _other(operand, mapping)
    else:
        member = constant(Value(mapped.element(operand)), operand)
    check_member(_side(mapped), mapped.member_tags, member)
    return Contains(path, member.operand)


def _side(mapped: MappedPath) -> Side:
    return Side(mapped.path, mapped.tags, mapped.name)


def _sized(mapped: MappedPath) -> Side:
    check_size(_side(mapped))
    return Side(Size(mapped.path), frozenset("N"), f"size({mapped.name})")


def _left(term: Comparison, mapped: MappedPath) -> Side:
    return _sized(mapped) if term.size else _side(mapped)


def _other(operand: PathOperand, mapping: Resolver) -> Side:
    mapped = mapping.resolve(operand.names)
    if mapped.encrypted:
        refuse_encrypted(mapped.name)
    return _sized(mapped) if operand.size else _side(mapped)


def _rights(term: Comparison, mapped: MappedPath, mapping: Resolver) -> tuple[Side, ...]:
    return tuple(_right(term, mapped, mapping, operand) for operand in term.operands)


def _right(term: Comparison, mapped: MappedPath, mapping: Resolver, operand: object) -> Side:
    if isinstance(operand, PathOperand):
        return _other(operand, mapping)
    if term.size:
        return constant(_number(term, operand), operand)
    encoded = Value(mapped.encode(operand))
    if term.operator in ("=", "<>", "in"):
        mapped.refuse_absent(operand)
    return constant(encoded, operand)


def _number(term: Comparison, operand: object) -> Value:
    if isinstance(operand, bool) or not isinstance(operand, int):
        raise QueryError(
            f"size({dotted(term.names)}) is compared with a whole number, not {type(operand).__name__}"
        )
    return Value({"N": str(operand)})


def _plain(term: Comparison, mapped: MappedPath) -> Path:
    if term.size:
        raise QueryError(
            f"{term.operator} takes the field itself, not size({dotted(term.names)}), which is a number"
        )
    return mapped.path


def _type_tag(term: Comparison) -> TypeTag:
    (tag,) = term.operands
    for known in get_args(TypeTag):
        if tag == known:
            return known  # type: ignore[no-any-return]  # get_args gives the literals of TypeTag
    raise QueryError(f"attribute_type({dotted(term.names)}, ...) takes one of {', '.join(get_args(TypeTag))}")
