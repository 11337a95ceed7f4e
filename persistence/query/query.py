"""Queries as values: every call gives a new query, nothing is read until its results are asked for."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Generic, Literal, TypeVar

from persistence.attributes import Item
from persistence.entity_flows import EntityFlows
from persistence.errors import QueryError, ScanForbidden, ScanWarning
from persistence.events import event_log
from persistence.flows import Flow, perform
from persistence.operations import Page, QueryPage, ScanPage
from persistence.query.planner import AccessPath, Wish, choose
from persistence.query.recorder import record
from persistence.query.terms import OPERANDS, AllOf, Comparison, Operator, Term, conjuncts
from persistence.unit_of_work import UnitOfWork
from persistence.unit_of_work.unit import Unit

T = TypeVar("T")

_LIBRARY = f"{__name__.partition('.')[0]}."

_SPELLINGS: dict[str, Operator] = {"!=": "<>", **{operator.upper(): operator for operator in OPERANDS}}


@dataclass(frozen=True, slots=True, repr=False)
class Query(Generic[T]):
    """A question to a repository; iterating over it, `all()`, `first()`, `count()` and `exists()` ask it.

    Made by `Repository.query`, `where` and `scan`. A query that was made inside a unit of work can only be
    asked while that unit is open; its results are tracked there. It sees what is stored, not the unit's
    pending changes: added entities are absent, removed ones left out, changed ones come as they are in
    memory.
    """

    _flows: EntityFlows[T]
    _uow: UnitOfWork
    _unit: Unit[Any] | None
    _wish: Wish
    _limit: int | None = None
    _descending: bool = False
    _tracking: bool = True

    def __repr__(self) -> str:
        return f"<query of {self._flows.mapping.name}>"

    def matching(self, predicate: Callable[[T], bool]) -> Query[T]:
        """Demand one thing more.

        Args:
            predicate: a lambda over the entity, such as
                `lambda o: (o.customer_id == "c1") & (o.total > 100)`.
        """
        return self._demanding(record(predicate))

    def where(self, name: str, operator: str, *values: object) -> Query[T]:
        """Demand one thing more, by name.

        Args:
            name: Python name of a field, or a dotted path such as "address.city".
            operator: one of = != <> < <= > >= BETWEEN IN BEGINS_WITH CONTAINS EXISTS NOT_EXISTS
                ATTRIBUTE_TYPE, in any case.
            values: its operands: two for BETWEEN, any number (or one sequence) for IN, none for EXISTS.

        Raises:
            QueryError: an unknown operator or the wrong number of operands.
        """
        return self._demanding(Comparison(_parsed(name), *_checked(name, operator, values)))

    def order_by(self, name: str, *, descending: bool = False) -> Query[T]:
        """Sort by the sort key of the table or index that is read.

        Args:
            name: Python name of the field.
            descending: greatest first.
        """
        return replace(self, _wish=replace(self._wish, order_by=name), _descending=descending)

    def limit(self, count: int) -> Query[T]:
        """Give at most so many results.

        Raises:
            QueryError: not a positive whole number.
        """
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise QueryError(f"limit takes a whole number of at least 1, not {count!r}")
        return replace(self, _limit=count)

    def index(self, name: str) -> Query[T]:
        """Read this index, or fail if it can't serve."""
        return replace(self, _wish=replace(self._wish, index=name))

    def consistent(self) -> Query[T]:
        """Read strongly consistently, which costs twice as much and rules out global indexes."""
        return replace(self, _wish=replace(self._wish, consistent=True))

    def untracked(self) -> Query[T]:
        """Give entities that the unit of work does not know, in constant memory."""
        return replace(self, _tracking=False)

    def explain(self) -> AccessPath:
        """Tell how the query would be answered, without asking.

        Raises:
            QueryError: it can't be.
        """
        return choose(self._flows.mapping, self._wish)

    def __iter__(self) -> Iterator[T]:
        # The unit is found now, not at the first result: an iterator never outlives the unit it was made in.
        return self._results(self._checked_path(), self._present_unit())

    def all(self) -> list[T]:
        """Give all results."""
        return list(self)

    def first(self) -> T | None:
        """Give the first result, or None."""
        return next(iter(replace(self, _limit=1)), None)

    def count(self) -> int:
        """Count the results without building entities; the reads are paid for all the same.

        Counts what is stored: entities that the unit of work has removed count until it commits.
        """
        path, total = self._checked_path(), 0
        start: Item | None = None
        while True:
            limit = self._page_limit(path, total)
            page = self._uow.perform(self._read(path, start, limit=limit, count_only=True))
            total += page.count
            start = page.last_key
            if start is None or (self._limit is not None and total >= self._limit):
                return total if self._limit is None else min(total, self._limit)

    def exists(self) -> bool:
        """Tell whether there is any result; as `count`, it goes by what is stored."""
        return replace(self, _limit=1).count() > 0

    def _demanding(self, term: Term) -> Query[T]:
        terms = (*conjuncts(self._wish.term), *conjuncts(term))
        joined = terms[0] if len(terms) == 1 else AllOf(terms)
        return replace(self, _wish=replace(self._wish, term=joined))

    def _checked_path(self) -> AccessPath:
        path = self.explain()
        if path.kind == "scan" and not self._wish.scan:
            self._apply_scan_policy(path)
        return path

    def _apply_scan_policy(self, path: AccessPath) -> None:
        policy: Literal["warn", "forbid", "allow"] = self._uow.scan_policy
        if policy == "allow":
            return
        name = self._flows.mapping.name
        text = (
            f"no key of {name} serves this query, so it reads the whole table; add an index for it, or write "
            f".scan(...) if that is meant.\n{path}"
        )
        if policy == "forbid":
            raise ScanForbidden(text)
        event_log().warning(
            "advice.given", code="scan", entity_type=name, table=self._flows.mapping.table.name
        )
        warnings.warn(text, ScanWarning, stacklevel=_frames_of_the_library())

    def _results(self, path: AccessPath, unit: Unit[Any] | None) -> Iterator[T]:
        self._check(unit)
        start: Item | None = None
        given = 0
        while True:
            page = self._uow.perform(self._read(path, start, limit=self._page_limit(path, given)))
            for item in page.items:
                self._check(unit)
                entity = self._flows.took_in(unit if self._tracking else None, item)
                if entity is None:
                    continue
                yield entity
                given += 1
                if given == self._limit:
                    return
            start = page.last_key
            if start is None:
                return
            self._check(unit)

    def _page_limit(self, path: AccessPath, given: int) -> int | None:
        """Read no more than what is wanted, where each item that is read is a result."""
        if self._limit is None or path.filter is not None:
            return None
        return self._limit - given

    def _present_unit(self) -> Unit[Any] | None:
        if self._unit is not None:
            self._unit.check()
            return self._unit
        return self._uow.current_unit()

    def _check(self, unit: Unit[Any] | None) -> None:
        if unit is not None:
            unit.check()

    def _read(
        self, path: AccessPath, start: Item | None, *, limit: int | None, count_only: bool = False
    ) -> Flow[Page]:
        self._present_unit()
        table, consistent = self._flows.mapping.table, self._wish.consistent
        if path.key_condition is None:
            scan = ScanPage(
                table,
                path.index,
                path.filter,
                limit=limit,
                start=start,
                consistent=consistent,
                count_only=count_only,
            )
            return (yield from perform(scan))
        query = QueryPage(
            table,
            path.key_condition,
            path.index,
            path.filter,
            descending=self._descending,
            limit=limit,
            start=start,
            consistent=consistent,
            count_only=count_only,
        )
        return (yield from perform(query))


def _frames_of_the_library() -> int:
    """Count the frames between the caller of this function and the application, for warnings."""
    level, frame = 1, inspect.currentframe()
    frame = frame.f_back if frame else None
    while frame is not None and str(frame.f_globals.get("__name__", "")).startswith(_LIBRARY):
        level, frame = level + 1, frame.f_back
    return level


def _parsed(name: str) -> tuple[str | int, ...]:
    """Read a dotted path: `lines[0].sku`."""
    parts: list[str | int] = []
    for part in name.replace("[", ".[").split("."):
        if part.startswith("[") and part.endswith("]") and part[1:-1].isdigit():
            parts.append(int(part[1:-1]))
        elif part and "[" not in part and "]" not in part:
            parts.append(part)
        else:
            raise QueryError(f"{name!r} is no path; write it like address.city or lines[0].sku")
    return tuple(parts)


def _checked(name: str, operator: str, values: tuple[object, ...]) -> tuple[Operator, tuple[object, ...]]:
    known = _SPELLINGS.get(operator.strip().upper())
    if known is None:
        raise QueryError(f"where({name!r}, {operator!r}): the operators are {', '.join(_SPELLINGS)}")
    if (
        known in ("in", "between")
        and len(values) == 1
        and isinstance(values[0], list | tuple | set | frozenset)
    ):
        values = tuple(values[0])
    wanted = OPERANDS[known]
    if wanted is not None and len(values) != wanted:
        raise QueryError(f"where({name!r}, {operator!r}) takes {wanted} value(s), not {len(values)}")
    return known, values
