"""The one access path of a query for several types of entities in one table.

Each type is planned as if it were asked for alone. Where the plans agree on what is read, one request reads
it for all: what they demand of the sort key is widened until it holds for all of them, and what is lost by
that is demanded of each type by itself, beside the mark that tells the types apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from persistence.errors import QueryError
from persistence.expectations import type_condition
from persistence.expressions import (
    And,
    BeginsWith,
    Between,
    Compare,
    Condition,
    In,
    KeyCondition,
    Or,
    Path,
    Value,
    all_of,
)
from persistence.mapping import EntityMapping, KeyPart
from persistence.query.access import AccessPath
from persistence.query.fitness import is_plain
from persistence.query.lowering import lower
from persistence.query.planner import choose
from persistence.query.terms import AllOf, Comparison, Term, conjuncts, dotted
from persistence.query.wish import Wish

_Sort = Compare | Between | BeginsWith | None


def plan_collection(
    mappings: Sequence[EntityMapping[Any]],
    wish: Wish,
    partition: tuple[object, ...] | None = None,
    hidden: Sequence[Condition | None] = (),
) -> AccessPath:
    """Choose the access path of a query for entities of several types.

    Args:
        mappings: the types' mappings, of one table, each with a mark of its own.
        wish: what is asked for, in names that all types have.
        partition: values of the partition key's fields in their order, which each type names as it will;
            None where the wish's conditions fix them.
        hidden: what items of each type must fulfil to be seen; nothing for all that are stored.

    Raises:
        QueryError: a type can't be asked this, or the types are not read in one place or one order.
    """
    wishes = [_in_partition(mapping, wish, partition) for mapping in mappings]
    _refuse_second_reads(mappings, wish)
    conditions = hidden or [None] * len(mappings)
    plans = [_plan(mappings, *each) for each in zip(mappings, wishes, conditions, strict=True)]
    first = plans[0]
    _refuse_wide_keys(mappings, first.index)
    _refuse_several_places(mappings, plans)
    _refuse_several_orders(mappings, wish, first.index)
    key = _joined_key(plans)
    filters = [_filter(*each, key) for each in zip(mappings, wishes, plans, strict=True)]
    refused = tuple(dict.fromkeys(_refused(mappings, plans)))
    kind = first.kind if key is None else "query"
    return replace(first, kind=kind, key_condition=key, filter=_guarded(mappings, filters), refused=refused)


def _in_partition(mapping: EntityMapping[Any], wish: Wish, values: tuple[object, ...] | None) -> Wish:
    """Demand the values of a type's own partition key fields."""
    if values is None:
        return wish
    parts = mapping.key_parts(wish.index)
    names = parts[0].fields if parts else ()
    if not names or len(names) != len(values):
        source = f"index {wish.index!r}" if wish.index else "the table"
        raise QueryError(
            f"partition takes the fields of the partition key of {source}; of {mapping.name} these are "
            f"{', '.join(names) or 'none'}, and {len(values)} value(s) came"
        )
    fixed = (Comparison((name,), "=", (value,)) for name, value in zip(names, values, strict=True))
    terms: tuple[Term, ...] = (*fixed, *conjuncts(wish.term))
    return replace(wish, term=terms[0] if len(terms) == 1 else AllOf(terms))


def _plan(
    mappings: Sequence[EntityMapping[Any]],
    mapping: EntityMapping[Any],
    wish: Wish,
    hidden: Condition | None,
) -> AccessPath:
    try:
        if wish.term is not None:
            lower(wish.term, mapping)
        return choose(mapping, wish, hidden, by_keys=False)
    except QueryError as problem:
        raise QueryError(
            f"the collection of {_named(mappings)} can't be asked this for {mapping.name}: {problem}. What "
            "only some of its types have is asked of their own repositories"
        ) from problem


def _named(mappings: Sequence[EntityMapping[Any]]) -> str:
    return ", ".join(mapping.name for mapping in mappings)


# What all types must agree on


def _refuse_second_reads(mappings: Sequence[EntityMapping[Any]], wish: Wish) -> None:
    asked = "hydrate()" if wish.hydrate else "sorted_in_memory()" if wish.sorted_in_memory else None
    if asked is not None:
        raise QueryError(f"the collection of {_named(mappings)} is read as it is stored, without {asked}")


def _refuse_wide_keys(mappings: Sequence[EntityMapping[Any]], index: str | None) -> None:
    if not all(mapping.table.index_key(index).simple for mapping in mappings):
        raise QueryError(
            f"the collection of {_named(mappings)} can't be read by the index {index!r}, whose key has "
            "several attributes; name another .index(...)"
        )


def _refuse_several_places(mappings: Sequence[EntityMapping[Any]], plans: Sequence[AccessPath]) -> None:
    places = [(plan.index, _partition(plan)) for plan in plans]
    if all(place == places[0] for place in places):
        return
    told = "; ".join(f"{mapping.name}: {_place(plan)}" for mapping, plan in zip(mappings, plans, strict=True))
    raise QueryError(
        f"a collection is read in one place, and these types are not: {told}. Fix one partition key that all "
        "of them have, with .partition(...) or by a field that is a part of it in all, or name an .index(...)"
    )


def _partition(plan: AccessPath) -> object:
    return None if plan.key_condition is None else plan.key_condition.partition


def _place(plan: AccessPath) -> str:
    source = f"index {plan.index!r}" if plan.index else "the table"
    if plan.key_condition is None:
        return f"a {plan.kind} of {source}"
    return f"a partition of {source}, by {plan.key_condition.partition[0]}"


def _refuse_several_orders(mappings: Sequence[EntityMapping[Any]], wish: Wish, index: str | None) -> None:
    """Refuse an order by a field that is sorted within each type only, as it is behind a prefix of each."""
    if wish.order_by is None:
        return
    orders = [_order(mapping.key_parts(index)[-1], wish.order_by) for mapping in mappings]
    if any(order is None or order != orders[0] for order in orders):
        raise QueryError(
            f"order_by({wish.order_by!r}): the sort keys of {_named(mappings)} do not begin alike, so that "
            "their entities are not sorted together. Without order_by they come in the order of the sort key"
        )


def _order(sort: KeyPart, name: str) -> tuple[str, str] | None:
    """Give what stands before a field in a sort key, and how it is written; None where it is not first."""
    if sort.parsed is None:
        return ("", "") if sort.fields == (name,) else None
    slot = sort.parsed.slots[0]
    return (sort.parsed.literals[0], slot.spec) if slot.name == name else None


# What is demanded of keys


def _joined_key(plans: Sequence[AccessPath]) -> KeyCondition | None:
    keys = [plan.key_condition for plan in plans if plan.key_condition is not None]
    if not keys or all(key == keys[0] for key in keys):
        return plans[0].key_condition
    return replace(keys[0], sort=_widened([key.sort for key in keys]))


def _widened(sorts: Sequence[_Sort]) -> BeginsWith | None:
    """Give the strictest condition on a sort key that holds where any of several does."""
    begun = [_beginning(sort) for sort in sorts]
    texts = [text for _, text in begun]
    alike = takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False))
    prefix = "".join(letters[0] for letters in alike)
    return BeginsWith(begun[0][0], Value({"S": prefix})) if prefix else None


def _beginning(sort: _Sort) -> tuple[Path, str]:
    """Give the text with which all keys begin that meet a condition; empty where there is none."""
    match sort:
        case Compare("=", Path() as path, Value(value)) | BeginsWith(path, Value(value)):
            return path, value.get("S", "")
        case _:
            return Path(()), ""


# What is demanded after reading


def _filter(
    mapping: EntityMapping[Any], wish: Wish, plan: AccessPath, key: KeyCondition | None
) -> Condition | None:
    """Give a type's own filter, with what its own key condition took over and the joined one does not."""
    if plan.key_condition == key:
        return plan.filter
    parts = list(_parts(plan.filter))
    lost = (_of_the_sort_key(mapping, term, plan.index) for term in _lost(mapping, wish, plan.index))
    return all_of(*(condition for condition in lost if condition not in parts), *parts)


def _lost(mapping: EntityMapping[Any], wish: Wish, index: str | None) -> Iterator[Comparison]:
    """Give the terms that a sort key may take over."""
    partition, sort = mapping.key_parts(index)
    for term in conjuncts(wish.term):
        if isinstance(term, Comparison) and is_plain(term) and term.names[0] in sort.fields:
            in_partition = term.operator == "=" and term.names[0] in partition.fields
            # Whatever the index holds has its key attributes.
            held = term.operator == "exists" and sort.template is None
            if not (in_partition or held):
                yield term


def _of_the_sort_key(mapping: EntityMapping[Any], term: Comparison, index: str | None) -> Condition:
    field = next(field for field in mapping.plan.fields if field.name == term.names[0])
    if field.stored and field.attribute not in mapping.table.key_names(index):
        return lower(term, mapping)
    raise QueryError(
        f"{dotted(term.names)} of {mapping.name} is kept in the sort key alone, of which a query demands one "
        "thing for all types of a collection; filter the results, or ask the repository of that type"
    )


def _guarded(mappings: Sequence[EntityMapping[Any]], filters: Sequence[Condition | None]) -> Condition | None:
    """Demand of each type what is to be demanded of it; what that is for all is said once."""
    parts = [list(_parts(each)) for each in filters]
    shared = [part for part in parts[0] if all(part in others for others in parts[1:])]
    own = [[part for part in each if part not in shared] for each in parts]
    marks = [type_condition(mapping) for mapping in mappings]
    if all(rest == [mark] for rest, mark in zip(own, marks, strict=True)):
        return all_of(*shared, _one_of(mappings))
    return all_of(*shared, Or(tuple(rest[0] if len(rest) == 1 else And(tuple(rest)) for rest in own)))


def _one_of(mappings: Sequence[EntityMapping[Any]]) -> Condition:
    marks = [mapping.discriminator for mapping in mappings if mapping.discriminator is not None]
    return In(Path.of(marks[0][0]), tuple(Value(value) for _, value in marks))


def _parts(condition: Condition | None) -> tuple[Condition, ...]:
    if condition is None:
        return ()
    return condition.conditions if isinstance(condition, And) else (condition,)


def _refused(
    mappings: Sequence[EntityMapping[Any]], plans: Sequence[AccessPath]
) -> Iterator[tuple[str | None, str]]:
    for mapping, plan in zip(mappings, plans, strict=True):
        yield from ((name, f"{mapping.name}: {reason}") for name, reason in plan.refused)
