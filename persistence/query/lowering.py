"""From terms in Python names to expressions over stored attributes, through the mapping's own fields."""

from __future__ import annotations

from typing import Any, assert_never, get_args

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
    Operand,
    Or,
    Path,
    Size,
    TypeTag,
    Value,
)
from persistence.mapping import EntityMapping, MappedPath
from persistence.query.terms import AllOf, AnyOf, Comparison, Negated, PathOperand, Term, dotted

IN_LIMIT = 100


def lower(term: Term, mapping: EntityMapping[Any]) -> Condition:
    """Write a term as a condition over stored attributes.

    Raises:
        QueryError: an unknown name, or an operand that its field can't store.
    """
    match term:
        case Comparison():
            return _comparison(term, mapping)
        case AllOf(terms):
            return And(tuple(lower(part, mapping) for part in terms))
        case AnyOf(terms):
            return Or(tuple(lower(part, mapping) for part in terms))
        case Negated(inner):
            return Not(lower(inner, mapping))
        case _:
            assert_never(term)


def _comparison(term: Comparison, mapping: EntityMapping[Any]) -> Condition:
    mapped = mapping.resolve(term.names)
    left: Path | Size = Size(mapped.path) if term.size else mapped.path
    match term.operator:
        case "=" | "<>" | "<" | "<=" | ">" | ">=":
            return _compare(term, mapped, mapping, left)
        case "between":
            low, high = (_operand(term, mapped, mapping, part) for part in term.operands)
            return Between(left, low, high)
        case "in":
            return In(left, _options(term, mapped, mapping))
        case "begins_with":
            return BeginsWith(_plain(term, mapped), _prefix(mapped, mapping, term.operands[0]))
        case "contains":
            return Contains(_plain(term, mapped), Value(mapped.element(term.operands[0])))
        case "exists":
            return AttributeExists(_plain(term, mapped))
        case "not_exists":
            return AttributeNotExists(_plain(term, mapped))
        case "attribute_type":
            return AttributeType(_plain(term, mapped), _type_tag(term))
        case _:
            assert_never(term.operator)


def _compare(
    term: Comparison, mapped: MappedPath, mapping: EntityMapping[Any], left: Path | Size
) -> Condition:
    assert term.operator in ("=", "<>", "<", "<=", ">", ">=")
    (operand,) = term.operands
    if isinstance(operand, PathOperand) and (operand.names, operand.size) == (term.names, term.size):
        raise QueryError(f"{dotted(term.names)} is compared with itself; the service refuses that")
    if operand is None:
        raise QueryError(
            f"{dotted(term.names)} {term.operator} None: absent values are not stored, so nothing equals "
            "them; "
            "write not_exists(...) or exists(...)"
        )
    return Compare(term.operator, left, _operand(term, mapped, mapping, operand))


def _operand(term: Comparison, mapped: MappedPath, mapping: EntityMapping[Any], operand: object) -> Operand:
    if isinstance(operand, PathOperand):
        path = mapping.resolve(operand.names).path
        return Size(path) if operand.size else path
    if not term.size:
        return Value(mapped.encode(operand))
    if isinstance(operand, bool) or not isinstance(operand, int):
        raise QueryError(
            f"size({dotted(term.names)}) is compared with a whole number, not {type(operand).__name__}"
        )
    return Value({"N": str(operand)})


def _prefix(mapped: MappedPath, mapping: EntityMapping[Any], operand: object) -> Operand:
    if isinstance(operand, PathOperand):
        return mapping.resolve(operand.names).path
    return Value(mapped.prefix(operand))


def _options(term: Comparison, mapped: MappedPath, mapping: EntityMapping[Any]) -> tuple[Operand, ...]:
    if not 1 <= len(term.operands) <= IN_LIMIT:
        raise QueryError(
            f"{dotted(term.names)} in ...: DynamoDB takes 1 to {IN_LIMIT} options, not {len(term.operands)}"
        )
    return tuple(_operand(term, mapped, mapping, option) for option in term.operands)


def _plain(term: Comparison, mapped: MappedPath) -> Path:
    if term.size:
        raise QueryError(f"{term.operator} takes the field itself, not size({dotted(term.names)})")
    return mapped.path


def _type_tag(term: Comparison) -> TypeTag:
    (tag,) = term.operands
    for known in get_args(TypeTag):
        if tag == known:
            return known  # type: ignore[no-any-return]  # get_args gives the literals of TypeTag
    raise QueryError(f"attribute_type({dotted(term.names)}, ...) takes one of {', '.join(get_args(TypeTag))}")
