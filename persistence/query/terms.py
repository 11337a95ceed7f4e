"""What a query demands, in Python names and Python values, before any mapping is asked.

The planner reads these terms to find an access path; `lowering.py` turns what remains into expressions over
stored attributes.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal, NoReturn, assert_never, cast

from persistence.errors import QueryError

Names = tuple[str | int, ...]
"""A path in Python names: attribute names, map keys and list indexes."""

NESTED_TERMS = 100
"""How deep conditions may be nested. DynamoDB takes 300 operators; chains of one operator are no nesting."""

Operator = Literal[
    "=",
    "<>",
    "<",
    "<=",
    ">",
    ">=",
    "between",
    "in",
    "begins_with",
    "contains",
    "exists",
    "not_exists",
    "attribute_type",
]

OPERANDS: dict[Operator, int | None] = {
    "=": 1,
    "<>": 1,
    "<": 1,
    "<=": 1,
    ">": 1,
    ">=": 1,
    "between": 2,
    "in": None,
    "begins_with": 1,
    "contains": 1,
    "exists": 0,
    "not_exists": 0,
    "attribute_type": 1,
}
"""How many operands an operator takes; None for any number."""


class StandsForTerm:
    """What may stand beside `&` and `|` in the place of a term; its reflected operators combine it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class _Term:
    def __and__(self, other: Term) -> Term:
        return NotImplemented if isinstance(other, StandsForTerm) else AllOf(_flat(AllOf, self, other))

    def __or__(self, other: Term) -> Term:
        return NotImplemented if isinstance(other, StandsForTerm) else AnyOf(_flat(AnyOf, self, other))

    def __rand__(self, other: object) -> NoReturn:
        raise _uncombinable(other)

    def __ror__(self, other: object) -> NoReturn:
        raise _uncombinable(other)

    def __invert__(self) -> Term:
        return negated(cast("Term", self))

    def __lt__(self, other: object) -> NoReturn:
        raise QueryError(
            "a condition is true or false and has no order; write between(...) instead of a chained "
            "comparison, and put each comparison in parentheses"
        )

    __le__ = __gt__ = __ge__ = __lt__

    def __bool__(self) -> NoReturn:
        raise QueryError(
            "a condition has no truth value: write `&` and `|` instead of `and` and `or`, not_(...) instead "
            "of `not`, between(...) instead of a chained comparison, is_in(...) instead of `in`; "
            "and put each comparison in parentheses"
        )


@dataclass(frozen=True, slots=True)
class Comparison(_Term):
    """One demand on one path.

    Attributes:
        names: the path.
        operator: see `Operator`.
        operands: Python values, or paths (`Names`) wrapped in `PathOperand`.
        size: whether the size of the value is meant instead of the value.
    """

    names: Names
    operator: Operator
    operands: tuple[object, ...] = ()
    size: bool = False


@dataclass(frozen=True, slots=True)
class AllOf(_Term):
    """All of several terms.

    Attributes:
        terms: at least one.
        depth: how deep they are nested.
    """

    terms: tuple[Term, ...]
    depth: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", _depth_over(*self.terms))


@dataclass(frozen=True, slots=True)
class AnyOf(_Term):
    """At least one of several terms.

    Attributes:
        terms: at least one.
        depth: how deep they are nested.
    """

    terms: tuple[Term, ...]
    depth: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", _depth_over(*self.terms))


@dataclass(frozen=True, slots=True)
class Negated(_Term):
    """The opposite of a term; `negated` makes it without doubling it."""

    term: Term
    depth: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", _depth_over(self.term))


@dataclass(frozen=True, slots=True)
class RawTerm(_Term):
    """A term whose paths are attribute names, as `raw.py` reads it from a text.

    Attributes:
        text: the text.
        values: the names and values that were bound to it.
        term: what it demands; the names in it are attribute names.
        below: the path, in Python names, inside of which it is asked.
    """

    text: str
    values: tuple[tuple[str, object], ...]
    term: Term
    below: Names = ()


Term = Comparison | AllOf | AnyOf | Negated | RawTerm

_LEAVES = (Comparison, RawTerm)


@dataclass(frozen=True, slots=True)
class PathOperand:
    """A path on the right-hand side of a comparison; `size` as in `Comparison`."""

    names: Names
    size: bool = False


def negated(term: Term) -> Term:
    """Give the opposite of a term; of a negated one what it negates."""
    return term.term if isinstance(term, Negated) else Negated(term)


def inside(term: Term, names: Names) -> Term:
    """Ask of what lies at a path what a term asks of a whole entity.

    Args:
        term: a term about something that is nested.
        names: where it is; empty for the entity itself.
    """
    if not names:
        return term
    match term:
        case Comparison():
            operands = tuple(_operand_inside(operand, names) for operand in term.operands)
            return replace(term, names=(*names, *term.names), operands=operands)
        case AllOf(terms):
            return AllOf(tuple(inside(part, names) for part in terms))
        case AnyOf(terms):
            return AnyOf(tuple(inside(part, names) for part in terms))
        case Negated(inner):
            return Negated(inside(inner, names))
        case RawTerm():
            return replace(term, below=(*names, *term.below))
        case _:
            assert_never(term)


def _operand_inside(operand: object, names: Names) -> object:
    return replace(operand, names=(*names, *operand.names)) if isinstance(operand, PathOperand) else operand


def _depth_over(*terms: Term) -> int:
    if not terms:
        raise QueryError("a group of no conditions demands nothing; leave it out")
    depth = 1
    for term in terms:
        if not isinstance(term, _LEAVES) and term.depth >= depth:
            depth = term.depth + 1
    if depth > NESTED_TERMS:
        raise QueryError(
            f"the conditions are nested more than {NESTED_TERMS} levels deep; join what is on one level with "
            "one kind of operator, use is_in(...), or ask several times"
        )
    return depth


def _flat(kind: type[AllOf] | type[AnyOf], *terms: object) -> tuple[Term, ...]:
    flat: list[Term] = []
    for term in terms:
        if not isinstance(term, _Term):
            raise _uncombinable(term)
        flat.extend(term.terms if isinstance(term, kind) else (cast("Term", term),))
    return tuple(flat)


def _uncombinable(other: object) -> QueryError:
    return QueryError(
        f"a condition can only be combined with conditions, not with {type(other).__name__}; "
        "put each comparison in parentheses: (o.a == 1) & (o.b == 2), compare no condition with True, and "
        "call a specification: spec(o)"
    )


def conjuncts(term: Term | None) -> tuple[Term, ...]:
    """Give the terms of which all must hold; none for no term at all."""
    if term is None:
        return ()
    return term.terms if isinstance(term, AllOf) else (term,)


def dotted(names: Names) -> str:
    """Write a path as in Python: `address.city`, `lines[0].sku`."""
    first, *rest = names
    return f"{first}{''.join(f'[{name}]' if isinstance(name, int) else f'.{name}' for name in rest)}"
