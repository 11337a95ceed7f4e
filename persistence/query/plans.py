"""Access paths of queries that were asked before in the same shape: only the values are put in anew.

The shape of a query is its paths, operators, order, index and projection; the values apart. Where nothing but
the shape decides how a query is answered, the answer of the planner is kept as a template. It is filled
with conditions that are lowered, and so checked, as the planner does it; whatever is odd about a value, the
planner is asked itself, and refuses what is to be refused.

Values decide where a range is asked of a key that is made by a template, or where an operand is empty; no
template is kept or filled then.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any
from weakref import WeakKeyDictionary

from persistence.errors import PersistenceError
from persistence.expectations import type_condition
from persistence.expressions import (
    And,
    BeginsWith,
    Between,
    Compare,
    Condition,
    KeyCondition,
    Operand,
    Path,
    Value,
    all_of,
    attributes_of,
)
from persistence.mapping import EntityMapping, KeyPart
from persistence.query.access import AccessPath
from persistence.query.candidates import candidates, sources
from persistence.query.keying import equalities, is_empty, on_path, ranges
from persistence.query.lowering import lower
from persistence.query.planner import choose
from persistence.query.question import Question
from persistence.query.terms import AllOf, AnyOf, Comparison, Negated, PathOperand, Term, conjuncts
from persistence.query.wish import Wish

Shape = tuple[Any, ...]

PLANS = 256
"""How many templates are kept of one mapping."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """A path, and where its values come from.

    Attributes:
        path: the path of the query that was planned.
        equal: the places of the terms by which fields are equal to a value.
        partitions: the parts of the partition key.
        sorts: the parts of the sort key that are fixed.
        bounded: the attribute of the sort key that is in a range, and the place of the term; or None.
        left: the places of the terms that the key does not take over.
        got: the parts of the key where one item is got.
    """

    path: AccessPath
    equal: tuple[tuple[str, int], ...]
    partitions: tuple[KeyPart, ...]
    sorts: tuple[KeyPart, ...]
    bounded: tuple[Path, int] | None
    left: tuple[int, ...]
    got: tuple[KeyPart, ...]

    def filled(
        self, mapping: EntityMapping[Any], terms: Sequence[Term], hidden: Condition | None
    ) -> AccessPath | None:
        """Give the path for other values; None where they take the planner.

        Raises:
            PersistenceError: a value is refused.
        """
        lowered = [lower(term, mapping) for term in terms]
        if _empty_ranges(lowered):
            return None
        template = self.path
        # That their fields store the values is checked by now.
        values = {name: terms[place].operands[0] for name, place in self.equal}  # type: ignore[union-attr]
        (first, *more) = ((part.attribute, part.encode(values)) for part in self.partitions)
        fixed = [(part.attribute, part.encode(values)) for part in self.sorts]
        sort = template.key_condition.sort if template.key_condition is not None else None
        if self.bounded is not None:
            path, place = self.bounded
            sort = on_path(lowered[place], path)
        elif fixed:
            name, value = fixed.pop()
            sort = Compare("=", Path.of(name), Value(value))
        left = all_of(*(lowered[place] for place in self.left), type_condition(mapping), hidden)
        return AccessPath(
            template.kind,
            template.index,
            KeyCondition(first, sort, (*more, *fixed)),
            None if self.got else left,
            template.refused,
            keys=({part.attribute: part.encode(values) for part in self.got},) if self.got else (),
            check=left if self.got else None,
            asked=lowered[0] if len(lowered) == 1 else And(tuple(lowered)),
            narrows=template.narrows,
            projection=template.projection,
            descending=template.descending,
            consistent=template.consistent,
            sorted_by=template.sorted_by,
            advice=template.advice,
        )


_UNKNOWN = object()

_plans: WeakKeyDictionary[EntityMapping[Any], dict[Shape, _Plan | None]] = WeakKeyDictionary()


def chosen_before(mapping: EntityMapping[Any], wish: Wish, hidden: Condition | None) -> AccessPath:
    """Choose the access path of a query as `choose` does, from a template where there is one.

    What the path says of other indexes, and its advice, is that of the query that was planned.

    Args:
        mapping: the entity's mapping.
        wish: what is asked for.
        hidden: what items must fulfil to be seen, whatever is asked for.

    Raises:
        QueryError: names, operands or an order that can't be, or an index that can't serve.
    """
    terms = conjuncts(wish.term)
    shape = _shape(terms, wish, hidden)
    if shape is None:
        return choose(mapping, wish, hidden)
    plans = _plans.get(mapping)
    if plans is None:
        plans = _plans.setdefault(mapping, {})
    plan = plans.get(shape, _UNKNOWN)  # asked once: another thread may forget all of them in between
    if plan is not _UNKNOWN:
        try:
            filled = plan.filled(mapping, terms, hidden) if isinstance(plan, _Plan) else None
        except PersistenceError:
            filled = None
        return choose(mapping, wish, hidden) if filled is None else filled
    path = choose(mapping, wish, hidden)
    if len(plans) >= PLANS:
        plans.clear()
    plans[shape] = _plan(mapping, wish, hidden, path)
    return path


# Shapes


def _shape(terms: tuple[Term, ...], wish: Wish, hidden: Condition | None) -> Shape | None:
    """Give the shape of a query; None where it has none that could be kept."""
    if wish.scan or wish.segment is not None or not terms or len({*map(id, terms)}) < len(terms):
        return None
    tokens: list[Any] = [wish.order_by, wish.descending, wish.index, wish.consistent]
    selection = wish.selection
    tokens += (wish.hydrate, wish.sorted_in_memory)
    tokens.append(None if hidden is None else tuple(attributes_of(hidden)))
    if selection is not None:
        tokens += (selection.names, selection.projection, selection.whole, len(selection.picks))
    for term in terms:
        if not _note(term, tokens):
            return None
    return tuple(tokens)


def _note(term: Term, tokens: list[Any]) -> bool:
    """Note the shape of a term; False where it has none."""
    match term:
        case Comparison():
            tokens += (term.operator, term.names, term.size, len(term.operands))
            for operand in term.operands:
                if operand is None:
                    tokens.append(None)
                elif isinstance(operand, PathOperand):
                    tokens += (operand.names, operand.size)
                else:
                    tokens.append(Value)
            return True
        case AllOf(terms) | AnyOf(terms):
            tokens += (type(term), len(terms))
            return all(_note(part, tokens) for part in terms)
        case Negated(inner):
            tokens.append(Negated)
            return _note(inner, tokens)
        case _:
            return False


# Templates


def _plan(
    mapping: EntityMapping[Any], wish: Wish, hidden: Condition | None, path: AccessPath
) -> _Plan | None:
    """Make a template of a path; None where values decide, or where it would not give the same path."""
    if path.key_condition is None or path.kind not in ("get", "query") or path.fetch != "nothing":
        return None
    question = Question.of(mapping, wish, hidden)
    if path.kind == "query" and candidates(question).problems:
        return None
    if any(_values_decide(mapping, index, question.terms) for index in sources(question)):
        return None
    terms = question.terms
    equal = equalities(terms)
    places = {id(term): place for place, term in enumerate(terms)}
    partitions, sorts = mapping.key_split(path.index)
    fixed = tuple(takewhile(lambda part: equal.keys() >= set(part.fields), sorts))
    further = sorts[len(fixed) : len(fixed) + 1]
    bounds = [
        (Path.of(part.attribute), places[id(term)])
        for part in further
        if part.parsed is None
        for term in ranges(mapping, part.fields[0], terms)
    ]
    used = {id(equal[name]) for part in (*partitions, *fixed) for name in part.fields}
    used |= {id(terms[place]) for _, place in bounds}
    plan = _Plan(
        replace(path, asked=None, filter=None, check=None),
        tuple((name, places[id(term)]) for name, term in equal.items()),
        partitions,
        fixed,
        bounds[0] if bounds else None,
        tuple(place for place, term in enumerate(terms) if id(term) not in used),
        mapping.key_parts() if path.kind == "get" else (),
    )
    return plan if plan.filled(mapping, terms, hidden) == path else None


def _values_decide(mapping: EntityMapping[Any], index: str | None, terms: tuple[Term, ...]) -> bool:
    """Tell whether values decide how far a sort key that is made by a template is pinned down."""
    equal = equalities(terms).keys()
    for part in mapping.key_split(index)[1]:
        if part.parsed is None or equal >= set(part.fields):
            continue
        if part.fields and (part.fields[0] in equal or ranges(mapping, part.fields[0], terms)):
            return True
    return False


def _empty_ranges(lowered: Iterable[Condition]) -> bool:
    """Tell whether an operand of a range is empty, which a key is not asked for."""
    for condition in lowered:
        if isinstance(condition, Compare):
            ends: tuple[Operand, ...] = (condition.right,)
        elif isinstance(condition, Between):
            ends = (condition.low, condition.high)
        elif isinstance(condition, BeginsWith):
            ends = (condition.prefix,)
        else:
            continue
        if any(map(is_empty, ends)):
            return True
    return False
