"""Choosing how a query is answered, without any I/O: conditions x key schemas -> one access path.

Keys that are given whole are got. Else a table or index can answer when the conditions fix its partition
key, and when it holds all entities that may match. Among those the one wins whose key takes over most
conditions, then the one whose sort key is pinned down most, then the one that holds all that is wanted,
then the table itself, then local, then global indexes, as declared. Else only a scan remains.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from persistence.errors import QueryError
from persistence.expectations import type_condition
from persistence.expressions import Condition, all_of, attributes_of
from persistence.mapping import EntityMapping
from persistence.query.access import AccessPath
from persistence.query.advice import advise_on_path
from persistence.query.coverage import Coverage, coverage_of
from persistence.query.fitness import Unfit, check_kind, check_order, check_presence
from persistence.query.keying import KeyUse, encoded, equalities, key_use
from persistence.query.lowering import lower
from persistence.query.terms import Comparison, PathOperand, conjuncts
from persistence.query.wish import Wish
from persistence.table import GlobalIndex, LocalIndex

MOST_KEYS = 100
"""How many keys a batch get has at most in place of a query."""

Refusals = tuple[tuple[str | None, str], ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A table or index that can answer; the least rank wins."""

    rank: tuple[int, int, bool]
    path: AccessPath


def choose(
    mapping: EntityMapping[Any], wish: Wish, hidden: Condition | None = None, *, by_keys: bool = True
) -> AccessPath:
    """Choose the access path of a query.

    Args:
        mapping: the entity's mapping.
        wish: what is asked for.
        hidden: what items must fulfil to be seen, whatever is asked for.
        by_keys: whether keys that are given whole are got.

    Raises:
        QueryError: names, operands or an order that can't be, or an index that can't serve.
    """
    return _Choice(mapping, wish, hidden, by_keys=by_keys).path()


class _Choice:
    """One choice, and what all candidates share."""

    def __init__(
        self, mapping: EntityMapping[Any], wish: Wish, hidden: Condition | None, *, by_keys: bool
    ) -> None:
        self._mapping = mapping
        self._wish = wish
        self._gets = by_keys and wish.index is None
        self._terms = conjuncts(wish.term)
        self._system = all_of(type_condition(mapping), hidden)
        self._asked = None if wish.term is None else lower(wish.term, mapping)
        self._sorted_by = self._sorted_here()
        self._order_by = None if self._sorted_by else wish.order_by

    def path(self) -> AccessPath:
        path = self._chosen()
        path = replace(
            path,
            descending=self._wish.descending,
            consistent=self._wish.consistent,
            sorted_by=self._sorted_by,
        )
        return replace(path, advice=advise_on_path(self._mapping, self._wish, self._terms, path))

    def _chosen(self) -> AccessPath:
        if self._wish.scan:
            return self._scan(())
        keyed = self._by_keys()
        if keyed is not None:
            return keyed
        found, refused, problems = self._candidates()
        if found:
            best = min(found, key=lambda candidate: candidate.rank)
            return replace(best.path, refused=refused)
        if problems:
            raise problems[0]
        if self._wish.index is not None or self._order_by is not None:
            reasons = "; ".join(f"{name or 'the table'}: {reason}" for name, reason in refused)
            remedy = "; write .sorted_in_memory() to read everything and sort then" if self._order_by else ""
            raise QueryError(f"{self._mapping.name}: no key serves this query ({reasons}){remedy}")
        return self._scan(refused)

    def _sorted_here(self) -> str | None:
        """Give the field by which results are sorted after reading, and refuse what can't be sorted by."""
        name = self._wish.order_by
        if name is None:
            if self._wish.sorted_in_memory:
                raise QueryError(
                    f"{self._mapping.name}: sorted_in_memory() goes with order_by(...), which says by what"
                )
            return None
        self._mapping.resolve((name,))
        return name if self._wish.sorted_in_memory else None

    # Keys that are given whole

    def _by_keys(self) -> AccessPath | None:
        """Give the path of a query that fixes the whole key, or names several keys."""
        if not self._gets:
            return None
        equal = equalities(self._terms)
        many = self._options(equal)
        if not set(self._mapping.key_fields) <= {*equal, *(str(term.names[0]) for term in many)}:
            return None
        if not many:
            return self._get(equal)
        if len(many) > 1 or self._order_by is not None or len(many[0].operands) > MOST_KEYS:
            return None
        return self._batch_get(equal, many[0])

    def _options(self, equal: dict[str, Comparison]) -> list[Comparison]:
        """Give the terms by which a field of the key is one of several values."""
        return [
            term
            for term in self._terms
            if isinstance(term, Comparison)
            and term.operator == "in"
            and not term.size
            and len(term.names) == 1
            and term.names[0] in self._mapping.key_fields
            and term.names[0] not in equal
            and not any(isinstance(option, PathOperand) for option in term.operands)
        ]

    def _get(self, equal: dict[str, Comparison]) -> AccessPath:
        parts = self._mapping.key_parts()
        use = key_use(self._mapping, parts[:1], parts[1:], self._terms)
        values = {name: equal[name].operands[0] for name in self._mapping.key_fields}
        key = {part.attribute: encoded(self._mapping, part, values) for part in parts}
        return AccessPath(
            "get",
            None,
            use.condition,
            None,
            keys=(key,),
            check=self._left(use),
            asked=self._asked,
            projection=coverage_of(
                self._mapping, None, self._wish.selection, self._left(use), here=True
            ).projection,
        )

    def _batch_get(self, equal: dict[str, Comparison], options: Comparison) -> AccessPath:
        name, mapping = str(options.names[0]), self._mapping
        fixed = {field: equal[field].operands[0] for field in mapping.key_fields if field != name}
        parts = mapping.key_parts()
        keys = {}
        for option in options.operands:
            values = {**fixed, name: option}
            key = {part.attribute: encoded(mapping, part, values) for part in parts}
            keys[mapping.key_values(key)] = key
        used = (options, *(equal[field] for field in fixed))
        left = [term for term in self._terms if not any(term is each for each in used)]
        asked = all_of(*(lower(term, mapping) for term in left))
        return AccessPath(
            "batch get",
            None,
            None,
            None,
            keys=tuple(keys.values()),
            check=all_of(asked, self._system),
            asked=self._asked,
        )

    # Tables and indexes

    def _candidates(self) -> tuple[list[_Candidate], Refusals, list[QueryError]]:
        """Give what can answer, why others can't, and the errors that count if nothing answers."""
        found: list[_Candidate] = []
        refused: list[tuple[str | None, str]] = []
        problems: list[QueryError] = []
        for index in self._indexes():
            try:
                found.append(self._candidate(index))
            except Unfit as unfit:
                refused.append((index, str(unfit)))
            except QueryError as problem:
                refused.append((index, str(problem)))
                problems.append(problem)
        return found, tuple(refused), problems

    def _indexes(self) -> Iterator[str | None]:
        declared = self._mapping.table.indexes
        local = [index.name for index in declared if isinstance(index, LocalIndex)]
        known = [None, *local, *(index.name for index in declared if isinstance(index, GlobalIndex))]
        if self._wish.index is None:
            yield from known
        elif self._wish.index in known:
            yield self._wish.index
        else:
            names = ", ".join(repr(name) for name in known if name) or "none"
            raise QueryError(
                f"{self._mapping.name} has no index {self._wish.index!r}; its indexes are: {names}"
            )

    def _candidate(self, index: str | None) -> _Candidate:
        mapping, wish = self._mapping, self._wish
        check_kind(mapping, index, consistent=wish.consistent)
        parts = mapping.key_parts(index)
        partitions, sorts = parts[:1], parts[1:]
        if not partitions:
            raise Unfit(f"it never holds a {mapping.name}: Meta.index_keys does not name it")
        use = key_use(mapping, partitions, sorts, self._terms)
        check_order(sorts, self._order_by, set(equalities(self._terms)))
        if index is not None and wish.index is None:
            check_presence(mapping, sorts, self._terms)
        condition = self._left(use)
        self._refuse_key_filter(index, condition)
        covering = coverage_of(mapping, index, wish.selection, condition, hydrate=wish.hydrate)
        path = AccessPath("query", index, use.condition, covering.filter, asked=self._asked)
        rank = (-len(use.fields), use.precision, covering.fetch != "nothing")
        return _Candidate(rank, self._with_coverage(path, covering))

    def _with_coverage(self, path: AccessPath, covering: Coverage) -> AccessPath:
        # What a global index gave may be out of date: a fetched item must fulfil its key condition too.
        stale = covering.fetch == "by batch get"
        return replace(
            path,
            fetch=covering.fetch,
            check=all_of(self._asked, self._system) if stale else covering.check,
            projection=covering.projection,
        )

    def _left(self, use: KeyUse) -> Condition | None:
        """Give what the key does not take over of the conditions, with those of the system outside."""
        left = [term for term in self._terms if not any(term is each for each in use.used)]
        return all_of(*(lower(term, self._mapping) for term in left), self._system)

    def _refuse_key_filter(self, index: str | None, condition: Condition | None) -> None:
        """Refuse filters on key attributes, as the service does (developer guide, "Filter expressions")."""
        asked = () if condition is None else attributes_of(condition)
        keys = self._mapping.table.key_names(index)
        for name in asked:
            if name in keys:
                raise QueryError(
                    f"{self._mapping.name}: this condition on the key field {name} can't be asked of the "
                    "key: a partition key takes `==`, a sort key one of == < <= > >= between startswith, once"
                )

    # Scans

    def _scan(self, refused: Refusals) -> AccessPath:
        mapping, wish = self._mapping, self._wish
        if self._order_by is not None:
            raise QueryError(
                f"{mapping.name}: a scan has no order; order_by needs an equality on a partition key, or "
                ".sorted_in_memory() to read everything and sort then"
            )
        tuple(self._indexes())
        condition = all_of(self._asked, self._system)
        try:
            check_kind(mapping, wish.index, consistent=wish.consistent)
            covering = coverage_of(mapping, wish.index, wish.selection, condition, hydrate=wish.hydrate)
        except Unfit as unfit:
            raise QueryError(f"{mapping.name}: index {wish.index!r} can't serve: {unfit}") from None
        path = AccessPath(
            "scan", wish.index, None, covering.filter, refused, asked=self._asked, segment=wish.segment
        )
        return self._with_coverage(path, covering)
