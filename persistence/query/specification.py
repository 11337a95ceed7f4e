"""Conditions with a name of their own: recorded once, combined, reused, and answered without a store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, NoReturn, TypeVar, cast

from persistence.errors import MappingError, QueryError
from persistence.evaluate import holds
from persistence.mapping import MappingSchema, mapping_of
from persistence.mapping.undeclared import Undeclared, undeclared
from persistence.query.helpers import not_
from persistence.query.lowering import lower
from persistence.query.recorder import Recorded, record
from persistence.query.terms import RawTerm, Term, inside
from persistence.query.wording import worded

T = TypeVar("T")


# No slots: `Specification[Order](...)` tries to set an attribute, which a frozen class with slots answers
# with a TypeError instead of the AttributeError that is expected there.
@dataclass(frozen=True, init=False, repr=False)
class Specification(Generic[T]):
    """What is demanded of an entity, as a value.

    ```python
    paid = Specification[Order](lambda o: o.paid, name="paid")
    large = Specification[Order](lambda o: o.total > 100)

    orders.query(paid & ~large)
    orders.query(lambda o: (o.customer_id == "c1") & paid(o))
    paid.is_satisfied_by(order)
    ```

    The lambda is called once, when the specification is made; what it compares with is fixed then. It can be
    given wherever a lambda over the entity can. Inside a lambda it is called, also with something that is
    nested: `in_graz(o.address)`. Two specifications are equal if they demand the same in the same words.

    Args:
        predicate: a lambda over the entity, as for `Repository.query`; or what `raw(...)` gives.
        name: what it is called.

    Attributes:
        term: what was recorded.
        name: what it is called; it changes nothing of what is demanded.

    Raises:
        QueryError: the lambda does what can't be recorded.
    """

    term: Term
    name: str | None = field(compare=False)

    def __init__(self, predicate: Callable[[T], bool] | RawTerm, *, name: str | None = None) -> None:
        if name is not None and not isinstance(name, str):
            raise QueryError(f"the name of a specification is a text, not {type(name).__name__}")
        object.__setattr__(self, "term", record(predicate))
        object.__setattr__(self, "name", name)

    def __call__(self, entity: T) -> bool:
        """Demand it of the entity of a lambda, or of something inside; of any other object answer it."""
        if isinstance(entity, Recorded):
            return cast(bool, self._demanded_of(entity))
        return self.is_satisfied_by(entity)

    def __and__(self, other: Callable[[T], bool]) -> Specification[T]:
        """Demand both."""
        second = _operand("&", other)
        return Specification(lambda entity: self(entity) & second(entity))

    def __or__(self, other: Callable[[T], bool]) -> Specification[T]:
        """Demand at least one."""
        second = _operand("|", other)
        return Specification(lambda entity: self(entity) | second(entity))

    def __invert__(self) -> Specification[T]:
        """Demand the opposite."""
        return Specification(lambda entity: not_(self(entity)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Specification):
            return NotImplemented
        # The texts tell apart what Python calls equal, but DynamoDB does not: `True` and `1`.
        return self.term == other.term and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(self.term)

    def __bool__(self) -> NoReturn:
        raise QueryError(
            "a specification has no truth value: write `&`, `|` and `~` instead of `and`, `or` and `not`; "
            "ask is_satisfied_by(entity) for an answer"
        )

    def __str__(self) -> str:
        return self.describe()

    def __repr__(self) -> str:
        called = f" {self.name!r}" if self.name else ""
        return f"<specification{called}: {self.describe()}>"

    def named(self, name: str) -> Specification[T]:
        """Give the same under a name."""
        return Specification(self, name=name)

    def describe(self, *, values: bool = False) -> str:
        """Write it as it would be written in a lambda.

        Args:
            values: show the values that it compares with; by default only their types are, so that the text
                may go into messages and logs.
        """
        return worded(self.term, values=values)

    def is_satisfied_by(self, entity: T, mapping: type[MappingSchema[T]] | None = None) -> bool:
        """Tell whether an entity fulfils it, as a store would tell of its item.

        The recorded condition is answered, never the lambda: an absent attribute equals nothing, numbers are
        compared by value and datetimes as they are stored.

        Args:
            entity: any instance of the dataclass; it is not changed and need not be stored.
            mapping: how it is stored. Without one that is inferred from the type hints alone, which is the
                same but for fields that the mapping declares.

        Raises:
            QueryError: it demands what can't be asked of such entities.
            MappingError: without a mapping, the type of a field can't be inferred.
            ValidationFailed: a value of the entity can't be stored.
        """
        if isinstance(entity, Recorded):
            raise QueryError(
                "inside a lambda a specification is called: spec(o), not spec.is_satisfied_by(o)"
            )
        if mapping is None:
            inferred = _inferred(entity)
            return holds(lower(self.term, inferred), inferred.snapshot(entity))
        declared = mapping_of(mapping)
        return holds(lower(self.term, declared), declared.codec.snapshot(entity))

    def _demanded_of(self, recorded: Recorded) -> Term:
        if recorded.size_:
            raise QueryError(f"a specification is demanded of an entity, not of {recorded!r}, a number")
        return inside(self.term, recorded.names_)


def _operand(sign: str, other: Callable[[T], bool]) -> Callable[[T], bool]:
    if isinstance(other, Recorded) or not callable(other):
        raise QueryError(
            f"spec {sign} ... takes another specification or a lambda over the same entity, not "
            f"{type(other).__name__}; inside a lambda call the specification: spec(o) {sign} (o.total > 1)"
        )
    return other


def _inferred(entity: T) -> Undeclared[T]:
    try:
        return undeclared(type(entity))
    except MappingError as error:
        raise MappingError(
            f"{error}. Or name its mapping: is_satisfied_by(entity, mapping={type(entity).__name__}Mapping)"
        ) from error
