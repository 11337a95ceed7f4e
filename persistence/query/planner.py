"""Choosing how a query is answered, without any I/O: conditions x key schemas -> one access path.

Keys that are given whole are got. Else a table or index can answer when the conditions fix its partition
key, and when it holds all entities that may match. Among those the one wins whose key takes over most
conditions, then the one whose sort key is pinned down most, then the one that holds all that is wanted,
then the table itself, then local, then global indexes, as declared. Else only a scan remains.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from persistence.errors import QueryError
from persistence.expressions import Condition
from persistence.mapping import EntityMapping
from persistence.query.access import AccessPath
from persistence.query.advice import advise_on_path
from persistence.query.candidates import Candidates, candidates, sources, with_coverage
from persistence.query.fitness import Unfit, check_kind
from persistence.query.key_paths import path_by_keys
from persistence.query.question import Question
from persistence.query.wish import Wish


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
    question = Question.of(mapping, wish, hidden)
    path = replace(
        _chosen(question, by_keys=by_keys),
        descending=wish.descending,
        consistent=wish.consistent,
        sorted_by=question.sorted_by,
    )
    return replace(path, advice=advise_on_path(question, path, _without_scan(question, by_keys=by_keys)))


def _chosen(question: Question, *, by_keys: bool) -> AccessPath:
    if question.wish.scan:
        return _scan(question)
    keyed = path_by_keys(question) if by_keys else None
    if keyed is not None:
        return keyed
    asked = candidates(question)
    best = asked.best(question)
    if best is not None:
        return best
    if question.wish.index is not None or question.order_by is not None:
        raise _unserved(question, asked)
    return _scan(question, asked.refused)


def _unserved(question: Question, asked: Candidates) -> QueryError:
    reasons = "; ".join(f"{name or 'the table'}: {reason}" for name, reason in asked.refused)
    return QueryError(f"{question.mapping.name}: no key serves this query ({reasons}){question.sorting}")


def _scan(question: Question, refused: tuple[tuple[str | None, str], ...] = ()) -> AccessPath:
    mapping, index = question.mapping, question.wish.index
    if question.order_by is not None:
        raise QueryError(
            f"{mapping.name}: a scan has no order; order_by needs an equality on a partition key, or "
            ".sorted_in_memory() to read everything and sort then"
        )
    sources(question)
    try:
        check_kind(mapping, index, consistent=question.wish.consistent)
        covering = question.covering(index, question.demands)
    except Unfit as unfit:
        raise QueryError(f"{mapping.name}: index {index!r} can't serve: {unfit}") from None
    path = AccessPath(
        "scan",
        index,
        None,
        covering.filter,
        refused,
        asked=question.asked,
        narrows=question.demands is not None,
        segment=question.wish.segment,
    )
    return with_coverage(question, path, covering)


def _without_scan(question: Question, *, by_keys: bool) -> AccessPath | None:
    """Give the path of a query that asks the same as a scan; None where that would be a scan too."""
    wish = question.wish
    if not (wish.scan and question.terms) or wish.index is not None:
        return None
    try:
        path = _chosen(replace(question, wish=replace(wish, scan=False, segment=None)), by_keys=by_keys)
    except QueryError:
        return None
    return None if path.kind == "scan" else path
