"""What synchronous and asynchronous queries share: all but who drives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, Self, TypeVar

from persistence.entity_flows import EntityFlows
from persistence.errors import EntityNotFound, MultipleResultsFound, QueryError
from persistence.query.advice import advise_on_isolation, apply_scan_policy
from persistence.query.names import comparison
from persistence.query.planner import AccessPath, Wish, choose
from persistence.query.recorder import record
from persistence.query.running import Reading, Run
from persistence.query.terms import AllOf, Term, conjuncts
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.unit import Unit

T = TypeVar("T")
U = TypeVar("U", bound=UnitOfWorkBase[Any])


@dataclass(frozen=True, slots=True, repr=False)
class QueryBase(Generic[T, U]):
    """A question to a repository: every call gives a new one, nothing is read before results are asked for.

    See `Query` and `AsyncQuery`.
    """

    _flows: EntityFlows[T]
    _uow: U
    _unit: Unit[Any] | None
    _wish: Wish
    _limit: int | None = None
    _descending: bool = False
    _tracking: bool = True

    def __repr__(self) -> str:
        return f"<query of {self._flows.mapping.name}>"

    def matching(self, predicate: Callable[[T], bool]) -> Self:
        """Demand one thing more.

        Args:
            predicate: a lambda over the entity, such as
                `lambda o: (o.customer_id == "c1") & (o.total > 100)`.
        """
        return self._demanding(record(predicate))

    def where(self, name: str, operator: str, *values: object) -> Self:
        """Demand one thing more, by name.

        Args:
            name: Python name of a field, or a dotted path such as "address.city".
            operator: one of = != <> < <= > >= BETWEEN IN BEGINS_WITH CONTAINS EXISTS NOT_EXISTS
                ATTRIBUTE_TYPE, in any case.
            values: its operands: two for BETWEEN, any number (or one sequence) for IN, none for EXISTS.

        Raises:
            QueryError: an unknown operator or the wrong number of operands.
        """
        return self._demanding(comparison(name, operator, values))

    def order_by(self, name: str, *, descending: bool = False) -> Self:
        """Sort by the sort key of the table or index that is read.

        Args:
            name: Python name of the field.
            descending: greatest first.
        """
        return replace(self, _wish=replace(self._wish, order_by=name), _descending=descending)

    def limit(self, count: int) -> Self:
        """Give at most so many results.

        Raises:
            QueryError: not a positive whole number.
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise QueryError(f"limit takes a whole number of at least 1, not {count!r}")
        return replace(self, _limit=count)

    def index(self, name: str) -> Self:
        """Read this index, or fail if it can't serve."""
        return replace(self, _wish=replace(self._wish, index=name))

    def consistent(self) -> Self:
        """Read strongly consistently, which costs twice as much and rules out global indexes."""
        return replace(self, _wish=replace(self._wish, consistent=True))

    def untracked(self) -> Self:
        """Give entities that the unit of work does not know, in constant memory."""
        return replace(self, _tracking=False)

    def explain(self) -> AccessPath:
        """Tell how the query would be answered, without asking.

        Raises:
            QueryError: it can't be.
        """
        return choose(self._flows.mapping, self._wish)

    def _demanding(self, term: Term) -> Self:
        terms = (*conjuncts(self._wish.term), *conjuncts(term))
        joined = terms[0] if len(terms) == 1 else AllOf(terms)
        return replace(self, _wish=replace(self._wish, term=joined))

    def _run(self) -> Run[T]:
        """Begin a run; its unit is found now, not at the first result: a run never outlives its unit."""
        mapping = self._flows.mapping
        path, unit = self.explain(), self._present_unit()
        if path.kind == "scan" and not self._wish.scan:
            apply_scan_policy(self._uow.scan_policy, mapping, path)
        advise_on_isolation(unit, mapping)
        reading = Reading(mapping.table, path, self._descending, self._wish.consistent)
        return Run(self._flows, reading, unit, self._limit, self._tracking)

    def _present_unit(self) -> Unit[Any] | None:
        if self._unit is not None:
            self._unit.check()
            return self._unit
        return self._uow.current_unit()

    def _at_most(self, count: int) -> Self:
        return self if self._limit is not None and self._limit <= count else replace(self, _limit=count)

    def _only(self, found: Sequence[T]) -> T:
        """Give the one entity of a result that must have exactly one."""
        entity_type = self._flows.mapping.entity_type
        if not found:
            raise EntityNotFound(entity_type, ())
        if len(found) > 1:
            raise MultipleResultsFound(entity_type)
        return found[0]
