"""Recording a lambda over an entity as terms: it is called once, with a stand-in that notes what is compared.

What Python gives no chance to record is refused, with a word on what to write instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NoReturn

from persistence.errors import QueryError
from persistence.query.terms import (
    AllOf,
    AnyOf,
    Comparison,
    Names,
    Negated,
    Operator,
    PathOperand,
    RawTerm,
    StandsForTerm,
    Term,
)
from persistence.query.wording import ENTITY, path_text

_TERMS = (Comparison, AllOf, AnyOf, Negated, RawTerm)
_METHODS: Mapping[str, Operator] = MappingProxyType({"startswith": "begins_with"})
_AS_STORED = "texts are compared as they are stored; store a second one in that form, and compare it"
_INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("lower", "upper", "casefold", "strip", "lstrip", "rstrip", "title"), _AS_STORED),
        **dict.fromkeys(("endswith", "find", "index", "count"), "for a part of a text write contains(...)"),
        **dict.fromkeys(
            ("between", "is_in", "contains", "begins_with"), "write it as a function: {0}({1}, ...)"
        ),
        **dict.fromkeys(("exists", "not_exists"), "write it as a function: {0}({1})"),
        **dict.fromkeys(("in_", "isin"), "write is_in({1}, ...)"),
        **dict.fromkeys(("is_", "isnull", "is_null"), "write not_exists({1})"),
        **dict.fromkeys(("issuperset", "isdisjoint", "issubset"), "write contains({1}, ...) for each member"),
        **dict.fromkeys(("get", "keys", "values", "items"), 'for an entry of a map write {1}["key"]'),
        **dict.fromkeys(("date", "time", "timestamp", "isoformat"), "compare with the ends of a range"),
    }
)
"""Method -> what to write instead; {0} is the method, {1} the path."""


def record(predicate: Callable[[Any], bool] | Term) -> Term:
    """Call a predicate with a stand-in for the entity and give what it demands.

    Args:
        predicate: a lambda over an entity, such as `lambda o: (o.total > 100) & o.paid`; a `Specification`;
            or a term, such as `raw(...)` gives.

    Raises:
        QueryError: it does something that can't be recorded; the message says what to write instead. What
            else the lambda raises is passed on.
    """
    if isinstance(predicate, _TERMS):
        return predicate
    if not callable(predicate):
        raise QueryError(
            f"a query takes a lambda over the entity, such as `lambda {ENTITY}: {ENTITY}.id == ...`, or a "
            f"Specification, not {type(predicate).__name__}"
        )
    try:
        result = predicate(Recorded(()))
    except TypeError as error:
        raise _untaken(predicate, error) from error
    return as_term(result)


def _untaken(predicate: Callable[..., Any], error: TypeError) -> QueryError:
    try:
        inspect.signature(predicate).bind(None)
    except TypeError:
        return QueryError(
            f"a query's lambda takes one argument, the entity: `lambda {ENTITY}: ...`; values that it "
            "compares with come from around it"
        )
    except ValueError:  # some functions written in C have no signature
        pass
    return QueryError(
        "the lambda hands a field to something that needs its value, which is not there while it is recorded "
        f"({type(error).__name__}); compute outside the lambda, on the other side of the comparison"
    )


def as_term(result: object) -> Term:
    """Take what a lambda gave as a term; a field alone demands that it is true.

    Raises:
        QueryError: it is no condition.
    """
    if isinstance(result, _TERMS):
        return result
    if isinstance(result, Recorded) and result.names_ and not result.size_:
        return Comparison(result.names_, "=", (True,))
    raise QueryError(f"the lambda gave {_given(result)}")


def _given(result: object) -> str:
    match result:
        case Recorded() if result.size_:
            return f"{_named(result)}, a number, instead of a condition; compare it: {_named(result)} > 0"
        case Recorded():
            return "the entity itself instead of a condition; compare a field of it"
        case bool():
            return (
                "a bool instead of a condition: `is None`, `==` between two constants, `== True` of a "
                "condition, `in` of nothing and isinstance() can't be recorded. For absent values write "
                f"not_exists({ENTITY}.field), or exists({ENTITY}.field)"
            )
        case None:
            return "None instead of a condition; a function must return what it compares"
        case tuple() | list():
            return "several things instead of one condition; join conditions with `&` or `|`"
        case _ if callable(result):
            return (
                f"{type(result).__name__} instead of a condition; call a specification or function inside "
                f"a lambda: spec({ENTITY})"
            )
        case _:
            return f"{type(result).__name__} instead of a condition; compare a field of the entity"


def _arithmetic(self: Recorded, *_: object) -> NoReturn:
    raise QueryError(
        f"{_named(self)} can't be computed with in a query; compute on the other side of the comparison, as "
        f"in {_named(self)} > limit - 1, and build texts outside the lambda"
    )


def _conversion(self: Recorded, *_: object) -> NoReturn:
    raise QueryError(
        f"{_named(self)} can't be converted in a query; it is compared as its own type: write a value of "
        "that type on the other side"
    )


class Recorded(StandsForTerm):
    """Stands for an entity or something inside it while a lambda is recorded.

    Attributes:
        names_: the path; its name ends so that no field of an entity is hidden.
        size_: whether the size of the value is meant.
    """

    __slots__ = ("names_", "size_")

    def __init__(self, names: Names, size: bool = False) -> None:
        self.names_ = names
        self.size_ = size

    def __getattr__(self, name: str) -> Recorded:
        if name.startswith("__"):
            raise AttributeError(name)
        return _part(self, name)

    def __getitem__(self, key: object) -> Recorded:
        if isinstance(key, slice):
            raise QueryError(f"{_named(self)}[...] takes one index; a slice can't be compared")
        if isinstance(key, bool) or not isinstance(key, int | str):
            raise QueryError(f"{_named(self)}[...] takes a list index or a map key, not {type(key).__name__}")
        if isinstance(key, int) and key < 0:
            raise QueryError(
                f"{_named(self)}[{key}]: DynamoDB counts list elements from 0, never from the end"
            )
        return _part(self, key)

    def __call__(self, *args: object, **kwargs: object) -> Term:
        """Record a method call, such as `o.name.startswith(...)`."""
        *path, method = self.names_ or ("",)
        owner = Recorded(tuple(path))
        if not path or method not in _METHODS:
            raise QueryError(_uncallable(self, owner, str(method)))
        if kwargs or len(args) != 1 or isinstance(args[0], tuple):
            raise QueryError(
                f"{_named(self)}(...) takes one beginning; for one of several write "
                f"{_named(owner)}.startswith(...) | {_named(owner)}.startswith(...)"
            )
        return compare(owner, _METHODS[str(method)], *args)

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
        return as_term(self) & as_term(other)

    def __rand__(self, other: object) -> Term:
        return as_term(other) & as_term(self)

    def __or__(self, other: object) -> Term:
        return as_term(self) | as_term(other)

    def __ror__(self, other: object) -> Term:
        return as_term(other) | as_term(self)

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _arithmetic
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _arithmetic
    __pow__ = __rpow__ = __divmod__ = __rdivmod__ = __matmul__ = __rmatmul__ = _arithmetic
    __lshift__ = __rlshift__ = __rshift__ = __rrshift__ = __xor__ = __rxor__ = _arithmetic
    __neg__ = __pos__ = __abs__ = __round__ = __floor__ = __ceil__ = __trunc__ = _arithmetic
    __int__ = __float__ = __complex__ = __index__ = __bytes__ = _conversion

    def __hash__(self) -> NoReturn:
        raise QueryError(
            f"{_named(self)} can't be looked up in a set or dict while it is recorded; write "
            f"is_in({_named(self)}, ...)"
        )

    def __invert__(self) -> NoReturn:
        raise QueryError(f"~{_named(self)} can't be recorded; write not_({_named(self)})")

    def __bool__(self) -> NoReturn:
        raise QueryError(
            f"{_named(self)} has no truth value while it is recorded: write `&` and `|` instead of `and` "
            "and `or`, not_(...) instead of `not`, between(...) instead of a chained comparison"
        )

    def __contains__(self, member: object) -> NoReturn:
        raise QueryError(
            f"`in` can't be recorded; write contains({_named(self)}, ...) or is_in({_named(self)}, ...)"
        )

    def __iter__(self) -> NoReturn:
        raise QueryError(
            f"{_named(self)} can't be iterated over in a query; write contains({_named(self)}, ...)"
        )

    def __len__(self) -> NoReturn:
        raise QueryError(f"len() can't be recorded; write size({_named(self)})")

    def __str__(self) -> str:
        raise QueryError(f"{_named(self)} has no text while it is recorded; build texts outside the lambda")

    def __format__(self, spec: str) -> str:
        return self.__str__()

    def __repr__(self) -> str:
        return f"<recorded {_named(self)}>"


# No methods of the stand-in: they would hide fields of an entity.


def _named(recorded: Recorded) -> str:
    return path_text(recorded.names_, size=recorded.size_) if recorded.names_ else "the entity"


def _part(recorded: Recorded, name: str | int) -> Recorded:
    if recorded.size_:
        raise QueryError(f"{_named(recorded)} is a number, which has no parts; compare it")
    return Recorded((*recorded.names_, name))


def _uncallable(recorded: Recorded, owner: Recorded, method: str) -> str:
    hint = _INSTEAD.get(method, "").format(method, _named(owner))
    return (
        f"{_named(recorded)}() can't be recorded; {hint + '. There' if hint else 'there'} are "
        ".startswith(...), == != < <= > >=, and the helpers between, is_in, contains, begins_with, exists, "
        "not_exists, attribute_type, size, not_"
    )


def compare(left: object, operator: Operator, *operands: object) -> Term:
    """Record one comparison of a path.

    Raises:
        QueryError: the left side is no path of the entity, or a right side is no value.
    """
    if not isinstance(left, Recorded):
        raise QueryError(
            f"{operator} compares a field of the entity, such as {ENTITY}.total, not {type(left).__name__}"
        )
    if not left.names_:
        raise QueryError(
            f"{operator} compares a field of the entity, such as {ENTITY}.total, not the entity itself"
        )
    return Comparison(left.names_, operator, tuple(map(_operand, operands)), left.size_)


def _operand(value: object) -> object:
    if isinstance(value, _TERMS):
        raise QueryError(
            "a condition is no value to compare with; put each comparison in parentheses, as in "
            "(o.a == 1) & (o.b == 2), and write not_(...) instead of == False"
        )
    if not isinstance(value, Recorded):
        return value
    if not value.names_:
        raise QueryError(
            f"a field is compared with a value or a field, such as {ENTITY}.total, not the entity"
        )
    return PathOperand(value.names_, value.size_)
