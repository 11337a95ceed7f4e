"""What conditions make of the key of a table or index: how far they pin it down, and what that takes over."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from persistence.attributes import AttributeValue
from persistence.errors import QueryError
from persistence.expressions import BeginsWith, Between, Compare, Condition, KeyCondition, Path, Value
from persistence.mapping import EntityMapping, KeyPart
from persistence.query.fitness import Overasked, Unfit, implied, is_plain
from persistence.query.lowering import lower
from persistence.query.template_ranges import range_of_template
from persistence.query.terms import Comparison, Operator, Term

RANGE_OPERATORS: frozenset[Operator] = frozenset({"<", "<=", ">", ">=", "between", "begins_with"})

EXACT, RANGE, PARTITION = 0, 1, 2

_EMPTY: tuple[AttributeValue, ...] = ({"S": ""}, {"B": b""})


@dataclass(frozen=True, slots=True)
class SortUse:
    """What conditions make of a sort key.

    Attributes:
        precision: how far they pin it down.
        condition: what is demanded of it.
        used: the terms that this takes over.
        fields: the fields that narrow it down.
        also: the equalities on attributes of the sort key before the one that the condition is about.
    """

    precision: int
    condition: Compare | Between | BeginsWith | None = None
    used: tuple[Term, ...] = ()
    fields: tuple[str, ...] = ()
    also: tuple[tuple[str, AttributeValue], ...] = ()


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What conditions make of a whole key.

    Attributes:
        condition: what is demanded of the key.
        precision: how far the sort key is pinned down; a key without sort key counts as pinned down.
        used: the terms that the key takes over.
        fields: the fields that narrow the key down.
    """

    condition: KeyCondition
    precision: int
    used: tuple[Term, ...]
    fields: frozenset[str]


def equalities(terms: Iterable[Term]) -> dict[str, Comparison]:
    """Give the equalities with a value on fields of the entity itself; of two on one field the first."""
    found: dict[str, Comparison] = {}
    for term in terms:
        if is_plain(term) and isinstance(term, Comparison) and term.operator == "=":
            found.setdefault(str(term.names[0]), term)
    return found


def key_use(
    mapping: EntityMapping[Any],
    partitions: tuple[KeyPart, ...],
    sorts: tuple[KeyPart, ...],
    terms: tuple[Term, ...],
) -> KeyUse:
    """Tell what conditions make of a key.

    Args:
        mapping: the entity's mapping.
        partitions: the parts of the partition key; one, but for indexes of several attributes.
        sorts: the parts of the sort key, if any.
        terms: the conditions, all of which must hold.

    Raises:
        Unfit: they don't fix the partition key.
        Overasked: they ask several things of the sort key.
        QueryError: they ask of the key what no key condition can say.
    """
    equal = equalities(terms)
    fields = dict.fromkeys(name for part in partitions for name in part.fields)
    missing = [name for name in fields if name not in equal]
    if missing:
        raise Unfit(f"its partition key needs an equality on {', '.join(missing)}")
    values = {name: term.operands[0] for name, term in equal.items()}
    first, *more = ((part.attribute, encoded(mapping, part, values)) for part in partitions)
    sort = _sorts_use(mapping, sorts, terms, equal, values)
    given = tuple(term for part in (*partitions, *sorts) for term in implied(part, terms))
    used = (*(equal[name] for name in fields), *sort.used, *given)
    condition = KeyCondition(first, sort.condition, (*more, *sort.also))
    narrowed = frozenset({*fields, *sort.fields, *(str(term.names[0]) for term in given)})
    return KeyUse(condition, sort.precision, used, narrowed)


def encoded(mapping: EntityMapping[Any], part: KeyPart, values: Mapping[str, object]) -> AttributeValue:
    """Give the attribute value of a part of a key; each value must be one that its field stores.

    Raises:
        QueryError: one is not.
    """
    for name in part.fields:
        mapping.resolve((name,)).encode(values[name])
    return part.encode({name: values[name] for name in part.fields})


def _sorts_use(
    mapping: EntityMapping[Any],
    sorts: tuple[KeyPart, ...],
    terms: tuple[Term, ...],
    equal: Mapping[str, Comparison],
    values: Mapping[str, object],
) -> SortUse:
    """Pin down the attributes of a sort key from the left: equalities, and then one range."""
    before: list[tuple[str, AttributeValue]] = []
    use = SortUse(EXACT)
    for sort in sorts:
        further = _sort_use(mapping, sort, terms, equal, values)
        used = (*use.used, *further.used)
        if further.condition is None:
            precision = PARTITION if use.condition is None else RANGE
            return replace(use, precision=precision, used=used)
        if use.condition is not None:
            before.append(_equality(use.condition))
        fields = (*use.fields, *further.fields)
        use = SortUse(further.precision, further.condition, used, fields, tuple(before))
        if further.precision != EXACT:
            return use
    return use


def _equality(condition: Compare | Between | BeginsWith) -> tuple[str, AttributeValue]:
    assert isinstance(condition, Compare)
    assert isinstance(condition.left, Path)
    assert isinstance(condition.right, Value)
    return condition.left.attribute, condition.right.value


def _sort_use(
    mapping: EntityMapping[Any],
    sort: KeyPart,
    terms: tuple[Term, ...],
    equal: Mapping[str, Comparison],
    values: Mapping[str, object],
) -> SortUse:
    path = Path.of(sort.attribute)
    if set(sort.fields) <= equal.keys():
        used = tuple(equal[name] for name in sort.fields)
        return SortUse(EXACT, Compare("=", path, Value(encoded(mapping, sort, values))), used, sort.fields)
    if sort.parsed is None:
        return _range(mapping, sort, path, terms)
    leading = tuple(takewhile(equal.__contains__, sort.fields))
    for term in ranges(mapping, sort.fields[len(leading)], terms):
        found = range_of_template(mapping, sort, term, values)
        if found is not None:
            return SortUse(RANGE, found, (term,), (*leading, str(term.names[0])))
    prefix = sort.prefix(values)
    if prefix:
        return SortUse(RANGE, BeginsWith(path, Value({"S": prefix})), fields=leading)
    return SortUse(PARTITION)


def _range(mapping: EntityMapping[Any], sort: KeyPart, path: Path, terms: tuple[Term, ...]) -> SortUse:
    (name,) = sort.fields
    asked = ranges(mapping, name, terms)
    if not asked:
        return SortUse(PARTITION)
    if len(asked) > 1:
        raise Overasked(
            f"{len(asked)} conditions on the sort key {name}; DynamoDB takes one. "
            "Write between(...) for both ends of a range"
        )
    (term,) = asked
    condition = _without_empty(mapping, name, on_path(lower(term, mapping), path))
    if condition is None:
        return SortUse(PARTITION, used=(term,))
    return SortUse(RANGE, condition, (term,), sort.fields)


def _without_empty(
    mapping: EntityMapping[Any], name: str, condition: Compare | Between | BeginsWith
) -> Compare | Between | BeginsWith | None:
    """Leave out an empty operand, which the service refuses: no key is empty, so all are greater.

    Returns:
        What is left to be demanded; None where any key will do.

    Raises:
        QueryError: no key can be that little.
    """
    match condition:
        case BeginsWith(_, operand) | Compare(">" | ">=", _, operand) if is_empty(operand):
            return None
        case Between(path, low, high) if is_empty(low) and not is_empty(high):
            return Compare("<=", path, high)
        case Between(_, _, operand) | Compare(_, _, operand) if is_empty(operand):
            raise QueryError(f"{mapping.name}.{name} is a key and so never empty: nothing can be less")
        case _:
            return condition


def is_empty(operand: object) -> bool:
    """Tell whether an operand is an empty text or no bytes, which no key is."""
    return isinstance(operand, Value) and operand.value in _EMPTY


def ranges(mapping: EntityMapping[Any], name: str, terms: tuple[Term, ...]) -> list[Comparison]:
    """Give the ranges of a field."""
    return [
        term
        for term in terms
        if isinstance(term, Comparison)
        and is_plain(term)
        and term.names == (name,)
        and term.operator in RANGE_OPERATORS
    ]


def on_path(condition: Condition, path: Path) -> Compare | Between | BeginsWith:
    """Ask of the key attribute what was asked of the field."""
    match condition:
        case Compare(operator, _, right):
            return Compare(operator, path, right)
        case Between(_, low, high):
            return Between(path, low, high)
        case BeginsWith(_, prefix):
            return BeginsWith(path, prefix)
        case _:
            raise AssertionError(f"no range of a sort key: {type(condition).__name__}")
