"""What a query demands, in Python names and Python values, before any mapping is asked.

The planner reads these terms to find an access path; `lowering.py` turns what remains into expressions over
stored attributes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NoReturn, cast

from persistence.errors import QueryError

Names = tuple[str | int, ...]
"""A path in Python names: attribute names, map keys and list indexes."""

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

    def __invert__(self) -> Term:
        return Negated(cast("Term", self))

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
    """All of several terms."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class AnyOf(_Term):
    """At least one of several terms."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Negated(_Term):
    """The opposite of a term."""

    term: Term


Term = Comparison | AllOf | AnyOf | Negated


@dataclass(frozen=True, slots=True)
class PathOperand:
    """A path on the right-hand side of a comparison; `size` as in `Comparison`."""

    names: Names
    size: bool = False


def _flat(kind: type[AllOf] | type[AnyOf], *terms: object) -> tuple[Term, ...]:
    flat: list[Term] = []
    for term in terms:
        if not isinstance(term, _Term):
            raise QueryError(
                f"a condition can only be combined with conditions, not with {type(term).__name__}; "
                "put each comparison in parentheses: (o.a == 1) & (o.b == 2)"
            )
        flat.extend(term.terms if isinstance(term, kind) else (cast("Term", term),))
    return tuple(flat)


def conjuncts(term: Term | None) -> tuple[Term, ...]:
    """Give the terms of which all must hold; none for no term at all."""
    if term is None:
        return ()
    return term.terms if isinstance(term, AllOf) else (term,)


def dotted(names: Names) -> str:
    """Write a path as in Python: `address.city`, `lines[0].sku`."""
    first, *rest = names
    return f"{first}{''.join(f'[{name}]' if isinstance(name, int) else f'.{name}' for name in rest)}"
