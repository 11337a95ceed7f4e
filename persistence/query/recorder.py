"""Recording a lambda over an entity as terms: it is called once, with a stand-in that notes what is compared.

The helpers (`between`, `contains`, ...) look to type checkers as if they worked on the values themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from typing import NoReturn, TypeVar, cast

from persistence.errors import QueryError
from persistence.query.terms import (
    AllOf,
    AnyOf,
    Comparison,
    Names,
    Negated,
    Operator,
    PathOperand,
    StandsForTerm,
    Term,
    dotted,
)

T = TypeVar("T")
V = TypeVar("V")

_METHODS = {"startswith": "begins_with"}


def record(predicate: Callable[[T], bool]) -> Term:
    """Call a predicate with a stand-in for the entity and give what it demands.

    Args:
        predicate: a lambda over an entity, such as `lambda o: (o.total > 100) & o.paid`.

    Raises:
        QueryError: it uses something that can't be recorded; the message says what to write instead.
    """
    if not callable(predicate):
        raise QueryError(
            "a query takes a lambda over the entity, such as `lambda o: o.id == ...`, not "
            f"{type(predicate).__name__}"
        )
    return _as_term(predicate(cast(T, Recorded(()))))


def _as_term(result: object) -> Term:
    if isinstance(result, Recorded) and result.names_ and not result.size_:
        return Comparison(result.names_, "=", (True,))
    if isinstance(result, Comparison | AllOf | AnyOf | Negated):
        return result
    raise QueryError(
        f"the lambda gave {type(result).__name__} instead of a condition; `is None`, `==` between two "
        "constants and calls of other functions can't be recorded. For absent values write "
        "not_exists(o.field)"
    )


class Recorded(StandsForTerm):
    """Stands for an entity or something inside it while a lambda is recorded.

    Attributes:
        names_: the path; its name ends so that no field of an entity is hidden.
        size_: whether the size of the value is meant.
    """

    __slots__ = ("names_", "size_")
    __hash__ = None  # type: ignore[assignment]  # a stand-in in a set or dict would be lost

    def __init__(self, names: Names, size: bool = False) -> None:
        self.names_ = names
        self.size_ = size

    def __getattr__(self, name: str) -> Recorded:
        if name.startswith("__"):
            raise AttributeError(name)
        return Recorded((*self.names_, name))

    def __getitem__(self, key: object) -> Recorded:
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise QueryError(
                f"{self._named()}[...] takes a list index or a map key, not {type(key).__name__}"
            )
        if isinstance(key, int) and key < 0:
            raise QueryError(
                f"{self._named()}[{key}]: DynamoDB counts list elements from 0, never from the end"
            )
        return Recorded((*self.names_, key))

    def __call__(self, *args: object) -> Term:
        """Record a method call, such as `o.name.startswith(...)`."""
        *path, method = self.names_
        if method not in _METHODS or not path:
            raise QueryError(
                f"{self._named()}() can't be recorded; there are .startswith(...), == != < <= > >=, "
                "and the helpers between, is_in, contains, begins_with, exists, not_exists, size, not_"
            )
        return compare(Recorded(tuple(path)), cast(Operator, _METHODS[str(method)]), *args)

    def __eq__(self, other: object) -> Term:  # type: ignore[override]  # a term is what a comparison records
        return compare(self, "=", other)

    def __ne__(self, other: object) -> Term:  # type: ignore[override]  # as above
        return compare(self, "<>", other)

    def __lt__(self, other: object) -> Term:
        return compare(self, "<", other)

    def __le__(self, other: object) -> Term:
        return compare(self, "<=", other)

    def __gt__(self, other: object) -> Term:
        return compare(self, ">", other)

    def __ge__(self, other: object) -> Term:
        return compare(self, ">=", other)

    def __and__(self, other: object) -> Term:
        return _as_term(self) & _as_term(other)

    def __rand__(self, other: object) -> Term:
        return _as_term(other) & _as_term(self)

    def __or__(self, other: object) -> Term:
        return _as_term(self) | _as_term(other)

    def __ror__(self, other: object) -> Term:
        return _as_term(other) | _as_term(self)

    def __invert__(self) -> NoReturn:
        raise QueryError(f"~{self._named()} can't be recorded; write not_({self._named()})")

    def __bool__(self) -> NoReturn:
        raise QueryError(
            f"{self._named()} has no truth value while it is recorded: write `&` and `|` instead of `and` "
            "and `or`, not_(...) instead of `not`, between(...) instead of a chained comparison"
        )

    def __contains__(self, member: object) -> NoReturn:
        raise QueryError(
            f"`in` can't be recorded; write contains({self._named()}, ...) or is_in({self._named()}, ...)"
        )

    def __iter__(self) -> NoReturn:
        raise QueryError(
            f"{self._named()} can't be iterated over in a query; write contains({self._named()}, ...)"
        )

    def __len__(self) -> NoReturn:
        raise QueryError(f"len() can't be recorded; write size({self._named()})")

    def __str__(self) -> str:
        raise QueryError(f"{self._named()} has no text while it is recorded; build texts outside the lambda")

    def __format__(self, spec: str) -> str:
        return self.__str__()

    def __repr__(self) -> str:
        return f"<recorded {self._named()}>"

    def _named(self) -> str:
        return dotted(self.names_) if self.names_ else "the entity"


def compare(left: object, operator: Operator, *operands: object) -> Term:
    """Record one comparison of a path.

    Raises:
        QueryError: the left side is no path of the entity.
    """
    if not isinstance(left, Recorded) or not left.names_:
        raise QueryError(
            f"{operator} compares a field of the entity, such as o.total, not {type(left).__name__}"
        )
    return Comparison(left.names_, operator, tuple(_operand(part) for part in operands), left.size_)


def _operand(value: object) -> object:
    return PathOperand(value.names_, value.size_) if isinstance(value, Recorded) else value


def not_(condition: bool) -> bool:
    """Demand that a condition does not hold."""
    return cast(bool, Negated(_as_term(condition)))


def between(path: V, low: V, high: V) -> bool:
    """Demand that a value lies between two others, both included."""
    return cast(bool, compare(path, "between", low, high))


def is_in(path: V, options: Iterable[V]) -> bool:
    """Demand that a value is one of some others, at most 100."""
    return cast(bool, compare(path, "in", *options))


def contains(path: Iterable[V] | None, member: V) -> bool:
    """Demand that a set or list has a member, or a text a part."""
    return cast(bool, compare(path, "contains", member))


def begins_with(path: V, prefix: V) -> bool:
    """Demand that a text or binary value begins with another."""
    return cast(bool, compare(path, "begins_with", prefix))


def exists(path: object) -> bool:
    """Demand that an attribute is stored."""
    return cast(bool, compare(path, "exists"))


def not_exists(path: object) -> bool:
    """Demand that an attribute is not stored."""
    return cast(bool, compare(path, "not_exists"))


def size(path: Sized | None) -> int:
    """Stand for the size of a value: characters' bytes, members, elements or entries."""
    if not isinstance(path, Recorded):
        raise QueryError(f"size(...) takes a field of the entity, not {type(path).__name__}")
    return cast(int, Recorded(path.names_, size=True))


def value(path: V | None) -> V:
    """Stand for an optional field as if it were there, so that type checkers let it be compared."""
    return cast(V, path)
