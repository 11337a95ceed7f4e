"""Expected queries and scans, whose conditions are matched by what they demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Generic, Self, TypeVar

from persistence.attributes import Item, normalised_key
from persistence.errors import PersistenceError, QueryError
from persistence.expressions import Condition
from persistence.mapping import EntityMapping, MappingSchema
from persistence.mapping.schema import mapping_of
from persistence.operations import (
    BatchGetItems,
    BatchGetResult,
    GetItem,
    ItemResult,
    Operation,
    QueryPage,
    ScanPage,
)
from persistence.query.access import AccessPath
from persistence.query.lowering import lower
from persistence.query.names import comparison
from persistence.query.planner import choose
from persistence.query.recorder import record
from persistence.query.terms import AllOf, Term, conjuncts
from persistence.query.wish import Wish
from persistence.testing.expecting.answers import Pages, read_as_projected, refuse_impossible, stored_item
from persistence.testing.expecting.expectation import Expectation
from persistence.testing.expecting.meaning import demands_of, meaning, subject
from persistence.testing.expecting.reads import other_kind, other_table
from persistence.testing.expecting.recognising import demands_in, mapping_of_read
from persistence.testing.expecting.showing import shown_condition, shown_key
from persistence.testing.expecting.templates import held_by_templates
from persistence.testing.expecting.wanted import OTHER_KEY, OTHER_KIND, Distance

T = TypeVar("T")

Read = QueryPage | ScanPage

_NONE = Pages((), ())


class PagesExpectation(Expectation, Generic[T]):
    """An expected query or scan."""

    word = "query"
    kind: type[QueryPage] | type[ScanPage] = QueryPage

    def __init__(self, schema: type[MappingSchema[T]], *, check_answers: bool) -> None:
        super().__init__()
        self._mapping = mapping_of(schema)
        self._terms: list[Term] = []
        self._settings: dict[str, object] = {}
        self._check_answers = check_answers
        self._begun: Pages = _NONE

    def with_condition(self, field: str | Callable[[T], bool], operator: str = "", *values: object) -> Self:
        """Expect a condition; further ones may come beside those that are named.

        It does not matter whether the query asks it of a key or by its filter, nor how it is written.

        Args:
            field: the path in Python names; or a lambda or Specification, as `query` takes it.
            operator: as `where` takes it: "=", "<", "between", "in", "begins_with" and so on.
            values: the Python values.

        Raises:
            QueryError: there is no such path or operator, or its field can't hold such a value.
        """
        term = record(field) if callable(field) else comparison(field, operator, values)
        for each in conjuncts(term):
            lower(each, self._mapping)
            self._terms.append(each)
        return self

    def with_index(self, name: str | None) -> Self:
        """Expect that this index is read; None for the table itself."""
        self._mapping.key_parts(name)
        return self._with("index", name)

    def with_limit(self, limit: int | None) -> Self:
        """Expect a limit of items that a request reads; None for none."""
        return self._with("limit", limit)

    def with_consistent_read(self, consistent: bool = True) -> Self:
        """Expect a strongly consistent read, or an eventual one."""
        return self._with("consistent", consistent)

    def _with(self, name: str, value: object) -> Self:
        self._settings[name] = value
        return self

    def will_return(self, *entities: T | Item) -> Self:
        """Answer with entities, or items in tagged attribute values, in this order and in one page.

        Said again, it is the answer to the next time.
        """
        return self.will_return_pages(entities)

    def will_return_pages(self, *pages: Iterable[T | Item]) -> Self:
        """Answer with several pages, each an iterable of entities or items; the next is given when asked for.

        Said again, it is the answer to the next time.

        Raises:
            QueryError: a page is no iterable of entities or items.
        """
        for page in pages:
            if isinstance(page, str | dict) or not isinstance(page, Iterable):
                found = type(page).__name__
                raise QueryError(f"will_return_pages takes a list of entities for each page, not {found}")
        made = Pages.of([[stored_item(each, self._mapping) for each in page] for page in pages])

        def begin(operation: Operation[Any]) -> object:
            return self._begin(operation, made)

        return self._answering(begin)

    def _begin(self, operation: Operation[Any], pages: Pages) -> object:
        if isinstance(operation, GetItem):
            item = pages.items[0] if pages.items else None
            return ItemResult(read_as_projected(item, operation.projection))
        if isinstance(operation, BatchGetItems):
            return BatchGetResult(tuple(self._among(get, pages.items) for get in operation.gets))
        self._begun = pages
        return self._page(operation)

    def _among(self, get: GetItem, items: Iterable[Item]) -> Item | None:
        names = self._mapping.key_names
        found = (item for item in items if normalised_key(item, names) == normalised_key(get.key, names))
        return read_as_projected(next(found, None), get.projection)

    def _page(self, operation: Operation[Any]) -> object:
        assert isinstance(operation, QueryPage | ScanPage)
        if self._check_answers:
            refuse_impossible(self._begun.items, operation, self._mapping, self.made_at)
        place = self._place(operation)
        return self._begun.page(operation, len(self._begun.items) if place is None else place)

    def _place(self, read: Read) -> int | None:
        if isinstance(read, ScanPage) and read.segment:
            return len(self._begun.items)
        return self._begun.place_behind(read.start, self._mapping.key_names)

    def continues(self, operation: Operation[Any]) -> bool:
        """See `Expectation.continues`."""
        if self.calls == 0 or not isinstance(operation, QueryPage | ScanPage):
            return False
        further = isinstance(operation, ScanPage) and bool(operation.segment)
        return further or (operation.start is not None and self._place(operation) is not None)

    def go_on(self, operation: Operation[Any]) -> object:
        """See `Expectation.go_on`."""
        return self._page(operation)

    @property
    def mappings(self) -> tuple[EntityMapping[Any], ...]:
        """See `Expectation.mappings`."""
        return (self._mapping,)

    @property
    def title(self) -> str:
        """See `Expectation.title`."""
        return f"{self.word} of {self._mapping.name}"

    def lines(self) -> list[str]:
        """See `Expectation.lines`."""
        conditions = [shown_condition(each, self._mapping) for each in self._demands()]
        return [*conditions, *(f"{name} {value}" for name, value in self._settings.items())]

    def _demands(self) -> list[Condition]:
        return [each for term in self._terms for each in demands_of(lower(term, self._mapping))]

    def distance(self, operation: Operation[Any]) -> Distance:
        """See `Expectation.distance`."""
        if not isinstance(operation, self.kind):
            return self._of_another_kind(operation)
        assert isinstance(operation, QueryPage | ScanPage)
        if operation.table.name != self._mapping.table.name:
            return other_table(self._mapping, operation.table.name)
        about = mapping_of_read(operation, self.mappings)
        if (
            about is not None
            and about is not self._mapping
            and about.entity_type != self._mapping.entity_type
        ):
            return Distance.of([f"expected a {self.title}, came one of {about.name}"], OTHER_KEY)
        return Distance.of([*self._missing(operation), *self._other_settings(operation)])

    def _of_another_kind(self, operation: Operation[Any]) -> Distance:
        return other_kind(self.word, operation, self.mappings)

    def _missing(self, read: Read) -> Iterator[str]:
        came = demands_in(read)
        meanings = set(map(meaning, came))
        for term in self._terms:
            if self._is_held(term, read):
                continue
            for demand in demands_of(lower(term, self._mapping)):
                if meaning(demand) not in meanings:
                    yield self._unasked(demand, came)

    def _is_held(self, term: Term, read: Read) -> bool:
        if not isinstance(read, QueryPage):
            return False
        held = held_by_templates(self._mapping, read.index, read.key_condition, self._terms)
        return any(each is term for each in held)

    def _unasked(self, demand: Condition, came: Sequence[Condition]) -> str:
        about = subject(demand)
        beside = [shown_condition(each, self._mapping) for each in came if subject(each) == about is not None]
        told = ", ".join(beside) if beside else "no condition on it"
        return f"expected {shown_condition(demand, self._mapping)}, came {told}"

    def _other_settings(self, read: Read) -> Iterator[str]:
        for name, wanted in self._settings.items():
            came = getattr(read, name, None)
            if came != wanted and not (name == "limit" and read.start is not None):
                yield f"{name}: expected {wanted!r}, came {came!r}"
        if read.start is not None and self._begun.place_behind(read.start, self._mapping.key_names) is None:
            yield "expected a first page, came a page behind a key that no returned result has"

    def usual_answer(self, operation: Operation[Any]) -> object:
        """See `Expectation.usual_answer`."""
        return self._begin(operation, _NONE)


class QueryExpectation(PagesExpectation[T]):
    """An expected query. Where its conditions give whole keys, the gets that answer it are expected."""

    def with_order(self, *, descending: bool) -> Self:
        """Expect the order of the sort key: ascending, or descending."""
        return self._with("descending", descending)

    def _of_another_kind(self, operation: Operation[Any]) -> Distance:
        if isinstance(operation, GetItem | BatchGetItems):
            return self._as_gets(operation)
        distance = other_kind(self.word, operation, self.mappings)
        if isinstance(operation, ScanPage) and operation.table.name == self._mapping.table.name:
            scanned = "no key serves the query, so that it reads the whole table; expect_scan accepts that"
            return Distance.of([*distance.lines, scanned], OTHER_KIND)
        return distance

    def _as_gets(self, operation: GetItem | BatchGetItems) -> Distance:
        mapping = self._mapping
        gets = operation.gets if isinstance(operation, BatchGetItems) else (operation,)
        strange = [get.table.name for get in gets if get.table.name != mapping.table.name]
        if strange:
            return other_table(mapping, strange[0])
        path = self._path()
        if path is None or path.kind not in ("get", "batch get"):
            return other_kind(self.word, operation, self.mappings)
        expected, came = _by_key(mapping, path.keys), _by_key(mapping, [get.key for get in gets])
        wanting = expected.keys() - came.keys()
        further = came.keys() - expected.keys()
        lines = [f"expected {shown_key(expected[key], mapping)}, came no get of it" for key in wanting]
        lines += [f"expected no other key, came {shown_key(came[key], mapping)}" for key in further]
        return Distance.of(lines, OTHER_KEY if lines else 0)

    def _path(self) -> AccessPath | None:
        if not self._terms:
            return None
        try:
            return choose(self._mapping, Wish(AllOf(tuple(self._terms))))
        except PersistenceError:
            return None


def _by_key(mapping: EntityMapping[Any], keys: Iterable[Item]) -> dict[Any, Item]:
    return {normalised_key(key, mapping.key_names): key for key in keys}


class ScanExpectation(PagesExpectation[T]):
    """An expected scan. The segments of a parallel one count as one; its first gives all results."""

    word = "scan"
    kind = ScanPage
