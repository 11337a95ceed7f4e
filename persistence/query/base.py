"""What synchronous and asynchronous queries share: all but who drives them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Generic, Self, TypeVar, cast

from persistence.attributes import Item
from persistence.bulk import removal_paths
from persistence.cursors import Binding
from persistence.errors import EntityNotFound, MultipleResultsFound, QueryError
from persistence.query.access import AccessPath
from persistence.query.cautions import (
    advise_on_effort,
    advise_on_isolation,
    advise_on_size,
    advise_on_waste,
    apply_scan_policy,
)
from persistence.query.counts import check_count, check_segment, check_segments
from persistence.query.fingerprint import canonical, fingerprint
from persistence.query.names import comparison
from persistence.query.pages import Paging, ResultPage
from persistence.query.raw_conditions import raw
from persistence.query.reading import reader_of
from persistence.query.recorder import record
from persistence.query.running import DROPPED, Dropped, Run
from persistence.query.selection import Selection, select_items, select_names, select_recorded
from persistence.query.subject import Subject
from persistence.query.terms import AllOf, Term, conjuncts
from persistence.query.wish import Wish
from persistence.store import tenant_of
from persistence.unit_of_work.base import UnitOfWorkBase
from persistence.unit_of_work.unit import Unit

T = TypeVar("T")
R = TypeVar("R")
U = TypeVar("U", bound=UnitOfWorkBase[Any])

SEGMENTS = 8
SEGMENTS_AT_ONCE = 2
"""More than two seldom pay: what is read has to be decoded by one thread."""


@dataclass(frozen=True, slots=True, repr=False)
class QueryBase(Generic[T, U]):
    """A question to a repository: every call gives a new one, nothing is read before results are asked for.

    Its parameters are the type of the results and of the unit of work. See `Query` and `AsyncQuery`.
    """

    _subject: Subject[Any]
    _uow: U
    _unit: Unit[Any] | None
    _wish: Wish
    _limit: int | None = None
    _tracking: bool = True
    _selection: Selection[T] | None = None
    _parallel: tuple[int, int] | None = None
    _after: tuple[object, str | None] | None = None

    def __repr__(self) -> str:
        return f"<query of {self._subject.name}>"

    # What is asked for

    def matching(self, predicate: Callable[[T], bool]) -> Self:
        """Demand one thing more.

        Args:
            predicate: a lambda over the entity, such as
                `lambda o: (o.customer_id == "c1") & (o.total > 100)`, or a `Specification`.
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

    def filter(self, expression: str, /, **params: object) -> Self:
        """Demand one thing more, in DynamoDB's own condition language and in attribute names.

        Args:
            expression: such as "size(lines) > :most AND attribute_exists(address.city)"; no values in it.
            params: the values of its `:names`.

        Raises:
            QueryError: it can't be read, a value is missing, or one is not used.
        """
        return self._demanding(raw(expression, **params))

    def order_by(self, name: str, *, descending: bool = False) -> Self:
        """Sort by the sort key of the table or index that is read.

        Args:
            name: Python name of the field.
            descending: greatest first.

        Raises:
            QueryError: it is no name.
        """
        if not isinstance(name, str):
            raise QueryError(
                f'order_by takes the name of a field, as in "placed_at", not {type(name).__name__}'
            )
        return self._wishing(order_by=name, descending=descending)

    def sorted_in_memory(self) -> Self:
        """Let `order_by` sort after everything was read, where no key sorts so: it is all kept in memory."""
        return self._wishing(sorted_in_memory=True)

    def limit(self, count: int) -> Self:
        """Give at most so many results.

        Raises:
            QueryError: not a positive whole number.
        """
        return replace(self, _limit=check_count("limit", count))

    def index(self, name: str) -> Self:
        """Read this index, or fail if it can't serve."""
        return self._wishing(index=name)

    def hydrate(self) -> Self:
        """Let an index serve that lacks attributes: whole items are then read from the table by key."""
        return self._wishing(hydrate=True)

    def consistent(self) -> Self:
        """Read strongly consistently, which costs twice as much and rules out global indexes."""
        return self._wishing(consistent=True)

    def untracked(self) -> Self:
        """Give entities that the unit of work does not know, in constant memory."""
        return self._asking(self._wish, tracking=False)

    def live(self) -> Self:
        """Leave out what has expired: the service deletes it some time after its time to live."""
        return replace(self, _subject=self._subject.showing(lambda shown: shown.live))

    def including_deleted(self) -> Self:
        """Give what is marked as deleted too."""
        return replace(self, _subject=self._subject.showing(lambda shown: shown.with_deleted))

    def after(self, cursor: str, *, tenant: str | None = None) -> Self:
        """Go on behind the page that gave a cursor.

        Args:
            cursor: the `cursor` of a page of the same query.
            tenant: what `page` was told; see there.
        """
        return replace(self, _after=(cursor, tenant))

    def segment(self, number: int, *, of: int) -> Self:
        """Read one part of a scan, for workers that share it among them.

        Args:
            number: which part, counted from 0.
            of: how many parts there are, at most 1,000,000; the same for all workers.

        Raises:
            QueryError: there is no such part.
        """
        check_segment(number, of)
        return self._wishing(segment=(number, of))

    def parallel(self, segments: int = SEGMENTS, workers: int = SEGMENTS_AT_ONCE) -> Self:
        """Read a scan in parts, several at a time; the results come in no particular order.

        Args:
            segments: how many parts, at most 1,000,000.
            workers: how many of them are read at the same time; each holds a page of 1 MB, and all of them
                8,000 items at most.

        Raises:
            QueryError: no positive whole numbers, or more than 1,000,000 parts.
        """
        check_segments(segments)
        return replace(self, _parallel=(segments, check_count("workers", workers)))

    def explain(self) -> AccessPath:
        """Tell how the query would be answered and what that costs, without asking.

        Raises:
            QueryError: it can't be.
        """
        most = self._uow.store.limits.batch_gets
        path = self._path(explained=True).expecting(self._limit, self._subject.sizes.mean, most)
        return replace(path, tenant=self._tenant(self._present_unit()))

    # How it is answered

    def _path(self, *, explained: bool = False) -> AccessPath:
        path = self._subject.plan(self._wish, self._uow.clock(), explained=explained)
        if path.kind != "scan" and (self._parallel is not None or self._wish.segment is not None):
            raise QueryError(
                f"{self._subject.name}: a {path.kind} has no segments; parallel() and segment() go with "
                "scan()"
            )
        if self._parallel is not None and self._wish.segment is not None:
            raise QueryError("parallel() reads all segments, and segment() one: leave one of them out")
        if self._parallel is not None and path.fetch != "nothing":
            raise QueryError("parallel() reads an index that holds what is wanted, or the table")
        return path

    def _run(self, limit: int | None = None) -> Run[T]:
        """Begin a run; its unit is found now, not at the first result: a run never outlives its unit."""
        run = self._running(self._maker, limit)
        if self._selection is not None:
            run.made_at_once = self._selection.read_all
        elif run.unit is None or not self._tracking:
            run.made_at_once = self._made_at_once
            run.reader.makes_entities = True
            run.drops = self._subject.drops
        return run

    def _counted(self) -> Run[T]:
        """Begin a run that counts: nothing of the items is wanted, so that an index without it may serve."""
        if self._selection is not None or self._after is not None:
            return self._run()
        counted = self._wishing(selection=select_items(()))
        if self._wish.sorted_in_memory:
            self._path()  # refuses an order that can't be, though nothing is sorted
            counted = counted._wishing(order_by=None, descending=False, sorted_in_memory=False)
        return counted._run()

    def _running(
        self, maker: Callable[[Unit[Any] | None], Callable[[Item], R | Dropped]], limit: int | None
    ) -> Run[R]:
        subject, unit = self._subject, self._present_unit()
        if self._after is not None:
            self._refuse_unpageable("after(...)")
        path = self._path()
        if path.kind == "scan" and not self._wish.scan:
            apply_scan_policy(self._uow.scan_policy, subject, path)
        advise_on_isolation(unit, subject)
        reader = reader_of(subject, path, unit, self._parallel)
        if self._after is not None:
            cursor, tenant = self._after
            reader.start = self._uow.cursors.open(cursor, self._binding(path, tenant))
        at_end = partial(advise_on_waste, subject, path)
        run = Run(self._uow, unit, path, reader, maker(unit), limit or self._limit, at_end)
        run.tenant = self._tenant(unit)
        return run

    def _maker(self, unit: Unit[Any] | None) -> Callable[[Item], T | Dropped]:
        if self._selection is not None:
            return self._selection.read
        tracking_unit, took_in = (unit if self._tracking else None), self._subject.took_in

        def made(item: Item) -> T | Dropped:
            entity = took_in(tracking_unit, item)
            return DROPPED if entity is None else entity

        return made

    def _made_at_once(self, items: Sequence[Item]) -> Sequence[T | Dropped]:
        entities = self._subject.took_in_all(items)
        if not self._subject.drops:
            return cast("Sequence[T]", entities)
        return [DROPPED if entity is None else entity for entity in entities]

    def _present_unit(self) -> Unit[Any] | None:
        if self._unit is not None:
            self._unit.check()
            return self._unit
        return self._uow.current_unit()

    def _tenant(self, unit: Unit[Any] | None) -> str | None:
        """Name the tenant whose entities are read; None where they are no tenant's."""
        if not self._subject.table.tenant_scoped:
            return None
        return tenant_of(self._uow.store if unit is None else unit.store)

    # Removal

    def _removal(self) -> Run[Item]:
        """Begin to read what a removal needs of the items: their keys, and what shows later changes."""
        if self._selection is not None:
            raise QueryError("delete() removes entities; leave select(...) out")
        selection = select_items(removal_paths(self._subject.mapping))
        query = replace(self, _wish=replace(self._wish, selection=selection))
        return query._running(lambda _: lambda item: item, None)

    # Pages

    def _paging(
        self, size: int, after: str | None, max_reads: int | None, tenant: str | None
    ) -> tuple[Paging[T], Callable[[Item], str]]:
        """Begin a page; give what fills it, and what makes its cursor."""
        check_count("size", size)
        if max_reads is not None:
            self._check_max_reads(max_reads)
        query = self if after is None else self.after(after, tenant=tenant)
        query._refuse_unpageable("page()")
        run = query._run(size if self._limit is None else min(size, self._limit))
        advise_on_size(self._subject, run.path, run.limit)
        binding = self._binding(run.path, tenant)
        return Paging(run, max_reads), lambda position: self._uow.cursors.seal(position, binding)

    def _refuse_unpageable(self, call: str) -> None:
        why = (
            "its results come in no fixed order; page through segment(n, of=...)" if self._parallel else None
        )
        if self._wish.sorted_in_memory:
            why = "what is sorted in memory has no place in the table to go on from; ask for all()"
        if why is not None:
            raise QueryError(f"{self._subject.name}: {call} of this query: {why}")

    def _check_max_reads(self, max_reads: int) -> None:
        check_count("max_reads", max_reads)
        if not self._uow.cursors.encrypts:
            raise QueryError(
                "page(max_reads=...) may end behind an item that it does not show, whose key only an "
                "encrypted cursor may hold; install persistence-dynamodb[encryption], and leave "
                "CursorKeys(encrypt=False) out"
            )

    def _filled(self, paging: Paging[T], seal: Callable[[Item], str]) -> ResultPage[T]:
        advise_on_effort(self._subject, paging.run.path, paging.run.requests)
        behind = paging.next_key
        cursor = None if behind is None else seal(behind)
        return ResultPage(paging.items, cursor, paging.run.scanned)

    def _binding(self, path: AccessPath, tenant: str | None) -> Binding:
        """Tell what a cursor of this query is good for."""
        if tenant is not None and not isinstance(tenant, str):
            raise QueryError(f"tenant is a text, such as the id of a customer, not {type(tenant).__name__}")
        subject, wish = self._subject, self._wish
        asked = [path.kind == "scan", canonical(path.asked)]
        order = [wish.order_by, wish.descending, wish.segment]
        shown = [[each.deleted, each.expired] for each in subject.shown]
        whose = [tenant, self._tenant(self._present_unit())] if subject.table.tenant_scoped else tenant
        digest = fingerprint(subject.marks, asked, order, shown, whose)
        return Binding(subject.table, path.index, digest, wish.descending)

    # Changes

    def _demanding(self, term: Term) -> Self:
        terms = (*conjuncts(self._wish.term), *conjuncts(term))
        term = terms[0] if len(terms) == 1 else AllOf(terms)
        return self._asking(self._wish.demanding(term), tracking=self._tracking)

    def _wishing(self, **changes: Any) -> Self:
        return replace(self, _wish=replace(self._wish, **changes))

    def _asking(self, wish: Wish, *, tracking: bool) -> Self:
        """Do as `replace` does, which takes three times as long."""
        return type(self)(
            self._subject,
            self._uow,
            self._unit,
            wish,
            self._limit,
            tracking,
            self._selection,
            self._parallel,
            self._after,
        )

    def _selecting(self, chosen: tuple[Any, ...]) -> Any:
        recorded = len(chosen) == 1 and callable(chosen[0])
        mapping = self._subject.mapping
        selection: Selection[Any] = (
            select_recorded(mapping, chosen[0]) if recorded else select_names(mapping, chosen)
        )
        return self._reading(selection)

    def _reading(self, selection: Selection[Any]) -> Any:
        wish = replace(self._wish, selection=selection)
        return replace(self, _selection=selection, _wish=wish)

    def _at_most(self, count: int) -> Self:
        return self if self._limit is not None and self._limit <= count else replace(self, _limit=count)

    def _only(self, found: Sequence[T]) -> T:
        """Give the one entity of a result that must have exactly one."""
        entity_type = self._subject.entity_type
        if not found:
            raise EntityNotFound(entity_type, ())
        if len(found) > 1:
            raise MultipleResultsFound(entity_type)
        return found[0]
