"""What lambdas write for what Python's operators can't say.

To type checkers they look as if they worked on the values themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sized
from decimal import Decimal
from typing import Any, Protocol, TypeVar, cast, overload

from persistence.errors import QueryError
from persistence.expressions import TypeTag
from persistence.query.recorder import Recorded, as_term, compare
from persistence.query.terms import AllOf, AnyOf, Term, negated

V = TypeVar("V")
V_contra = TypeVar("V_contra", contravariant=True)


class Ordered(Protocol[V_contra]):
    """What has an order."""

    def __lt__(self, other: V_contra, /) -> Any: ...


def not_(condition: bool) -> bool:
    """Demand that a condition does not hold."""
    return cast(bool, negated(as_term(condition)))


@overload
def between(path: Decimal, low: Decimal | int, high: Decimal | int) -> bool: ...
@overload
def between(path: Ordered[V], low: V, high: V) -> bool: ...
def between(path: object, low: object, high: object) -> bool:
    """Demand that a value lies between two others, both included.

    Args:
        path: a field, or a value where the bounds are fields.
        low: the least that it may be.
        high: the greatest that it may be.
    """
    if not isinstance(path, Recorded) and isinstance(low, Recorded) and isinstance(high, Recorded):
        return _condition(AllOf((compare(low, "<=", path), compare(high, ">=", path))))
    return _condition(compare(path, "between", low, high))


def is_in(path: V, options: Iterable[V]) -> bool:
    """Demand that a value is one of some others, at most 100.

    Args:
        path: a field, or a value where all options are fields.
        options: values or fields.
    """
    if isinstance(options, str | bytes | Mapping) or not isinstance(options, Iterable):
        raise QueryError(
            f"is_in(...) takes a list of options, not one {type(options).__name__}; for a part of a "
            "text or a member write contains(...)"
        )
    given = tuple(options)
    if not isinstance(path, Recorded) and given and all(isinstance(option, Recorded) for option in given):
        return _condition(AnyOf(tuple(compare(option, "=", path) for option in given)))
    return _condition(compare(path, "in", *given))


def contains(path: Iterable[V] | None, member: V) -> bool:
    """Demand that a set or list has a member, or a text a part."""
    return _condition(compare(path, "contains", member))


def begins_with(path: object, prefix: str | bytes) -> bool:
    """Demand that a text or binary value begins with another."""
    return _condition(compare(path, "begins_with", prefix))


def exists(path: object) -> bool:
    """Demand that an attribute is stored."""
    return _condition(compare(path, "exists"))


def not_exists(path: object) -> bool:
    """Demand that an attribute is not stored."""
    return _condition(compare(path, "not_exists"))


def attribute_type(path: object, tag: TypeTag) -> bool:
    """Demand that an attribute is stored with a type.

    Args:
        path: a field.
        tag: one of S, N, B, BOOL, NULL, L, M, SS, NS, BS.
    """
    return _condition(compare(path, "attribute_type", tag))


def size(path: Sized | None) -> int:
    """Stand for the size of a value: a text's characters, bytes, members, elements or entries.

    Characters beyond U+FFFF, such as emoji, count as two: that is how the service counts.
    """
    if not isinstance(path, Recorded) or path.size_ or not path.names_:
        raise QueryError(f"size(...) takes a field of the entity, not {_said(path)}")
    return cast(int, Recorded(path.names_, size=True))


def value(path: V | None) -> V:
    """Stand for an optional field as if it were there, so that type checkers let it be compared."""
    return cast(V, path)


def _condition(term: Term) -> bool:
    return cast(bool, term)


def _said(path: object) -> str:
    return repr(path) if isinstance(path, Recorded) else type(path).__name__
