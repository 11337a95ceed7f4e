"""Choosing how a query is answered, without any I/O: conditions x key schemas -> one access path.

A table or index can answer when the conditions fix all fields of its partition key, and when it holds all
entities that may match. Among those the one wins whose key takes over most conditions, then the one whose
sort key is pinned down most, then the table itself, then local, then global indexes, as declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, Literal

from persistence.attributes import AttributeValue
from persistence.errors import QueryError
from persistence.expectations import type_condition
from persistence.expressions import (
    BeginsWith,
    Between,
    Compare,
    Condition,
    KeyCondition,
    Path,
    Value,
    all_of,
    attributes_of,
)
from persistence.mapping import EntityMapping, KeyPart
from persistence.query.fitness import Unfit, check_kind, check_order, check_presence, implied, is_plain
from persistence.query.lowering import lower
from persistence.query.terms import Comparison, Operator, PathOperand, Term, conjuncts, dotted
from persistence.table import GlobalIndex, LocalIndex

_RANGE_OPERATORS: frozenset[Operator] = frozenset({"<", "<=", ">", ">=", "between", "begins_with"})

_EXACT, _RANGE, _PARTITION = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Wish:
    """What a query asks for, apart from paging.

    Attributes:
        term: the conditions, or None.
        order_by: the field by which results are sorted, or None.
        index: name of the index that must be used, or None.
        consistent: whether the read must be strongly consistent.
        scan: whether the whole table is meant to be read.
    """

    term: Term | None = None
    order_by: str | None = None
    index: str | None = None
    consistent: bool = False
    scan: bool = False


@dataclass(frozen=True, slots=True)
class AccessPath:
    """How a query is answered.

    Attributes:
        kind: "query" for one partition, "scan" for a whole table or index.
        index: the index that is read, None for the table.
        key_condition: what a query demands of the key.
        filter: applied by the service after reading; what it drops is paid for.
        refused: index name (None: the table) -> why it can't answer.
    """

    kind: Literal["query", "scan"]
    index: str | None
    key_condition: KeyCondition | None
    filter: Condition | None
    refused: tuple[tuple[str | None, str], ...] = ()

    def __str__(self) -> str:
        source = f"index {self.index!r}" if self.index else "the table"
        lines = [f"{self.kind} of {source}"]
        if self.key_condition is not None:
            lines.append(f"  partition key: {self.key_condition.partition[0]} =")
            lines.append(f"  sort key: {_sort_in_words(self.key_condition.sort)}")
        lines.append(f"  filter: {_filter_in_words(self.filter)}")
        lines += [f"  not {name or 'the table'}: {reason}" for name, reason in self.refused]
        lines.append(
            "  pending changes of the unit are not seen; tracked entities come as they are in memory"
        )
        return "\n".join(lines)


def _sort_in_words(condition: Compare | Between | BeginsWith | None) -> str:
    match condition:
        case None:
            return "any"
        case Compare():
            return f"{condition.left} {condition.operator}"
        case Between():
            return f"{condition.operand} between"
        case BeginsWith():
            return f"{condition.path} begins with"


def _filter_in_words(condition: Condition | None) -> str:
    if condition is None:
        return "none"
    names = ", ".join(dict.fromkeys(attributes_of(condition)))
    return f"{names} (after reading: what it drops is paid for all the same)"


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A table or index that can answer.

    Attributes:
        rank: the least wins.
        filter: what its key condition does not take over.
    """

    rank: tuple[bool, int, int]
    index: str | None
    key_condition: KeyCondition
    filter: Condition | None


@dataclass(frozen=True, slots=True)
class _SortUse:
    """What conditions make of a sort key.

    Attributes:
        precision: how far they pin it down.
        condition: what is demanded of it.
        used: the terms that this takes over.
        fields: the fields that narrow it down.
    """

    precision: int
    condition: Compare | Between | BeginsWith | None = None
    used: tuple[Term, ...] = ()
    fields: tuple[str, ...] = ()


def choose(mapping: EntityMapping[Any], wish: Wish) -> AccessPath:
    """Choose the access path of a query.

    Raises:
        QueryError: names, operands or an order that can't be, or an index that can't serve.
    """
    if wish.scan:
        return _scan(mapping, wish, ())
    found, refused, problems = _candidates(mapping, wish)
    if found:
        best = min(found, key=lambda candidate: candidate.rank)
        return AccessPath("query", best.index, best.key_condition, best.filter, refused)
    if problems:
        raise problems[0]
    if wish.index is not None or wish.order_by is not None:
        reasons = "; ".join(f"{name or 'the table'}: {reason}" for name, reason in refused)
        raise QueryError(f"{mapping.name}: no key serves this query ({reasons})")
    return _scan(mapping, wish, refused)


def _candidates(
    mapping: EntityMapping[Any], wish: Wish
) -> tuple[list[_Candidate], tuple[tuple[str | None, str], ...], list[QueryError]]:
    """Give what can answer, why others can't, and the errors that count if nothing answers."""
    found: list[_Candidate] = []
    refused: list[tuple[str | None, str]] = []
    problems: list[QueryError] = []
    for index in _indexes(mapping, wish):
        try:
            found.append(_candidate(mapping, wish, index))
        except Unfit as unfit:
            refused.append((index, str(unfit)))
        except QueryError as problem:
            refused.append((index, str(problem)))
            problems.append(problem)
    return found, tuple(refused), problems


def _indexes(mapping: EntityMapping[Any], wish: Wish) -> Iterator[str | None]:
    declared = mapping.table.indexes
    local = [index.name for index in declared if isinstance(index, LocalIndex)]
    known = [None, *local, *(index.name for index in declared if isinstance(index, GlobalIndex))]
    if wish.index is None:
        yield from known
    elif wish.index in known:
        yield wish.index
    else:
        names = ", ".join(repr(name) for name in known if name) or "none"
        raise QueryError(f"{mapping.name} has no index {wish.index!r}; its indexes are: {names}")


def _candidate(mapping: EntityMapping[Any], wish: Wish, index: str | None) -> _Candidate:
    check_kind(mapping, index, consistent=wish.consistent)
    parts = mapping.key_parts(index)
    if not parts:
        raise Unfit(f"it never holds a {mapping.name}: Meta.index_keys does not name it")
    partition, sort = parts[0], (parts[1] if len(parts) > 1 else None)
    terms = conjuncts(wish.term)
    equal = _equalities(terms)
    if not set(partition.fields) <= equal.keys():
        missing = ", ".join(name for name in partition.fields if name not in equal)
        raise Unfit(f"its partition key needs an equality on {missing}")
    check_order(sort, wish.order_by, set(equal))
    if index is not None and wish.index is None:
        check_presence(mapping, sort, terms)
    values = {name: term.operands[0] for name, term in equal.items()}
    use = _SortUse(_PARTITION) if sort is None else _sort_use(mapping, sort, terms, equal, values)
    given = tuple(term for part in parts for term in implied(part, terms))
    used = (*(equal[name] for name in partition.fields), *use.used, *given)
    key = KeyCondition((partition.attribute, _encoded(mapping, partition, values)), use.condition)
    one_item = index is None and (sort is None or use.precision == _EXACT)
    rank = (not one_item, -len({*partition.fields, *use.fields}) - len(given), use.precision)
    return _Candidate(rank, index, key, _filter(mapping, terms, used, index))


def _equalities(terms: tuple[Term, ...]) -> dict[str, Comparison]:
    """Give the equalities with a value on fields of the entity itself; of two on one field the first."""
    found: dict[str, Comparison] = {}
    for term in terms:
        if is_plain(term) and isinstance(term, Comparison) and term.operator == "=":
            found.setdefault(str(term.names[0]), term)
    return found


def _sort_use(
    mapping: EntityMapping[Any],
    sort: KeyPart,
    terms: tuple[Term, ...],
    equal: dict[str, Comparison],
    values: dict[str, object],
) -> _SortUse:
    path = Path.of(sort.attribute)
    if set(sort.fields) <= equal.keys():
        used = tuple(equal[name] for name in sort.fields)
        condition = Compare("=", path, Value(_encoded(mapping, sort, values)))
        return _SortUse(_EXACT, condition, used, sort.fields)
    if sort.template is None or sort.template == f"{{{sort.fields[0]}}}":
        return _range(mapping, sort, path, terms)
    prefix = sort.prefix(values)
    if prefix:
        leading = tuple(takewhile(equal.__contains__, sort.fields))
        return _SortUse(_RANGE, BeginsWith(path, Value({"S": prefix})), fields=leading)
    return _SortUse(_PARTITION)


def _range(mapping: EntityMapping[Any], sort: KeyPart, path: Path, terms: tuple[Term, ...]) -> _SortUse:
    (name,) = sort.fields
    ranges = [term for term in terms if _is_range(term, name)]
    if not ranges:
        return _SortUse(_PARTITION)
    if len(ranges) > 1:
        raise QueryError(
            f"{mapping.name}: {len(ranges)} conditions on the sort key {name}; DynamoDB takes one. "
            "Write between(...) for both ends of a range"
        )
    (term,) = ranges
    condition = _on_path(lower(term, mapping), path)
    if sort.template is not None and not all("S" in value for value in _values(condition)):
        # As text, numbers sort by their digits; only a field that is stored as text sorts like its template.
        return _SortUse(_PARTITION)
    return _SortUse(_RANGE, condition, (term,), sort.fields)


def _values(condition: Compare | Between | BeginsWith) -> list[AttributeValue]:
    match condition:
        case Compare():
            operands = [condition.right]
        case Between():
            operands = [condition.low, condition.high]
        case BeginsWith():
            operands = [condition.prefix]
    return [operand.value for operand in operands if isinstance(operand, Value)]


def _on_path(condition: Condition, path: Path) -> Compare | Between | BeginsWith:
    """Ask of the key attribute what was asked of the field."""
    match condition:
        case Compare():
            return replace(condition, left=path)
        case Between():
            return replace(condition, operand=path)
        case BeginsWith():
            return replace(condition, path=path)
        case _:
            raise AssertionError(f"no range of a sort key: {type(condition).__name__}")


def _is_range(term: Term, name: str) -> bool:
    return (
        isinstance(term, Comparison)
        and is_plain(term)
        and term.names == (name,)
        and term.operator in _RANGE_OPERATORS
    )


def _encoded(mapping: EntityMapping[Any], part: KeyPart, values: dict[str, object]) -> AttributeValue:
    for name in part.fields:
        mapping.resolve((name,)).encode(values[name])
    return part.encode({name: values[name] for name in part.fields})


def _filter(
    mapping: EntityMapping[Any], terms: tuple[Term, ...], used: tuple[Term, ...], index: str | None
) -> Condition | None:
    keys = mapping.table.key_names(index)
    conditions = []
    for term in terms:
        if any(term is each for each in used):
            continue
        condition = lower(term, mapping)
        _refuse_key_filter(term, mapping, keys)
        conditions.append(condition)
    return all_of(*conditions, type_condition(mapping))


def _refuse_key_filter(term: Term, mapping: EntityMapping[Any], keys: tuple[str, ...]) -> None:
    """Refuse what the service refuses: filters on key attributes (developer guide, "Filter expressions")."""
    for names in _paths(term):
        if mapping.resolve(names).path.attribute in keys:
            raise QueryError(
                f"{mapping.name}: this condition on the key field {dotted(names)} can't be asked of the key: "
                "a partition key takes `==`, a sort key one of == < <= > >= between startswith, once"
            )


def _paths(term: Term) -> Iterator[tuple[str | int, ...]]:
    match term:
        case Comparison():
            yield term.names
            yield from (part.names for part in term.operands if isinstance(part, PathOperand))
        case _:
            for part in getattr(term, "terms", None) or (term.term,):  # type: ignore[union-attr]
                yield from _paths(part)


def _scan(mapping: EntityMapping[Any], wish: Wish, refused: tuple[tuple[str | None, str], ...]) -> AccessPath:
    condition = None if wish.term is None else lower(wish.term, mapping)
    if wish.order_by is not None:
        raise QueryError(
            f"{mapping.name}: a scan has no order; order_by needs an equality on a partition key"
        )
    if wish.index is not None:
        tuple(_indexes(mapping, wish))
        try:
            check_kind(mapping, wish.index, consistent=wish.consistent)
        except Unfit as unfit:
            raise QueryError(f"{mapping.name}: index {wish.index!r} can't serve: {unfit}") from None
    return AccessPath("scan", wish.index, None, all_of(condition, type_condition(mapping)), refused)
